package sip

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A carrierTCP listens where the user agent connects to.
type carrierTCP struct {
	t  *testing.T
	ln net.Listener
}

func listenTCP(t *testing.T, at string) *carrierTCP {
	t.Helper()
	ln, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &carrierTCP{t, ln}
}

func (c *carrierTCP) accept() *stream {
	c.t.Helper()
	_ = c.ln.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	conn, err := c.ln.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &stream{c.t, conn, bufio.NewReader(conn)}
}

func (c *carrierTCP) uri() string {
	return "sip:+18887999666@" + c.ln.Addr().String() + ";transport=tcp"
}

func (c *carrierTCP) answered(req string) string {
	res := respond(req, "200 OK", "Contact: <"+c.uri()+">", "Content-Type: application/sdp")
	return strings.Replace(res, "Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\nok", 1)
}

// dialling calls the carrier in the background.
func (c *carrierTCP) dialling(ua *UserAgent) (<-chan *Call, <-chan error) {
	calls, failed := make(chan *Call, 1), make(chan error, 1)
	go func() {
		call, err := ua.Dial(context.Background(), c.uri(), &negotiator{}, DialOptions{})
		if err != nil {
			failed <- err
			return
		}
		calls <- call
	}()
	return calls, failed
}

// A connection that dies under a request is replaced once; the request is the same, for its branch is.
func TestRequestIsSentAgainWhenItsConnectionDies_RFC3261_17_2_3_18_4(t *testing.T) {
	ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
	calls, failed := c.dialling(ua)
	s := c.accept()
	first := s.expect("INVITE ")
	s.Close()
	s = c.accept()
	second := s.expect("INVITE ")
	if first != second {
		t.Errorf("sent again as %q, first as %q", second, first)
	}
	s.send(c.answered(second))
	s.expect("ACK ")
	var call *Call
	select {
	case call = <-calls:
	case err := <-failed:
		t.Fatal(err)
	}
	// The call outlives this connection too: BYE goes over a third.
	s.Close()
	waitFor(t, func() bool { return ua.open() == 0 })
	done := make(chan error, 1)
	go func() { done <- call.Hangup(context.Background()) }()
	s = c.accept()
	s.send(respond(s.expect("BYE "), "200 OK"))
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRequestFailsAtOnceWhenThereIsNoConnection_RFC3261_8_1_3_1(t *testing.T) {
	for name, end := range map[string]func(c *carrierTCP, s *stream){
		"the peer is gone":            func(c *carrierTCP, s *stream) { c.ln.Close(); s.Close() },
		"the second one dies as well": func(c *carrierTCP, s *stream) { s.Close(); again := c.accept(); again.expect("INVITE "); again.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
			_, failed := c.dialling(ua)
			s := c.accept()
			s.expect("INVITE ")
			start := time.Now()
			end(c, s)
			if err := <-failed; !errors.Is(err, ErrConnection) {
				t.Errorf("Dial: %v, want %v", err, ErrConnection)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("failed after %v, want at once", took)
			}
			waitFor(t, func() bool { ua.mu.Lock(); defer ua.mu.Unlock(); return len(ua.clients) == 0 })
		})
	}
}

func TestOneConnectionServesManyRequests_RFC5923(t *testing.T) {
	ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
	for range 10 {
		c.dialling(ua)
	}
	s := c.accept()
	for acks := 0; acks < 10; {
		invite := s.expect("")
		if strings.HasPrefix(invite, "ACK ") {
			acks++
			continue
		}
		if via := field(invite, "Via"); !strings.Contains(via, ";alias") || !strings.Contains(via, ":"+strconv.Itoa(ua.Addrs()[0].(*net.TCPAddr).Port)+";") {
			t.Errorf("Via %s: no alias for the port of our listener", via)
		}
		s.send(respond(invite, "486 Busy Here"))
	}
	if n := ua.open(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestAliasIsReused_RFC5923_5(t *testing.T) {
	for name, tt := range map[string]struct {
		params string
		reused bool
	}{"alias": {";alias", true}, "no alias": {"", false}} {
		t.Run(name, func(t *testing.T) {
			ua, c := overTCP(t, rings), listenTCP(t, "127.0.0.1:0")
			s := connectTo(t, ua)
			m := tcpInvite().with("OPTIONS", 1)
			m.via = c.ln.Addr().String() + tt.params
			s.send(byTCP(m))
			s.expect("SIP/2.0 200")
			c.dialling(ua)
			if !tt.reused {
				s = c.accept()
			}
			s.send(respond(s.expect("INVITE "), "486 Busy Here"))
			s.expect("ACK ")
		})
	}
}

// A trunk cannot claim more of the table than a few ports.
func TestAliasesAreBounded(t *testing.T) {
	ua := overTCP(t, rings)
	s := connectTo(t, ua)
	for i := range 50 {
		m := tcpInvite().with("OPTIONS", 1+i)
		m.via = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(7000+i)).String() + ";alias"
		s.send(byTCP(m))
		s.expect("SIP/2.0 200")
	}
	ua.mu.Lock()
	n := len(ua.conns.routes)
	ua.mu.Unlock()
	if n != 1+aliasesPerStream {
		t.Errorf("%d routes, want %d", n, 1+aliasesPerStream)
	}
	s.Close()
	waitFor(t, func() bool { ua.mu.Lock(); defer ua.mu.Unlock(); return len(ua.conns.routes) == 0 })
}
