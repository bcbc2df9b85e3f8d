package resolve

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestParseNAPTR_RFC3403_4_1(t *testing.T) {
	good := naptrRecord(10, 20, "s", "SIP+D2U", "", "_sip._UDP.example.com").(*dnsmessage.UnknownResource).Data
	if got, ok := parseNAPTR(good); !ok || got != (naptr{10, 20, "s", "SIP+D2U", "", "_sip._udp.example.com"}) {
		t.Errorf("read %+v, %v", got, ok)
	}
	for i := range good {
		if got, ok := parseNAPTR(good[:i]); ok {
			t.Errorf("cut at %d it is read as %+v", i, got)
		}
	}
	for name, data := range map[string][]byte{"more behind it": append(good[:len(good):len(good)], 0), "a compressed name": append(good[:len(good)-1:len(good)-1], 0xc0, 0x0c)} {
		if got, ok := parseNAPTR(data); ok {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

func TestTimeToLive_RFC2181_8(t *testing.T) {
	for ttl, want := range map[uint32]time.Duration{0: minTTL, 1: time.Second, 60: time.Minute, 1 << 30: maxTTL, 1 << 31: minTTL} {
		if got := ttlOf(dnsmessage.ResourceHeader{TTL: ttl}); got != want {
			t.Errorf("%d is %v, want %v", ttl, got, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	n := &nameServer{zone: theZone()}
	kinds := []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeSRV, typeNAPTR}
	for name := range n.zone {
		for i, kind := range kinds {
			q := dnsmessage.Question{Name: dnsmessage.MustNewName(name + "."), Type: kind, Class: dnsmessage.ClassINET}
			f.Add(packed(n.reply(&dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{q}})), name, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, name string, kind uint8) {
		if !isName(name) {
			return
		}
		q := dnsmessage.Question{Name: dnsmessage.MustNewName(name + "."), Type: kinds[int(kind)%len(kinds)], Class: dnsmessage.ClassINET}
		a, err := parseAnswer(msg, 7, q)
		if err != nil {
			if !a.empty() || a.alias != "" {
				t.Errorf("an answer with %v", err)
			}
			return
		}
		if a.ttl < minTTL || a.ttl > maxTTL || a.alias != "" && (!a.empty() || !isName(a.alias)) || len(a.addrs)+len(a.srv)+len(a.naptr) > maxRecords {
			t.Errorf("%+v", a)
		}
		for _, s := range srvOrder(a.srv, func(n int) int { return n - 1 }) {
			if s.target != "" && !isName(s.target) {
				t.Errorf("a target %q", s.target)
			}
		}
		for _, n := range naptrOrder(a.naptr) {
			if n.network() != "" && !isName(n.replacement) {
				t.Errorf("a replacement %q", n.replacement)
			}
		}
	})
}

func TestMessagesThatAreNone(t *testing.T) {
	q := dnsmessage.Question{Name: dnsmessage.MustNewName("h."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	for _, msg := range [][]byte{nil, {0}, make([]byte, 12), make([]byte, 600)} {
		if _, err := parseAnswer(msg, 0, q); !errors.Is(err, errForeign) {
			t.Errorf("%x: %v", msg, err)
		}
	}
}
