package sip

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallsInProgress(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Ring(ctx)
		time.Sleep(time.Second)
		answers(&negotiator{})(ctx, c)
	}, func(r *rig) {
		start := time.Now()
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
		want := CallStatus{
			ID: "call-1", Trunk: "carrier", From: "+14155550100", Called: "+18887999666",
			Since: start, State: Calling, Peer: netip.MustParseAddrPort(carrier),
		}
		r.calls(want)
		ok := p.expect("SIP/2.0 200")
		p.send(invite().ack(ok))
		synctest.Wait()
		want.State = Talking
		r.calls(want)

		q := r.peer(carrier2)
		dialled := make(chan *Call, 1)
		go func() {
			c, err := r.ua.Dial(r.t.Context(), "sip:+14155550199@"+carrier2, &negotiator{}, DialOptions{From: "+18887999666"})
			if err != nil {
				t.Errorf("Dial: %v", err)
			}
			dialled <- c
		}()
		req := q.expect("INVITE ")
		second := CallStatus{
			ID: field(req, "Call-ID"), Trunk: "carrier", Outgoing: true, From: "+18887999666", Called: "+14155550199",
			Since: start.Add(time.Second), State: Calling, Peer: netip.MustParseAddrPort(carrier2),
		}
		r.calls(want, second)
		q.send(withSession(respond(req, "200 OK", "Contact: <sip:"+carrier2+">"), "theirs"))
		q.expect("ACK ")
		c := <-dialled
		go func() { _ = c.Hangup(r.t.Context()) }()
		bye := q.expect("BYE ")
		second.State = Ending
		r.calls(want, second)
		q.send(respond(bye, "200 OK"))
		synctest.Wait()
		r.calls(want)
		p.send(invite().inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		synctest.Wait()
		r.calls()
	})
}

// calls checks the calls in progress.
func (r *rig) calls(want ...CallStatus) {
	r.t.Helper()
	got := r.ua.Calls()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			r.t.Fatalf("calls %+v\nwant  %+v", got, want)
		}
	}
}
