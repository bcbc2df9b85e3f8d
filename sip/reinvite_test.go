package sip

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestReinviteChangesTheSession_RFC3261_14_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, answers(n), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		hold := m.inside("INVITE", 2, ok)
		hold.kind, hold.body = "application/sdp", "hold"
		p.send(hold)
		held := p.expect("SIP/2.0 200")
		if got := bodyOf(held); got != "answer to hold" {
			t.Errorf("answered %q", got)
		}
		if field(held, "Contact") == "" || toTag(held) != toTag(ok) {
			t.Error("the 200 has no Contact, or another tag")
		}
		p.send(hold.ack(held))
		refused := m.inside("INVITE", 3, ok)
		refused.kind, refused.body = "application/sdp", "refuse"
		p.send(refused)
		no := p.expect("SIP/2.0 488")
		p.send(refused.ack(no))
		p.quiet(time.Minute) // 488 keeps the call
		p.send(m.inside("BYE", 4, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		if got := n.log(); got != "answer an offer, answer hold, answer refuse" {
			t.Errorf("negotiated %q", got)
		}
	})
}

func TestReinviteWithoutOfferGetsOne_RFC3261_14_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, answers(n), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		refresh := m.inside("INVITE", 2, ok)
		p.send(refresh)
		res := p.expect("SIP/2.0 200")
		if got := bodyOf(res); got != "our offer" {
			t.Errorf("the 200 brought %q", got)
		}
		glare := m.inside("INVITE", 3, ok)
		p.send(glare)
		p.send(glare.ack(p.expect("SIP/2.0 491"))) // our offer is under way
		ack := refresh.ack(res)
		ack.kind, ack.body = "application/sdp", "theirs"
		p.send(ack)
		p.quiet(time.Minute)
		if got := n.log(); got != "answer an offer, offer, accept theirs" {
			t.Errorf("negotiated %q", got)
		}
	})
}

func TestReinviteNeverAcknowledgedEndsTheCall_RFC3261_14_2(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		p.send(invite().inside("INVITE", 2, ok))
		start := time.Now()
		for range 11 {
			p.expect("SIP/2.0 200")
		}
		p.send(respond(p.expect("BYE "), "200 OK"))
		if got := time.Since(start); got != 32*time.Second {
			t.Errorf("BYE after %v, want 32s", got)
		}
		r.ended(ErrNoAck)
	})
}

func TestReinviteWhileOneIsPendingIs500_RFC3261_14_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, answers(n), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		n.block = make(chan struct{})
		first := m.inside("INVITE", 2, ok)
		first.kind, first.body = "application/sdp", "hold"
		p.send(first)
		synctest.Wait()
		second := m.inside("INVITE", 3, ok)
		second.kind, second.body = "application/sdp", "hold"
		p.send(second)
		res := p.expect("SIP/2.0 500")
		if s, err := strconv.Atoi(field(res, "Retry-After")); err != nil || s < 0 || s > 10 {
			t.Errorf("Retry-After %q, want 0 to 10", field(res, "Retry-After"))
		}
		p.send(second.ack(res))
		p.send(first.cancel())
		p.expect("SIP/2.0 200")
		p.send(first.ack(p.expect("SIP/2.0 487"))) // CANCEL of a re-INVITE leaves the call
		close(n.block)
		synctest.Wait()
		p.quiet(time.Minute)
		p.send(m.inside("BYE", 4, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
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

func TestByeAnswersAPendingReinvite_RFC3261_15_1_2(t *testing.T) {
	n := &negotiator{}
	inBubble(t, answers(n), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		n.block = make(chan struct{})
		again := m.inside("INVITE", 2, ok)
		again.kind, again.body = "application/sdp", "hold"
		p.send(again)
		synctest.Wait()
		p.send(m.inside("BYE", 3, ok))
		p.expect("SIP/2.0 200")
		p.send(again.ack(p.expect("SIP/2.0 487")))
		close(n.block)
		r.ended(ErrHangup)
		p.quiet(time.Minute)
	})
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
		again := m.inside("INVITE", 2, ok)
		again.kind, again.body, again.contact = "application/sdp", "moved", "<sip:sbc@198.51.100.8:5060>"
		p.send(again)
		p.send(again.ack(p.expect("SIP/2.0 200")))
		refused := m.inside("INVITE", 3, ok)
		refused.kind, refused.body, refused.contact = "application/sdp", "refuse", "<sip:sbc@198.51.100.77>"
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
		res := respond(ours, "200 OK", "Contact: <sip:sbc@198.51.100.7:5060>", "Content-Type: application/sdp")
		res = res[:len(res)-len("Content-Length: 0\r\n\r\n")] + "Content-Length: 6\r\n\r\ntheirs"
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
