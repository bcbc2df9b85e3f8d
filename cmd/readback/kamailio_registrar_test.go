package main

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"readback/sip"
)

// TestKamailioRegistrar registers a number with a password (RFC 3261 section 10, RFC 8760), is called at it by who called
// the registrar, and is not any more when it has left.
func TestKamailioRegistrar(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(algorithm+" over "+transport, func(t *testing.T) { registerAndCall(t, algorithm, transport) })
		}
	}
}

func registerAndCall(t *testing.T, algorithm, transport string) {
	registrar := startKamailio(t, "registrar.cfg", loopback(t, inside), "{realm}", "example.com", "{password}", "s3cret", "{algorithm}", algorithm)
	host := registrar.addr.String()
	ended := make(chan error, 1)
	_, stop := startAgent(t, sip.Config{
		Listen: []sip.Listen{{Network: transport, Address: "127.0.0.1:0"}},
		Trunks: []sip.Trunk{{Name: "carrier", Country: "US", Registrations: []sip.Registration{{
			Registrar: "sip:" + host + ";transport=" + transport, AOR: "sip:+18887999666@" + host,
			Username: "gateway", Password: "s3cret", Realm: "example.com", Expires: time.Hour,
		}}}},
	}, func(ctx context.Context, c *sip.Call) {
		if err := c.Answer(ctx, fixedSession{}); err == nil {
			<-ctx.Done()
			ended <- context.Cause(ctx)
		}
	})
	caller, _ := startAgent(t, sip.Config{
		Listen: []sip.Listen{{Network: "udp", Address: "127.0.0.1:0"}},
		Trunks: []sip.Trunk{{Name: "registrar", Networks: []netip.Prefix{netip.PrefixFrom(registrar.addr.Addr(), 32)}}},
	}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dial := func() (*sip.Call, error) {
		return caller.Dial(ctx, "sip:+18887999666@"+host, fixedSession{}, sip.DialOptions{From: "+14155550100"})
	}

	var call *sip.Call
	registrar.until("the number is registered", func() bool {
		call, _ = dial()
		return call != nil
	})
	if err := call.Reinvite(ctx); err != nil {
		t.Errorf("re-INVITE: %v", err)
	}
	if err := call.Hangup(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, sip.ErrHangup) {
		t.Errorf("the call ended with %v, want %v", err, sip.ErrHangup)
	}

	stop()
	var refused *sip.StatusError
	if _, err := dial(); !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("a call after the gateway has left: %v, want 404", err)
	}
}
