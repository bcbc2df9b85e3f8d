package sip

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMessagesOverTheLimitsAreNotParsed_RFC3261_21_4_11(t *testing.T) {
	many := strings.Repeat("X-Filler: y\r\n", 60)
	for name, tt := range map[string]struct {
		change func(*msg)
		want   string
	}{
		"50 headers":             {func(m *msg) { m.headers = strings.Repeat("X-A: y\r\n", 50-9) }, "180"},
		"more":                   {func(m *msg) { m.headers = strings.Repeat("X-A: y\r\n", 51-9) }, "400 header-count"},
		"many":                   {func(m *msg) { m.headers = many }, "400 header-count"},
		"a long header":          {func(m *msg) { m.headers = "X-A: " + strings.Repeat("y", 600) + "\r\n" }, "400 header-line"},
		"a long folded header":   {func(m *msg) { m.headers = "X-A: y\r\n" + strings.Repeat(" "+strings.Repeat("y", 100)+"\r\n", 6) }, "400 header-line"},
		"a long first line":      {func(m *msg) { m.uri += ";x=" + strings.Repeat("y", 600) }, "400 header-line"},
		"a long body":            {func(m *msg) { m.body = strings.Repeat("y", 5000) }, "413 too-large"},
		"a body is not counted":  {func(m *msg) { m.body = many }, "180"},
		"a long line in a body":  {func(m *msg) { m.body = strings.Repeat("y", 1000) }, "180"},
		"what the default would": {func(*msg) {}, "180"},
	} {
		limits := func(c *Config) { c.Limits = Limits{MessageSize: 4000, Headers: 50, HeaderLine: 500} }
		status, rule, _ := strings.Cut(tt.want, " ")
		t.Run(name+" by UDP", func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p, m := r.peer(carrier), invite()
				tt.change(&m)
				p.send(m)
				p.expect("SIP/2.0 " + status)
				synctest.Wait()
				if got := r.rules(); got != rule {
					t.Errorf("rule %q, want %q", got, rule)
				}
			}, limits)
		})
		t.Run(name+" by TCP", func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p, m := r.accepted(), invite()
				tt.change(&m)
				go io.WriteString(p.Conn, byTCP(m)) //nolint:errcheck // the gateway may close first
				p.hears("SIP/2.0 " + status)
				synctest.Wait()
				if got := r.rules(); got != rule {
					t.Errorf("rule %q, want %q", got, rule)
				}
			}, limits)
		})
	}
}

func TestLimitsBelowZeroAreRefused(t *testing.T) {
	_, err := New(Config{Listen: []Listen{{Network: "udp"}}, Trunks: []Trunk{{}}, Limits: Limits{Idle: -1}}, nil)
	if err == nil || !strings.Contains(err.Error(), "Idle") {
		t.Errorf("New: %v", err)
	}
}

// Slowloris: connections that say a byte now and then do not keep others out for long.
func TestSlowConnectionsEnd(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		var slow []*pipe
		for range 4 {
			slow = append(slow, r.accepted())
		}
		refused := r.accepted()
		<-refused.ended
		start := time.Now()
		var writers sync.WaitGroup
		defer writers.Wait()
		for _, p := range slow {
			writers.Go(func() {
				for _, b := range strings.Split(byTCP(invite()), "") {
					if _, err := io.WriteString(p.Conn, b); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
		}
		for _, p := range slow {
			<-p.ended
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("the slow ones were closed after %v, want 5 s", got)
		}
		synctest.Wait()
		p := r.accepted()
		p.says(byTCP(invite()))
		p.hears("SIP/2.0 180")
	})
}

// A peer that does not read costs a write deadline once, and then its connection.
func TestPeerThatDoesNotReadIsGivenUp(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		r.ua.admits(pipeConn{ours, netip.MustParseAddrPort(carrier)})
		start := time.Now()
		if _, err := io.WriteString(theirs, byTCP(invite().with("OPTIONS", 1))); err != nil {
			t.Fatal(err)
		}
		for r.ua.open() > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if got := time.Since(start); got > 2200*time.Millisecond {
			t.Errorf("given up after %v, want 2 s", got)
		}
	})
}

// A flood leaves the tables, the memory and the files as they were.
func TestFloodLeavesNothingBehind(t *testing.T) {
	var refused atomic.Int64
	ua := overTCP(t, rings, func(c *Config) {
		c.Trunks[0].Networks, c.Limits = prefixes("127.0.0.1/32"), Limits{ConnectionsPerSource: 8, Connections: 64}
		c.Observe = func(e Event) {
			if e.Kind == Refused {
				refused.Add(1)
			}
		}
	})
	flood := func() {
		garbage(t, ua.Addrs()[1].String(), 5000, "127.0.0.1")
		garbage(t, ua.Addrs()[1].String(), 5000, "127.0.0.9")
		halfMessages(t, ua.Addrs()[0].String(), 1000, "127.0.0.1")
		halfMessages(t, ua.Addrs()[0].String(), 1000, "127.0.0.9")
		waitFor(t, func() bool { return ua.open() == 0 })
	}
	flood() // whatever is made once is made
	files, heap := openFiles(t), heapInUse()
	flood()
	waitFor(t, func() bool { return openFiles(t) <= files })
	if grown := heapInUse() - heap; grown > 1<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	if refused.Load() < 2000 || total(ua.Strangers()) < 2000 {
		t.Errorf("%d refused, %d of strangers: the flood did not come in", refused.Load(), total(ua.Strangers()))
	}
	ua.mu.Lock()
	defer ua.mu.Unlock()
	left := map[string]int{
		"connections": len(ua.conns.all), "sources": len(ua.conns.bySource), "routes": len(ua.conns.routes), "openings": len(ua.conns.opening),
		"handshakes": ua.conns.shaking, "server transactions": len(ua.servers) + len(ua.completed), "client transactions": len(ua.clients),
		"merges": len(ua.merges), "dialogs": len(ua.dialogs), "calls": len(ua.all), "parked": len(ua.parked),
	}
	for what, n := range left {
		if n != 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
	if s := ua.strangers.list(); len(s) != 1 {
		t.Errorf("strangers %v", s)
	}
}

// garbage sends datagrams that are no messages.
func garbage(t *testing.T, to string, n int, from string) {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}).Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range n {
		if _, err := fmt.Fprintf(conn, "INVITE %d\x00\r\nVia: ;;;\r\n\r\n", i); err != nil {
			t.Fatal(err)
		}
	}
}

// halfMessages opens connections, says half a message on each, and leaves.
func halfMessages(t *testing.T, to string, n int, from string) {
	t.Helper()
	for range n {
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "INVITE sip:x SIP/2.0\r\nVia: ")
		_ = conn.(*net.TCPConn).SetLinger(0) // no port stays in TIME_WAIT
		conn.Close()
	}
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
