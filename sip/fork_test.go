package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// from is a response to an INVITE of ours by the fork with a To tag.
func from(tag, req, status, session string, headers ...string) string {
	res := respond(req, status, append([]string{"Contact: <sip:" + tag + "@198.51.100.7>"}, headers...)...)
	res = strings.Replace(res, ";tag=peer", ";tag="+tag, 1)
	if session == "" {
		return res
	}
	return withSession(res, session)
}

// reliably are the headers of a reliable provisional response.
func reliably(seq int) []string { return []string{"Require: 100rel", fmt.Sprintf("RSeq: %d", seq)} }

// nothingLeft checks that no call, dialog or transaction is left after a while.
func (r *rig) nothingLeft() {
	r.t.Helper()
	time.Sleep(2 * time.Minute)
	r.ua.mu.Lock()
	defer r.ua.mu.Unlock()
	if left := len(r.ua.clients) + len(r.ua.all) + len(r.ua.dialogs) + r.ua.active; left != 0 {
		r.t.Errorf("%d things are left of the call", left)
	}
}

// hungUp answers the BYE that a test ends with.
func (p *peer) hungUp(c *Call) {
	p.t.Helper()
	done := make(chan error, 1)
	go func() { done <- c.Hangup(p.t.Context()) }()
	p.send(respond(p.expect("BYE "), "200 OK"))
	if err := <-done; err != nil {
		p.t.Errorf("Hangup: %v", err)
	}
}

func TestTheFirst2xxOfAForkedInviteWins_RFC3261_13_2_2_4(t *testing.T) {
	n := &negotiator{}
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, errs := r.dial(r.t.Context(), n, DialOptions{})
		req := p.expect("INVITE ")
		p.send(from("one", req, "180 Ringing", ""))
		p.send(from("two", req, "180 Ringing", ""))
		won := from("two", req, "200 OK", "theirs")
		p.send(won)
		ack := p.expect("ACK sip:two@198.51.100.7")
		c := <-calls
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
		for i, tag := range []string{"one", "three"} { // one that rang, and one that is heard of for the first time
			late := from(tag, req, "200 OK", "other")
			p.send(late)
			lost := p.expect("ACK sip:" + tag + "@198.51.100.7")
			bye := p.expect("BYE sip:" + tag + "@198.51.100.7")
			if toTag(lost) != tag || toTag(bye) != tag || field(bye, "CSeq") != "2 BYE" {
				t.Errorf("fork %d was acknowledged as %s and hung up as %s, CSeq %s", i, toTag(lost), toTag(bye), field(bye, "CSeq"))
			}
			if got, want := field(bye, "Reason"), `SIP;cause=200;text="Call completed elsewhere"`; got != want {
				t.Errorf("Reason %q, want %q", got, want)
			}
			p.send(respond(bye, "200 OK"))
			p.send(late) // the ACK was lost: no second BYE
			if again := p.expect("ACK "); again != lost {
				t.Error("the repeated ACK differs")
			}
		}
		p.send(won)
		if again := p.expect("ACK "); again != ack {
			t.Error("the repeated ACK of the call differs")
		}
		p.quiet(time.Second)
		if context.Cause(c.Context()) != nil || n.log() != "offer, accept theirs" {
			t.Errorf("cause %v, negotiated %q", context.Cause(c.Context()), n.log())
		}
		p.hungUp(c)
		r.nothingLeft()
	})
}

// The same 2xx comes many times before the first one is dealt with.
func TestARepeated2xxIsNoOtherFork_RFC3261_13_2_2_4(t *testing.T) {
	for range 20 {
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			calls, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
			ok := from("one", p.expect("INVITE "), "200 OK", "theirs")
			for range 8 {
				p.send(ok)
			}
			p.expect("ACK ")
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for len(p.got) > 0 {
				p.expect("ACK ")
			}
			p.hungUp(<-calls)
		})
	}
}

func TestForksAreBounded_RFC3261_13_2_2_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		calls, _ := r.dial(r.t.Context(), &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		for i := range 3 * forksMax {
			p.send(from(fmt.Sprint("f", i), req, "180 Ringing", ""))
			synctest.Wait()
		}
		p.send(from("late", req, "200 OK", "theirs")) // wins all the same
		p.expect("ACK sip:late@")
		c := <-calls
		for i := range 3 * forksMax {
			p.send(from(fmt.Sprint("f", i), req, "200 OK", "theirs"))
			synctest.Wait()
		}
		byes := 0
		for len(p.got) > 0 {
			if m := <-p.got; strings.HasPrefix(m, "BYE") {
				byes++
				p.send(respond(m, "200 OK"))
			}
		}
		if byes != forksMax {
			t.Errorf("%d forks were hung up, want %d", byes, forksMax)
		}
		p.hungUp(c)
		r.nothingLeft()
	})
}

func TestEarlyMediaOfForks_RFC3261_13_2_1(t *testing.T) {
	for name, tt := range map[string]struct {
		provisional []string // who says 183, and with what
		final       string
		want        string
	}{
		"the one that rang answers the same":       {[]string{"one early"}, "one early", "offer, accept early"},
		"the one that rang answers otherwise":      {[]string{"one early"}, "one final", "offer, accept early, accept final"},
		"the one that rang answers without":        {[]string{"one early"}, "one ", "offer, accept early"},
		"another fork answers":                     {[]string{"one early"}, "two final", "offer, accept early, accept final"},
		"two ring, the first answers":              {[]string{"one first", "two second"}, "one first", "offer, accept first, accept second, accept first"},
		"two ring, the second answers":             {[]string{"one first", "two second"}, "two second", "offer, accept first, accept second"},
		"a session that is refused, then a better": {[]string{"one refuse"}, "one final", "offer, accept refuse, accept final"},
	} {
		t.Run(name, func(t *testing.T) {
			n := &negotiator{}
			var told []Progress
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				calls, errs := r.dial(r.t.Context(), n, DialOptions{Progress: func(p Progress) { told = append(told, p) }})
				req := p.expect("INVITE ")
				for _, said := range tt.provisional {
					tag, session, _ := strings.Cut(said, " ")
					p.send(from(tag, req, "183 Session Progress", session))
				}
				synctest.Wait()
				tag, session, _ := strings.Cut(tt.final, " ")
				p.send(from(tag, req, "200 OK", session))
				p.expect("ACK ")
				c := <-calls
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
				if got := n.log(); got != tt.want {
					t.Errorf("negotiated %q, want %q", got, tt.want)
				}
				for _, p := range told {
					if want := (Progress{183, "Session Progress", !strings.Contains(tt.provisional[0], "refuse")}); p != want {
						t.Errorf("told %+v, want %+v", p, want)
					}
				}
				if len(told) != len(tt.provisional) {
					t.Errorf("told %d times, want %d", len(told), len(tt.provisional))
				}
				p.hungUp(c)
				r.nothingLeft()
			})
		})
	}
}

func TestA2xxThatCrossesTheCancelIsHungUp_RFC3261_9_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		ctx, hangUp := context.WithCancel(r.t.Context())
		_, errs := r.dial(ctx, &negotiator{}, DialOptions{})
		req := p.expect("INVITE ")
		p.send(from("one", req, "180 Ringing", ""))
		synctest.Wait()
		hangUp()
		stop := p.expect("CANCEL ")
		if got := field(stop, "Reason"); got != `Q.850;cause=16;text="normal call clearing"` {
			t.Errorf("Reason of the CANCEL %q", got)
		}
		p.send(respond(stop, "200 OK"))
		for _, tag := range []string{"one", "two"} {
			p.send(from(tag, req, "200 OK", "theirs"))
			p.expect("ACK sip:" + tag)
			p.send(respond(p.expect("BYE sip:"+tag), "200 OK"))
		}
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("Dial: %v", err)
		}
		r.nothingLeft()
	})
}

func TestNobodyAnswersInTime_RFC3261_9_1(t *testing.T) {
	for patience, want := range map[time.Duration]time.Duration{0: DefaultPatience, 20 * time.Second: 20 * time.Second} {
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			start := time.Now()
			_, errs := r.dial(r.t.Context(), &negotiator{}, DialOptions{Patience: patience})
			req := p.expect("INVITE ")
			p.send(respond(req, "180 Ringing"))
			if err := <-errs; !errors.Is(err, ErrNoAnswer) {
				t.Errorf("Dial: %v, want %v", err, ErrNoAnswer)
			}
			if got := time.Since(start); got != want {
				t.Errorf("gave up after %v, want %v", got, want)
			}
			stop := p.expect("CANCEL ")
			if got := field(stop, "Reason"); !strings.HasPrefix(got, "Q.850;cause=19;") {
				t.Errorf("Reason %q", got)
			}
			p.send(respond(stop, "200 OK"))
			p.send(respond(req, "487 Request Terminated"))
			p.expect("ACK ")
			r.nothingLeft()
		})
	}
}
