package srtp_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"readback/media/srtp"
)

// protected is a packet of a sequence number, as out sends it.
func protected(t testing.TB, out *srtp.Outbound, sequence uint16) []byte {
	t.Helper()
	p := packet(sequence)
	n, err := out.Protect(p[:cap(p)], len(p))
	if err != nil {
		t.Fatal(err)
	}
	return p[:n]
}

func TestWhatWasChangedIsNotOpened_RFC3711_Section3_3(t *testing.T) {
	for _, suite := range srtp.Suites() {
		key := srtp.NewKey(suite)
		out := outbound(t, key)
		in, other := inbound(t, key), inbound(t, srtp.NewKey(suite))
		if _, ok := other.Unprotect(make([]byte, 1500), protected(t, out, 1)); ok {
			t.Errorf("%v: opened with another key", suite)
		}
		for at := range protected(t, out, 2) {
			p := protected(t, out, 2)
			p[at] ^= 1
			if got, ok := in.Unprotect(p, p); ok {
				t.Errorf("%v: opened with byte %d changed: %x", suite, at, got)
			}
		}
		p := protected(t, out, 2)
		for n := range p {
			if _, ok := in.Unprotect(make([]byte, 1500), p[:n]); ok {
				t.Errorf("%v: opened %d of %d bytes", suite, n, len(p))
			}
		}
		kept := bytes.Clone(p)
		if _, ok := in.Unprotect(make([]byte, 1500), p); !ok || !bytes.Equal(p, kept) {
			t.Errorf("%v: opened %v; the packet itself is the same: %v", suite, ok, bytes.Equal(p, kept))
		}
	}
}

func TestReplaysAreNotOpened_RFC3711_Section3_3_2(t *testing.T) {
	for _, suite := range srtp.Suites() {
		key := srtp.NewKey(suite)
		out, in := outbound(t, key), inbound(t, key)
		for i, step := range []struct {
			sequence uint16
			want     bool
		}{{65400, true}, {65400, false}, {65402, true}, {65401, true}, {65401, false}, {65535, true}, {0, true}, {0, false}, {65530, true}, {65402, false}, {200, true}, {72, false}, {73, true}} {
			p := protected(t, outbound(t, key), step.sequence)
			if i > 5 { // since the sequence numbers have wrapped
				p = protected(t, out, step.sequence)
			} else {
				protected(t, out, step.sequence)
			}
			if _, ok := in.Unprotect(p, p); ok != step.want {
				t.Errorf("%v: step %d, packet %d: opened %v, want %v", suite, i, step.sequence, ok, step.want)
			}
		}
		p := report()
		n, err := out.ProtectReport(p[:cap(p)], len(p))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if _, ok := in.UnprotectReport(make([]byte, 1500), p[:n]); ok != want {
				t.Errorf("%v: a report: opened %v, want %v", suite, ok, want)
			}
		}
	}
}

// TestANewKeyMayCountOnOrAnew: peers do not agree on what becomes of the rollover counter when a key is changed.
func TestANewKeyMayCountOnOrAnew_RFC3711_Section3_3_1(t *testing.T) {
	for _, suite := range srtp.Suites() {
		for name, counted := range map[string][]uint16{
			"anew":              {300},
			"on":                {65535, 299, 300}, // the counter comes from what was sent before
			"on, just wrapping": {65535, 30000, 60000, 299, 300},
		} {
			old, key := srtp.NewKey(suite), srtp.NewKey(suite)
			before, out := outbound(t, old), outbound(t, key)
			heard, in := inbound(t, old), inbound(t, key)
			for _, sequence := range []uint16{65000, 200, 290} {
				p := protected(t, before, sequence)
				if _, ok := heard.Unprotect(p, p); !ok {
					t.Fatal("not opened before")
				}
			}
			in.Follow(heard)
			for _, sequence := range counted[:len(counted)-1] {
				protected(t, out, sequence)
			}
			forged := protected(t, before, 291)
			if _, ok := in.Unprotect(forged, forged); ok {
				t.Errorf("%v, %s: a packet of the key of before was opened", suite, name)
			}
			for sequence := counted[len(counted)-1]; sequence < 310; sequence++ {
				p := protected(t, out, sequence)
				if got, ok := in.Unprotect(p, p); !ok || !bytes.Equal(got, packet(sequence)) {
					t.Errorf("%v, %s: packet %d is not opened", suite, name, sequence)
				}
			}
		}
	}
}

func TestAPeersStreamsAreBounded(t *testing.T) {
	key := srtp.NewKey(srtp.AESCM128SHA80)
	out, in := outbound(t, key), inbound(t, key)
	opened, reported := 0, 0
	for ssrc := range byte(200) {
		p := packet(1)
		p[8] = ssrc
		n, err := out.Protect(p[:cap(p)], len(p))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := in.Unprotect(p, p[:n]); ok {
			opened++
		}
		r := report()
		r[4] = ssrc
		n, err = out.ProtectReport(r[:cap(r)], len(r))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := in.UnprotectReport(r, r[:n]); ok {
			reported++
		}
	}
	if opened != 64 || reported != 64 {
		t.Errorf("heard %d streams and the reports of %d, want 64", opened, reported)
	}
	p := packet(2)
	p[8] = 0
	n, err := out.Protect(p[:cap(p)], len(p))
	if _, ok := in.Unprotect(p, p[:n]); !ok || err != nil {
		t.Errorf("%v; the first stream is no longer heard", err)
	}
}

func TestNothingGoesOutWithoutRoom(t *testing.T) {
	out := outbound(t, srtp.NewKey(srtp.AESGCM256))
	if n, err := out.Protect(make([]byte, 172), 172); err == nil {
		t.Errorf("a packet became %d bytes", n)
	}
	if n, err := out.ProtectReport(report(), 24); err == nil {
		t.Errorf("a report became %d bytes", n)
	}
	if n, err := out.Protect(make([]byte, 100), 5); err == nil {
		t.Errorf("no packet became %d bytes", n)
	}
}

func TestKeysAreNotShown(t *testing.T) {
	for _, suite := range srtp.Suites() {
		key := srtp.NewKey(suite)
		raw, err := base64.StdEncoding.DecodeString(key.Encode())
		if err != nil {
			t.Fatal(err)
		}
		hidden := []struct{ key srtp.Key }{{key}}
		var shown strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%t", "%c", "%p", "%y"} {
			_, _ = fmt.Fprintf(&shown, verb+verb+verb+verb, key, &key, struct{ Key srtp.Key }{key}, hidden)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
			slog.New(handler).Info("keys", "key", key, "in", struct{ Key srtp.Key }{key})
		}
		for _, secret := range []string{key.Encode()[:12], fmt.Sprintf("%x", raw[:6]), fmt.Sprintf("%X", raw[:6]), fmt.Sprintf("%d", raw[:6])[1:], string(raw[:6]), fmt.Sprintf("%#v", raw[:4])[7:]} {
			if strings.Contains(shown.String(), strings.TrimRight(secret, "]}")) {
				t.Errorf("%v: %q is shown in\n%s", suite, secret, shown.String())
			}
		}
		if !strings.Contains(shown.String(), "[key]") {
			t.Errorf("nothing tells of a key:\n%s", shown.String())
		}
	}
}

func TestKeys(t *testing.T) {
	text := strings.Repeat("A", 40)
	tests := map[string]struct {
		suite srtp.Suite
		text  string
		want  error
	}{
		"30 bytes":          {srtp.AESCM128SHA80, text, nil},
		"46 bytes":          {srtp.AESCM256SHA32, strings.Repeat("A", 62) + "==", nil},
		"46 without =":      {srtp.AESCM256SHA32, strings.Repeat("A", 62), nil},
		"28 bytes":          {srtp.AESGCM128, strings.Repeat("A", 38) + "==", nil},
		"44 bytes":          {srtp.AESGCM256, strings.Repeat("A", 59) + "=", nil},
		"of another suite":  {srtp.AESGCM128, text, srtp.ErrKey},
		"too short":         {srtp.AESCM128SHA80, text[:36], srtp.ErrKey},
		"too long":          {srtp.AESCM128SHA80, text + "AAAA", srtp.ErrKey},
		"nothing":           {srtp.AESCM128SHA80, "", srtp.ErrKey},
		"nothing for none":  {srtp.None, "", srtp.ErrKey},
		"not base64":        {srtp.AESCM128SHA80, text[:39] + "!", srtp.ErrKey},
		"base64 of another": {srtp.AESCM128SHA80, text[:39] + "_", srtp.ErrKey},
	}
	for name, test := range tests {
		key, err := srtp.ParseKey(test.suite, test.text)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if again, _ := srtp.ParseKey(test.suite, key.Encode()); err == nil && (!again.Equal(key) || key.Suite() != test.suite) {
			t.Errorf("%s: %v is another key than it was", name, key.Suite())
		}
	}
	a, b, none := srtp.NewKey(srtp.AESGCM128), srtp.NewKey(srtp.AESGCM128), srtp.Key{}
	if a.Equal(b) || !a.Equal(a) || a.Equal(none) || none.Equal(a) || !none.Equal(none) {
		t.Error("keys are not told apart")
	}
	if _, err := srtp.NewOutbound(none); !errors.Is(err, srtp.ErrKey) {
		t.Errorf("no key: %v", err)
	}
	if _, err := srtp.NewInbound(none); !errors.Is(err, srtp.ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

func TestSuitesByName(t *testing.T) {
	for _, suite := range srtp.Suites() {
		if got := srtp.SuiteNamed(strings.ToLower(suite.String())); got != suite {
			t.Errorf("%v is taken for %v", suite, got)
		}
	}
	for name, want := range map[string]srtp.Suite{
		"AES_CM_256_HMAC_SHA1_80": srtp.AESCM256SHA80, // as it was called before RFC 6188
		"AES_CM_256_HMAC_SHA1_32": srtp.AESCM256SHA32,
		"F8_128_HMAC_SHA1_80":     srtp.None,
		"none":                    srtp.None,
		"":                        srtp.None,
	} {
		if got := srtp.SuiteNamed(name); got != want {
			t.Errorf("%q is %v, want %v", name, got, want)
		}
	}
}

func FuzzUnprotect(f *testing.F) {
	for _, suite := range srtp.Suites() {
		out := outbound(f, srtp.NewKey(suite))
		p := packet(1)
		n, err := out.Protect(p[:cap(p)], len(p))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(suite), p[:n])
		r := report()
		if n, err = out.ProtectReport(r[:cap(r)], len(r)); err != nil {
			f.Fatal(err)
		}
		f.Add(byte(suite), r[:n])
	}
	f.Add(byte(1), append([]byte{0x9F, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}, make([]byte, 100)...))
	f.Add(byte(3), append([]byte{0x90, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xBE, 0xDE, 0xFF, 0xFF}, make([]byte, 100)...))
	contexts := map[srtp.Suite]*srtp.Inbound{}
	for _, suite := range srtp.Suites() {
		contexts[suite] = inbound(f, srtp.NewKey(suite))
	}
	f.Fuzz(func(t *testing.T, suite byte, p []byte) {
		in := contexts[srtp.Suites()[int(suite)%len(srtp.Suites())]]
		if got, ok := in.Unprotect(make([]byte, 2000), p); ok {
			t.Errorf("opened %x", got)
		}
		if got, ok := in.UnprotectReport(make([]byte, 2000), p); ok {
			t.Errorf("opened the report %x", got)
		}
		in.Unprotect(p, p)
	})
}
