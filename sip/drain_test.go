package sip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// B21: sipgo closes transactions, not calls.
func TestDrainLetsCallsFinish(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		if !r.ua.Ready() {
			t.Error("not ready")
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		drained := make(chan error, 1)
		go func() { drained <- r.ua.Drain(ctx) }()
		synctest.Wait()
		if r.ua.Ready() {
			t.Error("ready while draining")
		}
		next := invite()
		next.callID, next.branch = "2", "z9hG4bK-2"
		p.send(next)
		res := p.expect("SIP/2.0 503")
		if got := field(res, "Retry-After"); got != "60" {
			t.Errorf("Retry-After %q, want the time of the drain", got)
		}
		p.send(next.ack(res))
		ping := invite().with("OPTIONS", 1)
		ping.callID = "3"
		p.send(ping)
		p.expect("SIP/2.0 503")
		time.Sleep(30 * time.Second)
		p.send(invite().inside("OPTIONS", 2, ok)) // the call goes on
		p.expect("SIP/2.0 200")
		p.send(invite().inside("BYE", 3, ok))
		p.expect("SIP/2.0 200")
		if err := <-drained; err != nil {
			t.Errorf("Drain: %v", err)
		}
		r.ended(ErrHangup)
	})
}

func TestDrainHangsUpAtItsEnd(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.ID == "call-1" {
			answers(&negotiator{})(ctx, c)
			return
		}
		rings(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		p.establish(invite())
		waiting := invite()
		waiting.callID, waiting.branch = "2", "z9hG4bK-2"
		p.send(waiting)
		p.expect("SIP/2.0 180")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if err := r.ua.Drain(ctx); !errorsIs(err, context.DeadlineExceeded) {
			t.Errorf("Drain: %v", err)
		}
		if got := time.Since(start); got != time.Second+goodbyeTime { // nobody answered the BYE
			t.Errorf("Drain took %v", got)
		}
		r.ended(ErrDrain)
		r.ended(ErrDrain)
		var bye, refused bool
		for len(p.got) > 0 {
			switch m := <-p.got; m[:11] {
			case "BYE sip:sbc":
				bye = true
			case "SIP/2.0 503":
				refused = true
			}
		}
		if !bye || !refused {
			t.Errorf("BYE %v, 503 %v; want both", bye, refused)
		}
	})
}

func TestServeHangsUpWhenItsContextEnds(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		p.establish(invite())
		r.stop()
		p.send(respond(p.expect("BYE "), "200 OK"))
		r.ended(ErrDrain)
		if err := <-r.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		r.served <- nil
		if _, err := r.ua.Dial(r.t.Context(), "sip:"+carrier, &negotiator{}, DialOptions{}); err == nil {
			t.Error("Dial of a closed user agent")
		}
		if err := r.ua.Serve(r.t.Context()); !errorsIs(err, ErrClosed) {
			t.Errorf("Serve again: %v", err)
		}
	})
}
