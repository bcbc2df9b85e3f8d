package sip

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"readback/testdata/memnet"
)

// A scribe is a wire that keeps what is sent.
type scribe struct {
	mu   sync.Mutex
	sent []string
	ok   chan string // the first 200
}

func (*scribe) network() string       { return "udp" }
func (*scribe) local() netip.AddrPort { return netip.MustParseAddrPort(gateway) }

func (s *scribe) send(p parcel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, string(p.bytes))
	if strings.HasPrefix(string(p.bytes), "SIP/2.0 200") {
		select {
		case s.ok <- string(p.bytes):
		default:
		}
	}
	return nil
}

// FuzzReceive: whatever a trunk sends, outside a call and inside one, nothing panics, and what we send is a sound
// message. THETAG in the input is the tag of our end of a call.
func FuzzReceive(f *testing.F) {
	ok := "SIP/2.0 200 OK\r\nTo: <sip:a@b>;tag=THETAG\r\n\r\n"
	other := invite()
	other.callID, other.branch = "call-2", "z9hG4bK-2"
	for _, m := range []msg{
		other, other.cancel(), invite().with("OPTIONS", 1), invite().inside("BYE", 2, ok), invite().inside("INFO", 2, ok),
		invite().inside("INVITE", 2, ok), invite().inside("UPDATE", 2, ok), invite().inside("REFER", 2, ok), invite().ack(ok), invite().with("ACK", 1),
	} {
		f.Add([]byte(m.String()))
	}
	f.Add([]byte(ok))
	f.Add([]byte("UPDATE sip:0 SIP/2.0\r\nV://0 0\r\nF::00;tAg=abc\r\nT::00;tAg=THETAG\r\nCAll-ID:call-1\r\nCSeq:2 UPDATE\r\nContACt:AA:\r\n\r\n"))
	f.Add([]byte("INVITE sip:9966\xd56@1 SIP/2.0\r\nVia://P 7;\r\ns:\r\nFrom:sip:+14155550100@\r\nT:sip:+18887999669@\r\nCall-ID:s\r\nCSeq:1 INVITE\r\nContact:sip:>\r\n\r\n"))
	f.Add([]byte("INVITE x SIP/2.0\r\nv: SIP/2.0/UDP [::1];branch=\r\nf:\r\nt:\r\ni:\r\ncseq:\r\n\r\n"))
	paths, _ := filepath.Glob("../testdata/sip/*/*.sip")
	for _, path := range paths {
		f.Add(readTorment(f, path).message)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var mu sync.Mutex
		panicked := ""
		conn, err := memnet.New().Listen(gateway)
		if err != nil {
			t.Fatal(err)
		}
		ua, err := New(Config{
			Listen: []Listen{{Network: "udp", PacketConn: conn}},
			Trunks: []Trunk{{Name: "carrier", Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Country: "US"}},
			Observe: func(e Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == Panicked {
					panicked = e.Text
				}
			},
		}, HandlerFunc(answers(&negotiator{})))
		if err != nil {
			t.Fatal(err)
		}
		wire := &scribe{ok: make(chan string, 1)}
		at := netip.MustParseAddrPort(carrier)
		known := ua.door.trunk(at.Addr())
		receive := func(p []byte) { ua.receive(p, &flow{ua: ua, wire: wire, peer: at, source: at, trunk: known}) }
		receive([]byte(invite().String()))
		select {
		case res := <-wire.ok:
			receive(bytes.ReplaceAll(p, []byte("THETAG"), []byte(toTag(res))))
		case <-time.After(10 * time.Second):
			t.Error("the call was not answered")
		}
		ua.Close()
		mu.Lock()
		defer mu.Unlock()
		if panicked != "" {
			t.Error(panicked)
		}
		for _, m := range wire.sent {
			if why := unsound(m); why != "" {
				t.Errorf("%s: %q", why, m)
			}
		}
	})
}

// unsound says what is wrong with a message of ours. A refusal of what cannot be read repeats what it was given.
func unsound(m string) string {
	h, body, fault := readHead([]byte(m))
	if fault != "" || h.value("Via") == "" {
		return "head: " + fault
	}
	if strings.HasPrefix(m, "SIP/") && h.value("Server") == "" {
		return ""
	}
	parsed, v := h.message(body)
	switch {
	case v != nil:
		return v.text
	case parsed.ContentLength() == nil || len(body) != int(*parsed.ContentLength()):
		return "Content-Length"
	}
	return ""
}
