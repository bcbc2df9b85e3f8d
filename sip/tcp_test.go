package sip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// overTCP is a user agent on real sockets of the loopback network, with trunks by loopback address.
func overTCP(t testing.TB, f func(context.Context, *Call), changes ...func(*Config)) *UserAgent {
	t.Helper()
	config := Config{
		Listen: []Listen{{Network: "tcp", Address: "127.0.0.1:0"}, {Network: "udp", Address: "127.0.0.1:0"}},
		Trunks: []Trunk{{Name: "loopback", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Country: "US", CallsPerSecond: 1e6, Burst: 1e6}},
	}
	for _, change := range changes {
		change(&config)
	}
	ua, err := New(config, HandlerFunc(f))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- ua.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	for !ua.Ready() {
		time.Sleep(time.Millisecond) // a real socket has no fake clock
	}
	return ua
}

type stream struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func connectTo(t *testing.T, ua *UserAgent) *stream {
	t.Helper()
	conn, err := net.Dial("tcp", ua.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &stream{t, conn, bufio.NewReader(conn)}
}

func (s *stream) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.Conn, text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stream) expect(start string) string {
	s.t.Helper()
	frame, err := readFrame(s.r, maxMessage)
	if err != nil || !strings.HasPrefix(string(frame), start) {
		s.t.Fatalf("got %q, %v; want %q", firstLineOf(string(frame)), err, start)
	}
	return string(frame)
}

// closed checks that the other end closes the connection.
func (s *stream) closed() {
	s.t.Helper()
	if _, err := s.r.ReadByte(); err == nil || errors.Is(err, context.DeadlineExceeded) {
		s.t.Fatalf("the connection is open: %v", err)
	}
}

func tcpInvite() msg {
	m := invite()
	m.via, m.contact = "127.0.0.1:5999", "<sip:sbc@127.0.0.1:5999;transport=tcp>"
	return m
}

func byTCP(m msg) string { return strings.Replace(m.String(), "SIP/2.0/UDP", "SIP/2.0/TCP", 1) }

func TestCallOverTCP_RFC3261_18_2_2(t *testing.T) {
	n := &negotiator{}
	ua := overTCP(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-ctx.Done()
	})
	s := connectTo(t, ua)
	text := byTCP(tcpInvite())
	s.send("\r\n\r\n" + text[:100]) // a keep-alive, and a message in pieces
	s.send(text[100:])
	if _, err := io.ReadFull(s.r, make([]byte, 2)); err != nil { // pong
		t.Fatal(err)
	}
	ok := s.expect("SIP/2.0 200")
	if got := field(ok, "Contact"); !strings.Contains(got, "transport=tcp") {
		t.Errorf("Contact: %s", got)
	}
	s.send(byTCP(tcpInvite().ack(ok)) + byTCP(tcpInvite().inside("OPTIONS", 2, ok))) // two messages at once
	s.expect("SIP/2.0 200")
	s.send(byTCP(tcpInvite().inside("BYE", 3, ok)))
	s.expect("SIP/2.0 200")
}

func TestByeOverTCPKeepsToTheConnection_RFC5923(t *testing.T) {
	n := &negotiator{}
	hangup := make(chan struct{})
	ua := overTCP(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-hangup
		_ = c.Hangup(context.Background())
	})
	s := connectTo(t, ua)
	s.send(byTCP(tcpInvite()))
	s.send(byTCP(tcpInvite().ack(s.expect("SIP/2.0 200"))))
	close(hangup)
	s.send(respond(s.expect("BYE "), "200 OK"))
}

// B9, B10: sipgo connects to the host that a Via names, and drops the request when it cannot.
func TestRequestIsHeardThoughItsConnectionIsGone(t *testing.T) {
	n := &negotiator{}
	ended := make(chan error, 1)
	ua := overTCP(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, n)
		<-ctx.Done()
		ended <- context.Cause(ctx)
	})
	elsewhere, err := net.Listen("tcp", "127.0.0.77:0")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	visited := make(chan struct{}, 1)
	go func() {
		if conn, err := elsewhere.Accept(); err == nil {
			visited <- struct{}{}
			conn.Close()
		}
	}()
	m := tcpInvite()
	m.via = elsewhere.Addr().String()
	s := connectTo(t, ua)
	s.send(byTCP(m))
	ok := s.expect("SIP/2.0 200")
	s.send(byTCP(m.ack(ok)) + byTCP(m.inside("BYE", 2, ok)))
	_ = s.Conn.(*net.TCPConn).SetLinger(0)
	s.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrHangup) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the BYE was not heard")
	}
	if len(visited) > 0 {
		t.Error("the gateway connected to the host in the Via")
	}
}

func TestResponseOpensAConnectionToTheSource_RFC3261_18_2_2(t *testing.T) {
	n := &negotiator{}
	answer := make(chan struct{})
	ua := overTCP(t, func(ctx context.Context, c *Call) {
		<-answer
		_ = c.Answer(ctx, n)
		<-ctx.Done()
	})
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	m := tcpInvite()
	m.via = strings.Replace(back.Addr().String(), "127.0.0.1", "10.9.9.9", 1) // the port counts, not the host
	s := connectTo(t, ua)
	s.send(byTCP(m))
	s.expect("SIP/2.0 100")
	s.Close()
	waitFor(t, func() bool { ua.mu.Lock(); defer ua.mu.Unlock(); return len(ua.conns.all) == 0 })
	close(answer)
	conn, err := back.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	again := &stream{t, conn, bufio.NewReader(conn)}
	again.send(byTCP(m.ack(again.expect("SIP/2.0 200"))))
}

func waitFor(t *testing.T, f func() bool) {
	t.Helper()
	for range 5000 {
		if f() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it did not happen within 5 s")
}

func TestTooLargeOverTCPIs413_RFC3261_21_4_11(t *testing.T) {
	for name, text := range map[string]string{
		"a large Content-Length": strings.Replace(byTCP(tcpInvite()), "Content-Length: 8", "Content-Length: 65536", 1),
		"a large body":           strings.Replace(byTCP(tcpInvite()), "Content-Length: 8\r\n\r\n", "Content-Length: 65400\r\n\r\n"+strings.Repeat("a", 65400), 1),
		"endless headers":        strings.Replace(byTCP(tcpInvite()), "Content-Length: 8\r\n\r\n", strings.Repeat("X: y\r\n", 11000), 1),
		"an endless line":        strings.Replace(byTCP(tcpInvite()), "Content-Length: 8\r\n\r\n", "X: "+strings.Repeat("y", 70000), 1),
	} {
		t.Run(name, func(t *testing.T) {
			s := connectTo(t, overTCP(t, rings))
			go io.WriteString(s.Conn, text) //nolint:errcheck // the gateway may close first
			s.expect("SIP/2.0 413")
		})
	}
}

// B15: what cannot be framed is answered and the connection closed.
func TestStreamThatCannotBeFramed_RFC3261_18_3(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no Content-Length":  {strings.Replace(byTCP(tcpInvite()), "Content-Length: 8\r\n", "", 1), "SIP/2.0 400"},
		"bad Content-Length": {strings.Replace(byTCP(tcpInvite()), "Content-Length: 8", "l: eight", 1), "SIP/2.0 400"},
		"HTTP":               {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := connectTo(t, overTCP(t, rings))
			s.send(tt.text)
			if tt.want != "" {
				s.expect(tt.want)
			}
			s.closed()
		})
	}
}

// B8: sipgo takes any number of connections, from anyone, and waits for ever.
func TestConnectionsOfAPeerAreLimited(t *testing.T) {
	var mu sync.Mutex
	var rules []string
	ua := overTCP(t, rings, func(c *Config) {
		c.Observe = func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Kind == Refused {
				rules = append(rules, e.Rule)
			}
		}
	})
	var open []*stream
	for i := range 4 {
		s := connectTo(t, ua)
		s.send(byTCP(invite().with("OPTIONS", 1+i)))
		s.expect("SIP/2.0 ")
		open = append(open, s)
	}
	connectTo(t, ua).closed()
	open[0].Close()
	waitFor(t, func() bool { ua.mu.Lock(); defer ua.mu.Unlock(); return len(ua.conns.all) < 4 })
	s := connectTo(t, ua)
	s.send(byTCP(invite().with("OPTIONS", 9)))
	s.expect("SIP/2.0 ")
	mu.Lock()
	defer mu.Unlock()
	if strings.Join(rules, " ") != "connections" {
		t.Errorf("refusals %q", rules)
	}
}

func TestStrangersConnectionIsClosedUnread(t *testing.T) {
	ua := overTCP(t, rings)
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}).Dial("tcp", ua.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a stranger was answered")
	}
	waitFor(t, func() bool { s := ua.Strangers(); return len(s) == 1 && s[0].Count == 1 })
}

// admits takes a connection in memory as a TCP listener would.
func (u *UserAgent) admits(conn net.Conn) {
	(&streamListener{ua: u, spec: Listen{Network: "tcp"}}).admit(conn)
}

// A pipeConn is a connection in memory, so that its deadlines are those of the fake clock.
type pipeConn struct {
	net.Conn
	peer netip.AddrPort
}

func (c pipeConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.peer) }

func (pipeConn) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(gateway))
}

func TestSilentConnectionIsClosed(t *testing.T) {
	ping := byTCP(invite().with("OPTIONS", 1))
	for name, tt := range map[string]struct {
		say  []string // a second apart
		want time.Duration
	}{
		"says nothing":                {nil, 5 * time.Second},
		"only keep-alives":            {[]string{"\r\n\r\n", "\r\n\r\n"}, 5 * time.Second},
		"stops in its first message":  {[]string{ping[:50]}, 5 * time.Second},
		"a byte a second":             {strings.Split(ping, "")[:8], 5 * time.Second},
		"stops in its second message": {[]string{ping, ping[:50]}, 2*time.Second + 10*time.Second},
		"is silent between messages":  {[]string{ping, "\r\n\r\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				ours, theirs := net.Pipe()
				defer theirs.Close()
				r.ua.admits(pipeConn{ours, netip.MustParseAddrPort(carrier)})
				start := time.Now()
				ended := make(chan time.Duration, 1)
				go func() {
					_, _ = io.Copy(io.Discard, theirs)
					ended <- time.Since(start)
				}()
				for _, text := range tt.say {
					time.Sleep(time.Second)
					_, _ = io.WriteString(theirs, text) // fails once it is closed
				}
				time.Sleep(10 * time.Minute)
				got := time.Duration(0)
				if len(ended) > 0 {
					got = <-ended
				}
				if got != tt.want {
					t.Errorf("closed after %v, want %v (0 is not at all)", got, tt.want)
				}
			})
		})
	}
}

func TestConnectionsInAllAreLimited(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		admitted := 0
		for i := range 70 * 4 {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			from := netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + i/4)})
			r.ua.admits(pipeConn{ours, netip.AddrPortFrom(from, uint16(1+i))})
			if _, err := theirs.Write([]byte("O")); err == nil {
				admitted++
			}
		}
		if admitted != 256 {
			t.Errorf("%d connections admitted, want %d", admitted, 256)
		}
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	a := newAuthority(t)
	ua := overTCP(t, rings, a.overTLS(), func(c *Config) { c.Listen = append(c.Listen, Listen{Network: "tcp", Address: "127.0.0.1:0"}) })
	counted := func() string { return fmt.Sprint(ua.Connections()) }
	if got, want := counted(), "{map[tcp:0 tls:0 ws:0 wss:0] 0 0}"; got != want {
		t.Errorf("counted %s, want %s", got, want)
	}
	plain, err := net.Dial("tcp", ua.Addrs()[2].String())
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", ua.Addrs()[0].String()) // says nothing in its handshake
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return counted() == "{map[tcp:1 tls:1 ws:0 wss:0] 1 0}" })
	plain.Close()
	silent.Close()
	waitFor(t, func() bool { return counted() == "{map[tcp:0 tls:0 ws:0 wss:0] 0 0}" })
}

// A flaky listener fails to accept a few times first.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, errors.New("accept: too many open files")
	}
	return f.Listener.Accept()
}

// B11: sipgo's listener ends at the first error of accept.
func TestAcceptErrorsPass(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ua := overTCP(t, rings, func(c *Config) { c.Listen = []Listen{{Network: "tcp", Listener: &flaky{ln, 4}}} })
	s := connectTo(t, ua)
	s.send(byTCP(invite().with("OPTIONS", 1)))
	s.expect("SIP/2.0 ")
	if !ua.Ready() {
		t.Error("not ready")
	}
}

// A panicking framing is a bug that a message brings out.
type panicking struct{ streamFraming }

func (panicking) read(*connection, time.Time) ([]byte, error) { panic("a bug") }

func TestPanicInAConnectionCostsNoOther(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		at := netip.MustParseAddrPort(carrier)
		if rule := r.ua.keep(&connection{ua: r.ua, conn: pipeConn{ours, at}, over: "tcp", peer: at, trunk: r.ua.door.now.Load().trunks[0], framing: panicking{}}); rule != "" {
			t.Fatal(rule)
		}
		if _, err := theirs.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is open")
		}
		p := r.accepted()
		p.says(byTCP(invite()))
		p.hears("SIP/2.0 180")
		synctest.Wait() // a connection is closed before it is forgotten
		if r.count(Panicked) != 1 || r.ua.open() != 1 {
			t.Errorf("told %d times, %d connections", r.count(Panicked), r.ua.open())
		}
	})
}
