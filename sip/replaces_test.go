package sip

import (
	"net/url"
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// FuzzReplaces checks that a Refer-To brings the dialog over as it is, and nothing else, whatever the peer chose as
// its tag.
func FuzzReplaces(f *testing.F) {
	f.Add("a84b4c76e66710@192.0.2.1", "1;x=<y>", "%41&Require=none")
	f.Add("call id\r\nX: y", `"`, "=")
	f.Fuzz(func(t *testing.T, callID, theirs, ours string) {
		if strings.ContainsRune(theirs+ours, ';') {
			return // the parser of the header ends a tag there
		}
		d := dialog{
			callID: callID, target: sipgo.Uri{Scheme: "sip", User: "agent", Host: "198.51.100.7"},
			local:  party{params: sipgo.HeaderParams{{K: "tag", V: ours}}},
			remote: party{params: sipgo.HeaderParams{{K: "tag", V: theirs}}},
		}
		value := d.referTo()
		head, escaped, found := strings.Cut(value, "?Replaces=")
		if !found || head != "<sip:agent@198.51.100.7" || !strings.HasSuffix(escaped, ">") || strings.ContainsAny(escaped, "&;=<\r\n \",") {
			t.Fatalf("Refer-To: %q", value)
		}
		got, err := url.PathUnescape(strings.TrimSuffix(escaped, ">"))
		if want := callID + ";to-tag=" + theirs + ";from-tag=" + ours; err != nil || got != want {
			t.Errorf("Replaces %q, %v, want %q", got, err, want)
		}
	})
}

func FuzzSipfrag(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nContact: <sip:x@y>\r\n"))
	f.Add([]byte("\r\nSIP/2.0 486"))
	f.Add([]byte("INVITE sip:x@y SIP/2.0"))
	f.Fuzz(func(t *testing.T, body []byte) {
		status, reason, ok := parseSipfrag(body)
		if !ok {
			if status != 0 || reason != "" {
				t.Errorf("%q gives %d %q, and is none", body, status, reason)
			}
			return
		}
		if status < 100 || status > 699 || len(reason) > reasonTextMax || strings.ContainsAny(reason, "\r\n\x00") {
			t.Errorf("%q gives %d %q", body, status, reason)
		}
	})
}

func TestSipfrag_RFC3420_2(t *testing.T) {
	for body, want := range map[string]int{
		"SIP/2.0 200 OK": 200, "SIP/2.0 486 Busy Here\r\nTo: <sip:x@y>\r\n\r\n": 486, "SIP/2.0 100\n": 100, "\r\nSIP/2.0 603 Decline": 603,
		"SIP/2.0 20 OK": 0, "SIP/2.0 999 Beyond": 0, "SIP/2.0 -20 OK": 0, "HTTP/1.1 200 OK": 0, "": 0, "To: <sip:x@y>": 0,
		"SIP/2.0 200 " + strings.Repeat("x", sipfragMax): 0,
	} {
		if got, _, ok := parseSipfrag([]byte(body)); got != want || ok != (want > 0) {
			t.Errorf("%.40q: %d, want %d", body, got, want)
		}
	}
}
