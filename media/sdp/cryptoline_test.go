package sdp_test

import (
	"strings"
	"testing"

	"readback/media/sdp"
	"readback/media/srtp"
)

func TestCryptoLines_RFC4568_Section9(t *testing.T) {
	tests := map[string]struct {
		lines string
		want  string // tag and suite, or nothing
	}{
		"80 bits of authentication":      {"1 AES_CM_128_HMAC_SHA1_80 " + key30, "1 AES_CM_128_HMAC_SHA1_80"},
		"32 bits":                        {"2 AES_CM_128_HMAC_SHA1_32 " + key30, "2 AES_CM_128_HMAC_SHA1_32"},
		"AES-256, RFC 6188":              {"1 AES_256_CM_HMAC_SHA1_80 " + key46, "1 AES_256_CM_HMAC_SHA1_80"},
		"AES-256 and 32 bits":            {"1 AES_256_CM_HMAC_SHA1_32 " + key46, "1 AES_256_CM_HMAC_SHA1_32"},
		"AES-256 by its name of before":  {"1 AES_CM_256_HMAC_SHA1_80 " + key46, "1 AES_CM_256_HMAC_SHA1_80"},
		"GCM, RFC 7714":                  {"1 AEAD_AES_128_GCM " + key28, "1 AEAD_AES_128_GCM"},
		"GCM of 256 bits":                {"1 AEAD_AES_256_GCM " + key44, "1 AEAD_AES_256_GCM"},
		"the first of the peer's":        {"5 AES_CM_128_HMAC_SHA1_32 " + key30 + "|1 AEAD_AES_256_GCM " + key44, "5 AES_CM_128_HMAC_SHA1_32"},
		"the first that we know":         {"1 F8_128_HMAC_SHA1_80 " + key30 + "|2 AEAD_AES_128_GCM " + key28, "2 AEAD_AES_128_GCM"},
		"a long tag":                     {"123456789 AEAD_AES_128_GCM " + key28, "123456789 AEAD_AES_128_GCM"},
		"base64 without =":               {"1 AEAD_AES_128_GCM " + strings.TrimRight(key28, "="), "1 AEAD_AES_128_GCM"},
		"a lifetime":                     {"1 AEAD_AES_128_GCM " + key28 + "¦2^48", "1 AEAD_AES_128_GCM"},
		"a lifetime in digits":           {"1 AEAD_AES_128_GCM " + key28 + "¦1048576", "1 AEAD_AES_128_GCM"},
		"no lifetime":                    {"1 AEAD_AES_128_GCM " + key28 + "¦soon", ""},
		"an identifier":                  {"1 AEAD_AES_128_GCM " + key28 + "¦1:4", ""},
		"lifetime and identifier":        {"1 AEAD_AES_128_GCM " + key28 + "¦2^20¦1:4", ""},
		"with an identifier and without": {"1 AEAD_AES_128_GCM " + key28 + "¦2^31¦1:1|2 AEAD_AES_128_GCM " + key28 + "¦2^31", "2 AEAD_AES_128_GCM"},
		"several keys":                   {"1 AEAD_AES_128_GCM " + key28 + "¦2^20¦1:4;" + key28 + "¦2^20¦2:4", ""},
		"several without identifiers":    {"1 AEAD_AES_128_GCM " + key28 + ";" + key28, ""},
		"a window":                       {"1 AEAD_AES_128_GCM " + key28 + " WSH=128", "1 AEAD_AES_128_GCM"},
		"what may be ignored":            {"1 AEAD_AES_128_GCM " + key28 + " -NEW=1 WSH=64", "1 AEAD_AES_128_GCM"},
		"what may not":                   {"1 AEAD_AES_128_GCM " + key28 + " NEW=1", ""},
		"no encryption":                  {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " UNENCRYPTED_SRTP", ""},
		"no encryption of reports":       {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " WSH=64 UNENCRYPTED_SRTCP", ""},
		"no authentication":              {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " UNAUTHENTICATED_SRTP", ""},
		"keys that are derived anew":     {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " KDR=3", ""},
		"error correction":               {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " FEC_ORDER=SRTP_FEC", ""},
		"a key of its own for that":      {"1 AES_CM_128_HMAC_SHA1_80 " + key30 + " FEC_KEY=" + key30, ""},
		"no base64":                      {"1 AES_CM_128_HMAC_SHA1_80 " + key30[:40] + "!!!!!!!", ""},
		"too short a key":                {"1 AES_CM_128_HMAC_SHA1_80 " + key28, ""},
		"too long a key":                 {"1 AES_CM_128_HMAC_SHA1_80 " + key46, ""},
		"no key":                         {"1 AES_CM_128_HMAC_SHA1_80 inline:", ""},
		"another way of keying":          {"1 AES_CM_128_HMAC_SHA1_80 uri:https://example.com", ""},
		"no parameters":                  {"1 AES_CM_128_HMAC_SHA1_80", ""},
		"no tag":                         {"AES_CM_128_HMAC_SHA1_80 " + key30, ""},
		"a tag that is none":             {"x AES_CM_128_HMAC_SHA1_80 " + key30, ""},
		"too long a tag":                 {"1234567890 AES_CM_128_HMAC_SHA1_80 " + key30, ""},
		"nothing":                        {"", ""},
	}
	for name, test := range tests {
		offer := head + savp
		for line := range strings.SplitSeq(test.lines, "|") { // a bar within a line is broken
			offer += "a=crypto:" + strings.ReplaceAll(line, "¦", "|") + "\r\n"
		}
		answer, a, err := endpointOf(sdp.SecureOnly).Answer([]byte(offer))
		if got := strings.TrimPrefix(took(answer), "RTP/SAVP "); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: took %q, %v; want %q", name, got, err, test.want)
		}
		if err != nil {
			continue
		}
		if strings.Contains(string(answer), key28[7:40]) || !strings.Contains(string(answer), " inline:"+a.Crypto.Ours.Encode()+"\r\n") {
			t.Errorf("%s: the answer has not a key of our own:\n%s", name, answer)
		}
		if theirs := a.Crypto.Theirs.Encode(); !strings.Contains(offer, "inline:"+strings.TrimRight(theirs, "=")) {
			t.Errorf("%s: their key is not the one of the offer", name)
		}
	}
}

func FuzzCrypto(f *testing.F) {
	for _, value := range []string{
		"1 AES_CM_128_HMAC_SHA1_80 " + key30, "2 AEAD_AES_256_GCM " + key44 + "|2^48|1:4 WSH=64 -X", "3 AEAD_AES_128_GCM " + key28 + ";" + key28 + " KDR=1",
	} {
		f.Add(value, byte(1))
		f.Add(value, byte(2))
	}
	f.Fuzz(func(t *testing.T, value string, policy byte) {
		e := endpointOf(sdp.Policy(policy % 3))
		offer := []byte(head + "m=audio 4000 RTP/AVP 0\r\na=crypto:" + value + "\r\n")
		answer, a, err := e.Answer(offer)
		if err != nil {
			return
		}
		if e.Policy == sdp.SecureOnly && a.Crypto.Suite() == srtp.None || e.Policy == sdp.ClearOnly && a.Crypto.Suite() != srtp.None {
			t.Errorf("policy %v agreed on %v", e.Policy, a.Crypto.Suite())
		}
		if a.Crypto.Ours.Suite() != a.Crypto.Theirs.Suite() || a.Crypto.Ours.Equal(a.Crypto.Theirs) && a.Crypto.Suite() != srtp.None {
			t.Errorf("agreed on %+v", a.Crypto)
		}
		again, _, err := e.Answer(offer)
		if err != nil || string(again) != string(answer) {
			t.Errorf("the same offer is answered differently: %v\n%s\n%s", err, answer, again)
		}
	})
}
