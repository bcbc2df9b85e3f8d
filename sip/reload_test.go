package sip

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reload loads the configuration of the rig with changes.
func (r *rig) reload(changes ...func(*Config)) {
	r.t.Helper()
	config := *r.ua.now()
	config.Trunks = append([]Trunk(nil), config.Trunks...)
	for _, change := range changes {
		change(&config)
	}
	if err := r.ua.Reload(config); err != nil {
		r.t.Fatal(err)
	}
}

func networks(list ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(list))
	for i, n := range list {
		prefixes[i] = netip.MustParsePrefix(n)
	}
	return prefixes
}

func numbered(i int) msg {
	m := invite()
	m.callID, m.branch = fmt.Sprint("call-", i), fmt.Sprint("z9hG4bK-", i)
	return m
}

func TestReloadKeepsCallsOfARemovedTrunk(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		r.reload(func(c *Config) { c.Trunks = c.Trunks[1:] })
		p.send(numbered(2))
		p.send("INVITE garbage\r\n\r\n")
		p.send(numbered(2).with("OPTIONS", 1))
		p.quiet(time.Minute)
		p.send(invite().inside("OPTIONS", 2, ok))
		p.expect("SIP/2.0 200")
		bye := invite().inside("BYE", 3, ok)
		p.send(bye)
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
		p.send(bye) // its answer was lost
		p.expect("SIP/2.0 200")
		time.Sleep(time.Minute)
		p.send(bye)
		p.quiet(time.Minute)
		if d := r.ua.door.now.Load(); len(d.past) != 0 {
			t.Errorf("%d trunks are left of before", len(d.past))
		}
		if got := r.ua.Strangers(); len(got) != 1 || got[0].Count != 4 {
			t.Errorf("strangers %v, want 4 messages", got)
		}
	})
}

// The gateway ends the call of a trunk that is gone: its BYE goes there, and the answer is heard.
func TestReloadStillHangsUpOnARemovedTrunk(t *testing.T) {
	var hang chan struct{}
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, &negotiator{})
		<-hang
		start := time.Now()
		if err := c.Hangup(context.WithoutCancel(ctx)); err != nil || time.Since(start) > time.Second {
			t.Errorf("Hangup: %v after %v", err, time.Since(start))
		}
	}, func(r *rig) {
		hang = make(chan struct{})
		p := r.peer(carrier)
		p.establish(invite())
		r.reload(func(c *Config) { c.Trunks = c.Trunks[1:] })
		close(hang)
		p.send(respond(p.expect("BYE "), "200 OK"))
		r.ended(ErrFinished)
	})
}

func TestReloadKeepsACallWhoseTrunkMoves(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"other networks": func(c *Config) { c.Trunks[0].Networks = networks("192.0.2.128/25") },
		"another trunk's networks": func(c *Config) {
			c.Trunks[0].Networks, c.Trunks[1].Networks = c.Trunks[1].Networks, c.Trunks[0].Networks
		},
		"another name": func(c *Config) { c.Trunks[0].Name = "renamed" },
		"nothing":      func(*Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				ok := p.establish(invite())
				r.reload(change)
				p.send(invite().inside("OPTIONS", 2, ok))
				p.expect("SIP/2.0 200")
				p.send(invite().inside("BYE", 3, ok))
				p.expect("SIP/2.0 200")
				r.ended(ErrHangup)
			})
		})
	}
}

func TestReloadGoesOnCounting(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(numbered(1))
		p.expect("SIP/2.0 180")
		r.reload(func(c *Config) { c.Trunks[0].MaxCalls = 2 })
		p.send(numbered(2))
		p.expect("SIP/2.0 180")
		p.send(numbered(3))
		p.expect("SIP/2.0 503") // the call of before counts
		r.reload(func(c *Config) { c.Trunks[0].MaxCalls, c.Trunks[0].Burst, c.Trunks[0].CallsPerSecond = 9, 4, 1 })
		p.send(numbered(4))
		p.send(numbered(5))
		p.skip()
		if got := r.rules(); got != "trunk-calls call-rate" {
			t.Errorf("refusals %q, want the cap of the second and the rate of the third configuration", got)
		}
		r.reload(func(c *Config) { c.Numbers = func(*Trunk, string) bool { return false } })
		time.Sleep(2 * time.Second)
		p.skip()
		p.send(numbered(6))
		p.expect("SIP/2.0 404")
	})
}

func TestReloadRefusesWhatCannotChange(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		for want, change := range map[string]func(*Config){
			"listen addresses": func(c *Config) { c.Listen = append(c.Listen[:1:1], Listen{Network: "tcp", Address: "127.0.0.1:0"}) },
			"listened on":      func(c *Config) { c.Listen = []Listen{c.Listen[0]}; c.Listen[0].Algorithms = []string{"MD5"} },
			"advertised":       func(c *Config) { c.Advertise = "sip.example.com" },
			"user agent":       func(c *Config) { c.UserAgent = "other" },
			"two trunks":       func(c *Config) { c.Trunks = append(c.Trunks[:2:2], c.Trunks[0]) },
			"no trunk":         func(c *Config) { c.Trunks = nil },
		} {
			config := *r.ua.now()
			change(&config)
			if err := r.ua.Reload(config); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Reload: %v, want an error about %q", err, want)
			}
		}
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
	})
}

// Calls come and go on real sockets while the configuration is loaded again and again.
func TestReloadUnderCalls(t *testing.T) {
	ua := overTCP(t, answers(&negotiator{}))
	phone := overTCP(t, rings)
	config := *ua.now()
	var calls sync.WaitGroup
	for i, network := range []string{"tcp", "udp"} {
		calls.Go(func() {
			uri := "sip:+18887999666@" + ua.Addrs()[i].String() + ";transport=" + network
			for range 20 {
				c, err := phone.Dial(t.Context(), uri, &negotiator{}, DialOptions{From: "+14155550100"})
				if err == nil {
					err = c.Hangup(t.Context())
				}
				if err != nil {
					t.Errorf("call: %v", err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { calls.Wait(); close(finished) }()
	for i := 0; ; i++ {
		next := config
		next.Trunks = append([]Trunk(nil), config.Trunks...)
		next.Trunks[0].MaxCalls = 100 + i%7
		if err := ua.Reload(next); err != nil {
			t.Fatal(err)
		}
		select {
		case <-finished:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestReloadWhileACallComesIn(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		at := netip.MustParseAddrPort(carrier)
		old := r.ua.door.trunk(at.Addr())
		r.reload(func(c *Config) { c.Trunks = c.Trunks[1:] })
		c := r.ua.makeCall(old, &flow{ua: r.ua, source: at, trunk: old})
		r.ua.mu.Lock()
		r.ua.enter(c)
		r.ua.mu.Unlock()
		if r.ua.door.trunk(at.Addr()) != old {
			t.Error("the door is closed to a call that came in")
		}
		r.ua.forget(c)
		time.Sleep(time.Minute)
		if r.ua.door.trunk(at.Addr()) != nil {
			t.Error("the door stays open after its end")
		}
	})
}

func TestReloadKeepsConnections_RFC5923(t *testing.T) {
	n := &negotiator{}
	called := overTCP(t, answers(n))
	caller := overTCP(t, rings)
	uri := fmt.Sprintf("sip:+18887999666@%s;transport=tcp", called.Addrs()[0])
	for i := range 8 { // twice as many as one peer may have
		c, err := caller.Dial(t.Context(), uri, n, DialOptions{From: "+14155550100"})
		if err != nil {
			t.Fatalf("after %d reloads: %v", i, err)
		}
		if err := c.Hangup(t.Context()); err != nil {
			t.Fatal(err)
		}
		config := *caller.now()
		config.Trunks = slices.Clone(config.Trunks)
		config.Trunks[0].MaxCalls = 100 + i
		if err := caller.Reload(config); err != nil {
			t.Fatal(err)
		}
	}
	if n := caller.open(); n != 1 {
		t.Errorf("%d connections, want the first one", n)
	}
}
