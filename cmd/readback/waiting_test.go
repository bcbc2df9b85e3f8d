package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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
		accepts, talks := 0, 0
		for after := 200 * time.Millisecond; after < 50*time.Second; after += 1900 * time.Millisecond {
			dialsOut(t, "agent answers after 3s", func(s *stage) {
				s.plays(waitsForEngineer)
				began := time.Now()
				s.clerkWorks()
				var engineer sync.WaitGroup
				defer engineer.Wait()
				engineer.Go(s.engineerAccepts)
				time.Sleep(time.Until(began.Add(after)))
				call, leg := s.call, s.agent.currentCall()
				switch {
				case who == "caller":
					if err := call.hangup(s.t.Context()); err != nil {
						t.Errorf("after %v: %v", after, err)
					}
				case leg != nil:
					_ = leg.Hangup(s.t.Context()) // it may be over
				}
				s.office.stop()
				s.office.work.Wait()
				if who == "engineer" {
					s.plays("presses *9999\nwaits 40s")
				}
				s.waitForEnd()
				s.nothingRemains(fmt.Sprintf("a hang-up of the %s after %v", who, after))
				accepts += strings.Count(s.heardOutside(), " accepted\n")
				talks += strings.Count(s.heardOutside(), " connected\n")
				ticket := s.onlyTicket()
				if accepted := strings.Contains(s.heardOutside(), " accepted\n"); accepted != !ticket.Accepted.IsZero() {
					t.Errorf("a hang-up of the %s after %v: the engineer accepted: %v, the ticket says %v", who, after, accepted, ticket.Accepted)
				}
			})
		}
		if talks == 0 || accepts <= talks || accepts >= 26 {
			t.Errorf("the %s did not hang up before, between and after: %d acceptances, %d talks", who, accepts, talks)
		}
	}
}

// engineerAccepts presses 1 at each question, six seconds after it began.
func (s *stage) engineerAccepts() {
	for _, question := range []string{"page-accept\n", "page-bridge\n"} {
		for range 60 {
			if time.Sleep(time.Second); strings.HasSuffix(s.heardOutside(), question) {
				break
			}
		}
		time.Sleep(6 * time.Second)
		if strings.HasSuffix(s.heardOutside(), question) {
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
				if got := time.Since(began); got < test.want-time.Second || got > test.want+waitLook+prompt {
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
		if err := <-gone; !errors.Is(err, errCallerLeft) {
			t.Errorf("speak is %v, want %v", err, errCallerLeft)
		}
		if _, err := waiting.enter("10000004"); err != nil {
			t.Errorf("the next caller cannot wait: %v", err)
		}
	})
}
