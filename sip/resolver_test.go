package sip

import (
	"context"
	"errors"
	"net/netip"
	"testing"
)

// A directory is a Resolver in memory.
type directory map[string][]Target

func (d directory) Resolve(_ context.Context, uri string) ([]Target, error) {
	if targets, ok := d[uri]; ok {
		return targets, nil
	}
	return nil, errors.New("no such name")
}

func udpAt(addr string) Target { return Target{"udp", netip.MustParseAddrPort(addr)} }

func TestDialByName_RFC3263_4(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		refused := make(chan error, 1)
		go func() {
			_, err := r.ua.Dial(r.t.Context(), "sip:100@sbc.example.com", &negotiator{}, DialOptions{})
			refused <- err
		}()
		p.send(respond(p.expect("INVITE sip:100@sbc.example.com SIP/2.0"), "486 Busy Here"))
		p.expect("ACK ")
		var status *StatusError
		if err := <-refused; !errors.As(err, &status) || status.Status != 486 {
			t.Errorf("Dial: %v", err)
		}
		if _, err := r.ua.Dial(r.t.Context(), "sip:100@nowhere.example.com", &negotiator{}, DialOptions{}); err == nil {
			t.Error("a name without an address was called")
		}
	}, func(c *Config) {
		c.Resolver = directory{"sip:100@sbc.example.com": {udpAt(carrier)}, "sip:100@nowhere.example.com": {}}
	})
}
