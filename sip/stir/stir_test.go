package stir

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"
)

var theCall = Call{Callers: []string{caller}, Called: []string{called}}

func TestAttestation_RFC8588_4(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	for _, level := range []Attestation{A, B, C} {
		got := v.Verify(start, theCall, []string{s.sign(t, shaken(string(level)))})
		if got.Attestation != level || got.Reason != Verified || got.Caller != caller || got.OrigID != origin || got.Provider != "709J" {
			t.Errorf("signed with %s: %+v", level, got)
		}
	}
	if got := v.Verify(start, theCall, nil); got.Attestation != None || got.Reason != Unsigned {
		t.Errorf("without a header: %v", got)
	}
}

func TestVerification_RFC8224_6_2(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")))
	other := root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	claim := func(name string, value any) func(note) { return func(n note) { n.claims[name] = value } }
	head := func(name string, value any) func(note) { return func(n note) { n.head[name] = value } }
	for name, tt := range map[string]struct {
		header string
		call   Call
		now    time.Duration
		want   Result
	}{
		"a quoted ppt, blanks and no alg": {strings.Replace(s.sign(t, shaken("A")), ";info=<"+x5u+">;alg=ES256;ppt=shaken", " ; info = <"+x5u+"> ; ppt=\"SHAKEN\"", 1), theCall, 0, Result{Attestation: A, Reason: Verified}},
		"numbers in other forms":          {s.sign(t, shaken("A").with(claim("orig", map[string]any{"tn": "+1 (215) 555-1212"}))), theCall, 0, Result{Attestation: A, Reason: Verified}},
		"one destination, no list":        {s.sign(t, shaken("A").with(claim("dest", map[string]any{"tn": "18887999666"}))), theCall, 0, Result{Attestation: A, Reason: Verified}},
		"several destinations":            {s.sign(t, shaken("A").with(claim("dest", map[string]any{"tn": []string{"15005550000", "18887999666"}, "uri": []string{"sip:x@h"}}))), theCall, 0, Result{Attestation: A, Reason: Verified}},
		"one of several callers":          {s.sign(t, shaken("A")), Call{Callers: []string{"+14155550100", caller}, Called: theCall.Called}, 0, Result{Attestation: A, Reason: Verified}},
		"as old as may be":                {s.sign(t, shaken("A")), theCall, time.Minute, Result{Attestation: A, Reason: Verified}},
		"as early as may be":              {s.sign(t, shaken("A")), theCall, -time.Minute, Result{Attestation: A, Reason: Verified}},
		"too old":                         {s.sign(t, shaken("A")), theCall, 61 * time.Second, Result{Attestation: Failed, Reason: Stale}},
		"from the future":                 {s.sign(t, shaken("A")), theCall, -61 * time.Second, Result{Attestation: Failed, Reason: Stale}},
		"past its own end":                {s.sign(t, shaken("A").with(claim("exp", start.Add(-time.Second).Unix()))), theCall, 0, Result{Attestation: Failed, Reason: Stale}},
		"without a time":                  {s.sign(t, shaken("A").with(claim("iat", nil))), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"a time that is none":             {s.sign(t, shaken("A").with(claim("iat", "now"))), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"another caller":                  {s.sign(t, shaken("A")), Call{Callers: []string{"+12155551213"}, Called: theCall.Called}, 0, Result{Attestation: Failed, Reason: WrongCaller}},
		"no caller to compare":            {s.sign(t, shaken("A")), Call{Called: theCall.Called}, 0, Result{Attestation: Failed, Reason: NoCaller}},
		"another called":                  {s.sign(t, shaken("A")), Call{Callers: theCall.Callers, Called: []string{"+18005550000"}}, 0, Result{Attestation: Failed, Reason: WrongCalled}},
		"an empty caller":                 {s.sign(t, shaken("A").with(claim("orig", map[string]any{"tn": ""}))), Call{Callers: []string{""}, Called: theCall.Called}, 0, Result{Attestation: Failed, Reason: WrongCaller}},
		"signed by a URI":                 {s.sign(t, shaken("A").with(claim("orig", map[string]any{"uri": "sip:ann@example.com"}))), theCall, 0, Result{Attestation: Failed, Reason: WrongCaller}},
		"a level that does not exist":     {s.sign(t, shaken("D")), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"another key":                     {other.sign(t, shaken("A")), theCall, 0, Result{Attestation: Failed, Reason: BadSignature}},
		"algorithm none":                  {s.sign(t, shaken("A").with(head("alg", "none"))), theCall, 0, Result{Attestation: Failed, Reason: WrongAlgorithm}},
		"algorithm HS256":                 {s.sign(t, shaken("A").with(head("alg", "HS256"))), theCall, 0, Result{Attestation: Failed, Reason: WrongAlgorithm}},
		"algorithm of the parameter":      {strings.Replace(s.sign(t, shaken("A")), "alg=ES256", "alg=RS256", 1), theCall, 0, Result{Attestation: Failed, Reason: WrongAlgorithm}},
		"another type":                    {s.sign(t, shaken("A").with(head("typ", "JWT"))), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"ppt that differ":                 {strings.Replace(s.sign(t, shaken("A")), "ppt=shaken", "ppt=div", 1), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"addresses that differ":           {s.sign(t, shaken("A").with(head("x5u", x5u+"2"))), theCall, 0, Result{Attestation: Failed, Reason: WrongInfo}},
		"no https":                        {strings.ReplaceAll(s.sign(t, shaken("A")), "https:", "http:"), theCall, 0, Result{Attestation: Failed, Reason: WrongInfo}},
		"no info":                         {s.sign(t, note{shaken("A").head, shaken("A").claims, ";ppt=shaken"}), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"no token":                        {";info=<" + x5u + ">", theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"two segments":                    {"e30.e30;info=<" + x5u + ">", theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"no base64":                       {"*.*.*;info=<" + x5u + ">", theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"no JSON":                         {"AAAA.AAAA.AAAA;info=<" + x5u + ">", theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"a short signature":               {s.sign(t, shaken("A"))[:len(s.sign(t, shaken("A")))-len(shaken("A").params)-4] + shaken("A").params, theCall, 0, Result{Attestation: Failed, Reason: BadSignature}},
		"a header without end":            {strings.Repeat("a", maxHeader+1), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"more destinations than any call": {s.sign(t, shaken("A").with(claim("dest", map[string]any{"tn": slices.Repeat([]string{"18887999666"}, maxDestinations+1)}))), theCall, 0, Result{Attestation: Failed, Reason: Malformed}},
		"a type that is not understood":   {s.sign(t, note{map[string]any{"alg": "ES256", "ppt": "rph", "typ": "passport", "x5u": x5u}, shaken("A").claims, ";info=<" + x5u + ">;ppt=rph"}), theCall, 0, Result{Attestation: None, Reason: Unsupported}},
		"a PASSporT of no type":           {s.sign(t, note{map[string]any{"alg": "ES256", "typ": "passport", "x5u": x5u}, shaken("A").claims, ";info=<" + x5u + ">"}), theCall, 0, Result{Attestation: None, Reason: NoAttestation}},
	} {
		t.Run(name, func(t *testing.T) {
			got := v.Verify(start.Add(tt.now), tt.call, []string{tt.header})
			if got.Attestation != tt.want.Attestation || got.Reason != tt.want.Reason {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got.Attestation != A && (got.Caller != "" || got.OrigID != "") {
				t.Errorf("a result that attests nothing names %q and %q", got.Caller, got.OrigID)
			}
		})
	}
}

func TestUnknownCertificateIsAReasonOfItsOwn(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")))
	for name, v := range map[string]*Verifier{
		"none at this address": {Certificates: shelf{}, Roots: root.roots()},
		"none at all":          {Roots: root.roots()},
	} {
		if got := v.Verify(start, theCall, []string{s.sign(t, shaken("A"))}); got.Attestation != Failed || got.Reason != UnknownCertificate {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSeveralIdentityHeaders_RFC8224_4(t *testing.T) {
	root := newRoot(t)
	s, other := root.signer(numbers(spc("709J"))), root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	good, bad := s.sign(t, shaken("B")), other.sign(t, shaken("A"))
	plain := note{map[string]any{"alg": "ES256", "typ": "passport", "x5u": x5u}, shaken("A").claims, ";info=<" + x5u + ">"}
	for name, tt := range map[string]struct {
		headers []string
		want    Attestation
	}{
		"one of them holds":                     {[]string{bad, good}, B},
		"the better one":                        {[]string{s.sign(t, shaken("C")), good}, B},
		"a broken one beside one without level": {[]string{s.sign(t, plain), bad}, Failed},
		"the good one too far down":             {[]string{bad, bad, bad, bad, good}, Failed},
	} {
		if got := v.Verify(start, theCall, tt.headers); got.Attestation != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestDiversion_RFC8946_4(t *testing.T) {
	root := newRoot(t)
	s, other := root.signer(numbers(spc("709J"))), root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	first := s.sign(t, shaken("A").with(func(n note) { n.claims["dest"] = map[string]any{"tn": []string{"15005550001"}} }))
	for name, tt := range map[string]struct {
		headers  []string
		want     Attestation
		diverted string
	}{
		"no diversion signed":    {[]string{first}, Failed, ""},
		"diverted once":          {[]string{first, s.sign(t, div("15005550001", "18887999666"))}, A, "+15005550001"},
		"diverted twice":         {[]string{s.sign(t, div("15005550001", "15005550002")), s.sign(t, div("15005550002", "18887999666")), first}, A, "+15005550001 +15005550002"},
		"from another number":    {[]string{first, s.sign(t, div("15005550009", "18887999666"))}, Failed, "+15005550009"},
		"to another number":      {[]string{first, s.sign(t, div("15005550001", "15005550002"))}, Failed, ""},
		"in a circle":            {[]string{first, s.sign(t, div("18887999666", "18887999666"))}, Failed, "+18887999666"},
		"signed by someone else": {[]string{first, other.sign(t, div("15005550001", "18887999666"))}, Failed, ""},
		"alone":                  {[]string{s.sign(t, div("15005550001", "18887999666"))}, None, "+15005550001"},
	} {
		got := v.Verify(start, theCall, tt.headers)
		if got.Attestation != tt.want || strings.Join(got.Diverted, " ") != tt.diverted {
			t.Errorf("%s: got %v, diverted by %v; want %v, %s", name, got, got.Diverted, tt.want, tt.diverted)
		}
	}
}

func TestCompactForm_RFC8224_4_1(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	const text = `{"alg":"ES256","typ":"passport","x5u":"` + x5u + `"}`
	const facts = `{"dest":{"tn":["18887999666"]},"iat":1772366400,"orig":{"tn":"12155551212"}}`
	compact := ".." + s.signature(t, raw(text)+"."+raw(facts))
	dated := theCall
	dated.Date = start
	late := dated
	late.Date = start.Add(-2 * time.Minute)
	other := dated
	other.Callers = []string{"+14155550100"}
	guesses := Call{Callers: []string{"+14155550100", caller}, Called: []string{"+18005550000", called}, Date: start}
	for name, tt := range map[string]struct {
		header string
		call   Call
		want   Reason
	}{
		"rebuilt":                    {compact + ";info=<" + x5u + ">", dated, NoAttestation},
		"rebuilt from a second pair": {compact + ";info=<" + x5u + ">", guesses, NoAttestation},
		"without a Date":             {compact + ";info=<" + x5u + ">", theCall, Malformed},
		"an old Date":                {compact + ";info=<" + x5u + ">", late, Stale},
		"another caller":             {compact + ";info=<" + x5u + ">", other, BadSignature},
		"no caller":                  {compact + ";info=<" + x5u + ">", Call{Called: dated.Called, Date: start}, NoCaller},
		"of SHAKEN (RFC 8588)":       {compact + ";info=<" + x5u + ">;ppt=shaken", dated, Malformed},
		"half of it":                 {"." + compact[1:] + "x.;info=<" + x5u + ">", dated, Malformed},
		"unknown certificate":        {compact + ";info=<" + x5u + "2>", dated, UnknownCertificate},
	} {
		if got := v.Verify(start, tt.call, []string{tt.header}); got.Reason != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func raw(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

func TestCertificates_RFC8226(t *testing.T) {
	root, foreign := newRoot(t), newRoot(t)
	code := numbers(spc("709J"))
	critical := code
	critical.Critical = true
	middle := root.under(code)
	narrow := root.under(numbers(span("12155550000", 100)))
	otherCode := root.under(numbers(spc("1234")))
	through := func(a *authority, s *signer) *signer { s.chain = append(s.chain[:1], a.cert, root.cert); return s }
	p384, rsaKey := root.signer(code), root.signer(code)
	p384.chain[0] = root.issue(newKey(t, elliptic.P384()), withExtension(template("P-384"), code))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey.chain[0] = root.issue(key, withExtension(template("RSA"), code))
	for name, tt := range map[string]struct {
		signer *signer
		want   Reason
	}{
		"a provider":                         {root.signer(code), Verified},
		"a critical list":                    {root.signer(critical), Verified},
		"through an intermediate":            {through(middle, middle.signer(code)), Verified},
		"its one number":                     {root.signer(numbers(one("12155551212"))), Verified},
		"a range around it":                  {root.signer(numbers(span("12155551000", 1000))), Verified},
		"a range below it":                   {root.signer(numbers(span("12155551000", 212))), OutOfScope},
		"a range of shorter numbers":         {root.signer(numbers(span("2155551000", 1000))), OutOfScope},
		"another number":                     {root.signer(numbers(one("12155551213"))), OutOfScope},
		"an issuer for fewer numbers":        {through(narrow, narrow.signer(numbers(span("12155551000", 1000)))), OutOfScope},
		"an issuer for another provider":     {through(otherCode, otherCode.signer(code)), OutOfScope},
		"a provider that delegates a number": {through(middle, middle.signer(numbers(one("12155551212")))), Verified},
		"an intermediate that is not there":  {&signer{middle.signer(code).key, nil}, UnknownCertificate},
		"another root":                       {foreign.signer(code), Untrusted},
		"itself its root":                    {&signer{foreign.key, []*x509.Certificate{foreign.cert}}, BadCertificate},
		"no list":                            {root.signer(pkix.Extension{Id: []int{1, 2, 3}, Value: []byte{5, 0}}), BadCertificate},
		"a broken list":                      {root.signer(pkix.Extension{Id: tnAuthListOID, Value: []byte{5, 0}}), BadCertificate},
		"not for signatures":                 {root.signer(code, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), BadCertificate},
		"an authority's":                     {root.signer(code, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), BadCertificate},
		"over":                               {root.signer(code, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), ExpiredCertificate},
		"not begun":                          {root.signer(code, func(c *x509.Certificate) { c.NotBefore = start.Add(time.Hour) }), ExpiredCertificate},
		"a key of P-384":                     {p384, BadCertificate},
		"a key of RSA":                       {rsaKey, BadCertificate},
		"a missing link":                     {&signer{key: newKey(t, elliptic.P256()), chain: middle.signer(code).chain[:1]}, Untrusted},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Verifier{Certificates: shelf{x5u: tt.signer.chain}, Roots: root.roots()}
			for range 2 { // the second time from memory
				if got := v.Verify(start, theCall, []string{tt.signer.sign(t, shaken("A"))}); got.Reason != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
	v := &Verifier{Certificates: shelf{x5u: root.signer(code).chain}}
	if got := v.Verify(start, theCall, []string{root.signer(code).sign(t, shaken("A"))}); got.Reason != Untrusted {
		t.Errorf("without roots: %v", got)
	}
}

func withExtension(c *x509.Certificate, e pkix.Extension) *x509.Certificate {
	c.ExtraExtensions = []pkix.Extension{e}
	return c
}

func TestRememberedCertificateEndsWithItsTime(t *testing.T) {
	root := newRoot(t)
	s := root.signer(numbers(spc("709J")), func(c *x509.Certificate) { c.NotAfter = start.Add(time.Hour) })
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	for _, tt := range []struct {
		after time.Duration
		want  Reason
	}{{0, Verified}, {time.Hour, Verified}, {time.Hour + time.Second, ExpiredCertificate}, {0, Verified}} {
		n := shaken("A").with(func(n note) { n.claims["iat"] = start.Add(tt.after).Unix() })
		if got := v.Verify(start.Add(tt.after), theCall, []string{s.sign(t, n)}); got.Reason != tt.want {
			t.Errorf("after %v: got %v, want %v", tt.after, got, tt.want)
		}
	}
}

func TestNewCertificateAtAnAddressCounts(t *testing.T) {
	root := newRoot(t)
	old, renewed := root.signer(numbers(spc("709J"))), root.signer(numbers(spc("709J")))
	certificates := shelf{x5u: old.chain}
	v := &Verifier{Certificates: certificates, Roots: root.roots()}
	header := renewed.sign(t, shaken("A"))
	if got := v.Verify(start, theCall, []string{header}); got.Reason != BadSignature {
		t.Errorf("before: %v", got)
	}
	certificates[x5u] = renewed.chain
	if got := v.Verify(start, theCall, []string{header}); got.Reason != Verified {
		t.Errorf("after: %v", got)
	}
}

func BenchmarkVerify(b *testing.B) {
	root := newRoot(b)
	s := root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	headers := []string{s.sign(b, shaken("A"))}
	b.ReportAllocs()
	for b.Loop() {
		if got := v.Verify(start, theCall, headers); got.Attestation != A {
			b.Fatal(got)
		}
	}
}

func FuzzIdentity(f *testing.F) {
	root := newRoot(f)
	s := root.signer(numbers(spc("709J")))
	v := &Verifier{Certificates: shelf{x5u: s.chain}, Roots: root.roots()}
	f.Add(s.sign(f, shaken("A")))
	f.Add(s.sign(f, div("15005550001", "18887999666")))
	f.Add("..c2ln;info=<" + x5u + ">")
	f.Add(`a.b.c;info=<https://h/>;alg="ES256";ppt=<;>"`)
	call := theCall
	call.Date = start
	f.Fuzz(func(t *testing.T, header string) {
		got := v.Verify(start, call, []string{header})
		if got.rank() < 0 || got.Reason == "" {
			t.Errorf("%q gives %+v", header, got)
		}
		if got.Attestation != Failed && got.Attestation != None && got.Caller != caller {
			t.Errorf("%q attests %q", header, got.Caller)
		}
	})
}
