package main

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"readback/sip"
)

// TestSIPpTrunks plays at one gateway, all at once, what trunks do beyond the simple call. The longest ones wait for a
// session timer's half.
func TestSIPpTrunks(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "rtp: {silence: 2m, overload: {busy: 1, late: 1s}}\n")
	const answers, rings = "+18887999666", "+16503976096"
	tests := []struct {
		scenario, number string
		repeats          int
		flags            []string
	}{
		{scenario: "prack-update", number: rings},
		{scenario: "prack-delayed-offer", number: rings},
		{scenario: "prack-lost", number: rings, repeats: 3},
		{scenario: "session-timer-422", number: answers},
		{scenario: "session-timer-update", number: answers},
		{scenario: "session-timer-reinvite", number: answers},
		{scenario: "merged", number: rings},
		{scenario: "t38", number: answers},
		{scenario: "isup-multipart", number: answers},
		{scenario: "preconditions", number: answers},
		{scenario: "compact", number: answers},
		{scenario: "large-diverted", number: answers},
		{scenario: "anonymous", number: answers},
		{scenario: "hold-rfc2543", number: answers},
		{scenario: "in-dialog", number: answers},
		{scenario: "bye-before-ack", number: answers},
		{scenario: "cancel-at-once", number: rings, flags: []string{"-t", "t1", "-m", "200", "-r", "50", "-l", "200"}},
		{scenario: "t38", number: answers, flags: []string{"-t", "t1"}},
	}
	t.Run("calls", func(t *testing.T) {
		for _, test := range tests {
			t.Run(test.scenario+strings.Join(test.flags, " "), func(t *testing.T) {
				t.Parallel()
				to := p.sip
				if len(test.flags) > 0 {
					to = p.tcp
				}
				out := sipp(t, to, test.scenario, test.number, test.flags...)
				if test.repeats > 0 {
					repeats(t, out, "180", test.repeats)
				}
			})
		}
	})
	if found := p.tickets(); len(found) != 0 {
		t.Errorf("%d tickets from calls that told nothing; want none", len(found))
	}
}

// TestSIPpOverIPv6 makes a whole call with signalling and sound over IPv6.
func TestSIPpOverIPv6(t *testing.T) {
	t.Parallel()
	config := strings.NewReplacer("127.0.0.1:0", "[::1]:0", "127.0.0.0/8", `"::1/128"`).Replace(processConfig)
	p := startConfigured(t, binary, config+`rtp: {address: "::1", overload: {busy: 1, late: 1s}}`+"\n")
	p.sipp("prack-update", "+16503976096")
	p.sipp("dtmf-info", "+18887999666")
	wantTicket(t, p.tickets())
}

// TestSIPpSessionsOfOurs plays the scenarios in which this side begins: an answer before the call is answered, and
// changes of the session that meet one of the caller's.
func TestSIPpSessionsOfOurs(t *testing.T) {
	t.Parallel()
	changes := func(ctx context.Context, c *sip.Call) {
		if c.Answer(ctx, fixedSession{}) != nil {
			return
		}
		if err := c.Reinvite(ctx); err != nil {
			t.Errorf("re-INVITE: %v", err)
		}
		<-ctx.Done()
	}
	for scenario, serve := range map[string]func(context.Context, *sip.Call){
		"prack-early-session": func(ctx context.Context, c *sip.Call) {
			if c.Progress(ctx, fixedSession{}) == nil && c.Ring(ctx) == nil && c.Answer(ctx, fixedSession{}) == nil {
				<-ctx.Done()
			}
		},
		"reinvite-491": changes,
		"glare":        changes,
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			at := loopback(t, "127.0.0.1")
			startAgent(t, sip.Config{
				Listen:   []sip.Listen{{Network: "udp", Address: at.String()}},
				Trunks:   []sip.Trunk{{Name: "carrier", Country: "US", Networks: []netip.Prefix{netip.PrefixFrom(at.Addr(), 32)}}},
				RingTime: func(string) time.Duration { return time.Second },
			}, serve)
			sipp(t, at, scenario, "+18887999666")
		})
	}
}
