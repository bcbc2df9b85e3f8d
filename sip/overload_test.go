package sip

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// busy is a gateway that can be made to have too much to do.
type busy struct{ now atomic.Bool }

func (b *busy) configure(c *Config) {
	c.Overload = func() (string, time.Duration) {
		if b.now.Load() {
			return "the media worker is busy for 80 % of its time", 1500 * time.Millisecond
		}
		return "", 0
	}
}

func TestOverloadRefusesNewCallsWithRetryAfter_RFC3261_21_5_4(t *testing.T) {
	var load busy
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		load.now.Store(true)
		p.send(invite())
		res := p.expect("SIP/2.0 503")
		if got := field(res, "Retry-After"); got != "2" {
			t.Errorf("Retry-After %q, want whole seconds, rounded: 2", got)
		}
		p.send(invite().ack(res))
		ping := invite().with("OPTIONS", 1)
		ping.callID = "2"
		p.send(ping)
		if got := field(p.expect("SIP/2.0 503"), "Retry-After"); got != "2" {
			t.Errorf("OPTIONS: Retry-After %q, want 2", got)
		}
		synctest.Wait()
		if got := r.rules(); got != "overload overload" {
			t.Errorf("refused by %q, want the rule for INVITE and OPTIONS", got)
		}
		load.now.Store(false)
		next := invite()
		next.callID, next.branch = "3", "z9hG4bK-3"
		p.establish(next)
	}, load.configure)
}

func TestOverloadLeavesCallsInProgressAlone_RFC3261_21_5_4(t *testing.T) {
	var load busy
	inBubble(t, func(ctx context.Context, c *Call) {
		c.OnInfo(func(string, []byte) bool { return true })
		answers(&negotiator{})(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		load.now.Store(true)
		hold := invite().inside("INVITE", 2, ok)
		hold.kind, hold.body = "application/sdp", "a second offer"
		p.send(hold)
		p.send(hold.ack(p.expect("SIP/2.0 200")))
		p.send(invite().inside("OPTIONS", 3, ok))
		p.expect("SIP/2.0 200")
		info := invite().inside("INFO", 4, ok)
		info.kind, info.body = "application/dtmf-relay", "Signal=5\r\nDuration=100\r\n"
		p.send(info)
		p.expect("SIP/2.0 200")
		p.send(invite().inside("BYE", 5, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		if got := r.rules(); got != "" {
			t.Errorf("refused by %q, want nothing refused", got)
		}
	}, load.configure)
}

// A call that rings when the load comes was accepted: it is answered.
func TestOverloadLeavesRingingCallsAlone_RFC3261_21_5_4(t *testing.T) {
	var load busy
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Ring(ctx) == nil {
			answers(&negotiator{})(ctx, c)
		}
	}, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
		load.now.Store(true)
		p.send(invite()) // a retransmission
		p.expect("SIP/2.0 180")
		ok := p.expect("SIP/2.0 200")
		p.send(invite().ack(ok))
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	}, load.configure, func(c *Config) { c.RingTime = func(string) time.Duration { return time.Second } })
}
