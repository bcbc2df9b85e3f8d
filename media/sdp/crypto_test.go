package sdp_test

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"readback/media/sdp"
	"readback/media/srtp"
)

const (
	avp  = "m=audio 4000 RTP/AVP 0\r\n"
	savp = "m=audio 4002 RTP/SAVP 0\r\n"
	// key30 and its like are keys of 30, 28, 46 and 44 bytes.
	key30 = "inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e"
	key28 = "inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHA=="
	key46 = "inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLg=="
	key44 = "inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKyw="
	keyed = "a=crypto:7 AES_CM_128_HMAC_SHA1_80 " + key30 + "\r\n"
)

func endpointOf(p sdp.Policy) *sdp.Endpoint {
	e := endpoint()
	e.Policy = p
	return e
}

var audioLine = regexp.MustCompile(`m=audio (\d+) (\S+)`)

// took is which protocol an answer takes, and the tag and suite of its key.
func took(answer []byte) string {
	var taken []string
	for part := range strings.SplitSeq(string(answer), "m=") {
		if m := audioLine.FindStringSubmatch("m=" + part); m != nil && m[1] != "0" {
			taken = append(taken, m[2])
			for line := range strings.Lines(part) {
				if value, ok := strings.CutPrefix(line, "a=crypto:"); ok {
					taken = append(taken, strings.Fields(value)[:2]...)
				}
			}
		}
	}
	return strings.Join(taken, " ")
}

func TestPolicies_RFC4568_RFC8643(t *testing.T) {
	const (
		refused = ""
		keys    = " 7 AES_CM_128_HMAC_SHA1_80"
	)
	tests := map[string]struct{ offer, clearOnly, ifOffered, only string }{
		"AVP":                    {avp, "RTP/AVP", "RTP/AVP", refused},
		"SAVP":                   {savp + keyed, refused, "RTP/SAVP" + keys, "RTP/SAVP" + keys},
		"SAVPF":                  {"m=audio 4000 RTP/SAVPF 0\r\n" + keyed, refused, "RTP/SAVPF" + keys, "RTP/SAVPF" + keys},
		"AVP, then SAVP":         {avp + savp + keyed, "RTP/AVP", "RTP/SAVP" + keys, "RTP/SAVP" + keys},
		"SAVP, then AVP":         {savp + keyed + avp, "RTP/AVP", "RTP/SAVP" + keys, "RTP/SAVP" + keys},
		"AVP with a key":         {avp + keyed, "RTP/AVP", "RTP/AVP" + keys, "RTP/AVP" + keys},
		"AVP with a useless key": {avp + "a=crypto:1 F8_128_HMAC_SHA1_80 " + key30 + "\r\n", "RTP/AVP", "RTP/AVP", refused},
		"SAVP without a key":     {savp, refused, refused, refused},
		"SAVP, useless, and AVP": {savp + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key28 + "\r\n" + avp, "RTP/AVP", "RTP/AVP", refused},
		"DTLS":                   {"m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-1 00\r\n", refused, refused, refused},
		"SAVP of another codec":  {"m=audio 4000 RTP/SAVP 18\r\n" + keyed + avp, "RTP/AVP", "RTP/AVP", refused},
	}
	for name, test := range tests {
		for policy, want := range []string{test.clearOnly, test.ifOffered, test.only} {
			answer, a, err := endpointOf(sdp.Policy(policy)).Answer([]byte(head + test.offer))
			if got := took(answer); got != want || (want == refused) != errors.Is(err, sdp.ErrUnacceptable) {
				t.Errorf("%s, %v: took %q, %v; want %q", name, sdp.Policy(policy), got, err, want)
			}
			if secured := a.Crypto.Suite() != srtp.None; secured != strings.HasSuffix(want, keys) {
				t.Errorf("%s, %v: agreed on %v", name, sdp.Policy(policy), a.Crypto.Suite())
			}
			if want := strings.Count(test.offer, "m="); err == nil && strings.Count(string(answer), "m=") != want {
				t.Errorf("%s: the answer has not %d m-lines:\n%s", name, want, answer)
			}
		}
	}
}

var (
	inline  = regexp.MustCompile(`inline:(\S+)`)
	version = regexp.MustCompile(`o=- \d+ (\d+) `)
)

func found(t *testing.T, what *regexp.Regexp, in []byte) string {
	t.Helper()
	m := what.FindStringSubmatch(string(in))
	if m == nil {
		t.Fatalf("no %v in\n%s", what, in)
	}
	return m[1]
}

// TestOurKeyChangesWithThePeers: a refresh changes neither, a new key of the peer brings a new one of ours.
func TestOurKeyChangesWithThePeers_RFC4568_Section7_1_4(t *testing.T) {
	const (
		a  = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key30 + "\r\n"
		b  = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:BQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e\r\n"
		a2 = "a=crypto:2 AES_CM_128_HMAC_SHA1_80 " + key30 + "\r\n"
		c  = "a=crypto:1 AES_CM_128_HMAC_SHA1_32 " + key30 + "\r\n"
	)
	e := endpointOf(sdp.SecureIfOffered)
	last := ""
	for i, step := range []struct {
		offer   string
		fresh   bool
		version string
	}{
		{savp + a, true, "1"},
		{savp + a, false, "1"},                    // a refresh
		{savp + a + "a=sendonly\r\n", false, "2"}, // hold
		{savp + a2, false, "3"},                   // the same by another tag
		{savp + b, true, "4"},
		{savp + b, false, "4"},
		{savp + c, true, "5"}, // another suite
		{savp + a, true, "6"}, // a key of before: ours is a new one all the same
	} {
		answer, agreed, err := e.Answer([]byte(head + step.offer))
		if err != nil {
			t.Fatal(err)
		}
		ours := found(t, inline, answer)
		if fresh := ours != last; fresh != step.fresh || found(t, version, answer) != step.version || agreed.Crypto.Ours.Encode() != ours {
			t.Errorf("offer %d: our key is new: %v, version %s; want %v, %s", i, fresh, found(t, version, answer), step.fresh, step.version)
		}
		last = ours
	}
	offer := e.Offer()
	if !strings.Contains(string(offer), last) || strings.Count(string(offer), "inline:") != 6 || !strings.Contains(string(offer), "RTP/SAVP") {
		t.Errorf("our own offer within the call:\n%s", offer)
	}
	if again := e.Offer(); string(again) != string(offer) {
		t.Errorf("our offer becomes\n%s, was\n%s", again, offer)
	}
}

func TestNoDowngradeWithinACall(t *testing.T) {
	e := endpointOf(sdp.SecureOnly)
	first, _, err := e.Answer([]byte(head + savp + keyed))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Answer([]byte(head + avp)); !errors.Is(err, sdp.ErrUnacceptable) {
		t.Errorf("an offer in the clear: %v, want %v", err, sdp.ErrUnacceptable)
	}
	again, _, err := e.Answer([]byte(head + savp + keyed))
	if err != nil || string(again) != string(first) {
		t.Errorf("%v; the answer became\n%s, was\n%s", err, again, first)
	}
	allowed := endpointOf(sdp.SecureIfOffered)
	for _, step := range []struct {
		offer string
		want  srtp.Suite
	}{{savp + keyed, srtp.AESCM128SHA80}, {avp, srtp.None}, {savp + keyed, srtp.AESCM128SHA80}} {
		if _, a, err := allowed.Answer([]byte(head + step.offer)); err != nil || a.Crypto.Suite() != step.want {
			t.Errorf("%q: %v, %v; want %v", step.offer, a.Crypto.Suite(), err, step.want)
		}
	}
}

func TestOffersAndAnswersUnderPolicies(t *testing.T) {
	tests := []struct {
		caller, callee sdp.Policy
		want           srtp.Suite
		refused        bool
	}{
		{sdp.ClearOnly, sdp.ClearOnly, srtp.None, false},
		{sdp.ClearOnly, sdp.SecureIfOffered, srtp.None, false},
		{sdp.ClearOnly, sdp.SecureOnly, srtp.None, true},
		{sdp.SecureIfOffered, sdp.SecureIfOffered, srtp.None, false},
		{sdp.SecureIfOffered, sdp.SecureOnly, srtp.None, true},
		{sdp.SecureOnly, sdp.ClearOnly, srtp.None, true},
		{sdp.SecureOnly, sdp.SecureIfOffered, srtp.AESGCM256, false},
		{sdp.SecureOnly, sdp.SecureOnly, srtp.AESGCM256, false},
	}
	for _, test := range tests {
		caller, callee := endpointOf(test.caller), endpointOf(test.callee)
		callee.Local = netip.MustParseAddrPort("192.0.2.9:30000")
		answer, theirs, err := callee.Answer(caller.Offer())
		if (err != nil) != test.refused {
			t.Errorf("%+v: %v", test, err)
		}
		if err != nil {
			continue
		}
		ours, err := caller.Accept(answer)
		if err != nil || ours.Crypto.Suite() != test.want || !ours.Crypto.Equal(sdp.Crypto{Ours: theirs.Crypto.Theirs, Theirs: theirs.Crypto.Ours}) {
			t.Errorf("%+v: %v, agreed on %v and %v", test, err, ours.Crypto.Suite(), theirs.Crypto.Suite())
		}
		before := caller.Offer()
		if again, _, err := callee.Answer(before); err != nil || string(again) != string(answer) {
			t.Errorf("%+v: %v; a refresh is answered\n%s, was\n%s", test, err, again, answer)
		}
		if again := caller.Offer(); string(again) != string(before) {
			t.Errorf("%+v: our offer becomes\n%s, was\n%s", test, again, before)
		}
	}
}

func TestAnswersWithKeys_RFC4568_Section5_1_3(t *testing.T) {
	for i, suite := range srtp.Suites() {
		theirs := srtp.NewKey(suite)
		for name, test := range map[string]struct {
			answer func(offer []byte) string
			taken  bool
		}{
			"the line": {func([]byte) string {
				return fmt.Sprintf("%sa=crypto:%d %v inline:%s\r\n", savp, i+1, suite, theirs.Encode())
			}, true},
			"another tag": {func([]byte) string {
				return fmt.Sprintf("%sa=crypto:9 %v inline:%s\r\n", savp, suite, theirs.Encode())
			}, true},
			"in the clear": {func([]byte) string {
				return fmt.Sprintf("%sa=crypto:%d %v inline:%s\r\n", avp, i+1, suite, theirs.Encode())
			}, true}, // though it should not be
			"without a key": {func([]byte) string { return savp }, false},
			"no SRTP":       {func([]byte) string { return avp }, false},
			"our own key": {func(offer []byte) string {
				keys := inline.FindAllStringSubmatch(string(offer), -1)
				return fmt.Sprintf("%sa=crypto:%d %v inline:%s\r\n", savp, i+1, suite, keys[i][1])
			}, false},
		} {
			e := endpointOf(sdp.SecureOnly)
			offer := e.Offer()
			a, err := e.Accept([]byte(head + test.answer(offer)))
			if errors.Is(err, sdp.ErrUnacceptable) == test.taken || test.taken && (!a.Crypto.Theirs.Equal(theirs) || !strings.Contains(string(offer), a.Crypto.Ours.Encode())) {
				t.Errorf("%v, %s: %v", suite, name, err)
			}
		}
	}
	for name, answer := range map[string]string{"SRTP that was not offered": savp + keyed, "SRTP without a key": savp} {
		e := endpointOf(sdp.SecureIfOffered)
		e.Offer()
		if _, err := e.Accept([]byte(head + answer)); !errors.Is(err, sdp.ErrUnacceptable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOurOfferHasAllSuites(t *testing.T) {
	offer := string(endpointOf(sdp.SecureOnly).Offer())
	var got []string
	for _, m := range regexp.MustCompile(`a=crypto:(\d) (\S+) inline:`).FindAllStringSubmatch(offer, -1) {
		got = append(got, m[1]+" "+m[2])
	}
	want := []string{
		"1 AEAD_AES_256_GCM", "2 AES_256_CM_HMAC_SHA1_80", "3 AEAD_AES_128_GCM", "4 AES_CM_128_HMAC_SHA1_80",
		"5 AES_256_CM_HMAC_SHA1_32", "6 AES_CM_128_HMAC_SHA1_32",
	}
	if !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
}

func TestNoKeyIsShown(t *testing.T) {
	e := endpointOf(sdp.SecureIfOffered)
	_, a, err := e.Answer([]byte(head + savp + keyed))
	if err != nil {
		t.Fatal(err)
	}
	e.Offer()
	_, _, refusal := e.Answer([]byte(head + savp + "a=crypto:1 X " + key30 + "\r\n"))
	var shown string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		shown += fmt.Sprintf(verb+verb+verb+verb, a, &a, e, *e)
	}
	shown += refusal.Error()
	for name, secret := range map[string]string{
		"ours": a.Crypto.Ours.Encode()[:12], "theirs": key30[7:20], "theirs in digits": "2 3 4 5 6 7", "theirs in hexadecimal": "020304",
	} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s: %q is shown in\n%s", name, secret, shown)
		}
	}
	if !strings.Contains(shown, "[key]") {
		t.Errorf("nothing tells of a key:\n%s", shown)
	}
}
