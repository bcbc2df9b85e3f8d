package sip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const balancer = "192.0.2.20:5060"

func behindProxy(c *Config) { c.Proxies, c.ProxyHeader = networks("192.0.2.16/28"), "X-Source" }

// brought is an INVITE as a proxy brings it.
func brought(source string) msg {
	m := invite()
	m.via, m.headers = balancer, "X-Source: "+source+"\r\nRecord-Route: <sip:192.0.2.20;lr>\r\n"
	return m
}

func TestProxySaysWhoseRequestItIs(t *testing.T) {
	for source, want := range map[string]string{
		"198.51.100.7": "carrier", "198.51.100.7:5060": "carrier", " 203.0.113.9 ": "rival", "::ffff:203.0.113.9": "rival",
		"[::ffff:203.0.113.9]:5061": "rival", "[::ffff:198.51.100.7]": "carrier",
		"": "proxy-header", "sbc.example.com": "proxy-header", "198.51.100.7, 203.0.113.9": "proxy-header", "198.51.100.7;x": "proxy-header",
		"198.51.100.7\r\nX-Source: 203.0.113.9": "proxy-header", "fe80::1%eth0": "proxy-header", "198.51.100.7:99999": "proxy-header",
		"233.252.0.1": "proxy-source", "192.0.2.20": "proxy-source",
	} {
		t.Run(source, func(t *testing.T) {
			seen := ""
			inBubble(t, func(ctx context.Context, c *Call) {
				seen = c.Trunk.Name
				rings(ctx, c)
			}, func(r *rig) {
				p := r.peer(balancer)
				p.send(brought(source))
				if strings.HasPrefix(want, "proxy-") {
					p.expect("SIP/2.0 403")
					synctest.Wait()
					seen = r.rules()
				} else {
					p.expect("SIP/2.0 180")
				}
				if seen != want {
					t.Errorf("got %q, want %q", seen, want)
				}
			}, behindProxy)
		})
	}
}

func TestProxyHeaderOfOthersIsIgnored(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		if c.Trunk.Name != "rival" || c.invite.req.GetHeader("X-Source") != nil {
			t.Errorf("trunk %s, header %v", c.Trunk.Name, c.invite.req.GetHeader("X-Source"))
		}
		rings(ctx, c)
	}, func(r *rig) {
		p, s := r.peer(rival), r.peer(stranger)
		m := brought("198.51.100.7")
		m.via = rival
		m.headers = strings.ToLower(m.headers)
		p.send(m)
		p.expect("SIP/2.0 180")
		m.via = stranger
		s.send(m)
		s.quiet(time.Minute)
		if got := r.rules(); got != "" {
			t.Errorf("refusals %q", got)
		}
	}, behindProxy)
}

// Whatever Contact and route say, a call that came by the proxy stays on it.
func TestProxiedCallGoesByTheProxy_RFC3261_12_2_1_1(t *testing.T) {
	for name, route := range map[string]string{
		"by its route":      "Record-Route: <sip:192.0.2.20;lr>\r\n",
		"without a route":   "",
		"by a route beyond": "Record-Route: <sip:198.51.100.7;lr>\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(ctx context.Context, c *Call) {
				_ = c.Answer(ctx, &negotiator{})
				time.Sleep(time.Second)
				_ = c.Hangup(context.WithoutCancel(ctx))
			}, func(r *rig) {
				p := r.peer(balancer)
				m := brought("198.51.100.7")
				m.headers = "X-Source: 198.51.100.7\r\n" + route
				ok := p.establish(m)
				options := m.inside("OPTIONS", 2, ok) // a proxy may name the source in these, or not
				p.send(options)
				p.expect("SIP/2.0 200")
				options = m.inside("OPTIONS", 3, ok)
				options.headers = "X-Source: 198.51.100.7\r\n"
				p.send(options)
				p.expect("SIP/2.0 200")
				p.send(respond(p.expect("BYE sip:sbc@198.51.100.7:5060"), "200 OK"))
				r.ended(ErrFinished)
			}, behindProxy)
		})
	}
}

func TestProxiedCallsCountOnTheirTrunk(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p, q := r.peer(carrier), r.peer(balancer)
		p.send(invite())
		p.expect("SIP/2.0 180")
		m := brought("198.51.100.7")
		m.callID, m.branch = "2", "z9hG4bK-2"
		q.send(m)
		q.expect("SIP/2.0 503")
		m.callID, m.branch, m.headers = "3", "z9hG4bK-3", "X-Source: 203.0.113.9\r\n"
		q.send(m)
		q.expect("SIP/2.0 180")
	}, behindProxy, func(c *Config) { c.Trunks[0].MaxCalls = 1 })
}

func TestProxyThatIsReloadedAwayKeepsItsCalls(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(balancer)
		m := brought("198.51.100.7")
		ok := p.establish(m)
		r.reload(func(c *Config) { c.Proxies = nil })
		other := brought("198.51.100.7")
		other.callID, other.branch = "2", "z9hG4bK-2"
		p.send(other)
		p.quiet(time.Minute)
		p.send(m.inside("BYE", 2, ok))
		p.expect("SIP/2.0 200")
		r.ended(ErrHangup)
	}, behindProxy)
}

func TestMessagesOfProxiesAreBounded(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(balancer)
		answered := 0
		for i := range 2 * messagesPerCall * proxyCalls {
			m := brought("nobody")
			m.callID, m.branch = fmt.Sprint(i), fmt.Sprint("z9hG4bK-", i)
			p.send(m)
			if i%100 == 99 {
				time.Sleep(time.Microsecond)
				for len(p.got) > 0 {
					<-p.got
					answered++
				}
			}
		}
		if want := messagesPerCall * proxyCalls; answered < want || answered > want+10 {
			t.Errorf("%d refusals at once, want about %d", answered, want)
		}
	}, behindProxy)
}
