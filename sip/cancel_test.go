package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCancelEndsARingingCall_RFC3261_9_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		p.send(m)
		ringing := p.expect("SIP/2.0 180")
		p.send(m.cancel())
		ok := p.expect("SIP/2.0 200")
		if !strings.HasSuffix(field(ok, "CSeq"), "CANCEL") || toTag(ok) != toTag(ringing) {
			t.Errorf("the answer to CANCEL: %s, tag %s; want the tag of the 180, %s", field(ok, "CSeq"), toTag(ok), toTag(ringing))
		}
		res := p.expect("SIP/2.0 487 Request Terminated")
		if toTag(res) != toTag(ringing) {
			t.Error("the 487 has another To tag than the 180")
		}
		p.send(m.ack(res))
		r.ended(ErrCancelled)
		p.send(m.cancel()) // a repeated CANCEL is answered again
		p.expect("SIP/2.0 200")
		p.quiet(time.Minute)
	})
}

func TestCancelOfAnAnsweredCallChangesNothing_RFC3261_9_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		p.send(m.cancel())
		if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != "1 CANCEL" {
			t.Errorf("CSeq %s", got)
		}
		p.quiet(time.Minute)
		p.send(m.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

// B1: the network, or a goroutine a message, lets CANCEL overtake its INVITE.
func TestCancelBeforeItsInviteWaitsForIt_RFC3261_9_2(t *testing.T) {
	for name, tt := range map[string]struct {
		gap  time.Duration
		want []string
	}{
		"together":         {0, []string{"SIP/2.0 200", "SIP/2.0 487"}},
		"0.4 s":            {400 * time.Millisecond, []string{"SIP/2.0 200", "SIP/2.0 487"}},
		"0.6 s is too far": {600 * time.Millisecond, []string{"SIP/2.0 481", "SIP/2.0 180"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				p.send(m.cancel())
				p.send(m.cancel())
				time.Sleep(tt.gap)
				p.send(m)
				for _, want := range tt.want {
					p.expect(want)
				}
				synctest.Wait()
				p.send(m.ack("SIP/2.0 487"))
				if n := len(r.ua.parked); n != 0 {
					t.Errorf("%d CANCELs still wait", n)
				}
			})
		})
	}
}

func TestCancelForNothingIs481_RFC3261_9_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.send(invite().cancel())
		p.expect("SIP/2.0 481")
		if got := time.Since(start); got != parkCancel {
			t.Errorf("481 after %v, want %v", got, parkCancel)
		}
	})
}

func TestCancelOfAnotherTrunkIsNotHeard(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p, other := r.peer(carrier), r.peer(rival)
		p.send(invite())
		p.expect("SIP/2.0 180")
		m := invite().cancel()
		m.headers = "" // the same branch and sent-by
		other.send(m)
		synctest.Wait()
		time.Sleep(time.Second)
		p.quiet(time.Minute)
	})
}

// TestCancelRaces: whatever the moment of a CANCEL, and however the network delays it, the call ends as one of
// two things: cancelled with 487, or answered with 200 and hung up by its caller. Nothing is left behind.
func TestCancelRaces_RFC3261_9(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			beforeRinging := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
			beforeAnswer := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
			n := &negotiator{}
			inBubble(t, func(ctx context.Context, c *Call) {
				time.Sleep(beforeRinging)
				if c.Ring(ctx) != nil {
					return
				}
				time.Sleep(beforeAnswer)
				answers(n)(ctx, c)
			}, func(r *rig) { raceCancel(r, random) })
		})
	}
}

func raceCancel(r *rig, random *rand.Rand) {
	p := r.peer(carrier)
	m := invite()
	early := random.IntN(8) == 0
	if early {
		p.send(m.cancel())
	}
	p.send(m)
	if !early {
		time.Sleep(time.Duration(random.Int64N(int64(50 * time.Millisecond))))
		for range 1 + random.IntN(2) {
			p.send(m.cancel())
		}
	}
	final := ""
	for final == "" {
		got := p.expect("SIP/2.0 ")
		if field(got, "CSeq") == "1 INVITE" && !strings.HasPrefix(got, "SIP/2.0 1") {
			final = got
		}
	}
	p.send(m.ack(final))
	switch {
	case strings.HasPrefix(final, "SIP/2.0 487"):
	case strings.HasPrefix(final, "SIP/2.0 200") && !early:
		p.send(m.inside("BYE", 2, final))
	default:
		r.t.Fatalf("the INVITE ended with %q", firstLineOf(final))
	}
	p.leavesNothing()
}
