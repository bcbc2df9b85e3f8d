package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/config"
	"readback/tickets"
)

// waitsForEngineer is a caller up to the moment when the wait begins.
var waitsForEngineer = strings.Replace(wantsAgent, "hears agent-connecting", "hears agent-paging", 1)

// Either side may hang up at any moment around the answer, the acceptance and the talk: the other one is not left alone on
// the line, nothing remains, and an acceptance counts from the key on.
func TestHangUpBetweenCallerAndEngineer(t *testing.T) {
	for _, who := range []string{"caller", "engineer"} {
		for after := 200 * time.Millisecond; after < 50*time.Second; after += 1900 * time.Millisecond {
			dialsOut(t, "agent answers after 3s", func(s *stage) {
				s.plays(waitsForEngineer)
				began := time.Now()
				s.clerkWorks()
				go s.engineerAccepts()
				time.Sleep(time.Until(began.Add(after)))
				call, engineer := s.call, s.agent.currentCall()
				switch {
				case who == "caller":
					if err := call.hangup(s.t.Context()); err != nil {
						t.Errorf("after %v: %v", after, err)
					}
				case engineer != nil:
					_ = engineer.Hangup(s.t.Context()) // it may be over
				}
				s.office.stop()
				s.office.work.Wait()
				if who == "engineer" {
					s.plays("presses *9999\nwaits 40s")
				}
				s.waitForEnd()
				s.nothingRemains(fmt.Sprintf("a hang-up of the %s after %v", who, after))
				ticket := s.onlyTicket()
				if accepted := strings.Contains(s.heardOutside(), "accepted"); accepted != !ticket.Accepted.IsZero() {
					t.Errorf("a hang-up of the %s after %v: the engineer accepted: %v, the ticket says %v", who, after, accepted, ticket.Accepted)
				}
			})
		}
	}
}

// engineerAccepts presses 1 at each question.
func (s *stage) engineerAccepts() {
	for range 60 {
		time.Sleep(time.Second)
		heard := strings.TrimSpace(s.heardOutside())
		if strings.HasSuffix(heard, "page-accept") || strings.HasSuffix(heard, "page-bridge") {
			_ = s.agentDoes([]string{"presses", "1"}) // the call may be over
		}
	}
}

func (s *stage) onlyTicket() tickets.Ticket {
	s.t.Helper()
	found, err := allTickets(s.t.Context(), s.server.store, "", 0)
	if err != nil || len(found) != 1 {
		s.t.Fatalf("%d tickets, %v; want one", len(found), err)
	}
	return found[0]
}

// A caller waits so long and no longer, and for tickets that are being looked after not at all.
func TestHowLongACallerWaits(t *testing.T) {
	for name, test := range map[string]struct {
		accepted time.Duration // by somebody elsewhere; 0: never
		want     time.Duration // at least; and less than waitLook more
	}{
		"nobody comes":              {0, 2 * time.Minute},
		"somebody works on it":      {30 * time.Second, 30 * time.Second},
		"somebody does from before": {-1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dialsOut(t, "agent rings", func(s *stage) {
				s.configure(func(c *config.Config) { c.Paging.Phone.Wait = config.Duration(2 * time.Minute) })
				accept := func() {
					if err := s.officeDoes([]string{"accepts"}); err != nil {
						t.Error(err)
					}
				}
				before, _, _ := strings.Cut(waitsForEngineer, "\npresses 3")
				s.plays(before)
				if test.accepted < 0 {
					accept()
				}
				s.plays("presses 3\nhears agent-paging")
				began := time.Now()
				if test.accepted > 0 {
					time.AfterFunc(test.accepted, accept)
				}
				s.plays("hears agent-unavailable")
				const prompt = 6 * time.Second // agent-paging
				if got := time.Since(began); got < test.want || got > test.want+waitLook+prompt {
					t.Errorf("the caller waits for %v, want %v", got, test.want)
				}
				s.plays("hangs up")
				s.nothingRemains(name)
			})
		})
	}
}

// Of two callers of one ticket one waits; an engineer speaks with one.
func TestOneCallerWaitsForATicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waiting waitingCallers
		first, err := waiting.enter("10000004")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := waiting.enter("10000004"); err == nil {
			t.Error("two callers wait for one ticket")
		}
		if waiting.claim("10000012") != nil {
			t.Error("a caller of another ticket is claimed")
		}
		claimed := waiting.claim("10000004")
		if claimed != first || waiting.claim("10000004") != nil {
			t.Error("the caller is not claimed once")
		}
		gone := make(chan error, 1)
		go func() { gone <- claimed.speak(t.Context(), nil, nil) }()
		synctest.Wait()
		waiting.leave("10000004")
		if err := <-gone; err != errCallerLeft {
			t.Errorf("speak is %v, want %v", err, errCallerLeft)
		}
		if _, err := waiting.enter("10000004"); err != nil {
			t.Errorf("the next caller cannot wait: %v", err)
		}
	})
}
