package sip

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func errorsIs(err, want error) bool {
	if want == nil {
		return err == nil
	}
	return errors.Is(err, want)
}

// B2: sipgo's dialog repeats a 200 after 0.5 s and then every 4 s, and never sends BYE.
func TestAnswerIsRepeatedUntilGivenUp_RFC3261_13_3_1_4(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		start := time.Now()
		p.send(invite())
		var first string
		for i, want := range []time.Duration{0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500} {
			ok := p.expect("SIP/2.0 200")
			if got := time.Since(start); got != want*time.Millisecond {
				t.Errorf("200 number %d after %v, want %v", i+1, got, want*time.Millisecond)
			}
			if first == "" {
				first = ok
			} else if ok != first {
				t.Error("a repeated 200 differs from the first")
			}
		}
		bye := p.expect("BYE ")
		if got := time.Since(start); got != 32*time.Second {
			t.Errorf("BYE after %v, want 64*T1 = 32s", got)
		}
		p.send(respond(bye, "200 OK"))
		r.ended(ErrNoAck)
		p.quiet(time.Minute)
	})
}

func TestAnswerSurvivesLossOfTheAck_RFC3261_13_3_1_4(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 200")
		p.expect("SIP/2.0 200") // the first ACK was lost
		ok := p.expect("SIP/2.0 200")
		p.send(invite().ack(ok))
		p.send(invite().ack(ok)) // one ACK for each 200
		p.quiet(10 * time.Minute)
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	})
}

func TestAnswerAbsorbsRepeatedInvites_RFC6026_7_1(t *testing.T) {
	calls := 0
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		calls++
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		p.send(invite())
		p.send(invite())
		p.quiet(400 * time.Millisecond)
		p.send(invite().ack(ok))
		if calls != 1 {
			t.Errorf("one INVITE made %d calls", calls)
		}
	})
}

// B3: sipgo's Respond blocks until the ACK, and fails when a BYE comes first.
func TestAnswerReturnsBeforeTheAck(t *testing.T) {
	var returned chan error // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		returned <- c.Answer(ctx, n)
		<-ctx.Done()
	}, func(r *rig) {
		returned = make(chan error, 1)
		p := r.peer(carrier)
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		if err := <-returned; err != nil {
			t.Errorf("Answer: %v", err)
		}
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200 OK")
		r.ended(ErrHangup)
		p.quiet(time.Minute) // the 200 to the INVITE is not repeated
	})
}

// B18: sipgo's ReadAck wants the CSeq of the last request.
func TestAckIsKnownByTheCSeqOfItsInvite_RFC3261_13_2_2_4(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		c.OnInfo(func(string, []byte) bool { return true })
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		info := invite().inside("INFO", 2, ok)
		info.kind, info.body = "application/dtmf-relay", "Signal=1"
		p.send(info)
		p.expect("SIP/2.0 200 OK")
		p.send(invite().ack(ok))
		p.quiet(time.Minute)
	})
}

// B4: sipgo drops a response over 1300 bytes to a datagram peer.
func TestAnswerMayBeLargerThanAFrame_RFC3261_18_1_1(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.body = strings.Repeat("a=candidate\r\n", 300)
		if ok := p.establish(m); len(ok) < 3900 {
			t.Errorf("the 200 has %d bytes", len(ok))
		}
	})
}

func TestAnswerWithManyLostDatagrams(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		lost := 0
		r.net.SetFault(func(from, _ netip.AddrPort, data []byte) bool {
			if from.String() == gateway && strings.HasPrefix(string(data), "SIP/2.0 200") && lost < 5 {
				lost++
				return true
			}
			return false
		})
		start := time.Now()
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		if got := time.Since(start); got != 11500*time.Millisecond {
			t.Errorf("the sixth 200 came after %v, want 11.5s", got)
		}
		p.send(invite().ack(ok))
		p.quiet(time.Minute)
	})
}

func TestHangupWaitsForTheAck_RFC3261_15(t *testing.T) {
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		if err := c.Hangup(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("Hangup: %v", err)
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 200")
		ok := p.expect("SIP/2.0 200") // no BYE before the ACK, but the 200 again
		p.send(invite().ack(ok))
		p.send(respond(p.expect("BYE "), "200 OK"))
		r.ended(ErrFinished)
	})
}
