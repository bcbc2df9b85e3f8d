package sip

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSIPSInClearIsRefused_RFC5630_5_3(t *testing.T) {
	for name, tt := range map[string]struct{ uri, want string }{
		"sips": {"sips:+18887999666@192.0.2.1", "SIP/2.0 480"},
		"SIPS": {"SIPS:+18887999666@192.0.2.1", "SIP/2.0 480"},
		"sip":  {"sip:+18887999666@192.0.2.1;transport=tls", "SIP/2.0 180"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.uri = tt.uri
				p.send(m)
				res := p.expect(tt.want)
				refused := tt.want == "SIP/2.0 480"
				if got := field(res, "Warning"); (got == `380 192.0.2.1 "SIPS Not Allowed"`) != refused {
					t.Errorf("Warning %q", got)
				}
				synctest.Wait()
				if got := r.rules(); (got == "sips") != refused {
					t.Errorf("refusals %q", got)
				}
				p.send(m.ack(res))
				p.skip()
			})
		})
	}
}

func TestSIPSNeverLeavesInClear_RFC3261_26_2_2(t *testing.T) {
	for address, dialled := range map[string]string{
		"": "sips:+14155550123@198.51.100.7", "sip:198.51.100.7": "sips:+14155550123@example.com", "sip:198.51.100.7;transport=tcp": "sips:x@example.com",
	} {
		inBubble(t, rings, func(r *rig) {
			tried := r.noConnections()
			_, err := r.ua.Dial(r.t.Context(), dialled, &negotiator{}, DialOptions{Trunk: "carrier"})
			if address == "" { // by TLS, which nobody takes here
				if got := tried(); err == nil || got != "198.51.100.7:5061" {
					t.Errorf("Dial: %v, connected to %q", err, got)
				}
			} else if !errors.Is(err, errNotSecure) || tried() != "" {
				t.Errorf("Dial by %s: %v, connected to %q", address, err, tried())
			}
			if n := r.count(Sent); n != 0 {
				t.Errorf("%d messages were sent", n)
			}
		}, func(c *Config) { c.Trunks[0].Address = address })
	}
}

// noConnections makes each connection of ours fail, and tells which were tried.
func (r *rig) noConnections() func() string {
	var tried []string
	r.ua.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		tried = append(tried, address)
		return nil, errRefused
	}
	return func() string {
		r.mu.Lock()
		defer r.mu.Unlock()
		return strings.Join(tried, " ")
	}
}

// A target that becomes a sips URI is no longer reached in clear, not even by a router that is.
func TestRequestsToASIPSTargetGoByTLS_RFC3261_26_2_2(t *testing.T) {
	for name, route := range map[string]string{"without a route": "", "by a router in clear": "Record-Route: <sip:198.51.100.8;lr>\r\n"} {
		t.Run(name, func(t *testing.T) {
			want := "198.51.100.7:5061"
			if route != "" {
				want = "198.51.100.8:5060"
			}
			inBubble(t, answersThen(&negotiator{}, func(ctx context.Context, c *Call) {
				time.Sleep(time.Second)
				_ = c.Hangup(ctx)
			}), func(r *rig) {
				p := r.peer(carrier)
				tried := r.noConnections()
				m := invite()
				m.headers = route
				ok := p.establish(m)
				update := m.inside("UPDATE", 2, ok)
				update.contact = "<sips:sbc@198.51.100.7>"
				p.send(update)
				p.expect("SIP/2.0 200")
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := tried(); got != want {
					t.Errorf("connected to %q, want %q", got, want)
				}
				p.quiet(time.Minute) // no BYE in clear
			})
		})
	}
}
