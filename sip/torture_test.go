package sip

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/testdata/memnet"
)

// IPv6 addresses of the gateway, of a carrier, and of a stranger.
const (
	gateway6  = "[2001:db8::10]:5060"
	carrier6  = "[2001:db8::9:1]:5060"
	stranger6 = "[2001:db8:ffff::1]:5060"
)

// A torment is a message of testdata/sip and what becomes of it; the README there has the format.
type torment struct {
	want, called string
	message      []byte
}

func readTorment(t testing.TB, path string) torment {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	about, message, _ := bytes.Cut(text, []byte("\n\n"))
	fields := map[string]string{}
	for line := range strings.SplitSeq(string(about), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		fields[name] = value
	}
	for _, name := range []string{"source", "about", "want", "why"} {
		if fields[name] == "" {
			t.Fatalf("%s: no %q", path, name)
		}
	}
	return torment{fields["want"], fields["called"], message}
}

// TestTorture sends each message of testdata/sip to the gateway: as a trunk, as a stranger, and those with "called"
// once more, to a number that is served.
func TestTorture(t *testing.T) {
	paths, err := filepath.Glob("../testdata/sip/*/*.sip")
	if err != nil || len(paths) < 50+12+50 {
		t.Fatalf("%d messages, %v", len(paths), err)
	}
	for _, path := range paths {
		torment := readTorment(t, path)
		six := filepath.Base(filepath.Dir(path)) == "rfc5118"
		t.Run(strings.TrimPrefix(path, "../testdata/sip/"), func(t *testing.T) {
			torture(t, torment.message, torment.want, six)
			ignored(t, torment.message, six)
			if torment.called != "" {
				torture(t, toServed(torment.message), torment.called, six)
			}
		})
	}
}

// TestTortureOverTCP sends the same by streams, where a message ends with its Content-Length (RFC 3261 section 18.3).
func TestTortureOverTCP(t *testing.T) {
	panics := make(chan string, 1000)
	ua := overTCP(t, func(_ context.Context, c *Call) { _ = c.Refuse(486, "") }, func(c *Config) {
		c.Observe = func(e Event) {
			if e.Kind == Panicked {
				panics <- e.Text
			}
		}
	})
	paths, _ := filepath.Glob("../testdata/sip/*/*.sip")
	answered := 0
	for _, path := range paths {
		conn := connectTo(t, ua).Conn.(*net.TCPConn)
		_, _ = conn.Write(readTorment(t, path).message) // the gateway may have closed it before the end
		_ = conn.CloseWrite()
		for answers, _ := io.ReadAll(conn); len(answers) > 0; answered++ {
			if answers = bytes.TrimLeft(answers, "\r\n"); len(answers) == 0 {
				break // pongs
			}
			frame, err := readFrame(bufio.NewReader(bytes.NewReader(answers)), maxMessage)
			if err != nil {
				t.Fatalf("%s: %v: %q", path, err, answers)
			}
			if why := unsound(string(frame)); why != "" {
				t.Errorf("%s: %s: %q", path, why, frame)
			}
			answers = answers[len(frame):]
		}
		_ = conn.Close()
	}
	if answered < len(paths)/2 {
		t.Errorf("%d answers to %d messages", answered, len(paths))
	}
	s := connectTo(t, ua)
	s.send(byTCP(invite().with("OPTIONS", 1)))
	s.expect("SIP/2.0 200")
	if len(panics) > 0 {
		t.Error(<-panics)
	}
	waitFor(t, func() bool {
		ua.mu.Lock()
		defer ua.mu.Unlock()
		return len(ua.all) == 0 && len(ua.dialogs) == 0 && len(ua.conns.all) == 1
	})
}

// toServed is a request to a number that is served.
func toServed(message []byte) []byte {
	return regexp.MustCompile(`^(\S+) \S+`).ReplaceAll(message, []byte("$1 sip:+18887999666@example.com"))
}

// torture sends a message as a trunk and wants "status rule", or "dropped", and no state that outlives the timers.
func torture(t *testing.T, message []byte, want string, six bool) {
	t.Helper()
	from := carrier
	if six {
		from = carrier6
	}
	inTappedBubble(t, six, func(w *tap) {
		t := w.t
		w.send(from, message)
		status, rule, _ := strings.Cut(want, " ")
		answers := w.answers()
		synctest.Wait()
		if got := w.rules(); got != rule {
			t.Errorf("refused by %q, want %q", got, rule)
		}
		w.explained(status)
		switch {
		case status == "dropped":
			if len(answers) > 0 {
				t.Errorf("got %q, want silence", answers)
			}
		case len(answers) != 1 || !strings.HasPrefix(answers[0], "SIP/2.0 "+status):
			t.Fatalf("got %q, want one %s", answers, status)
		default:
			repeats(t, answers[0], string(message))
		}
		if status == "180" {
			return // a call: the bubble ends with its goroutines
		}
		time.Sleep(time.Minute)
		w.empty()
	})
}

// ignored sends a message as a stranger and wants nothing to happen.
func ignored(t *testing.T, message []byte, six bool) {
	t.Helper()
	from := stranger
	if six {
		from = stranger6
	}
	inTappedBubble(t, six, func(w *tap) {
		t := w.t
		w.send(from, message)
		if got := w.answers(); len(got) > 0 {
			t.Errorf("a stranger got %q", got)
		}
		w.rig.mu.Lock()
		if len(w.events) > 0 {
			t.Errorf("a stranger caused %v", w.events)
		}
		w.rig.mu.Unlock()
		if got := w.ua.Strangers(); len(got) != 1 || got[0].Count != 1 {
			t.Errorf("strangers %v", got)
		}
		w.empty()
	})
}

// A tap hears everything that leaves the gateway, for whatever port.
type tap struct {
	*rig
	net  *memnet.Network
	mu   sync.Mutex
	sent []string
}

// inTappedBubble runs a test against a gateway whose network, IPv4 or IPv6, is tapped.
func inTappedBubble(t *testing.T, six bool, test func(w *tap)) {
	t.Helper()
	w := &tap{}
	inBubble(t, rings, func(r *rig) {
		w.rig = r
		if !six {
			w.net = r.net
		}
		w.net.SetFault(w.hear)
		test(w)
	}, func(c *Config) {
		w.net = memnet.New()
		conn, err := w.net.Listen(gateway6)
		if err != nil {
			panic(err)
		}
		c.Listen = append(c.Listen, Listen{Network: "udp", PacketConn: conn})
		c.Trunks[0].Networks = append(c.Trunks[0].Networks, netip.MustParsePrefix("2001:db8::/48"))
	})
}

func (w *tap) hear(from, _ netip.AddrPort, data []byte) bool {
	if at := from.String(); at == gateway || at == gateway6 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent = append(w.sent, string(data))
	}
	return false
}

// send sends a message to the gateway from an address of its network.
func (w *tap) send(from string, message []byte) {
	w.t.Helper()
	conn, err := w.net.Listen(from)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	to := gateway
	if w.net != w.rig.net {
		to = gateway6
	}
	if _, err := conn.WriteTo(message, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err != nil {
		w.t.Fatal(err)
	}
}

// answers are the different messages that were heard within a second, retransmissions left out.
func (w *tap) answers() []string {
	time.Sleep(time.Second)
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, m := range w.sent {
		if len(list) == 0 || list[len(list)-1] != m {
			list = append(list, m)
		}
	}
	return list
}

// explained checks that each refusal says why, and which status was sent.
func (r *rig) explained(status string) {
	r.t.Helper()
	sent, _ := strconv.Atoi(status) // 0 for "dropped"
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == Refused && (e.Text == "" || e.Line == "" && sent > 0 || e.Status != sent || e.Trunk != "carrier") {
			r.t.Errorf("refusal without reason, first line, status or trunk: %+v", e)
		}
		if e.Kind == Panicked {
			r.t.Error(e.Text)
		}
	}
}

// empty checks that the gateway remembers nothing.
func (r *rig) empty() {
	r.t.Helper()
	u := r.ua
	u.mu.Lock()
	defer u.mu.Unlock()
	for what, n := range map[string]int{
		"server transactions": len(u.servers) + len(u.completed), "merge keys": len(u.merges), "client transactions": len(u.clients),
		"dialogs": len(u.dialogs), "calls": len(u.all) + u.active, "parked CANCELs": len(u.parked),
	} {
		if n > 0 {
			r.t.Errorf("%d %s are left", n, what)
		}
	}
}

// repeats checks that an answer repeats what each answer must (RFC 3261 section 8.2.6.2), however it was written.
func repeats(t *testing.T, answer, request string) {
	t.Helper()
	if loose := regexp.MustCompile(`[^\r]\n`); loose.MatchString(request) || loose.MatchString(answer) {
		if loose.MatchString(answer) || strings.Contains(answer, "X-Evil") {
			t.Errorf("a line break of the request is in the answer: %q", answer)
		}
		return
	}
	for _, name := range []string{"From", "Call-ID", "CSeq", "To"} {
		got, want := written(answer, name), written(request, name)
		if name == "To" && !strings.Contains(want, "tag=") && strings.Contains(got, ";tag=") {
			got = got[:strings.LastIndex(got, ";tag=")]
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got, want := len(hops(answer)), len(hops(request)); got != want {
		t.Errorf("%d Vias, want %d", got, want)
	}
}

var compact = map[string]string{"From": "f", "To": "t", "Call-ID": "i", "CSeq": "cseq", "Via": "v"}

// fieldsOf are the values of a header field by its full or compact name, without any blanks.
func fieldsOf(m, name string) (values []string) {
	head, _, _ := strings.Cut(strings.TrimLeft(m, "\r\n"), "\r\n\r\n")
	head = regexp.MustCompile(`\r\n[ \t]+`).ReplaceAllString(head, " ")
	for line := range strings.SplitSeq(head, "\r\n") {
		n, value, ok := strings.Cut(line, ":")
		n = strings.TrimSpace(n)
		if ok && (strings.EqualFold(n, name) || strings.EqualFold(n, compact[name])) {
			values = append(values, strings.Join(strings.Fields(value), ""))
		}
	}
	return values
}

func written(m, name string) string {
	values := fieldsOf(m, name)
	if len(values) == 0 {
		return ""
	}
	if name == "CSeq" {
		return strings.TrimLeft(values[0], "0") // a number is the same with leading zeros
	}
	return values[0]
}

func hops(m string) []string {
	return strings.FieldsFunc(strings.Join(fieldsOf(m, "Via"), ","), func(r rune) bool { return r == ',' })
}

func TestTormentsNameTheirSource(t *testing.T) {
	for dir, want := range map[string]string{"rfc4475": "RFC 4475", "rfc5118": "RFC 5118", "own": "Readback"} {
		paths, _ := filepath.Glob(fmt.Sprintf("../testdata/sip/%s/*.sip", dir))
		for _, path := range paths {
			text, _ := os.ReadFile(path)
			if !bytes.HasPrefix(text, []byte("source: "+want)) {
				t.Errorf("%s does not begin with its source", path)
			}
		}
	}
}
