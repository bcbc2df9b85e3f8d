package sip

import (
	"fmt"
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// requestOf reads a request that is sound.
func requestOf(t *testing.T, text string) *sipgo.Request {
	t.Helper()
	h, body, _ := readHead([]byte(text))
	m, v := h.read(body)
	if v != nil {
		t.Fatal(v.text)
	}
	return m.(*sipgo.Request)
}

func TestParseNumber(t *testing.T) {
	for _, tt := range []struct {
		uri, region, e164, extension string
	}{
		// E.164, with and without its plus
		{"sip:+18887999666@h", "US", "+18887999666", ""},
		{"sip:18887999666@h", "US", "+18887999666", ""},
		{"sip:8887999666@h", "US", "+18887999666", ""},
		{"sips:+16503976096@h;user=phone", "GB", "+16503976096", ""},
		{"sip:442038905445@h", "US", "+442038905445", ""},
		{"sip:611800768027@h", "AU", "+611800768027", ""},
		{"sip:611800768027@h", "US", "+611800768027", ""},
		{"tel:+61-1800-768-027", "US", "+611800768027", ""},
		// international prefixes
		{"sip:0018887999666@h", "GB", "+18887999666", ""},
		{"sip:0018887999666@h", "US", "+18887999666", ""},
		{"sip:01144800 3687314@h", "US", "+448003687314", ""},
		{"sip:001118887999666@h", "AU", "+18887999666", ""},
		// national
		{"sip:08003687314@h", "GB", "+448003687314", ""},
		{"sip:02038905445@h", "GB", "+442038905445", ""},
		{"sip:1800768027@h", "AU", "+611800768027", ""},
		{"sip:0412345678@h", "AU", "+61412345678", ""},
		// separators and escapes
		{"sip:+1(888)799-9666@h", "US", "+18887999666", ""},
		{"sip:%2B1%20888.799.9666@h", "US", "+18887999666", ""},
		{"tel:+1-(888)-799.9666", "US", "+18887999666", ""},
		// extensions
		{"sip:+18887999666;ext=2@h", "US", "+18887999666", "2"},
		{"tel:+18887999666;ext=2", "US", "+18887999666", "2"},
		{"tel:+18887999666;EXT=0-42", "US", "+18887999666", "042"},
		{"sip:+18887999666;postd=pp2@h", "US", "+18887999666", "2"},
		{"sip:+18887999666%3Bext%3D2@h", "US", "+18887999666", "2"},
		{"sip:+18887999666@h;ext=2", "US", "+18887999666", "2"},
		// number portability, routing and other parameters change nothing
		{"sip:+18887999666;npdi@h", "US", "+18887999666", ""},
		{"sip:+18887999666;npdi;rn=+16505550000@h;user=phone", "US", "+18887999666", ""},
		{"tel:+18887999666;isub=12;cic=+10288", "US", "+18887999666", ""},
		// phone-context (RFC 3966 section 5.1.5)
		{"tel:7999666;phone-context=+1888", "GB", "+18887999666", ""},
		{"tel:8887999666;phone-context=+1", "GB", "+18887999666", ""},
		{"tel:08003687314;phone-context=example.com", "GB", "+448003687314", ""},
		{"sip:7999666;phone-context=+1-888@h", "US", "+18887999666", ""},
		// not numbers
		{"sip:bob@h", "US", "", ""},
		{"sip:h", "US", "", ""},
		{"sip:+@h", "US", "", ""},
		{"sip:+1888799966600000000@h", "US", "", ""},
		{"sip:12@h", "US", "", ""},
		{"sip:*98@h", "US", "", ""},
		{"sip:1+8887999666@h", "US", "", ""},
		{"tel:", "US", "", ""},
		{"mailto:18887999666", "US", "", ""},
		{"sip:" + strings.Repeat("1", 1000) + "@h", "US", "", ""},
		{"sip:%zz@h", "US", "", ""},
		{"", "US", "", ""},
	} {
		got, ok := ParseNumber(tt.uri, tt.region)
		if want := (Number{tt.e164, tt.extension}); got != want || ok != (tt.e164 != "") {
			t.Errorf("ParseNumber(%q, %s) = %v, %v; want %v", tt.uri, tt.region, got, ok, want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"sip:+18887999666;ext=2@h", "tel:7999666;phone-context=+1888", "sip:%2B1%20888.799.9666@h;user=phone", "tel:;;;=", "sip:0000@h"} {
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, uri, region string) {
		n, ok := ParseNumber(uri, region)
		if !ok {
			if n != (Number{}) {
				t.Errorf("%q is no number but gives %v", uri, n)
			}
			return
		}
		if n.E164[0] != '+' || len(n.E164) > 18 || strings.Trim(n.E164[1:], "0123456789") != "" || strings.Trim(n.Extension, "0123456789") != "" {
			t.Errorf("%q gives %v", uri, n)
		}
		if again, ok := ParseNumber("tel:"+n.E164, region); !ok || again.E164 != n.E164 {
			t.Errorf("%q gives %s, which gives %v", uri, n.E164, again)
		}
	})
}

func ExampleParseNumber() {
	for _, uri := range []string{"sip:8887999666@gw.example.com;user=phone", "tel:+1-888-799-9666;ext=2", "sip:0018887999666@gw", "sip:bob@gw"} {
		n, ok := ParseNumber(uri, "US")
		fmt.Println(n.E164, n.Extension, ok)
	}
	// Output:
	// +18887999666  true
	// +18887999666 2 true
	// +18887999666  true
	//   false
}

func TestCalledNumberOfTheToHeader(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.uri = "sip:gateway@192.0.2.1"
		p.send(m)
		p.expect("SIP/2.0 180")
		m.uri, m.callID, m.branch = "sip:+18005550000@192.0.2.1", "2", "z9hG4bK-2" // a number, but not ours
		p.send(m)
		p.expect("SIP/2.0 404")
		m.uri, m.callID, m.branch = "tel:+1-888-799-9666;ext=2", "3", "z9hG4bK-3"
		p.send(m)
		p.expect("SIP/2.0 180")
	})
}

// B20: a tel URI has neither User nor Host; P-Asserted-Identity is our own work.
func TestCaller_RFC3325_9_1_RFC3323_4_2(t *testing.T) {
	for name, tt := range map[string]struct {
		from, headers string
		trust         bool
		want          string
		vouched       bool
	}{
		"From of an untrusted trunk":         {"<sip:+14155550100@h>;tag=1", "", false, "+14155550100", false},
		"From of a trusted trunk":            {"<sip:4155550100@h>;tag=1", "", true, "+14155550100", true},
		"identity of a trusted trunk":        {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: \"A, B\" <sip:+14155550123@h>\r\n", true, "+14155550123", true},
		"identity of an untrusted trunk":     {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: <sip:+14155550123@h>\r\n", false, "+14155550100", false},
		"identity by tel after one by name":  {"<sip:x@h>;tag=1", "P-Asserted-Identity: <sip:ann@h>, <tel:+1-415-555-0123>\r\n", true, "+14155550123", true},
		"no number at all":                   {"<sip:ann@h>;tag=1", "", true, "", false},
		"a tel URI":                          {"<tel:+1-415-555-0100>;tag=1", "", true, "+14155550100", true},
		"anonymous (RFC 3261 8.1.1.3)":       {"\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "", true, "", false},
		"anonymous with an identity":         {"<sip:anonymous@anonymous.invalid>;tag=1", "P-Asserted-Identity: <tel:+14155550123>\r\n", true, "", false},
		"privacy by id (RFC 3325 9.3)":       {"<sip:+14155550100@h>;tag=1", "Privacy: id;critical\r\n", true, "", false},
		"privacy that asks for none":         {"<sip:+14155550100@h>;tag=1", "Privacy: none\r\n", true, "+14155550100", true},
		"identity that cannot be understood": {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: <<<\r\n", true, "+14155550100", true},
	} {
		t.Run(name, func(t *testing.T) {
			m := invite()
			m.from, m.headers = tt.from, tt.headers
			got, vouched := caller(requestOf(t, m.String()), &Trunk{Country: "US", TrustCaller: tt.trust})
			if got != tt.want || vouched != tt.vouched {
				t.Errorf("caller %q, vouched %v; want %q, %v", got, vouched, tt.want, tt.vouched)
			}
		})
	}
}
