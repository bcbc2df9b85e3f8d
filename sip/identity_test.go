package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var receivedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// configured is a user agent that only has a configuration.
func configured(c Config) *UserAgent {
	u := &UserAgent{config: c}
	u.settings.Store(&c)
	return u
}

// identityOf is what an INVITE on a trunk says; our numbers are one American and one British.
func identityOf(t testing.TB, m msg, trunk Trunk, v Verifier) (Identity, bool) {
	t.Helper()
	u := configured(Config{Verifier: v, Numbers: func(_ *Trunk, e164 string) bool {
		return e164 == "+18887999666" || e164 == "+442038905445"
	}})
	trunk.Country = orDefault(trunk.Country, "US")
	req := requestOf(t, m.String())
	id, ok := u.called(req, newTrunk(trunk, 1))
	u.identifyCaller(req, &trunk, &id, receivedAt)
	id.divertedBy(req, trunk.Country)
	return id, ok
}

// A tel URI has neither User nor Host in sipgo; P-Asserted-Identity is our own work.
func TestCaller_RFC3325_9_1_RFC3323_4_2(t *testing.T) {
	trusted := Trunk{TrustCaller: true}
	believes := func(names ...string) Trunk { return Trunk{TrustCaller: true, TrustIdentity: names} }
	for name, tt := range map[string]struct {
		from, headers string
		trunk         Trunk
		want, header  string
		vouched       bool
	}{
		"From of an untrusted trunk":         {"<sip:+14155550100@h>;tag=1", "", Trunk{}, "+14155550100", "From", false},
		"From of a trusted trunk":            {"<sip:4155550100@h>;tag=1", "", trusted, "+14155550100", "From", true},
		"From without brackets":              {"sip:4155550100@h;tag=1", "", trusted, "+14155550100", "From", true},
		"identity of a trusted trunk":        {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: \"A, B\" <sip:+14155550123@h>\r\n", trusted, "+14155550123", "P-Asserted-Identity", true},
		"identity of an untrusted trunk":     {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: <sip:+14155550123@h>\r\n", Trunk{}, "+14155550100", "From", false},
		"identity by tel after one by name":  {"<sip:x@h>;tag=1", "P-Asserted-Identity: <sip:ann@h>, <tel:+1-415-555-0123>\r\n", trusted, "+14155550123", "P-Asserted-Identity", true},
		"identity by tel on a second line":   {"<sip:x@h>;tag=1", "P-Asserted-Identity: <sip:ann@h>\r\nP-Asserted-Identity: <tel:+14155550123>\r\n", trusted, "+14155550123", "P-Asserted-Identity", true},
		"identity of several (RFC 5876)":     {"<sip:x@h>;tag=1", "P-Asserted-Identity: <sip:+14155550123@h>, <tel:+14155550199>\r\n", trusted, "+14155550123", "P-Asserted-Identity", true},
		"identity without brackets":          {"<sip:x@h>;tag=1", "P-Asserted-Identity: tel:+14155550123\r\n", trusted, "+14155550123", "P-Asserted-Identity", true},
		"no number at all":                   {"<sip:ann@h>;tag=1", "", trusted, "", "From", false},
		"a tel URI":                          {"<tel:+1-415-555-0100>;tag=1", "", trusted, "+14155550100", "From", true},
		"anonymous (RFC 3261 8.1.1.3)":       {"\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "", trusted, "", "From", false},
		"anonymous with an identity":         {"<sip:anonymous@anonymous.invalid>;tag=1", "P-Asserted-Identity: <tel:+14155550123>\r\n", trusted, "", "P-Asserted-Identity", false},
		"anonymous at a host":                {"<sip:Anonymous@192.0.2.7>;tag=1", "", trusted, "", "From", false},
		"a number at anonymous.invalid":      {"<sip:+14155550100@private.anonymous.invalid>;tag=1", "", trusted, "", "From", false},
		"privacy by id (RFC 3325 9.3)":       {"<sip:+14155550100@h>;tag=1", "Privacy: id;critical\r\n", trusted, "", "From", false},
		"privacy by user":                    {"<sip:+14155550100@h>;tag=1", "Privacy: USER\r\n", trusted, "", "From", false},
		"privacy by header, on a line":       {"<sip:+14155550100@h>;tag=1", "Privacy: session\r\nPrivacy: header\r\n", trusted, "", "From", false},
		"privacy of the history alone":       {"<sip:+14155550100@h>;tag=1", "Privacy: history\r\n", trusted, "+14155550100", "From", true},
		"privacy of the session alone":       {"<sip:+14155550100@h>;tag=1", "Privacy: session;critical\r\n", trusted, "+14155550100", "From", true},
		"privacy that asks for none":         {"<sip:+14155550100@h>;tag=1", "Privacy: none\r\n", trusted, "+14155550100", "From", true},
		"identity that cannot be understood": {"<sip:+14155550100@h>;tag=1", "P-Asserted-Identity: <<<\r\n", trusted, "+14155550100", "From", true},
		"headers that are not believed":      {"<sip:+14155550100@h>;tag=1", "P-Preferred-Identity: <tel:+14155550123>\r\nRemote-Party-ID: <sip:+14155550123@h>\r\n", trusted, "+14155550100", "From", true},
		"a preferred identity is a wish":     {"<sip:+14155550100@h>;tag=1", "P-Preferred-Identity: <tel:+14155550123>\r\n", believes("p-preferred-identity"), "+14155550123", "P-Preferred-Identity", false},
		"asserted before preferred":          {"<sip:x@h>;tag=1", "P-Preferred-Identity: <tel:+14155550199>\r\nP-Asserted-Identity: <tel:+14155550123>\r\n", believes("P-Asserted-Identity", "P-Preferred-Identity"), "+14155550123", "P-Asserted-Identity", true},
		"remote party":                       {"<sip:x@h>;tag=1", "Remote-Party-ID: \"Ann\" <sip:4155550123@h;user=phone>;party=calling;screen=yes;privacy=off\r\n", believes("Remote-Party-ID"), "+14155550123", "Remote-Party-ID", true},
		"remote party of the other side":     {"<sip:+14155550100@h>;tag=1", "Remote-Party-ID: <sip:4155550123@h>;party=called\r\n", believes("Remote-Party-ID"), "+14155550100", "From", true},
		"remote party that is not screened":  {"<sip:x@h>;tag=1", "Remote-Party-ID: <sip:4155550123@h>;screen=no\r\n", believes("Remote-Party-ID"), "+14155550123", "Remote-Party-ID", false},
		"remote party that is private":       {"<sip:x@h>;tag=1", "Remote-Party-ID: <sip:4155550123@h>;privacy=\"full\"\r\n", believes("Remote-Party-ID"), "", "Remote-Party-ID", false},
		"private without a number":           {"<sip:+14155550100@h>;tag=1", "Remote-Party-ID: <sip:ann@h>;privacy=full\r\n", believes("Remote-Party-ID"), "", "From", false},
		"private, on a trunk that says not":  {"<sip:+14155550100@h>;tag=1", "Remote-Party-ID: <sip:ann@h>;privacy=full\r\n", trusted, "+14155550100", "From", true},
		"believed without being vouched for": {"<sip:x@h>;tag=1", "P-Asserted-Identity: <tel:+14155550123>\r\n", Trunk{TrustIdentity: []string{"P-Asserted-Identity"}}, "+14155550123", "P-Asserted-Identity", false},
	} {
		t.Run(name, func(t *testing.T) {
			m := invite()
			m.from, m.headers = tt.from, tt.headers
			got, _ := identityOf(t, m, tt.trunk, nil)
			if got.Caller != tt.want || got.CallerVouched != tt.vouched || got.CallerFrom != tt.header {
				t.Errorf("caller %q of %s, vouched %v; want %q, %s, %v", got.Caller, got.CallerFrom, got.CallerVouched, tt.want, tt.header, tt.vouched)
			}
			if hidden := strings.Contains(name, "anonymous") || strings.Contains(name, "private") && tt.want == ""; hidden && !got.Withheld {
				t.Error("it does not say that the caller is withheld")
			}
		})
	}
}

func TestCallerName(t *testing.T) {
	long := strings.Repeat("é", maxName)
	for name, tt := range map[string]struct{ from, headers, want string }{
		"quoted":                    {`"Ann Smith" <sip:+14155550100@h>;tag=1`, "", "Ann Smith"},
		"a token":                   {"Ann <sip:+14155550100@h>;tag=1", "", "Ann"},
		"none":                      {"<sip:+14155550100@h>;tag=1", "", ""},
		"escaped":                   {`"Ann \"the \\ boss\"" <sip:+14155550100@h>;tag=1`, "", `Ann "the \ boss"`},
		"of the header believed":    {`"Ann" <sip:+14155550100@h>;tag=1`, "P-Asserted-Identity: \"Smith, Ann\" <sip:+14155550100@h>\r\n", "Smith, Ann"},
		"of From when that has not": {`"Ann" <sip:+14155550100@h>;tag=1`, "P-Asserted-Identity: <sip:+14155550100@h>\r\n", "Ann"},
		"too long":                  {`"` + long + `" <sip:+14155550100@h>;tag=1`, "", long[:maxName]},
		"withheld":                  {`"Ann" <sip:+14155550100@h>;tag=1`, "Privacy: id\r\n", ""},
	} {
		m := invite()
		m.from, m.headers = tt.from, tt.headers
		if got, _ := identityOf(t, m, Trunk{TrustCaller: true}, nil); got.CallerName != tt.want {
			t.Errorf("%s: %q, want %q", name, got.CallerName, tt.want)
		}
	}
}

func TestNameThatIsPrivate(t *testing.T) {
	m := invite()
	m.from, m.headers = `"Ann" <sip:+14155550100@h>;tag=1`, "Remote-Party-ID: \"Ann\" <sip:+14155550100@h>;privacy=name\r\n"
	got, _ := identityOf(t, m, Trunk{TrustIdentity: []string{RemotePartyID}}, nil)
	if got.CallerName != "" || got.Caller != "+14155550100" || got.Withheld {
		t.Errorf("the call is %+v", got)
	}
}

func TestDisplayNameIsFitToBeShown(t *testing.T) {
	for written, want := range map[string]string{
		"A\x1b[31mnn\x00\u202e\u200b\u2066x": "A[31mnnx", "A\xff\xfenn": "Ann", " \t": "", "\\": "\\", "Zo\u00eb": "Zo\u00eb",
	} {
		if got := displayName(written); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func TestCalledNumber_RFC7315_4_2_RFC5806_RFC7044(t *testing.T) {
	const pilot = "sip:+14155550000@192.0.2.1"
	for name, tt := range map[string]struct {
		uri, to, headers, country string
		want, from, extension     string
	}{
		"Request-URI":                  {"sip:+18887999666@h", "<sip:x@h>", "", "US", "+18887999666", "Request-URI", ""},
		"before To":                    {"sip:8887999666;ext=2@h", "<sip:+442038905445@h>", "", "US", "+18887999666", "Request-URI", "2"},
		"a second reading":             {"sip:2038905445@h", "<sip:x@h>", "", "GB", "+442038905445", "Request-URI", ""},
		"To, behind an account":        {"sip:readback@h", "<tel:+1-888-799-9666;ext=2>", "", "US", "+18887999666", "To", "2"},
		"To, behind a pilot number":    {pilot, "<sip:8887999666@h>;x=y", "", "US", "+18887999666", "To", ""},
		"P-Called-Party-ID":            {pilot, "<sip:x@h>", "P-Called-Party-ID: \"Help\" <sip:+18887999666@h;user=phone>;npi=1\r\n", "US", "+18887999666", "P-Called-Party-ID", ""},
		"Diversion, the latest first":  {pilot, "<sip:x@h>", "Diversion: <sip:+18887999666@h>;reason=unconditional, <tel:+442038905445>;reason=no-answer\r\n", "US", "+18887999666", "Diversion", ""},
		"Diversion, an earlier one":    {pilot, "<sip:x@h>", "Diversion: <sip:+14155550001@h>;reason=unconditional\r\nDiversion: <tel:+442038905445>;reason=no-answer\r\n", "US", "+442038905445", "Diversion", ""},
		"a Diversion that is private":  {pilot, "<sip:x@h>", "Diversion: <sip:+18887999666@h>;privacy=full\r\n", "US", "+18887999666", "Diversion", ""},
		"History-Info, the latest one": {pilot, "<sip:x@h>", "History-Info: <sip:+442038905445@h>;index=1, <sip:+18887999666@h>;index=1.1;mp=1, <" + pilot + ">;index=1.1.1;mp=1.1\r\n", "US", "+18887999666", "History-Info", ""},
		"in none of them":              {pilot, "<sip:x@h>", "Diversion: <sip:+14155550001@h>\r\nHistory-Info: <sip:+14155550001@h>;index=1\r\nP-Called-Party-ID: <sip:y@h>\r\n", "US", "", "", ""},
		"broken headers":               {pilot, "<sip:x@h>", "Diversion: <<\r\nHistory-Info: ;;\r\nP-Called-Party-ID: <\r\n", "US", "", "", ""},
	} {
		m := invite()
		m.uri, m.to, m.headers = tt.uri, tt.to, tt.headers
		got, ok := identityOf(t, m, Trunk{Country: tt.country}, nil)
		if got.Called != tt.want || got.CalledFrom != tt.from || got.Extension != tt.extension || ok != (tt.want != "") {
			t.Errorf("%s: %q of %q, extension %q, %v; want %q, %q, %q", name, got.Called, got.CalledFrom, got.Extension, ok, tt.want, tt.from, tt.extension)
		}
	}
}

func TestIdentityOfACall(t *testing.T) {
	calls := make(chan *Call, 1)
	serve := func(ctx context.Context, c *Call) {
		calls <- c
		rings(ctx, c)
	}
	inBubble(t, serve, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.uri = "sip:+14155550000@192.0.2.1"
		m.headers = "P-Asserted-Identity: \"Ann\" <tel:+14155550123>\r\nDiversion: <tel:+14155550001>;reason=user-busy\r\n"
		p.send(m)
		p.expect("SIP/2.0 180")
		synctest.Wait()
		got := (<-calls).Identity
		if got.Caller != "+14155550123" || got.CallerName != "Ann" || !got.CallerVouched || got.Called != "+18887999666" || got.CalledFrom != "To" ||
			got.OriginalCalled != "+14155550001" || len(got.Diversions) != 1 || got.Attestation != "none" {
			t.Errorf("the call is %+v", got)
		}
	})
}

func TestIdentityHeadersAreChecked(t *testing.T) {
	_, err := New(Config{
		Listen: []Listen{{Network: "udp", Address: "127.0.0.1:0"}}, Trunks: []Trunk{{Name: "carrier", TrustIdentity: []string{"From"}}},
	}, nil)
	if err == nil || !strings.Contains(err.Error(), `"From" names no caller`) {
		t.Errorf("New: %v", err)
	}
}

// Nothing in a header may stop a call, or come out larger than it may.
func FuzzIdentity(f *testing.F) {
	f.Add(`"A" <sip:+14155550123@h>;screen=no`, `<sip:+18887999666@h>;reason=user-busy;counter=3`, `<sip:+1@h?Reason=SIP%3Bcause%3D302>;index=1,<tel:+1;cause=486>;index=1.1;mp=1`, "id;critical")
	f.Add(`<tel:+1;verstat=TN-Validation-Passed-A>`, `<<>>`, `;index=1.1.1.1`, "")
	f.Add(`"\`, `x;privacy="full"`, `<sip:?Privacy=history>;index=-1`, "none")
	f.Fuzz(func(t *testing.T, party, diversion, history, privacy string) {
		m := invite()
		req := requestOf(t, m.String())
		for name, value := range map[string]string{
			AssertedIdentity: party, PreferredIdentity: party, RemotePartyID: party, "P-Called-Party-ID": party,
			diversionHeader: diversion, historyHeader: history, "Privacy": privacy, "Identity": party,
		} {
			req.AppendHeader(header(name, value))
		}
		trunk := Trunk{Country: "US", TrustCaller: true, Verstat: true, TrustIdentity: []string{RemotePartyID, AssertedIdentity, PreferredIdentity}}
		u := configured(Config{Numbers: func(*Trunk, string) bool { return false }})
		id, ok := u.called(req, newTrunk(trunk, 1))
		u.identifyCaller(req, &trunk, &id, receivedAt)
		id.divertedBy(req, trunk.Country)
		if ok || len(id.CallerName) > maxName || len(id.Diversions) > maxDiversions || id.Attestation == "" || id.Withheld && id.Caller+id.CallerName != "" {
			t.Errorf("%+v", id)
		}
		for _, d := range id.Diversions {
			if d.Reason == "" || len(d.Reason) > maxReasonWord || d.Count < 1 || d.Private && d.Number != "" {
				t.Errorf("%+v", d)
			}
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	m := invite()
	m.headers = "P-Asserted-Identity: \"Ann\" <sip:+14155550123@h>, <tel:+14155550123>\r\nDiversion: <tel:+14155550001>;reason=user-busy\r\n"
	req := requestOf(b, m.String())
	trunk := newTrunk(Trunk{Country: "US", TrustCaller: true}, 1)
	u := configured(Config{Numbers: func(*Trunk, string) bool { return true }})
	b.ReportAllocs()
	for b.Loop() {
		id, _ := u.called(req, trunk)
		u.identifyCaller(req, &trunk.Trunk, &id, receivedAt)
		id.divertedBy(req, "US")
		if id.Caller == "" || id.OriginalCalled == "" {
			b.Fatal(id)
		}
	}
}
