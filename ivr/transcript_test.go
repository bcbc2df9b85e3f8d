package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/ivr"
	"readback/tickets"
)

// A scene is a call, and what it is set in.
type scene struct {
	caller    tickets.Caller
	extension string
	french    bool // key 9 chooses French
	mail      bool
	linkless  bool // there is neither form nor chat
	pin       ivr.PINPolicy
	away      bool
	full      bool
	mute      bool
	tapeless  bool
	joins     bool
	slow      time.Duration
	known     []tickets.Incident
	open      int  // tickets that northwind has
	blind     bool // and that cannot be read
	lost      bool
	agents    []tickets.Priority // whose tickets lead to an agent
	engineers []tickets.Priority // and to an engineer on call
	play      string             // the transcript, as it is wanted; it also tells what the caller does
}

var (
	ada      = tickets.Caller{Number: "+14155550100", Vouched: true}
	claire   = tickets.Caller{Number: "+14155550160", Vouched: true}
	somebody = tickets.Caller{Number: "+14155559999"}
	withheld = tickets.Caller{}
)

// A take is one run of a scene.
type take struct {
	phone   *phone
	desk    *desk
	steps   []ivr.Step
	outcome ivr.Outcome
	err     error
}

// run plays a scene on a fake clock; at hangAt > 0 the caller hangs up at that action of the line.
func (s scene) run(t *testing.T, hangAt int) (result take) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancelCause(t.Context())
		defer hangUp(nil)
		result.phone = newPhone(t, "en-US", s.play, hangUp)
		result.phone.hangAt, result.phone.tapeless = hangAt, s.tapeless
		result.desk = s.desk()
		result.phone.exists = result.desk.exists
		script := s.script(result.desk)
		script.Agents, script.Engineers = result.phone, result.phone
		script.Observe = func(step ivr.Step) { result.steps = append(result.steps, step) }
		result.outcome, result.err = script.Run(ctx, result.phone, s.call())
		synctest.Wait()
	})
	return result
}

func (s scene) desk() *desk {
	d := newDesk()
	d.away, d.full, d.mute, d.joins, d.slow = s.away, s.full, s.mute, s.joins, s.slow
	d.known = s.known
	d.open, d.blind, d.lost = earlier(s.open), s.blind, s.lost
	return d
}

// earlier are tickets of northwind. Their customer was not told of the last one.
func earlier(count int) []tickets.Ticket {
	all := []tickets.Ticket{
		{Number: "20000007", Priority: tickets.P1, Status: tickets.StatusWorking},
		{Number: "30000001", Priority: tickets.P2, Status: tickets.StatusOpen},
		{Number: "40000005", Priority: tickets.P3, Status: tickets.StatusWaiting},
	}[:count]
	for i := range all {
		all[i].Account, all[i].Received, all[i].Acknowledged = northwind.ID, time.Now().Add(-3*time.Hour), time.Now()
	}
	if count > 0 {
		all[count-1].Acknowledged, all[count-1].Changed = time.Time{}, time.Now().Add(-20*time.Minute)
	}
	return all
}

func (s scene) script(d *desk) ivr.Script {
	return ivr.Script{Desk: d, Numbering: numbering{}, Mail: s.mail, NoLinks: s.linkless, PINPolicy: s.pin, Lookup: d.Lookup, AgentsFor: s.agents, EngineersFor: s.engineers}
}

func (s scene) call() ivr.Call {
	call := ivr.Call{
		Key: "call-1", Caller: s.caller, Called: "+18887999666", Extension: s.extension, Received: time.Now(),
		Number: ivr.Number{Locale: "en-US", Region: "US"},
	}
	if s.french {
		call.Number.Languages = map[ivr.Key]string{'9': "fr-FR"}
	}
	return call
}

// text is the transcript of a take with what came of it.
func (k take) text() string {
	lines := []string{k.phone.transcript()}
	for number, request := range k.desk.tickets {
		lines = append(lines, "ticket "+describe(request, k.desk.told[number], k.desk.gone[number]))
	}
	for _, note := range k.desk.notes {
		lines = append(lines, "note "+note)
	}
	for number, times := range k.desk.told {
		if _, new := k.desk.tickets[number]; !new {
			lines = append(lines, fmt.Sprintf("earlier %s told×%d", number, times))
		}
	}
	for _, mail := range k.desk.mails {
		lines = append(lines, "mail "+mail)
	}
	lines = append(lines, strings.TrimSpace(fmt.Sprintf("outcome %s %s", k.outcome.Disposition, k.outcome.Keys)))
	return strings.Join(lines, "\n")
}

func describe(r tickets.Request, told, gone int) string {
	words := []string{string(r.Kind)}
	add := func(is bool, text string) {
		if is {
			words = append(words, text)
		}
	}
	add(r.Account == nil, "unverified")
	add(r.Account != nil && !r.Verified, "claimed")
	if r.Account != nil {
		words = append(words, r.Account.ID)
	}
	words = append(words, r.Priority.String())
	add(r.Confirmed, "confirmed")
	add(r.Incident != "", r.Incident)
	add(r.Callback != "", r.Callback)
	add(r.CallbackVerified, "dialable")
	add(r.Recording != "", r.Recording)
	add(r.Language != "en-US", r.Language)
	add(r.HungUp, "hung-up")
	add(told > 0, fmt.Sprintf("told×%d", told))
	add(gone > 0, fmt.Sprintf("left×%d", gone))
	return strings.Join(words, " ")
}

func trimmed(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// allScenes are the scenes of every file.
func allScenes() map[string]scene {
	all := maps.Clone(scenes)
	maps.Copy(all, knownScenes)
	maps.Copy(all, incidentScenes)
	return all
}

func TestConversations(t *testing.T) {
	for name, scene := range allScenes() {
		t.Run(name, func(t *testing.T) {
			take := scene.run(t, 0)
			if diff := cmp.Diff(trimmed(scene.play), take.text()); diff != "" {
				t.Errorf("the call went another way (-want +got):\n%s\n%s", diff, take.text())
			}
			ended := strings.Contains(scene.play, "hangs up")
			if ended != errors.Is(take.err, errHungUp) || !ended && take.err != nil {
				t.Errorf("Run = %v, hung up: %v", take.err, ended)
			}
			if len(take.phone.deeds) > 0 {
				t.Errorf("the caller never came to %v", take.phone.deeds)
			}
		})
	}
}
