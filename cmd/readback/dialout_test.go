package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/config"
	"readback/media/wav"
	"readback/tickets"
)

// dialsOut has a gateway that calls customers and engineers do something.
func dialsOut(t *testing.T, does string, then func(*stage)) {
	t.Helper()
	sounds := agentSounds(t)
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, sounds, sampleAccounts(t))
		defer s.close()
		s.offerCalls()
		s.plays(does)
		then(s)
	})
}

// anOutage is a ticket whose customer may be called.
var (
	anOutage = tickets.Ticket{
		Number: "10000004", Priority: tickets.P1, Account: "30471234", Verified: true, Language: "en-US",
		Callback: "+14155550100", CallbackVerified: true, Called: "+18887999666",
	}
	amy = tickets.Engineer{Name: "Amy", Number: "+14155550181"}
)

// outcomes are the calls of the gateway that were counted, as purpose, outcome and count.
func (s *stage) outcomes() []string {
	s.t.Helper()
	families, err := s.server.metrics.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if family.GetName() == "readback_calls_out_total" {
			for _, m := range family.GetMetric() {
				labels := m.GetLabel() // outcome, purpose
				got = append(got, fmt.Sprint(labels[1].GetValue(), " ", labels[0].GetValue(), " ", m.GetCounter().GetValue()))
			}
		}
	}
	return got
}

func TestAnAcknowledgementByPhone(t *testing.T) {
	dialsOut(t, "agent answers after 3s", func(s *stage) {
		began := time.Now()
		go s.plays("hears callback-confirm\nwaits 20s\nagent presses 1")
		proof, err := s.server.phone.Acknowledge(s.t.Context(), anOutage)
		if err != nil {
			t.Fatal(err)
		}
		call, err := s.server.store.ListCalls(s.t.Context(), tickets.CallPage{Limit: 2})
		if err != nil || len(call) != 0 {
			t.Errorf("the call is over when it is known what came of it: %+v, %v", call, err)
		}
		time.Sleep(time.Minute)
		call, err = s.server.store.ListCalls(s.t.Context(), tickets.CallPage{Limit: 2})
		if err != nil || len(call) != 1 {
			t.Fatalf("%d records, %v; want one", len(call), err)
		}
		one := call[0]
		if proof.By != tickets.ByCallback || proof.Call != one.CallKey || !strings.HasPrefix(proof.Evidence, "key 1 was pressed ") || proof.At.Before(began) {
			t.Errorf("the evidence is %+v, the record %+v", proof, one)
		}
		if one.From != anOutage.Called || one.Called != anOutage.Callback || one.Trunk != "pbx" || one.Answered.Sub(one.Started) < 3*time.Second || one.Codec == "" || one.Transport != "udp" {
			t.Errorf("the record is %+v", one)
		}
		if s.agent.call.Caller != anOutage.Called {
			t.Errorf("the call comes from %q, want the number that was dialled", s.agent.call.Caller)
		}
		if got, want := s.outcomes(), []string{"callback accepted 1"}; !slices.Equal(got, want) {
			t.Errorf("counted %q, want %q", got, want)
		}
		s.nothingRemains("a call back")
	})
}

// The signalling of a call that we make is kept and found as that of any other.
func TestACallOfOursHasItsLadder(t *testing.T) {
	dialsOut(t, "agent answers after 1s", func(s *stage) {
		paging := make(chan error, 1)
		go func() { paging <- s.server.phone.Page(s.t.Context(), amy, anOutage) }()
		s.plays("hears page-hello")
		live := s.server.traces.live()
		if len(live) != 1 || live[0].State != stateTalking || live[0].Direction != tickets.DirectionOutgoing || live[0].Ticket != anOutage.Number {
			t.Fatalf("live calls: %+v", live)
		}
		found := s.server.traces.find(string(anOutage.Number))
		if len(found) != 1 || !calls(found[0].ladder, "INVITE sip:+14155550181@192.0.2.3;user=phone SIP/2.0") {
			t.Errorf("the ladder is %+v", found)
		}
		s.plays("agent hangs up")
		if err := <-paging; !errors.Is(err, tickets.ErrNobody) {
			t.Errorf("Page is %v, want ErrNobody", err)
		}
		time.Sleep(2 * traceLinger)
		synctest.Wait()
		if n := len(s.server.traces.byCall) + len(s.server.traces.byKey); n > 0 {
			t.Errorf("%d calls are followed that are over", n)
		}
	})
}

// What nobody accepts is told from what cannot be done, and from what may not.
func TestWhatCameOfACallOfOurs(t *testing.T) {
	gone := anOutage
	gone.Callback = "+33612345678"
	for name, test := range map[string]struct {
		does   string
		call   func(*stage) error
		want   error // besides none of the others
		counts string
	}{
		"busy":       {"agent is busy", page, tickets.ErrNobody, "page busy 1"},
		"rings":      {"agent rings", page, tickets.ErrNobody, "page no-answer 1"},
		"declines":   {"agent refuses", page, tickets.ErrNobody, "page refused 1"},
		"a machine":  {"agent answers after 1s", page, tickets.ErrNobody, "page no-key 1"},
		"no trunk":   {"agent answers after 1s", pageBy("nowhere"), errNoTrunk, "page failed 1"},
		"forbidden":  {"agent answers after 1s", callBack(gone), tickets.ErrRefused, "callback forbidden 1"},
		"no paging":  {"agent answers after 1s", pageNobody, tickets.ErrRefused, "page forbidden 1"},
		"overloaded": {"agent answers after 1s", pageOverloaded, nil, "page limited 1"},
		"stopping":   {"agent answers after 1s", pageStopping, errStopping, "page limited 1"},
		"hour full":  {"agent is busy", pageTwice, errHourIsFull, "page limited 1"},
	} {
		t.Run(name, func(t *testing.T) {
			dialsOut(t, test.does, func(s *stage) {
				err := test.call(s)
				for _, kind := range []error{tickets.ErrNobody, tickets.ErrRefused, errNoTrunk, errStopping, errHourIsFull} {
					if errors.Is(err, kind) != errors.Is(test.want, kind) {
						t.Errorf("it is %v, want %v", err, test.want)
					}
				}
				if err == nil {
					t.Error("it succeeded")
				}
				time.Sleep(time.Minute)
				if got := s.outcomes(); !slices.Contains(got, test.counts) {
					t.Errorf("counted %q, want %q", got, test.counts)
				}
				s.nothingRemains(name)
			})
		})
	}
}

func page(s *stage) error { return s.server.phone.Page(s.t.Context(), amy, anOutage) }

func callBack(ticket tickets.Ticket) func(*stage) error {
	return func(s *stage) error {
		_, err := s.server.phone.Acknowledge(s.t.Context(), ticket)
		return err
	}
}

func pageBy(trunk string) func(*stage) error {
	return func(s *stage) error {
		s.configure(func(c *config.Config) { c.Paging.Phone.Trunk = trunk })
		return page(s)
	}
}

func pageNobody(s *stage) error {
	s.configure(func(c *config.Config) { c.Paging.Phone.Engineers = nil })
	return page(s)
}

func pageOverloaded(s *stage) error {
	reason := "the test says so"
	s.server.room.reason.Store(&reason)
	return page(s)
}

func pageStopping(s *stage) error {
	s.server.phone.stop()
	return page(s)
}

func pageTwice(s *stage) error {
	s.configure(func(c *config.Config) { c.Paging.Phone.PerHour = 1 })
	_ = page(s)
	time.Sleep(time.Second)
	return page(s)
}

// configure changes what the gateway goes by.
func (s *stage) configure(change func(*config.Config)) {
	now := *s.server.gateway.now.Load()
	c := *now.config
	change(&c)
	now.config = &c
	s.server.gateway.now.Store(&now)
}

// A person is called once at a time, whatever for.
func TestOneCallAtATimeToAPerson(t *testing.T) {
	dialsOut(t, "agent rings", func(s *stage) {
		first := make(chan error, 1)
		go func() { first <- page(s) }()
		time.Sleep(time.Second)
		if err := page(s); !errors.Is(err, errOtherCall) {
			t.Errorf("the second call is %v, want %v", err, errOtherCall)
		}
		if err := <-first; !errors.Is(err, tickets.ErrNobody) {
			t.Errorf("the first call is %v", err)
		}
		if got := strings.Count(s.ladder(), "> INVITE"); got != 1 {
			t.Errorf("%d INVITEs, want one:\n%s", got, s.ladder())
		}
	})
}

// Whoever wanted a call may want it no more at any moment: it ends at once, and leaves nothing.
func TestACallOfOursIsStopped(t *testing.T) {
	for _, cause := range []error{tickets.ErrTaken, context.Canceled} {
		for after := 500 * time.Millisecond; after < 12*time.Second; after += 1500 * time.Millisecond {
			dialsOut(t, "agent answers after 3s", func(s *stage) {
				ctx, stop := context.WithCancelCause(s.t.Context())
				time.AfterFunc(after, func() { stop(cause) })
				began := time.Now()
				err := s.server.phone.Page(ctx, amy, anOutage)
				if !errors.Is(err, cause) || errors.Is(err, tickets.ErrNobody) {
					t.Errorf("after %v: %v, want %v", after, err, cause)
				}
				if late := time.Since(began) - after; late > 100*time.Millisecond {
					t.Errorf("stopped after %v, it ends %v later", after, late)
				}
				time.Sleep(20 * time.Second)
				if answered := after > 3*time.Second; strings.Contains(s.heardOutside(), "page-taken") != (answered && errors.Is(cause, tickets.ErrTaken)) {
					t.Errorf("after %v, %v: the engineer hears\n%s", after, cause, s.heardOutside())
				}
				s.nothingRemains(fmt.Sprintf("%v after %v", cause, after))
			})
		}
	}
}

// An engineer who has accepted goes on, whatever becomes of the one who wanted the call; the gateway's end is the call's.
func TestAnEngineerGoesOnAfterAccepting(t *testing.T) {
	dialsOut(t, "agent answers after 1s", func(s *stage) {
		ctx, stop := context.WithCancel(s.t.Context())
		go s.plays("hears page-accept\nagent presses 1")
		if err := s.server.phone.Page(ctx, amy, anOutage); err != nil {
			t.Fatal(err)
		}
		stop()
		s.plays("hears page-accepted")
		time.Sleep(10 * time.Second)
		if got := s.records(); !strings.HasPrefix(got, "outgoing to +14155550181: completed") {
			t.Errorf("the record is %s", got)
		}
	})
}

// A gateway that is told to stop makes no more calls, lets those that there are go on for a while, and then ends them.
func TestDrainAndCallsOfOurs(t *testing.T) {
	dialsOut(t, "agent answers after 1s", func(s *stage) {
		go func() { s.plays("hears page-accept\nagent presses 1") }()
		paging := make(chan error, 1)
		go func() { paging <- page(s) }()
		s.plays("hears page-hello")
		s.stop()
		synctest.Wait()
		if _, err := s.server.phone.Acknowledge(s.t.Context(), anOutage); !errors.Is(err, errStopping) {
			t.Errorf("a call back by a gateway that stops is %v, want %v", err, errStopping)
		}
		if err := <-paging; err != nil {
			t.Errorf("the page that there was is %v", err)
		}
	})
}

// An engineer hears the caller's recording when it is here, and the rest when it is not.
func TestAnEngineerHearsTheCaller(t *testing.T) {
	for name, test := range map[string]struct {
		recording string
		content   []byte
		want      bool
	}{
		"none":          {"", nil, false},
		"here":          {"here.wav", nil, true},
		"elsewhere":     {"elsewhere.wav", nil, false},
		"broken":        {"broken.wav", []byte("RIFF"), false},
		"outside of it": {"../../numbers.json", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			dialsOut(t, "agent answers after 1s", func(s *stage) {
				folder := recordingsFolder(s.server.config)
				switch {
				case test.content != nil:
					if err := os.WriteFile(filepath.Join(folder, test.recording), test.content, 0o600); err != nil {
						t.Fatal(err)
					}
				case test.want:
					s.record(filepath.Join(folder, test.recording))
				}
				ticket := anOutage
				ticket.Recording = test.recording
				if err := s.server.phone.Page(s.t.Context(), amy, ticket); !errors.Is(err, tickets.ErrNobody) {
					t.Fatal(err)
				}
				if got := strings.Contains(s.heardOutside(), "page-message"); got != test.want {
					t.Errorf("the engineer hears the caller: %v, want %v\n%s", got, test.want, s.heardOutside())
				}
			})
		})
	}
}

// record makes a recording of two seconds.
func (s *stage) record(path string) {
	s.t.Helper()
	file, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	writer, err := wav.NewWriter(file, 8000)
	if err == nil {
		err = errors.Join(writer.Write(make([]int16, 16000)), writer.Commit())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestEngineersAreSpokenToInLanguagesThatThereAre(t *testing.T) {
	c := config.Default()
	c.Paging.Phone.Engineers = []config.Engineer{{Name: "Amy", Language: "en-GB"}, {Name: "Bob", Language: "de-DE"}, {Name: "Cy"}}
	got := checkPrompts(c)
	if len(got) != 1 || got[0].Path != "paging.phone.engineers[1].language" {
		t.Errorf("the problems are %v, want one, about the second engineer", got)
	}
	dialsOut(t, "agent rings", func(s *stage) {
		now := s.server.gateway.now.Load()
		for _, test := range []struct{ ticket, called, engineer, want string }{
			{"en-AU", "+18887999666", "", "en-AU"},
			{"en-AU", "+18887999666", "fr-FR", "fr-FR"},
			{"de-DE", "+611800768027", "", "en-AU"},
			{"", "+4930123456", "", "en-AU"}, // the first that our numbers have
		} {
			if got := now.localeFor(tickets.Ticket{Language: test.ticket, Called: test.called}, test.engineer); got != test.want {
				t.Errorf("%+v: %s", test, got)
			}
		}
	})
}
