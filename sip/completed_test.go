package sip

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func refuses(_ context.Context, c *Call) { _ = c.Refuse(486, "") }

// arrivals are the times after start at which messages came, until nothing does for a minute.
func (p *peer) arrivals(start time.Time) (at []time.Duration, got []string) {
	for {
		select {
		case m := <-p.got:
			at, got = append(at, time.Since(start)), append(got, m)
		case <-time.After(time.Minute):
			return at, got
		}
	}
}

func TestRepeatedRequestGetsTheSameAnswer_RFC3261_17_2_2(t *testing.T) {
	for _, method := range []string{"OPTIONS", "BYE", "SUBSCRIBE"} {
		t.Run(method, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				m := invite().with(method, 1)
				p.send(m)
				first := p.expect("SIP/2.0 ")
				for _, after := range []time.Duration{0, 500 * time.Millisecond, 20 * time.Second, 11 * time.Second} {
					time.Sleep(after)
					p.send(m)
					if again := p.expect("SIP/2.0 "); again != first {
						t.Errorf("the repetition got %q, want %q", again, first)
					}
				}
				if told := sentBy(r); len(told) != 5 || told[4] != told[0] {
					t.Errorf("told of %q; want each repetition as the answer", told)
				}
				time.Sleep(time.Second) // timer J is over
				p.send(m)
				if anew := p.expect("SIP/2.0 "); toTag(anew) == toTag(first) {
					t.Errorf("after 64*T1 the request is still known: %q", anew)
				}
				p.leavesNothing()
			})
		})
	}
}

// sentBy is what was told of the messages that the gateway sent.
func sentBy(r *rig) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == Sent {
			list = append(list, fmt.Sprint(e.Line, e.CallID, e.Method, e.CSeq, e.Status, e.Peer))
		}
	}
	return list
}

func TestRequestWithoutAnAnswerYetGetsTheProvisionalOneAgain_RFC3261_17_2_1(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ringing := p.expect("SIP/2.0 180")
		p.send(invite())
		if again := p.expect("SIP/2.0 180"); again != ringing {
			t.Errorf("the repetition got %q, want %q", again, ringing)
		}
		p.send(invite().cancel())
		p.expect("SIP/2.0 200")
		p.send(invite().ack(p.expect("SIP/2.0 487")))
		p.leavesNothing()
	})
}

func TestRefusalIsRepeatedUntilTimerH_RFC3261_17_2_1(t *testing.T) {
	inBubble(t, refuses, func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.send(invite())
		at, got := p.arrivals(start)
		want := []time.Duration{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if !slices.Equal(at, want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
		if copies := slices.Compact(got); len(copies) != 1 || !strings.HasPrefix(copies[0], "SIP/2.0 486") {
			t.Errorf("different answers: %q", copies)
		}
		p.leavesNothing()
	})
}

func TestAckEndsTheRepetitionOfARefusal_RFC3261_17_2_1(t *testing.T) {
	inBubble(t, refuses, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		busy := p.expect("SIP/2.0 486")
		p.send(invite())
		if again := p.expect("SIP/2.0 486"); again != busy {
			t.Errorf("the repeated INVITE got %q, want %q", again, busy)
		}
		p.send(invite().ack(busy))
		synctest.Wait()
		p.send(invite().ack(busy)) // both are absorbed for T4
		p.send(invite())
		p.quiet(4900 * time.Millisecond)
		if n := completedOf(r.ua); n != 1 {
			t.Errorf("%d transactions within timer I, want 1", n)
		}
		p.quiet(200 * time.Millisecond)
		if n := completedOf(r.ua); n != 0 {
			t.Errorf("%d transactions after timer I", n)
		}
		p.leavesNothing()
	})
}

func completedOf(u *UserAgent) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.completed)
}

// Over a stream nothing is lost, so that nothing is repeated: timers G, I and J are zero.
func TestAnswersOverAStreamAreSentOnce_RFC3261_17_2(t *testing.T) {
	ua := overTCP(t, refuses)
	s := connectTo(t, ua)
	s.send(byTCP(tcpInvite().with("OPTIONS", 1)))
	s.expect("SIP/2.0 200")
	if n := completedOf(ua); n != 0 {
		t.Errorf("%d transactions are kept for an OPTIONS over TCP", n)
	}
	s.send(byTCP(tcpInvite()))
	busy := s.expect("SIP/2.0 486")
	if n := completedOf(ua); n != 1 {
		t.Errorf("%d transactions wait for the ACK, want 1", n)
	}
	ua.mu.Lock()
	kept := slices.Collect(maps.Values(ua.completed))
	ua.mu.Unlock()
	for _, c := range kept {
		if c.mu.Lock(); c.wait != 0 {
			t.Errorf("the refusal is sent again in %v", c.wait)
		}
		c.mu.Unlock()
	}
	s.send(byTCP(tcpInvite().ack(busy)))
	waitFor(t, func() bool { return completedOf(ua) == 0 })
}

func TestMergedRequestIsKnownAfterTheAnswer_RFC3261_8_2_2_2(t *testing.T) {
	for name, serve := range map[string]func(context.Context, *Call){"answered": answers(&negotiator{}), "refused": refuses} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, serve, func(r *rig) {
				p := r.peer(carrier)
				p.send(invite())
				final := p.expect("SIP/2.0 ")
				p.send(invite().ack(final))
				if strings.HasPrefix(final, "SIP/2.0 200") {
					p.send(invite().inside("BYE", 2, final))
					p.expect("SIP/2.0 200")
				}
				other := invite()
				other.branch = "z9hG4bK-other-way"
				p.send(other)
				p.send(other.ack(p.expect("SIP/2.0 482")))
				time.Sleep(33 * time.Second)
				other.branch = "z9hG4bK-later"
				p.send(other)
				again := p.expect(final[:len("SIP/2.0 200")])
				p.send(other.ack(again))
				if strings.HasPrefix(again, "SIP/2.0 200") {
					p.send(other.inside("BYE", 2, again))
					p.expect("SIP/2.0 200")
				}
				p.leavesNothing()
			})
		})
	}
}

func TestCancelAfterTheFinalAnswerChangesNothing_RFC3261_9_2(t *testing.T) {
	for name, serve := range map[string]func(context.Context, *Call){"answered": answers(&negotiator{}), "refused": refuses} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, serve, func(r *rig) {
				p := r.peer(carrier)
				p.send(invite())
				final := p.expect("SIP/2.0 ")
				p.send(invite().ack(final))
				p.send(invite().cancel())
				ok := p.expect("SIP/2.0 200")
				if field(ok, "CSeq") != "1 CANCEL" || toTag(ok) != toTag(final) {
					t.Errorf("the CANCEL got %q; want 200 with the tag %s", ok, toTag(final))
				}
				p.quiet(time.Second)
				if strings.HasPrefix(final, "SIP/2.0 200") {
					if n := len(r.ua.Calls()); n != 1 {
						t.Errorf("%d calls, want the one that was answered", n)
					}
					p.send(invite().inside("BYE", 2, final))
					p.expect("SIP/2.0 200")
					p.send(invite().cancel())
					if late := p.expect("SIP/2.0 200"); toTag(late) != toTag(final) {
						t.Errorf("after the call the CANCEL got %q", late)
					}
				}
				p.leavesNothing()
				p.send(invite().cancel())
				p.expect("SIP/2.0 481")
			})
		})
	}
}

// TestEndedCallsAreSmall is about the 32 s in which repetitions of what made and ended a call must be known, and about
// what is left of so many calls after that: tables that were large must not stay so.
func TestEndedCallsAreSmall(t *testing.T) {
	const calls, most, tables = 2000, 2000, 200_000 // bytes a call, and in all
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		oneCall := func(i int) {
			m := invite()
			m.callID, m.branch = fmt.Sprintf("%032d@198.51.100.7", i), fmt.Sprintf("z9hG4bK-%032d", i)
			ok := p.establish(m)
			bye := m.inside("BYE", 2, ok)
			bye.branch += m.branch
			p.send(bye)
			p.expect("SIP/2.0 200")
		}
		oneCall(calls)
		synctest.Wait()
		before := heapInUse()
		for i := range calls {
			oneCall(i)
		}
		synctest.Wait()
		each := (heapInUse() - before) / calls
		t.Logf("%d bytes a call", each)
		if n := completedOf(r.ua); n != 2*calls+2 {
			t.Errorf("%d transactions are known, want %d", n, 2*calls+2)
		}
		if each > most {
			t.Errorf("an ended call holds %d bytes, want at most %d", each, most)
		}
		p.leavesNothing()
		if left := heapInUse() - before; left > tables {
			t.Errorf("%d bytes are left of %d calls, want at most %d", left, calls, tables)
		}
		runtime.KeepAlive(r)
	}, func(c *Config) {
		c.Observe = nil
		c.Trunks[0].CallsPerSecond, c.Trunks[0].Burst = 100*calls, 100*calls
	})
}
