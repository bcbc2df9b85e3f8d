package sip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*msg)
		want   string // start of the status line
		header string // one that the answer must have, "Name: value"
		rule   string
	}{
		"505 for another version (RFC 3261 7.1, RFC 4475 3.1.2.16)": {func(m *msg) { m.version = "SIP/7.0" }, "SIP/2.0 505", "", "version"},
		"400 for a CSeq of another method (RFC 4475 3.1.2.17)": {
			func(m *msg) { *m = raw(m, "CSeq: 1 INVITE", "CSeq: 1 OPTIONS") }, "SIP/2.0 400", "", "malformed",
		},
		"400 for two From (RFC 4475 3.3.9)":           {func(m *msg) { m.headers = "From: <sip:a@b>;tag=2\r\n" }, "SIP/2.0 400", "", "malformed"},
		"400 for two Content-Length (RFC 4475 3.3.9)": {func(m *msg) { m.headers = "Content-Length: 8\r\n" }, "SIP/2.0 400", "", "malformed"},
		"400 without Call-ID (RFC 4475 3.3.1)":        {func(m *msg) { *m = raw(m, "Call-ID: call-1\r\n", "X-Call-ID: y\r\n") }, "SIP/2.0 400", "", "malformed"},
		"400 for a body that is cut off (RFC 3261 18.3)": {
			func(m *msg) { *m = raw(m, "Content-Length: 8", "Content-Length: 9999") }, "SIP/2.0 400", "", "malformed",
		},
		"400 for a negative Content-Length (RFC 4475 3.1.2.3)": {
			func(m *msg) { *m = raw(m, "Content-Length: 8", "Content-Length: -999") }, "SIP/2.0 400", "", "malformed",
		},
		"400 for a CSeq out of range (RFC 4475 3.1.2.4)": {
			func(m *msg) { *m = raw(m, "CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE") }, "SIP/2.0 400", "", "malformed",
		},
		"400 for a header without colon":         {func(m *msg) { m.headers = "this is no header\r\n" }, "SIP/2.0 400", "", "malformed"},
		"400 without Contact (RFC 3261 8.1.1.8)": {func(m *msg) { m.contact = "" }, "SIP/2.0 400", "", "malformed"},
		"405 for a method not done here (RFC 3261 8.2.1)": {
			func(m *msg) { m.method = "SUBSCRIBE" }, "SIP/2.0 405", "Allow: " + allow, "method",
		},
		"405 for REGISTER":                           {func(m *msg) { m.method = "REGISTER" }, "SIP/2.0 405", "Allow: " + allow, "method"},
		"501 for an unknown method (RFC 3261 8.2.1)": {func(m *msg) { m.method = "NEWMETHOD" }, "SIP/2.0 501", "Allow: " + allow, "method"},
		"416 for an unknown scheme (RFC 4475 3.3.3)": {func(m *msg) { m.uri = "nobodyKnows:totallyopaque" }, "SIP/2.0 416", "", "uri-scheme"},
		"420 for an unknown extension (RFC 3261 8.2.2.3)": {
			func(m *msg) { m.headers = "Require: foo, bar\r\nrequire: baz\r\n" }, "SIP/2.0 420", "Unsupported: foo, bar, baz", "require",
		},
		"483 without hops (RFC 3261 16.3)": {func(m *msg) { *m = raw(m, "Max-Forwards: 70", "Max-Forwards: 0") }, "SIP/2.0 483", "", "max-forwards"},
		"415 for another body (RFC 3261 8.2.3)": {
			func(m *msg) { m.kind = "application/unknown" }, "SIP/2.0 415", "Accept: application/sdp", "body-type",
		},
		"415 for an encoded body (RFC 3261 20.12)": {
			func(m *msg) { m.headers = "Content-Encoding: gzip\r\n" }, "SIP/2.0 415", "Accept-Encoding: identity", "body-encoding",
		},
		"an optional body is ignored (RFC 3261 20.11)": {
			func(m *msg) {
				m.kind, m.headers = "application/unknown", "Content-Disposition: x; handling=optional\r\n"
			}, "SIP/2.0 180", "", "",
		},
		"406 when no answer would be taken (RFC 4475 3.3.15)": {
			func(m *msg) { m.headers = "Accept: text/nobodyKnowsThis\r\n" }, "SIP/2.0 406", "Accept: application/sdp", "accept",
		},
		"404 for an unknown number (RFC 3261 21.4.5)": {func(m *msg) { m.uri, m.to = "sip:+18005550000@x", "<sip:+18005550000@x>" }, "SIP/2.0 404", "", "unknown-number"},
		"404 for no number":                           {func(m *msg) { m.uri, m.to = "sip:bob@x", "<sip:bob@x>" }, "SIP/2.0 404", "", "unknown-number"},
		"RFC 2543: no branch, no From tag":            {func(m *msg) { m.branch, m.from = "1", "<sip:a@b>" }, "SIP/2.0 180", "", ""},
		"compact and folded headers (RFC 3261 7.3)": {
			func(m *msg) { *m = raw(m, "Call-ID: call-1\r\n", "i:\r\n  call-1\r\n") }, "SIP/2.0 180", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				tt.change(&m)
				p.send(m)
				res := p.expect(tt.want)
				if name, value, ok := strings.Cut(tt.header, ": "); ok && field(res, name) != value {
					t.Errorf("%s: %q, want %q", name, field(res, name), value)
				}
				if n := strings.Count(res, "\r\nContent-Length: 0\r\n"); n != 1 {
					t.Errorf("%d headers Content-Length: 0", n)
				}
				synctest.Wait()
				if got := r.rules(); got != tt.rule {
					t.Errorf("refusals %q, want %q", got, tt.rule)
				}
				p.skip()
			})
		})
	}
}

// raw is a request in which a piece of text was replaced.
func raw(m *msg, old, new string) msg {
	text := m.String()
	if !strings.Contains(text, old) {
		panic(fmt.Sprintf("%q is not in the request", old))
	}
	return msg{method: strings.Replace(text, old, new, 1), version: "raw"}
}

func TestOptions_RFC3261_11_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite().with("OPTIONS", 1)
		m.uri = "sip:192.0.2.1"
		p.send(m)
		res := p.expect("SIP/2.0 200")
		for name, want := range map[string]string{"Allow": allow, "Accept": "application/sdp"} {
			if got := field(res, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if !strings.Contains(res, "\r\nSupported: ") {
			t.Error("no Supported")
		}
		last := raw(&m, "Max-Forwards: 70", "Max-Forwards: 0")
		last.method = strings.Replace(last.method, "z9hG4bK-", "z9hG4bK-x", 1)
		last.method = strings.Replace(last.method, "call-1", "call-2", 1)
		p.send(last) // answered by who is reached with the last hop
		p.expect("SIP/2.0 200")
	})
}

func TestMergedRequestIs482_RFC3261_8_2_2_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		p.expect("SIP/2.0 180")
		copy := invite()
		copy.branch = "z9hG4bK-other-way"
		p.send(copy)
		p.send(copy.ack(p.expect("SIP/2.0 482")))
		p.quiet(time.Minute)
		if got := r.rules(); got != "merged" {
			t.Errorf("refusals %q", got)
		}
	})
}

func TestInfoIsHeardInOrder_RFC6086_4_2(t *testing.T) {
	var heard []string
	n := &negotiator{}
	inBubble(t, func(ctx context.Context, c *Call) {
		c.OnInfo(func(kind string, body []byte) bool {
			heard = append(heard, kind+" "+string(body))
			time.Sleep(50 * time.Millisecond)
			return kind == "application/dtmf-relay"
		})
		answers(n)(ctx, c)
	}, func(r *rig) {
		p := r.peer(carrier)
		ok := p.establish(invite())
		for i := range 5 {
			m := invite().inside("INFO", 2+i, ok)
			m.kind, m.body = "application/dtmf-relay", fmt.Sprint("Signal=", i)
			p.send(m)
		}
		for i := range 5 {
			if got := field(p.expect("SIP/2.0 200"), "CSeq"); got != fmt.Sprintf("%d INFO", 2+i) {
				t.Errorf("CSeq %s", got)
			}
		}
		late := invite().inside("INFO", 3, ok) // swapped by the network: not heard again
		late.branch, late.kind, late.body = "z9hG4bK-late", "application/dtmf-relay", "Signal=9"
		p.send(late)
		p.expect("SIP/2.0 500")
		other := invite().inside("INFO", 20, ok)
		other.kind, other.body = "text/plain; charset=utf-8", "hello"
		p.send(other)
		if got := field(p.expect("SIP/2.0 415"), "Accept"); got != acceptInfo {
			t.Errorf("Accept %q", got)
		}
		p.send(invite().inside("INFO", 21, ok)) // no body: a keep-alive
		p.expect("SIP/2.0 200")
		want := "application/dtmf-relay Signal=0|application/dtmf-relay Signal=1|application/dtmf-relay Signal=2|application/dtmf-relay Signal=3|application/dtmf-relay Signal=4|text/plain hello"
		if got := strings.Join(heard, "|"); got != want {
			t.Errorf("heard %s\nwant  %s", got, want)
		}
	})
}
