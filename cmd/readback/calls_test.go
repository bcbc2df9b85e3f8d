package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"readback/ivr"
	"readback/sip"
	"readback/tickets"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestCalls plays every file of testdata/calls: a whole call over SIP and RTP on a fake clock. The section "call"
// says what the caller does; the others are what came of it, rewritten by -update.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("../../testdata/calls/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no calls: %v", err)
	}
	sounds, err := loadSounds(nil)
	if err == nil { // in the fake time of a call nothing may take long
		err = sounds.warm(t.Context(), sounds.texts.Locales()...)
	}
	if err != nil {
		t.Fatal(err)
	}
	accounts := sampleAccounts(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got *txtar.Archive
			synctest.Test(t, func(t *testing.T) { got = playCall(t, archive, sounds, accounts) })
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(got))); diff != "" {
				t.Errorf("the call went another way (-update rewrites the file): want -, got +\n%s", diff)
			}
		})
	}
}

// testPepper is for the PINs of the sample accounts.
const testPepper = "a pepper for tests, long enough to be one"

// sampleAccounts are the demo's, hashed once for all tests.
var sampleAccounts = func() func(t *testing.T) []tickets.Account {
	load := sync.OnceValues(func() ([]tickets.Account, error) {
		desk := &tickets.Desk{Pepper: []byte(testPepper)}
		return tickets.ReadAccounts(bytes.NewReader(demoAccounts), tickets.DefaultPolicy(), func(pin tickets.PIN) (string, error) {
			return desk.Hash(context.Background(), pin)
		})
	})
	return func(t *testing.T) []tickets.Account {
		t.Helper()
		accounts, err := load()
		if err != nil {
			t.Fatal(err)
		}
		return accounts
	}
}()

// playCall is one file: a gateway at 192.0.2.1, a telephone at 192.0.2.2, both in memory.
func playCall(t *testing.T, archive *txtar.Archive, sounds *sounds, accounts []tickets.Account) *txtar.Archive {
	stage := newStage(t, sounds, accounts)
	defer stage.close()
	call := section(archive, "call")
	for line := range strings.Lines(call) {
		if err := stage.act(strings.Fields(line)); err != nil {
			t.Fatalf("%s: %v\nheard so far:\n%s\nlog:\n%s", strings.TrimSpace(line), err, stage.transcript(), &stage.log)
		}
	}
	stage.waitForEnd()
	stage.office.work.Wait()
	time.Sleep(time.Minute) // for what goes on after a call of ours
	synctest.Wait()
	files := []txtar.File{
		{Name: "call", Data: []byte(call)},
		{Name: "heard", Data: []byte(stage.transcript())},
		{Name: "heard outside", Data: []byte(stage.heardOutside())},
		{Name: "ticket", Data: []byte(stage.tickets())},
		{Name: "record", Data: []byte(stage.records())},
		{Name: "ladder", Data: []byte(stage.ladder())},
	}
	files = slices.DeleteFunc(files, func(f txtar.File) bool { return f.Name == "heard outside" && len(f.Data) == 0 })
	return &txtar.Archive{Comment: archive.Comment, Files: files}
}

func section(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// transcriptLine is one step as people read it.
func transcriptLine(step ivr.Step) []string {
	switch step.Kind {
	case ivr.Said:
		var names []string
		for _, prompt := range step.Prompts {
			if prompt.Name == "" {
				continue
			}
			name := prompt.Name
			if digit, ok := strings.CutPrefix(name, "digit-"); ok {
				name = digit[:1]
			}
			if prompt.Locale != step.Locale && prompt.Name != toneName {
				name += "[" + prompt.Locale + "]"
			}
			names = append(names, name)
		}
		return []string{"readback: " + strings.Join(names, " ")}
	case ivr.Pressed:
		return []string{"caller:   " + step.Keys}
	case ivr.Recorded:
		return []string{fmt.Sprintf("          %s: %.0f s, ended by %s", step.Kind, step.Recording.Length.Seconds(), step.Recording.EndedBy)}
	case ivr.Noted:
		return []string{fmt.Sprintf("          %s: %s, %.0f s, ended by %s", step.Kind, step.Ticket, step.Recording.Length.Seconds(), step.Recording.EndedBy)}
	case ivr.Registered, ivr.Acknowledged, ivr.Informed:
		return []string{fmt.Sprintf("          %s: %s", step.Kind, step.Ticket)}
	default:
		return []string{fmt.Sprintf("          %s", step.Kind)}
	}
}

func (s *stage) message(e sip.Event) {
	if e.Kind != sip.Received && e.Kind != sip.Sent || e.Status == 100 {
		return
	}
	arrow := map[sip.Kind]string{sip.Received: ">", sip.Sent: "<"}[e.Kind]
	if e.Trunk == "pbx" {
		arrow = "                " + map[string]string{">": "<", "<": ">"}[arrow] // the agents are on the other side
	}
	what := e.Method
	if e.Status != 0 {
		what = fmt.Sprintf("%d (%s)", e.Status, e.Method)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, arrow+" "+what)
}

func (s *stage) transcript() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return joined(s.lines)
}

// heardOutside is the transcript of the calls that the gateway made.
func (s *stage) heardOutside() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return joined(s.outside)
}

func (s *stage) ladder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return joined(s.messages)
}

func joined(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// tickets are what the store holds, with events and outbox.
func (s *stage) tickets() string {
	var lines []string
	found, err := allTickets(s.t.Context(), s.server.store, "", 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, t := range found {
		d, err := readDossier(s.t.Context(), s.server.store, t.Number)
		if err != nil {
			s.t.Fatal(err)
		}
		lines = append(lines, ticketLines(d)...)
	}
	return joined(lines)
}

func ticketLines(d dossier) []string {
	t := d.Ticket
	lines := []string{fmt.Sprintf("%s %v %s account=%s plan=%s callback=%s verified=%t window=%v recorded=%t told=%s",
		t.Number, t.Priority, t.Kind, orDash(t.Account), orDash(t.Plan), orDash(t.Callback), t.Verified, t.Due.Sub(t.Received),
		t.Recording != "", orDash(t.AcknowledgedBy))}
	for _, event := range d.Events {
		lines = append(lines, "event "+event.What)
	}
	for _, notice := range d.Outbox {
		state := fmt.Sprintf("due after %v", notice.Due.Sub(t.Received).Round(time.Second))
		switch {
		case !notice.Cancelled.IsZero():
			state = "cancelled"
		case !notice.Done.IsZero():
			state = "done"
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("outbox %s %s %s", notice.Kind, notice.Reason, state)))
	}
	return lines
}

// records are the call records, the first call first.
func (s *stage) records() string {
	found, err := s.server.store.ListCalls(s.t.Context(), tickets.CallPage{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b tickets.CallRecord) int {
		if order := a.Started.Compare(b.Started); order != 0 {
			return order
		}
		return strings.Compare(a.Called, b.Called)
	})
	var lines []string
	for _, r := range found {
		line := fmt.Sprintf("%s status=%d ticket=%s account=%s language=%s keys=%q reason=%q",
			r.Disposition, r.Status, orDash(string(r.Ticket)), orDash(r.Account), orDash(r.Language), r.Keys, r.Reason)
		if r.Direction == tickets.DirectionOutgoing {
			line = "outgoing to " + r.Called + ": " + line + " ended_by=" + orDash(r.EndedBy)
		}
		if r.Rule != "" {
			line += " rule=" + r.Rule
		}
		lines = append(lines, line)
	}
	return joined(lines)
}
