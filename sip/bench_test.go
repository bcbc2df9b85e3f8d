package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// pace is how many calls a second BenchmarkInviteTo200 makes.
const pace = 50

// BenchmarkInviteTo200 makes whole calls (INVITE, 200, ACK, BYE, 200) over real sockets at a pace, and
// reports how long the 200 took to come. Allocations are those of both ends.
func BenchmarkInviteTo200(b *testing.B) {
	n := &negotiator{}
	ua := overTCP(b, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-ctx.Done()
	})
	phone := overTCP(b, rings, func(c *Config) { c.Trunks[0].Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	uri := fmt.Sprintf("sip:+18887999666@%s", ua.Addrs()[1])
	tick := time.NewTicker(time.Second / pace)
	defer tick.Stop()
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		<-tick.C
		start := time.Now()
		c, err := phone.Dial(b.Context(), uri, n, DialOptions{From: "+14155550100"})
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		if err := c.Hangup(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkStranger is what a datagram of a stranger costs.
func BenchmarkStranger(b *testing.B) {
	d := newDoor([]*trunk{newTrunk(Trunk{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}, 1)})
	var c census
	source := netip.MustParseAddr("233.252.0.1")
	b.ReportAllocs()
	for b.Loop() {
		if d.trunk(source) == nil {
			c.add(source)
		}
	}
}

// BenchmarkStrangerConnection is what a connection of a stranger costs, its own end of it included.
func BenchmarkStrangerConnection(b *testing.B) {
	ua := overTCP(b, rings)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	b.ReportAllocs()
	for b.Loop() {
		conn, err := dialer.Dial("tcp", ua.Addrs()[0].String())
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}
