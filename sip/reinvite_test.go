package sip

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReinviteChangesTheSession_RFC3261_14_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		hold := c.change("INVITE", 2, "hold")
		c.send(hold)
		held := c.expect("SIP/2.0 200")
		if got := bodyOf(held); got != "answer to hold" {
			t.Errorf("answered %q", got)
		}
		if field(held, "Contact") == "" || toTag(held) != toTag(c.ok) {
			t.Error("the 200 has no Contact, or another tag")
		}
		c.send(hold.ack(held))
		refused := c.change("INVITE", 3, "refuse")
		c.send(refused)
		c.send(refused.ack(c.expect("SIP/2.0 488")))
		c.quiet(time.Minute) // 488 keeps the call
		c.hangsUp(4)
		c.negotiated("answer an offer, answer hold, answer refuse")
	})
}

func TestReinviteWithoutOfferGetsOne_RFC3261_14_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		refresh := c.change("INVITE", 2, "")
		c.send(refresh)
		res := c.expect("SIP/2.0 200")
		if got := bodyOf(res); got != "our offer" {
			t.Errorf("the 200 brought %q", got)
		}
		glare := c.change("INVITE", 3, "")
		c.send(glare)
		c.send(glare.ack(c.expect("SIP/2.0 491"))) // our offer is under way
		ack := refresh.ack(res)
		ack.kind, ack.body = "application/sdp", "theirs"
		c.send(ack)
		c.quiet(time.Minute)
		c.negotiated("answer an offer, offer, accept theirs")
	})
}

func TestReinviteNeverAcknowledgedEndsTheCall_RFC3261_14_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		c.send(c.change("INVITE", 2, ""))
		start := time.Now()
		for range 11 {
			c.expect("SIP/2.0 200")
		}
		c.send(respond(c.expect("BYE "), "200 OK"))
		if got := time.Since(start); got != 32*time.Second {
			t.Errorf("BYE after %v, want 32s", got)
		}
		c.ended(ErrNoAck)
	})
}

func TestReinviteWhileOneIsPendingIs500_RFC3261_14_2(t *testing.T) {
	inTalk(t, func(c *talk) {
		first := c.change("INVITE", 2, "hold")
		c.waits(first)
		second := c.change("INVITE", 3, "hold")
		c.send(second)
		res := c.expect("SIP/2.0 500")
		pausing(t, res)
		c.send(second.ack(res))
		c.send(first.cancel())
		c.expect("SIP/2.0 200")
		c.send(first.ack(c.expect("SIP/2.0 487"))) // CANCEL of a re-INVITE leaves the call
		close(c.n.block)
		synctest.Wait()
		c.quiet(time.Minute)
		c.hangsUp(4)
	})
}

func TestReinviteBeforeTheFirstAnswerIs500_RFC3261_14_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ringing := p.expect("SIP/2.0 180")
		p.send(invite().inside("INVITE", 2, ringing))
		p.expect("SIP/2.0 500")
	})
}

func TestByeAnswersAPendingChange_RFC3261_15_1_2(t *testing.T) {
	for _, method := range []string{"INVITE", "UPDATE"} {
		t.Run(method, func(t *testing.T) {
			inTalk(t, func(c *talk) {
				pending := c.change(method, 2, "hold")
				c.waits(pending)
				c.send(c.m.inside("BYE", 3, c.ok))
				c.expect("SIP/2.0 200")
				res := c.expect("SIP/2.0 487")
				if got := field(res, "CSeq"); got != "2 "+method {
					t.Errorf("CSeq %s", got)
				}
				if method == "INVITE" {
					c.send(pending.ack(res))
				}
				close(c.n.block)
				c.ended(ErrHangup)
				c.quiet(time.Minute)
			})
		})
	}
}

func TestReinviteMovesTheTarget_RFC3261_12_2_2(t *testing.T) {
	var end chan struct{} // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-end
	}, func(r *rig) {
		end = make(chan struct{})
		p, moved := r.peer(carrier), r.peer(carrier2)
		m := invite()
		ok := p.establish(m)
		again := m.change("INVITE", 2, ok, "moved")
		again.contact = "<sip:sbc@198.51.100.8:5060>"
		p.send(again)
		p.send(again.ack(p.expect("SIP/2.0 200")))
		refused := m.change("INVITE", 3, ok, "refuse")
		refused.contact = "<sip:sbc@198.51.100.77>"
		p.send(refused)
		p.send(refused.ack(p.expect("SIP/2.0 488"))) // a refused one moves nothing
		close(end)
		bye := moved.expect("BYE sip:sbc@198.51.100.8:5060")
		moved.send(respond(bye, "200 OK"))
		r.ended(ErrFinished)
	})
}

func TestReinviteOfOurs_RFC3261_14_1(t *testing.T) {
	var result chan error // of the bubble
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		time.Sleep(time.Second)
		result <- c.Reinvite(ctx)
		<-ctx.Done()
		result <- c.Reinvite(context.Background())
	}, func(r *rig) {
		result = make(chan error)
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		ours := p.expect("INVITE sip:sbc@198.51.100.7:5060")
		glare := m.inside("INVITE", 2, ok)
		p.send(glare)
		p.send(glare.ack(p.expect("SIP/2.0 491"))) // both sides at once
		p.send(respond(ours, "491 Request Pending"))
		p.expect("ACK ")
		start := time.Now()
		ours = p.expect("INVITE ")
		if got := time.Since(start); got > 2*time.Second {
			t.Errorf("tried again after %v, want at most 2s, for the Call-ID is the peer's", got)
		}
		res := withSession(respond(ours, "200 OK", "Contact: <sip:sbc@198.51.100.7:5060>"), "theirs")
		p.send(res)
		p.expect("ACK ")
		if err := <-result; err != nil {
			t.Errorf("Reinvite: %v", err)
		}
		p.send(res) // the ACK was lost
		p.expect("ACK ")
		p.send(m.inside("BYE", 3, ok))
		p.expect("SIP/2.0 200")
		if err := <-result; !errors.Is(err, ErrHangup) {
			t.Errorf("Reinvite of a call that has ended: %v", err)
		}
	})
}

// The peer's change that comes right behind our ACK meets none of ours.
func TestChangeBehindTheACKOfOurs_RFC3261_14_2(t *testing.T) {
	n := &negotiator{takes: 300 * time.Millisecond}
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Answer(ctx, n) == nil && c.Reinvite(ctx) == nil {
			<-ctx.Done()
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		ours := p.expect("INVITE ")
		p.send(withSession(respond(ours, "200 OK", "Contact: <sip:sbc@198.51.100.7:5060>"), "theirs"))
		p.expect("ACK ")
		hold := m.change("INVITE", 2, ok, "hold")
		p.send(hold)
		p.send(hold.ack(p.expect("SIP/2.0 200")))
		synctest.Wait()
		if got, want := n.log(), "answer an offer, offer, accept theirs, answer hold"; got != want {
			t.Errorf("negotiated %q, want %q", got, want)
		}
	})
}
