package sip

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestNothingGrows does much of everything that keeps something, waits until the last timer has run, and looks at what
// is left: the second time as much as the first, which is nothing of a call.
func TestNothingGrows(t *testing.T) {
	var turn atomic.Int64
	serve := func(ctx context.Context, c *Call) {
		switch turn.Add(1) % 4 {
		case 0:
			_ = c.Refuse(603, "")
		case 1:
			rings(ctx, c)
		default:
			answers(&negotiator{})(ctx, c)
		}
	}
	inBubble(t, serve, func(r *rig) {
		p, guests := r.peer(carrier), r.peer(stranger)
		var kept []string
		for round := range 2 {
			for i := range 100 {
				id := fmt.Sprintf("%d-%d", round, i)
				r.callInAllWays(p, id)
				r.callOut(p, i)
				guests.guestCall(id)
				if i%10 == 0 {
					r.reload(func(c *Config) { c.Trunks[0].MaxCalls = 100 + i })
				}
			}
			time.Sleep(5 * time.Minute)
			p.skip()
			guests.skip()
			for _, left := range leftovers(r.ua) {
				t.Errorf("round %d: %s", round, left)
			}
			kept = append(kept, r.kept())
		}
		if kept[1] != kept[0] {
			t.Errorf("after the second round %s are kept, after the first %s", kept[1], kept[0])
		}
	}, challenging, func(c *Config) {
		c.Trunks[0].CallsPerSecond, c.Trunks[0].Burst = 1000, 1000
		c.Observe = nil
	})
}

// kept counts what outlives calls and must be bounded by something else.
func (r *rig) kept() string {
	u := r.ua
	u.mu.Lock()
	defer u.mu.Unlock()
	guests := 0
	for _, list := range u.guests {
		guests += len(list)
	}
	u.visitors.mu.Lock()
	defer u.visitors.mu.Unlock()
	d := u.door.now.Load()
	if guests > guestTrunksMax {
		r.t.Errorf("%d guests are kept of one source, want %d at most", guests, guestTrunksMax)
	}
	return fmt.Sprintf("visitors %d, strangers %d, trunks of before %d, entrances %d, refused by TCP %d",
		len(u.visitors.known), len(u.strangers.list()), len(d.past), len(d.entrances), len(d.trunks[0].noTCP))
}

// callInAllWays sends an INVITE, a copy of it by another way, a CANCEL of nothing and what belongs to no call, and takes
// what comes of it: an answer with its ACK or without, a refusal likewise, or ringing until a CANCEL.
func (r *rig) callInAllWays(p *peer, id string) {
	m := invite()
	m.callID, m.branch = "call-"+id, "z9hG4bK-"+id
	p.send(m)
	synctest.Wait()
	other := m
	other.branch += "-other"
	p.send(other)
	stray := m.with("BYE", 7)
	stray.branch, stray.to = m.branch+"-stray", m.to+";tag=nobody"
	p.send(stray)
	options := m.with("OPTIONS", 9)
	options.branch, options.callID = m.branch+"-options", "options-"+id
	p.send(options)
	early := m.cancel()
	early.branch += "-early"
	p.send(early)
	synctest.Wait()
	for len(p.got) > 0 {
		res := <-p.got
		switch acked := len(id)%2 == 0; {
		case field(res, "Call-ID") != m.callID: // of an earlier one, repeated
		case strings.HasPrefix(res, "SIP/2.0 180"): // or it would ring for ever
			p.send(m.cancel())
		case field(res, "CSeq") != "1 INVITE" || !acked:
		case strings.HasPrefix(res, "SIP/2.0 200"):
			p.send(m.ack(res))
			bye := m.inside("BYE", 2, res)
			bye.branch = m.branch + "-bye"
			p.send(bye)
		case strings.HasPrefix(res, "SIP/2.0 482"):
			p.send(other.ack(res))
		}
	}
}

// callOut makes a call that nobody answers, refuses, or takes twice.
func (r *rig) callOut(p *peer, i int) {
	p.skip()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
	defer cancel()
	calls, errs := r.dial(ctx, &negotiator{}, DialOptions{})
	req := p.expect("INVITE ")
	switch i % 3 {
	case 0:
		p.send(respond(req, "486 Busy Here"))
	case 1:
		for _, tag := range []string{"one", "two"} {
			ok := withSession(respond(req, "200 OK", "Contact: <sip:phone@198.51.100.7>"), "theirs")
			p.send(strings.Replace(ok, "tag=peer", "tag="+tag, 1))
		}
	}
	c, err := <-calls, <-errs
	if err == nil {
		hangup, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Hangup(hangup)
	}
}

// guestCall asks in from a source that no trunk has, every tenth time with the right password.
func (p *peer) guestCall(id string) {
	p.skip()
	m := guest()
	m.callID, m.branch = "guest-"+id, "z9hG4bK-guest-"+id
	p.send(m)
	synctest.Wait()
	if len(p.got) == 0 || !strings.HasSuffix(id, "0") {
		return
	}
	again := m.answering(p.t, <-p.got, "MD5", "s3cret", 1)
	p.send(again)
	p.send(again.cancel())
}
