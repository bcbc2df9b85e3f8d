package sip

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// overWS makes the user agent of overTCP listen for WebSockets first.
func overWS(c *Config) {
	c.Listen = []Listen{{Network: "ws", Address: "127.0.0.1:0"}, {Network: "udp", Address: "127.0.0.1:0"}}
}

// A socket is a WebSocket client.
type socket struct{ *stream }

const upgradeRequest = "GET / HTTP/1.1\r\nHost: gw.example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp, sip\r\nOrigin: https://support.example.com\r\n\r\n"

// upgraded opens a WebSocket over a connection.
func (s *stream) upgraded() *socket {
	s.t.Helper()
	s.send(upgradeRequest)
	res, err := http.ReadResponse(s.r, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != "sip" || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		s.t.Fatalf("upgraded with %d %v", res.StatusCode, res.Header)
	}
	return &socket{s}
}

func (s *socket) frame(op ws.OpCode, fin bool, text string) {
	s.t.Helper()
	s.raw(ws.MaskFrame(ws.NewFrame(op, fin, []byte(text))))
}

func (s *socket) raw(f ws.Frame) {
	s.t.Helper()
	if err := ws.WriteFrame(s.Conn, f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) next() ws.Frame {
	s.t.Helper()
	f, err := ws.ReadFrame(s.r)
	if err != nil {
		s.t.Fatal(err)
	}
	if f.Header.Masked {
		s.t.Error("a server's frame is masked")
	}
	return f
}

func (s *socket) hears(start string) string {
	s.t.Helper()
	f := s.next()
	if f.Header.OpCode != ws.OpText || !f.Header.Fin || !strings.HasPrefix(string(f.Payload), start) {
		s.t.Fatalf("got %v %q, want %q", f.Header.OpCode, firstLineOf(string(f.Payload)), start)
	}
	return string(f.Payload)
}

// parts checks that the other end closes with a status.
func (s *socket) parts(want ws.StatusCode) {
	s.t.Helper()
	f := s.next()
	if code, _ := ws.ParseCloseFrameData(f.Payload); f.Header.OpCode != ws.OpClose || code != want {
		s.t.Fatalf("got %v with %d, want close with %d", f.Header.OpCode, code, want)
	}
	s.closed()
}

// A browser names a host that there is not, and needs no Content-Length (RFC 7118 sections 5 and 8).
func browser(m msg) string {
	m.via, m.contact = "df7jal23ls0d.invalid", "<sip:0xabcd@df7jal23ls0d.invalid;transport=ws>"
	return strings.Replace(m.String(), "SIP/2.0/UDP", "SIP/2.0/WS", 1)
}

func TestCallOverWebSocket_RFC7118_5_8(t *testing.T) {
	for _, network := range []string{"ws", "wss"} {
		t.Run(network, func(t *testing.T) {
			a, n, hangup := newAuthority(t), &negotiator{}, make(chan struct{})
			ua := overTCP(t, func(ctx context.Context, c *Call) {
				_ = c.Answer(ctx, n)
				select {
				case <-hangup:
					_ = c.Hangup(context.Background())
				case <-ctx.Done():
				}
			}, a.overTLS(), func(c *Config) {
				if c.Listen[0].Network = network; network == "ws" {
					c.Listen[0].TLS = nil
				}
			})
			s, err := connectTo(t, ua), error(nil)
			if network == "wss" {
				s, err = secureTo(t, ua, "127.0.0.1", a.client())
			}
			if err != nil {
				t.Fatal(err)
			}
			w := s.upgraded()
			m := invite()
			w.frame(ws.OpText, true, browser(m))
			ok := w.hears("SIP/2.0 200")
			if got := field(ok, "Contact"); !strings.HasPrefix(got, "<sip:readback@127.0.0.1:") || !strings.HasSuffix(got, ";transport=ws>") {
				t.Errorf("Contact %s", got)
			}
			w.frame(ws.OpBinary, true, browser(m.ack(ok)))
			close(hangup)
			bye := w.hears("BYE sip:0xabcd@df7jal23ls0d.invalid;transport=ws SIP/2.0")
			if got, want := field(bye, "Via"), "SIP/2.0/"+strings.ToUpper(network)+" 127.0.0.1:"; !strings.HasPrefix(got, want) {
				t.Errorf("Via %s, want %s", got, want)
			}
			w.frame(ws.OpText, true, respond(bye, "200 OK"))
			w.frame(ws.OpClose, true, "")
			w.parts(ws.StatusNormalClosure)
		})
	}
}

// A browser that has lost its connection opens another, and the call goes on over that.
func TestCallMovesToTheNewWebSocket_RFC7118_5(t *testing.T) {
	hangup := make(chan struct{})
	ua := overTCP(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, &negotiator{})
		select {
		case <-hangup:
			_ = c.Hangup(context.Background())
		case <-ctx.Done():
		}
	}, overWS)
	w := connectTo(t, ua).upgraded()
	w.frame(ws.OpText, true, browser(invite()))
	ok := w.hears("SIP/2.0 200")
	w.frame(ws.OpText, true, browser(invite().ack(ok)))
	w.Close()
	waitFor(t, func() bool { return ua.open() == 0 })
	w = connectTo(t, ua).upgraded()
	again := invite().inside("INVITE", 2, ok)
	again.body = "the same offer"
	w.frame(ws.OpText, true, browser(again))
	w.hears("SIP/2.0 200")
	w.frame(ws.OpText, true, browser(invite().inside("ACK", 2, ok)))
	close(hangup)
	w.frame(ws.OpText, true, respond(w.hears("BYE "), "200 OK"))
}

func TestWebSocketFrames_RFC6455_5_4_5_5_RFC7118_6(t *testing.T) {
	ua := overTCP(t, rings, overWS)
	w := connectTo(t, ua).upgraded()
	text := browser(invite().with("OPTIONS", 1))
	w.frame(ws.OpText, false, text[:20])
	w.frame(ws.OpPing, true, "are you there")
	if f := w.next(); f.Header.OpCode != ws.OpPong || string(f.Payload) != "are you there" {
		t.Errorf("a ping between fragments: %v %q", f.Header.OpCode, f.Payload)
	}
	w.frame(ws.OpContinuation, false, "")
	w.frame(ws.OpContinuation, true, text[20:])
	w.hears("SIP/2.0 200")
	w.frame(ws.OpPong, true, "unasked")
	w.frame(ws.OpText, true, "\r\n\r\n")
	if got := w.hears("\r\n"); got != "\r\n" {
		t.Errorf("a keep-alive is answered by %q", got)
	}
	w.frame(ws.OpText, true, "\r\n")
	w.frame(ws.OpBinary, true, strings.Replace(browser(invite().with("OPTIONS", 2)), "Content-Length: 0\r\n", "", 1))
	w.hears("SIP/2.0 200")
}

func TestWebSocketErrors_RFC6455_5_1_5_5_7_4(t *testing.T) {
	close := func(code uint16, reason string) ws.Frame {
		return ws.MaskFrame(ws.NewFrame(ws.OpClose, true, append(binary.BigEndian.AppendUint16(nil, code), reason...)))
	}
	huge := ws.NewFrame(ws.OpText, true, nil)
	huge.Header.Length, huge.Header.Masked = 1<<62, true
	extended := ws.MaskFrame(ws.NewFrame(ws.OpText, true, []byte("x")))
	extended.Header.Rsv = ws.Rsv(true, false, false)
	for name, tt := range map[string]struct {
		frames []ws.Frame
		want   ws.StatusCode
		rule   string
	}{
		"unmasked":                   {[]ws.Frame{ws.NewFrame(ws.OpText, true, []byte("x"))}, ws.StatusProtocolError, "websocket"},
		"reserved opcode":            {[]ws.Frame{ws.MaskFrame(ws.NewFrame(3, true, nil))}, ws.StatusProtocolError, "websocket"},
		"extension bit":              {[]ws.Frame{extended}, ws.StatusProtocolError, "websocket"},
		"control in fragments":       {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpPing, false, nil))}, ws.StatusProtocolError, "websocket"},
		"control too long":           {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpPing, true, make([]byte, 126)))}, ws.StatusProtocolError, "websocket"},
		"continues nothing":          {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpContinuation, true, nil))}, ws.StatusProtocolError, "websocket"},
		"a message inside a message": {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpText, false, nil)), ws.MaskFrame(ws.NewFrame(ws.OpText, true, nil))}, ws.StatusProtocolError, "websocket"},
		"text that is none":          {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpText, true, []byte{0xff}))}, ws.StatusInvalidFramePayloadData, "websocket"},
		"endless":                    {[]ws.Frame{huge}, ws.StatusMessageTooBig, "too-large"},
		"endless in fragments": {[]ws.Frame{
			ws.MaskFrame(ws.NewFrame(ws.OpBinary, false, make([]byte, 40000))), ws.MaskFrame(ws.NewFrame(ws.OpContinuation, true, make([]byte, 30000))),
		}, ws.StatusMessageTooBig, "too-large"},
		"close":                    {[]ws.Frame{close(1000, "bye")}, ws.StatusNormalClosure, ""},
		"close with a wrong code":  {[]ws.Frame{close(1005, "")}, ws.StatusProtocolError, "websocket"},
		"close with half a code":   {[]ws.Frame{ws.MaskFrame(ws.NewFrame(ws.OpClose, true, []byte{3}))}, ws.StatusProtocolError, "websocket"},
		"close with a wrong words": {[]ws.Frame{close(1000, "\xff")}, ws.StatusProtocolError, "websocket"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &eventLog{}
			ua := overTCP(t, rings, overWS, func(c *Config) { c.Observe = log.observe })
			w := connectTo(t, ua).upgraded()
			for _, f := range tt.frames {
				w.raw(f)
			}
			w.parts(tt.want)
			if tt.rule != "" {
				log.wait(t, Refused, tt.rule)
			}
			waitFor(t, func() bool { return ua.open() == 0 })
		})
	}
}

func TestWebSocketUpgrade_RFC6455_4_2_RFC7118_4_1(t *testing.T) {
	for name, tt := range map[string]struct {
		from, to string // what is changed in the request
		want     int
	}{
		"a page of ours":      {"", "", 101},
		"another page":        {"support.example.com", "evil.example", 403},
		"no page":             {"Origin: https://support.example.com\r\n", "", 403},
		"no subprotocol":      {"Sec-WebSocket-Protocol: xmpp, sip\r\n", "", 400},
		"another subprotocol": {"xmpp, sip", "xmpp", 400},
		"plain HTTP":          {"Upgrade: websocket\r\n", "", 400},
		"an old version":      {"Version: 13", "Version: 8", 426},
		"POST":                {"GET", "POST", 405},
		"too large":           {"Host:", strings.Repeat("X: y\r\n", 2000) + "Host:", 0},
		"an endless line":     {"Host:", "X: " + strings.Repeat("y", 10000) + "\r\nHost:", 0},
	} {
		t.Run(name, func(t *testing.T) {
			log := &eventLog{}
			ua := overTCP(t, rings, overWS, func(c *Config) {
				c.Listen[0].Origins, c.Observe = []string{"https://support.example.com"}, log.observe
			})
			s := connectTo(t, ua)
			_, _ = io.WriteString(s.Conn, strings.Replace(upgradeRequest, tt.from, tt.to, 1))
			if tt.want == 0 {
				s.closed()
			} else if res, err := http.ReadResponse(s.r, nil); err != nil || res.StatusCode != tt.want {
				t.Fatalf("got %v, %v; want %d", res, err, tt.want)
			} else {
				res.Body.Close()
			}
			if tt.want != 101 {
				log.wait(t, Refused, "websocket")
				waitFor(t, func() bool { return ua.open() == 0 })
			}
		})
	}
}

// B7: sipgo waits for each upgrade in turn, and without end.
func TestSilentUpgradeHoldsNobodyUp(t *testing.T) {
	ua := overTCP(t, rings, overWS, func(c *Config) { c.Limits.FirstMessage = 300 * time.Millisecond })
	silent := connectTo(t, ua)
	silent.send("GET / HTTP/1.1\r\n")
	idle := connectTo(t, ua).upgraded()
	w := connectTo(t, ua).upgraded()
	w.frame(ws.OpText, true, browser(invite().with("OPTIONS", 1)))
	w.hears("SIP/2.0 200")
	silent.closed()
	idle.parts(ws.StatusGoingAway)
}

func TestClosingTellsWebSockets_RFC6455_7_4_1(t *testing.T) {
	ua := overTCP(t, rings, overWS)
	w := connectTo(t, ua).upgraded()
	w.frame(ws.OpText, true, browser(invite().with("OPTIONS", 1)))
	w.hears("SIP/2.0 200")
	ua.Close()
	w.parts(ws.StatusGoingAway)
}

// FuzzWebSocket: whatever a client sends, the reader ends, within its bounds.
func FuzzWebSocket(f *testing.F) {
	var b bytes.Buffer
	for _, frame := range []ws.Frame{
		ws.NewFrame(ws.OpPing, true, []byte("x")), ws.NewFrame(ws.OpText, false, []byte("OPTIONS ")), ws.NewFrame(ws.OpContinuation, true, []byte("sip:x")),
		ws.NewFrame(ws.OpBinary, true, []byte("\r\n\r\n")), ws.NewFrame(ws.OpClose, true, []byte{3, 232}),
	} {
		_ = ws.WriteFrame(&b, ws.MaskFrame(frame))
	}
	f.Add(b.Bytes())
	f.Add([]byte(upgradeRequest))
	u := &UserAgent{config: Config{Limits: Limits{}.withDefaults()}, told: newBucket(1, 1)}
	u.config.Observe = func(Event) {}
	u.ctx, u.stop = context.WithCancel(context.Background())
	f.Fuzz(func(t *testing.T, p []byte) {
		conn := &canned{Reader: bytes.NewReader(p)}
		c := &connection{ua: u, conn: conn, over: "ws", listener: &streamListener{ua: u}, r: bufio.NewReader(conn), trunk: &trunk{}, framing: &webSocket{}}
		_ = c.upgrade()
		c.r = bufio.NewReader(&canned{Reader: bytes.NewReader(p)})
		for {
			m, err := (&webSocket{}).read(c, time.Time{})
			if err != nil {
				break
			}
			if len(m) == 0 || len(m) > maxMessage {
				t.Fatalf("a message of %d bytes", len(m))
			}
		}
	})
}

// A canned connection has been written to, and takes everything.
type canned struct {
	net.Conn
	io.Reader
}

func (c *canned) Read(p []byte) (int, error)       { return c.Reader.Read(p) }
func (c *canned) Write(p []byte) (int, error)      { return len(p), nil }
func (c *canned) Close() error                     { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
func (c *canned) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(gateway))
}
