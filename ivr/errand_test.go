package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/ivr"
	"readback/tickets"
)

// An errand is a call that we make, and what it is about. Its transcript is that of a call, with "confirmed" or "accepted"
// where that was told, and what came of it at the end.
type errand struct {
	page   bool // an engineer is called, not the customer
	ticket tickets.Ticket
	record string // what the caller said
	waits  bool   // the caller does
	play   string
}

var (
	outage = tickets.Ticket{
		Number: "10000004", Priority: tickets.P1, Account: "30471234", Verified: true, Kind: tickets.KindProblem,
	}
	hitch    = tickets.Ticket{Number: "10000004", Priority: tickets.P2, Account: "30471234", Verified: true}
	nobodys  = tickets.Ticket{Number: "10000004", Priority: tickets.P3, Due: time.Unix(0, 0).Add(24 * time.Hour), Received: time.Unix(0, 0)}
	expected = []error{tickets.ErrNobody, errHungUp}
)

var errands = map[string]errand{
	"the customer confirms the number": {ticket: outage, play: `
		hears callback-hello ticket-registered 10000004 ticket-repeat 10000004 priority-1 callback-confirm
		presses 1
		confirmed
		hears callback-thanks
		outcome completed 1`},

	"the customer has heard it once and hangs up at the thanks": {ticket: outage, play: `
		hears callback-hello ticket-registered 10000004 ticket-repeat
		presses 1
		confirmed
		hears callback-thanks
		hangs up
		outcome completed 1`},

	"keys that are pressed before the number confirm nothing": {ticket: outage, play: `
		hears callback-hello
		presses 11
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 callback-confirm ticket-registered 10000004 ticket-repeat 10000004 priority-1 callback-confirm callback-no-key
		outcome abandoned`},

	"the customer hears it again, and finds the key": {ticket: hitch, play: `
		hears callback-hello ticket-registered 10000004 ticket-repeat 10000004 priority-2 callback-confirm
		presses 2
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2
		presses 7
		hears no-match-1 ticket-repeat 10000004 priority-2 callback-confirm
		presses *
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 callback-confirm
		presses 1
		confirmed
		hears callback-thanks
		outcome completed 2 * 1`},

	"an answering machine": {ticket: nobodys, play: `
		hears callback-hello ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h callback-confirm ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h callback-confirm callback-no-key
		outcome abandoned`},

	"somebody who presses anything": {ticket: outage, play: `
		hears callback-hello ticket-registered 10000004 ticket-repeat 10000004 priority-1 callback-confirm
		presses 4
		hears no-match-1 ticket-repeat 10000004 priority-1 callback-confirm
		presses 5
		hears no-match-2 ticket-repeat 10000004 priority-1 callback-confirm
		presses 6
		hears callback-no-key
		outcome abandoned`},

	"the customer hangs up in the number": {ticket: outage, play: `
		hears callback-hello ticket-registered 1
		hangs up
		outcome abandoned`},

	"an engineer accepts": {page: true, ticket: outage, record: "call-description.wav", play: `
		hears page-hello page-urgent page-ticket 10000004 page-account 30471234 page-message call-description.wav page-accept
		presses 1
		accepted
		hears page-accepted
		outcome completed 1`},

	"an engineer knows the keys": {page: true, ticket: hitch, play: `
		hears page-hello page-high
		presses 1
		accepted
		hears page-accepted
		outcome completed 1`},

	"an engineer hears it again and passes it on": {page: true, ticket: nobodys, play: `
		hears page-hello page-high page-ticket 10000004 page-unverified page-accept
		presses 2
		hears page-hello page-high page-ticket 10000004 page-unverified page-accept
		presses 3
		hears page-passed
		outcome abandoned 2 3`},

	"an engineer's answering machine": {page: true, ticket: outage, play: `
		hears page-hello page-urgent page-ticket 10000004 page-account 30471234 page-accept page-hello page-urgent page-ticket 10000004 page-account 30471234 page-accept page-passed
		outcome abandoned`},

	"an engineer accepts and speaks with the caller": {page: true, ticket: outage, waits: true, play: `
		hears page-hello page-urgent page-ticket 10000004 page-account 30471234 page-accept
		presses 1
		accepted
		hears page-accepted page-bridge
		presses 1
		agent talks
		outcome completed 1 1`},

	"the caller has gone before the engineer speaks": {page: true, ticket: outage, waits: true, play: `
		hears page-hello page-urgent page-ticket 10000004 page-account 30471234 page-accept
		presses 1
		accepted
		hears page-accepted
		presses 1
		agent gone
		outcome completed 1 1`},

	"an engineer accepts and does not speak": {page: true, ticket: outage, waits: true, play: `
		hears page-hello page-urgent page-ticket 10000004 page-account 30471234 page-accept
		presses 1
		accepted
		hears page-accepted page-bridge no-input-1 page-bridge
		presses 9
		outcome completed 1 9`},

	"an engineer hangs up after accepting": {page: true, ticket: outage, waits: true, play: `
		hears page-hello page-urgent page-ticket
		presses 1
		accepted
		hears page-accepted
		hangs up
		outcome completed 1`},
}

// A run is what came of an errand.
type run struct {
	phone   *phone
	told    tickets.Acknowledgement
	tells   int // how often it was told
	said    map[string]bool
	outcome ivr.Outcome
	err     error
}

func (e errand) run(t *testing.T, hangAt int) (r run) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancelCause(t.Context())
		defer hangUp(nil)
		r.phone = newPhone(t, "en-US", e.play, hangUp)
		r.phone.hangAt, r.phone.exists = hangAt, func(number string) bool { return number == string(e.ticket.Number) }
		r.said = map[string]bool{}
		common := ivr.Errand{Ticket: e.ticket, Key: "call-2", Locale: "en-US", Observe: func(step ivr.Step) {
			for _, prompt := range step.Prompts {
				if prompt.Name != "" {
					r.said[prompt.Name] = true
				}
			}
		}}
		if e.page {
			page := ivr.Page{Errand: common, Recording: e.record, Accepted: func() func(context.Context) error {
				r.tells++
				r.phone.note("accepted")
				if e.waits {
					return r.phone.speak
				}
				return nil
			}}
			r.outcome, r.err = page.Run(ctx, r.phone)
		} else {
			callback := ivr.Callback{Errand: common, Told: func(a tickets.Acknowledgement) {
				r.tells++
				r.told = a
				r.phone.note("confirmed")
			}}
			r.outcome, r.err = callback.Run(ctx, r.phone)
		}
		synctest.Wait()
	})
	return r
}

// note writes down what is told elsewhere.
func (p *phone) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

// speak has an engineer speak with the caller for a minute, or find nobody.
func (p *phone) speak(ctx context.Context) error {
	p.act()
	if !p.next("agent") {
		p.t.Error("the engineer speaks, which is not in the transcript")
	}
	if p.perform().what == "gone" {
		return errors.New("the caller has gone")
	}
	return sleep(ctx, time.Minute)
}

func (r run) text() string {
	return strings.TrimSpace(r.phone.transcript() + "\n" + strings.TrimSpace(fmt.Sprintf("outcome %s %s", r.outcome.Disposition, r.outcome.Keys)))
}

func TestErrands(t *testing.T) {
	for name, errand := range errands {
		t.Run(name, func(t *testing.T) {
			r := errand.run(t, 0)
			if diff := cmp.Diff(trimmed(errand.play), r.text()); diff != "" {
				t.Errorf("the call went another way (-want +got):\n%s\n%s", diff, r.text())
			}
			if problems := r.broken(errand); len(problems) > 0 {
				t.Error(strings.Join(problems, "\n"))
			}
			if len(r.phone.deeds) > 0 {
				t.Errorf("nobody ever came to %v", r.phone.deeds)
			}
		})
	}
}

// Whoever we call may hang up anywhere: nothing counts that was not done before, and nothing is lost that was.
func TestHangUpAnErrandAnywhere(t *testing.T) {
	for name, errand := range errands {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				r := errand.run(t, at)
				if problems := r.broken(errand); len(problems) > 0 {
					t.Fatalf("hung up at action %d:\n%s\n%s", at, strings.Join(problems, "\n"), r.text())
				}
				if at > r.phone.actions {
					return
				}
			}
		})
	}
}

// broken lists the promises that a run did not keep.
func (r run) broken(e errand) (problems []string) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	pressed := strings.Contains(r.outcome.Keys, "1")
	check(r.tells <= 1, "it was told %d times", r.tells)
	check(pressed == (r.tells == 1), "key pressed: %v, but told %d times", pressed, r.tells)
	check((r.err == nil) == (r.tells == 1), "told %d times, and Run is %v", r.tells, r.err)
	check(r.err == nil || errors.Is(r.err, expected[0]) || errors.Is(r.err, expected[1]), "Run is %v", r.err)
	check((r.outcome.Disposition == tickets.DispositionCompleted) == (r.err == nil), "disposition %s, Run is %v", r.outcome.Disposition, r.err)
	if !e.page {
		check(r.tells == 0 || len(r.phone.numbers) > 0, "it counts without the whole number having been played")
		evidence := r.tells == 0 || r.told.By == tickets.ByCallback && r.told.Call == "call-2" && !r.told.At.IsZero() && strings.HasPrefix(r.told.Evidence, "key 1 was pressed ")
		check(evidence, "the evidence is %+v", r.told)
	}
	return problems
}

func TestAnEngineerHearsThatSomebodyElseTookIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := errand{page: true, ticket: outage}
		phone := newPhone(t, "fr-FR", "", func(error) {})
		phone.exists = func(string) bool { return true }
		page := ivr.Page{Errand: ivr.Errand{Ticket: e.ticket, Locale: "fr-FR"}}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(tickets.ErrTaken) })
		if _, err := page.Run(ctx, phone); !errors.Is(err, tickets.ErrTaken) {
			t.Errorf("Run is %v, want ErrTaken", err)
		}
		if err := page.Taken(t.Context(), phone); err != nil {
			t.Error(err)
		}
		if got, want := phone.transcript(), "hears page-hello page-urgent page-taken"; got != want {
			t.Errorf("the engineer %s; want %s", got, want)
		}
	})
}
