package sip

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// planted is a secret that is unlike everything else in these messages.
const planted = "Zq7Xw9Kv3Jm5Np8R"

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// inviteWith is an INVITE with one header line more, or several.
func inviteWith(lines string) string {
	m := invite()
	m.headers = crlf(lines) + "\r\n"
	return m.String()
}

// inviteSaying is an INVITE whose session description has one line more.
func inviteSaying(line string) string {
	m := invite()
	m.body = crlf("v=0\no=- 1 1 IN IP4 198.51.100.7\ns=-\nc=IN IP4 198.51.100.7\nt=0 0\nm=audio 4000 RTP/SAVP 0\n" + line + "\na=sendrecv\n")
	return m.String()
}

func requestWith(method, kind, body string) string {
	m := invite()
	m.method, m.kind, m.body = method, kind, body
	return m.String()
}

// secretMessages are all the places where a secret is known to travel; %s is the secret.
var secretMessages = map[string]string{
	"authorization":         inviteWith(`Authorization: Digest username="bob", realm="example.com", nonce="84a4cc6f", uri="sip:example.com", response="%s", cnonce="0a4f113b"`),
	"cnonce":                inviteWith(`Proxy-Authorization: Digest username="bob",realm="example.com",nonce="84a4",response="12",cnonce="%s"`),
	"in lower case":         inviteWith(`proxy-authorization: digest response=%s`),
	"in capitals":           inviteWith(`AUTHORIZATION:DIGEST RESPONSE="%s"`),
	"blanks":                inviteWith("Authorization \t :  Digest \t response \t= \t\"%s\""),
	"basic":                 inviteWith("Authorization: Basic %s"),
	"unknown scheme":        inviteWith("Authorization: %s"),
	"quoted like another":   inviteWith(`Authorization: Digest realm="a", nonce="response=%s"`),
	"quote left open":       inviteWith(`Authorization: Digest realm="a, response="%s"`),
	"challenge's opaque":    inviteWith(`WWW-Authenticate: Digest realm="a", nonce="b", opaque="%s"`),
	"authentication info":   inviteWith(`Authentication-Info: qop=auth, rspauth="%s", cnonce="1"`),
	"folded":                inviteWith("Authorization: Digest username=\"bob\",\n response=\"%s\""),
	"folded by tab":         inviteWith("Authorization:\n\tDigest response=\"%s\""),
	"folded name":           inviteWith("Authori\n zation: Digest response=\"%s\""),
	"folded before colon":   inviteWith("Authorization\n : Digest response=\"%s\""),
	"in another's fold":     inviteWith("Subject: help\n Authorization: Digest response=\"%s\""),
	"after a bare CR":       strings.Replace(inviteWith("Subject: x"), "Subject: x", "Subject: x\rAuthorization: Digest response=%s", 1),
	"after a bare LF":       strings.Replace(inviteWith("Subject: x"), "Subject: x", "Subject: x\nAuthorization: Digest response=%s", 1),
	"cut by a bare LF":      strings.Replace(inviteWith("Subject: x"), "Subject: x", "Authorization: Digest a=b,\nresponse=%s", 1),
	"cut by a NUL":          strings.Replace(inviteWith("Subject: x"), "Subject: x", "Authorization: Digest a=b,\x00X: response=%s", 1),
	"a NUL in the name":     strings.Replace(inviteWith("Subject: x"), "Subject: x", "Auth\x00orization: Digest response=%s", 1),
	"only LF":               strings.ReplaceAll(inviteWith("Authorization: Digest response=%s"), "\r\n", "\n"),
	"only LF, folded":       strings.ReplaceAll(inviteWith("Authorization: Digest\n response=%s"), "\r\n", "\n"),
	"identity":              inviteWith("Identity: eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.%s;info=<https://cert.example.com/a.pem>;alg=ES256;ppt=shaken"),
	"identity, compact":     inviteWith("y:eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.%s;info=<https://cert.example.com/a.pem>"),
	"identity, short form":  inviteWith("Identity: ..%s;info=<https://cert.example.com/a.pem>;ppt=shaken"),
	"identity, folded":      inviteWith("Identity: eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.\n %s;info=<https://cert.example.com/a.pem>"),
	"identity, two of them": inviteWith("Identity: a.b.c;info=<https://cert.example.com/a.pem>, d.e.%s;info=<https://cert.example.com/a.pem>"),
	"private header":        inviteWith("P-Example-Secret: %s"),
	"api key":               inviteWith("X-API-Key: %s"),
	"media authorization":   inviteWith("P-Media-Authorization: %s"),
	"user to user":          inviteWith("User-to-User: %s;encoding=hex"),
	"no header at all":      inviteWith("%s"),
	"header without name":   inviteWith(": %s"),
	"key as a header":       inviteWith("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s"),
	"k as a header":         inviteWith("k=clear:%s"),
	"password":              inviteWith("Contact: <sip:bob:%s@198.51.100.7>"),
	"password, sips":        inviteWith("Refer-To: SIPS:bob:%s@198.51.100.7;transport=tls"),
	"password in the line":  strings.Replace(invite().String(), "sip:+18887999666@", "sip:bob:%s@", 1),
	"header in a URI":       inviteWith("Refer-To: <sip:bob@198.51.100.7?Authorization=Digest%%20response=%s>"),
	"digits dialled on":     strings.Replace(invite().String(), "sip:+18887999666@", "sip:+18887999666;postd=%s@", 1),
	"digits in a tel":       inviteWith("P-Called-Party-ID: <tel:+18887999666;ext=%s>"),

	"crypto":                   inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s|2^20|1:32"),
	"crypto in capitals":       inviteSaying("A=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 INLINE:%s"),
	"crypto with blanks":       inviteSaying("a= crypto : 1 AES_CM_128_HMAC_SHA1_80 inline:%s"),
	"crypto after a blank":     inviteSaying(" a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s"),
	"crypto with more blanks":  inviteSaying("a=crypto:1  AES_CM_128_HMAC_SHA1_80  inline:%s"),
	"crypto, key as suite":     inviteSaying("a=crypto:1 %s inline:x"),
	"crypto, key as tag":       inviteSaying("a=crypto:%s AES_CM_128_HMAC_SHA1_80 inline:x"),
	"crypto folded":            inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80\n inline:%s"),
	"crypto cut by CR":         inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80\rinline:%s"),
	"crypto cut by NUL":        inviteSaying("a=cry\x00pto:1 AES_CM_128_HMAC_SHA1_80 inline:%s"),
	"crypto, more keys":        inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc;inline:%s UNENCRYPTED_SRTP"),
	"mikey":                    inviteSaying("a=key-mgmt:mikey %s"),
	"ice password":             inviteSaying("a=ice-pwd:%s"),
	"k":                        inviteSaying("k=base64:%s"),
	"k, clear":                 inviteSaying("k=clear:%s"),
	"identity assertion":       inviteSaying("a=identity:%s"),
	"password in u":            inviteSaying("u=sip:bob:%s@example.com"),
	"no session line":          inviteSaying("Signal=%s"),
	"INFO":                     requestWith("INFO", "application/dtmf-relay", "Signal=%s\r\nDuration=160\r\n"),
	"INFO that claims to be":   requestWith("INFO", "application/sdp", "a=%s"),
	"info in lower case":       requestWith("info", "application/sdp", "a=%s"),
	"MESSAGE":                  requestWith("MESSAGE", "text/plain", "a=%s"),
	"a type twice":             strings.Replace(requestWith("INVITE", "application/dtmf", "a=%s"), "Content-Type", "c: application/sdp\r\nContent-Type", 1),
	"unknown type":             requestWith("INVITE", "application/vnd.example", "a=%s"),
	"no type":                  strings.Replace(requestWith("INVITE", "application/sdp", "a=%s"), "Content-Type", "X-Type", 1),
	"crypto in parts":          requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--b\nContent-Type: application/sdp\n\nv=0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%s\n--b--\n")),
	"digits in parts":          requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--b\nContent-Type: application/sdp\n\nv=0\n--b\nContent-Type: application/dtmf\n\na=%s\n--b--\n")),
	"part without type":        requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--b\n\na=%s\n--b--\n")),
	"part with another type":   requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--b\nContent-Type: application/sdp\nContent-Type: application/dtmf\n\na=%s\n--b--\n")),
	"before the parts":         requestWith("INVITE", "multipart/mixed;boundary=b", crlf("a=%s\n--b--\n")),
	"boundary":                 requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--%s\n--b--\n")),
	"answer to INFO":           crlf("SIP/2.0 200 OK\nCSeq: 2 INFO\nContent-Type: application/sdp\n\na=%s\n"),
	"answer to nothing":        crlf("SIP/2.0 200 OK\nContent-Type: application/sdp\n\na=%s\n"),
	"no SIP":                   "hello %s\r\n\r\n",
	"no SIP, no lines":         "Signal=%s",
	"credentials come first":   crlf("Authorization: Digest response=%s\nVia: x\n\n"),
	"line after the last line": "INVITE sip:a@b SIP/2.0\r\nAuthorization: Digest response=%s",
}

func TestMaskHidesEverySecret(t *testing.T) {
	for name, message := range secretMessages {
		t.Run(name, func(t *testing.T) {
			whole := fmt.Appendf(nil, message, planted)
			if got := mask(whole); !bytes.Contains(whole, []byte(planted)) || bytes.Contains(got, []byte(planted)) {
				t.Errorf("the secret of\n%s\nis shown in\n%s", whole, got)
			}
		})
	}
}

func TestMaskShowsWhatIsNoSecret(t *testing.T) {
	for name, test := range map[string]struct{ message, want string }{
		"headers": {
			inviteWith("P-Asserted-Identity: \"Bob\" <sip:+14155550100@198.51.100.7:5060;user=phone>, <tel:+14155550100>\nReason: Q.850;cause=16\nX-Carrier-Trace: 7"),
			"P-Asserted-Identity: \"Bob\" <sip:+14155550100@198.51.100.7:5060;user=phone>, <tel:+14155550100>\nReason: Q.850;cause=16\nX-Carrier-Trace: 7\n",
		},
		"digest": {
			inviteWith(`Authorization: Digest username="bob", realm="example.com", nonce="84a4+cc/6f==", algorithm=SHA-256, qop=auth, nc=00000001, response="12", cnonce="34"`),
			`Authorization: Digest username="bob", realm="example.com", nonce="84a4+cc/6f==", algorithm=SHA-256, qop=auth, nc=00000001, response=[masked], cnonce=[masked]` + "\n",
		},
		"passport": {
			inviteWith("Identity: eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2ln;info=<https://cert.example.com/a.pem>;alg=ES256;ppt=shaken"),
			"Identity: eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.[masked];info=<https://cert.example.com/a.pem>;alg=ES256;ppt=shaken\n",
		},
		"fold":            {inviteWith("Subject: one\n two"), "Subject: one   two\n"},
		"extension":       {inviteWith("P-Called-Party-ID: <tel:+18887999666;ext=2>"), "<tel:+18887999666;ext=2>\n"},
		"address with v6": {inviteWith("X-Contact: <sip:[2001:db8::1]:5060;transport=tcp>"), "X-Contact: <sip:[2001:db8::1]:5060;transport=tcp>\n"},
		"session":         {inviteSaying("a=rtpmap:0 PCMU/8000"), "\n\nv=0\no=- 1 1 IN IP4 198.51.100.7\ns=-\nc=IN IP4 198.51.100.7\nt=0 0\nm=audio 4000 RTP/SAVP 0\na=rtpmap:0 PCMU/8000\na=sendrecv\n"},
		"fingerprint":     {inviteSaying("a=fingerprint:sha-256 4A:AD:B9"), "a=fingerprint:sha-256 4A:AD:B9\n"},
		"suite":           {inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"), "a=crypto:1 AES_CM_128_HMAC_SHA1_80 [masked]\n"},
		"session in parts": {
			requestWith("INVITE", "multipart/mixed;boundary=b", crlf("--b\nContent-Type: application/sdp\n\nv=0\n--b\nContent-Type: application/isup\n\n\x01\x02\x03\x04\n--b--\n")),
			"\n\n[32 bytes masked]\nv=0\n[38 bytes masked]\n",
		},
		"answer":      {crlf("SIP/2.0 200 OK\nCSeq: 1 INVITE\nc: application/sdp\n\nv=0\n"), "SIP/2.0 200 OK\nCSeq: 1 INVITE\nc: application/sdp\n\nv=0\n"},
		"INFO":        {requestWith("INFO", "application/dtmf", "5"), "\n\n[1 bytes masked]\n"},
		"not a start": {crlf("hello\nVia: x\n\n"), "[5 bytes masked]\nVia: x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mask([]byte(test.message)); !strings.Contains(string(got), test.want) {
				t.Errorf("got\n%s\nwant in it\n%s", got, test.want)
			}
		})
	}
}

func TestMaskIsBounded(t *testing.T) {
	for name, message := range map[string]string{
		"long header":  inviteWith("X-Long: " + strings.Repeat("x", 50_000)),
		"many headers": inviteWith(strings.Repeat("X-Many: x\n", 5000) + "X: x"),
		"long session": inviteSaying(strings.Repeat("a=x\n", 10_000)),
	} {
		got := mask([]byte(message))
		if len(got) > maxCapture+50 || cap(got) > 2*maxCapture || !bytes.Contains(got, fmt.Appendf(nil, "[cut, %d bytes in all]", len(message))) {
			t.Errorf("%s: %d bytes of %d, which end with %q", name, len(got), cap(got), got[max(0, len(got)-60):])
		}
	}
}

// FuzzMask plants a secret into a place where secrets travel, among lines that somebody else has written, with blanks and
// folds of theirs between the words.
func FuzzMask(f *testing.F) {
	for i, gap := range []string{"", " ", "\t", "\r\n ", "\r\n\t", " \r\n  "} {
		f.Add("X-Before: 1", gap, "X-After: 2", uint8(i))
	}
	f.Add("v=0\r\n\r\na=x", "\r\n ", "c: application/sdp", uint8(3))
	f.Fuzz(func(t *testing.T, before, gap, after string, place uint8) {
		for _, r := range gap { // a gap is linear white space (RFC 3261 section 25.1)
			if !strings.ContainsRune(" \t\r\n", r) {
				t.Skip()
			}
		}
		gap = strings.NewReplacer("\r", "", "\n", "\r\n ").Replace(gap)
		message := "INVITE sip:a@b SIP/2.0\r\n" + before + "\r\n" + fuzzPlant(gap, place) + "\r\n" + after
		if got := mask([]byte(message)); bytes.Contains(got, []byte(planted)) {
			t.Errorf("%q is shown as\n%s", message, got)
		}
	})
}

func fuzzPlant(gap string, place uint8) string {
	switch place % 6 {
	case 0:
		return "Authorization" + gap + ":" + gap + "Digest realm=\"a\"," + gap + "response" + gap + "=" + gap + "\"" + planted + "\""
	case 1:
		return "proxy-authorization:" + gap + "Basic " + gap + planted
	case 2:
		return "Identity:" + gap + "a.b." + planted + gap + ";info=<https://example.com>"
	case 3:
		return "a=crypto:1 AES_CM_128_HMAC_SHA1_80" + gap + "inline:" + planted
	case 4:
		return "k" + gap + "=clear:" + planted
	}
	return "X-Secret" + gap + ":" + gap + planted
}

func BenchmarkMask(b *testing.B) {
	message := []byte(inviteSaying("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + planted))
	b.ReportAllocs()
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		mask(message)
	}
}
