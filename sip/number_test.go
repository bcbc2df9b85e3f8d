package sip

import (
	"fmt"
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// requestOf reads a request that is sound.
func requestOf(t testing.TB, text string) *sipgo.Request {
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
		// what is dialled after the answer (RFC 4967 section 2)
		{"sip:+18887999666,,2@h;user=phone", "US", "+18887999666", "2"},
		{"sip:18887999666,2@h;user=dialstring", "US", "+18887999666", "2"},
		{"sip:+18887999666p2@h", "US", "+18887999666", "2"},
		{"sip:08003687314w1p23@h", "GB", "+448003687314", "123"},
		{"tel:+18887999666,,2", "US", "+18887999666", "2"},
		{"sip:+18887999666%2C%2C2@h", "US", "+18887999666", "2"},
		{"sip:+18887999666,7;ext=2@h", "US", "+18887999666", "2"},
		{"sip:+18887999666,@h", "US", "+18887999666", ""},
		{"sip:p2@h", "US", "", ""},
		{"sip:,,2@h", "US", "", ""},
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
		// what only a later reading makes a number
		{"sip:+4402038905445@h", "US", "+442038905445", ""}, // a trunk prefix left in
		{"sip:00442038905445@h", "AU", "+442038905445", ""},
		{"sip:0061 1800 768 027@h", "GB", "+611800768027", ""},
		{"sip:010442038905445@h", "JP", "+442038905445", ""},
		{"sip:810442038905445@h", "RU", "+442038905445", ""},
		{"sip:33123456789@h", "FR", "+33123456789", ""},
		{"sip:0123456789@h", "FR", "+33123456789", ""},
		{"sip:1300362111@h", "AU", "+611300362111", ""},
		{"sip:+61281234567@h", "", "+61281234567", ""},
		{"sip:18887999666@h", "", "+18887999666", ""},
		// upper case, IPv6, ports, passwords, other parameters
		{"SIP:+18887999666@[2001:db8::1]:5060", "US", "+18887999666", ""},
		{"TEL:+18887999666", "US", "+18887999666", ""},
		{"sip:+18887999666:secret@h", "US", "+18887999666", ""},
		{"sip:+18887999666@h;user=phone;transport=tcp?Subject=x", "US", "+18887999666", ""},
		{"tel:+18887999666?Reason=SIP%3Bcause%3D302", "US", "+18887999666", ""},
		{"sip:8887999666;tgrp=in;trunk-context=example.com@h", "US", "+18887999666", ""}, // RFC 4904
		{"sip:+18887999666;verstat=TN-Validation-Passed-A@h", "US", "+18887999666", ""},
		{"sip:+18887999666;oli=0;cpc=ordinary@h", "US", "+18887999666", ""},
		{"tel:+18887999666;enumdi", "US", "+18887999666", ""}, // RFC 4759
		{"tel:+18887999666;isub=1;ext=2;postd=3", "US", "+18887999666", "2"},
		{"tel:+18887999666;postd=w2%23", "US", "+18887999666", "2"},
		// the number that was dialled counts, not the one that routing has made of it (RFC 4694)
		{"tel:+18887999666;npdi;rn=+1-650-397-6096", "US", "+18887999666", ""},
		{"sip:+18887999666;rn=6503976096;rn-context=+1;npdi=yes@h", "US", "+18887999666", ""},
		{"tel:7999666;phone-context=+1888;ext=2", "GB", "+18887999666", "2"},
		// a prefix asks the network for something: what follows is not dialled
		{"sip:*678887999666@h", "US", "", ""},
		{"sip:*67*8887999666@h", "US", "", ""},
		{"sip:#31#02038905445@h", "GB", "", ""},
		{"tel:*31*02038905445;phone-context=+44", "GB", "", ""},
		// not numbers
		{"sip:+1888+7999666@h", "US", "", ""},
		{"sip:١٨٨٨@h", "US", "", ""},
		{"sip:+18887999666x2@h", "US", "", ""},
		{"sip:anonymous@anonymous.invalid", "US", "", ""},
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
		m.uri, m.callID, m.branch = "sip:+18005550000@192.0.2.1", "2", "z9hG4bK-2" // the pilot number of the trunk
		p.send(m)
		p.expect("SIP/2.0 180")
		m.to, m.callID, m.branch = "<sip:+18005550000@192.0.2.1>", "4", "z9hG4bK-4" // a number, but not ours
		p.send(m)
		p.expect("SIP/2.0 404")
		m.to = invite().to
		m.uri, m.callID, m.branch = "tel:+1-888-799-9666;ext=2", "3", "z9hG4bK-3"
		p.send(m)
		p.expect("SIP/2.0 180")
	})
}
