package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/cmd/readback/doctor"
	"readback/config"
)

// doctorConfig is a gateway on every transport whose trunk is far away, so that a doctor on its machine must be let in.
const doctorConfig = `
node: test
data: data
sip:
  listen:
    - {network: udp, address: "127.0.0.1:0"}
    - {network: tcp, address: "127.0.0.1:0"}
    - {network: tls, address: "127.0.0.1:0"}
  tls:
    certificates: [{certificate: gateway.crt, key: gateway.key}]
    authorities: authority.crt
http: {listen: "127.0.0.1:0"}
trunks:
  - {name: carrier, networks: [192.0.2.0/24], country: US, encryption: optional}
numbers:
  - {number: "+1 888 799 9666", country: US, locale: en-US, trunks: [carrier], time_zone: America/Los_Angeles}
`

// startDoctored runs that gateway.
func startDoctored(t *testing.T) *process {
	t.Helper()
	dir := t.TempDir()
	newSigner(t, dir).issue("gateway", "sip.example.com", "127.0.0.1")
	text := strings.NewReplacer("gateway.crt", filepath.Join(dir, "gateway.crt"), "gateway.key", filepath.Join(dir, "gateway.key"),
		"authority.crt", filepath.Join(dir, "authority.crt")).Replace(doctorConfig)
	return startConfigured(t, binary, text+unhurried)
}

// TestDoctorFindsTheGatewayWell plays every carrier that comes with the program over UDP, TCP and TLS. Nothing is left: no
// trunk, no call, no ticket.
func TestDoctorFindsTheGatewayWell(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startDoctored(t)
	before := p.run("trunk", "list", "-c", p.config)
	out := p.run("trunk", "doctor", "--json", "-c", p.config)
	personas := map[string]int{}
	for line := range strings.Lines(out) {
		var r doctor.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		personas[r.Persona]++
		if r.Verdict != doctor.Pass {
			t.Errorf("got %+v, want a pass", r)
		}
	}
	for _, name := range doctor.Names() {
		if personas[name] < 10 {
			t.Errorf("%s: got %d checks", name, personas[name])
		}
	}
	if after := p.run("trunk", "list", "-c", p.config); after != before {
		t.Errorf("the trunks are\n%s, want\n%s", after, before)
	}
	if found := p.tickets(); len(found) > 0 {
		t.Errorf("got tickets %+v", found)
	}
	if live := p.run("calls", "list", "--live", "--json", "-c", p.config); strings.TrimSpace(live) != "" {
		t.Errorf("calls go on: %s", live)
	}
	calls := p.run("calls", "list", "--json", "-c", p.config)
	for line := range strings.Lines(calls) {
		if !strings.Contains(line, `"trunk":"doctor"`) {
			t.Errorf("a call is not marked: %s", line)
		}
	}
	for _, want := range []string{"the doctor is let in for a while", "the doctor has left"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// A doctor of the trunk that its address belongs to needs not be let in. What is wrong is told in words, and by the status.
func TestDoctorReports(t *testing.T) {
	p := startGateway(t, "")
	own := filepath.Join(p.dir, "own.txt")
	text := "persona own\nabout Mine.\ncheck It is unwell\nrfc 3261 11.2\nadvice Mend it.\n> OPTIONS\n< 404\ncheck It is well\nrfc 3261 11.2\n> OPTIONS\n< 200\n"
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := within(t, time.Minute, p.dir, path, "trunk", "doctor", "-c", p.config, "--persona", own, "--persona", "cpaas-tls", "-v")
	if err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("got %v, want status 1", err)
	}
	for _, want := range []string{
		"Trunk carrier, number +18887999666",
		"It is unwell                                  FAIL     3261 11.2",
		"step      line 7: < 404", "expected  404 to OPTIONS", "got       SIP/2.0 200 OK", "do        Mend it.",
		"It is well                                    pass     3261 11.2", "OPTIONS sip:+18887999666@127.0.0.1",
		"A call is answered and heard                  skipped  3261 13.3.1           -", "because   the gateway has no tls listener",
		"14 checks: 1 passed, 1 failed, 12 skipped.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(p.log.String(), "let in") {
		t.Errorf("the doctor was let in where it need not be")
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such persona": {[]string{"--persona", "nobody"}, "the personas that there are: cpaas-tls, cube"},
		"no such trunk":   {[]string{"--trunk", "nobody"}, `there is no trunk "nobody"; there are carrier`},
		"no such number":  {[]string{"--number", "+1"}, "the trunk carrier may call no number +1"},
		"no address":      {[]string{"--to", "there"}, "write an address and a port"},
	} {
		out, err := within(t, time.Minute, p.dir, path, append([]string{"trunk", "doctor", "-c", p.config}, test.args...)...)
		if err == nil || !strings.Contains(out, test.want) {
			t.Errorf("%s: got %v, %s, want %q", name, err, out, test.want)
		}
	}
}

func TestDoctorIsLetInWithinLimits(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startDoctored(t)
	c, err := config.Load(p.config)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = filepath.Join(p.dir, "data")
	client := newControlClient(c)
	t.Cleanup(client.http.CloseIdleConnections)
	post := func(body string) (int, string) {
		response, err := client.http.Post("http://readback/api/v1/doctor", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var b bytes.Buffer
		_, _ = b.ReadFrom(response.Body)
		return response.StatusCode, b.String()
	}
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no JSON", "hello", 400, `give {`},
		{"no address", `{"trunk":"carrier"}`, 400, `give {`},
		{"something else", `{"trunk":"carrier","address":"127.0.0.1","trust":true}`, 400, `give {`},
		{"too much", `{"trunk":"` + strings.Repeat("a", 2000) + `","address":"127.0.0.1"}`, 400, `give {`},
		{"another machine", `{"trunk":"carrier","address":"203.0.113.9"}`, 403, "no address of this machine"},
		{"everybody", `{"trunk":"carrier","address":"0.0.0.0"}`, 403, "no address of this machine"},
		{"no such trunk", `{"trunk":"nobody","address":"127.0.0.1"}`, 403, `there is no trunk \"nobody\"`},
		{"let in", `{"trunk":"carrier","address":"127.0.0.1"}`, 200, `"trunk":"doctor"`},
		{"again", `{"trunk":"carrier","address":"127.0.0.1"}`, 200, `"trunk":"doctor"`},
		{"a second one", `{"trunk":"carrier","address":"127.0.0.2"}`, 409, "here already"},
	} {
		if status, body := post(test.body); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: got %d %s, want %d with %s", test.name, status, body, test.status, test.want)
		}
	}
	if list := p.run("trunk", "list", "-c", p.config); !strings.Contains(list, "doctor") {
		t.Errorf("the trunk of the doctor is not shown:\n%s", list)
	}
	p.reload(func(text string) string { return text + "\n" }, "the configuration is applied to new calls")
	if got := p.ask("OPTIONS"); !strings.HasPrefix(got, "SIP/2.0 200 ") {
		t.Errorf("after a reload the doctor is answered %q", got)
	}
	if err := client.doctor(t.Context(), http.MethodDelete, doctorRequest{}); err != nil {
		t.Error(err)
	}
	if list := p.run("trunk", "list", "-c", p.config); strings.Contains(list, "doctor") {
		t.Errorf("the trunk of the doctor is left:\n%s", list)
	}
	p.kill()
	p.start()
	if list := p.run("trunk", "list", "-c", p.config); strings.Contains(list, "doctor") {
		t.Errorf("the trunk of the doctor has survived a restart:\n%s", list)
	}
}

// The trunk of the doctor is like the one that it plays, and vouches for nobody.
func TestDoctorTrunkVouchesForNobody(t *testing.T) {
	w := ward{as: "carrier", address: netip.MustParseAddr("127.0.0.1")}
	c := &config.Config{
		Trunks: []config.Trunk{{
			Name: "carrier", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Country: "GB", Codecs: []string{"pcma"}, Encryption: "required",
			Reliable: "required", TrustCaller: true, Verstat: true, IdentityHeaders: []string{"remote-party-id"}, Address: "sip:192.0.2.1",
			Users: []config.Credentials{{Username: "u"}}, Register: []config.Register{{Registrar: "sip:192.0.2.1"}}, TLSNames: []string{"example.com"},
		}},
		Numbers: []config.Number{{Number: "+1", Trunks: []string{"carrier"}}, {Number: "+2", Trunks: []string{"other"}}},
	}
	got := w.admit(c)
	if len(c.Trunks) != 1 || len(got.Trunks) != 2 || len(c.Numbers[0].Trunks) != 1 {
		t.Fatalf("got %+v of %+v", got.Trunks, c.Trunks)
	}
	d := got.Trunks[1]
	if d.TrustCaller || d.Verstat || d.IdentityHeaders != nil || d.Users != nil || d.Register != nil || d.TLSNames != nil || d.Address != "" {
		t.Errorf("the trunk is %+v", d)
	}
	if d.Name != doctorTrunk || fmt.Sprint(d.Networks) != "[127.0.0.1/32]" || d.Country != "GB" || d.Encryption != "required" || d.Reliable != "required" {
		t.Errorf("the trunk is %+v", d)
	}
	if fmt.Sprint(got.Numbers[0].Trunks, got.Numbers[1].Trunks) != "[carrier doctor] [other]" {
		t.Errorf("the numbers are %+v", got.Numbers)
	}
	for name, change := range map[string]func(*config.Config){
		"the address is a trunk's": func(c *config.Config) { c.Trunks[0].Networks[0] = netip.MustParsePrefix("127.0.0.0/8") },
		"the address is a proxy's": func(c *config.Config) { c.SIP.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} },
		"the trunk is gone":        func(c *config.Config) { c.Trunks[0].Name = "new" },
		"the name is taken":        func(c *config.Config) { c.Trunks[0].Name = doctorTrunk },
	} {
		changed := *c
		changed.Trunks = []config.Trunk{c.Trunks[0]}
		changed.Trunks[0].Networks = []netip.Prefix{c.Trunks[0].Networks[0]}
		change(&changed)
		if got := w.admit(&changed); len(got.Trunks) != 1 {
			t.Errorf("%s: got %+v", name, got.Trunks)
		}
	}
}

// A gateway whose certificate nobody vouches for, whom the configuration names, is not well.
func TestDoctorTrustsTheAuthoritiesAlone(t *testing.T) {
	dir := t.TempDir()
	files := newSigner(t, dir).issue("gateway", "sip.example.com", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	strange := t.TempDir()
	newSigner(t, strange)
	for name, test := range map[string]struct {
		authorities, advertise, want string
	}{
		"signed":         {filepath.Join(dir, "authority.crt"), "", ""},
		"with its name":  {filepath.Join(dir, "authority.crt"), "sip.example.com", ""},
		"another's name": {filepath.Join(dir, "authority.crt"), "sip.example.org", "not sip.example.org"},
		"by a stranger":  {filepath.Join(strange, "authority.crt"), "", "unknown authority"},
	} {
		c := config.Default()
		c.SIP.TLS.Authorities, c.SIP.Advertise = config.Path(test.authorities), test.advertise
		v := &visit{config: c, addresses: map[string]netip.AddrPort{"tls": netip.MustParseAddrPort("127.0.0.1:5061")}}
		if err := v.trust(); err != nil {
			t.Fatal(err)
		}
		err := v.secure.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestNumbersAsCarriersWriteThem(t *testing.T) {
	for _, test := range []struct{ number, country, form, want string }{
		{"+442038905445", "GB", "e164", "+442038905445"},
		{"+442038905445", "GB", "bare", "442038905445"},
		{"+442038905445", "GB", "00", "00442038905445"},
		{"+442038905445", "GB", "national", "02038905445"},
		{"+442038905445", "US", "national", "00442038905445"},
		{"+18887999666", "US", "national", "8887999666"},
	} {
		if got := written(test.number, test.country, test.form); got != test.want {
			t.Errorf("%s in %s as %s: got %s, want %s", test.number, test.country, test.form, got, test.want)
		}
	}
}

func TestTheDoctorNeedsAGateway(t *testing.T) {
	c := config.Default()
	c.Data = shortDir(t)
	if _, err := (&trunkDoctorCommand{}).arrive(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the gateway is not running; start it") {
		t.Errorf("got %v", err)
	}
	c.Trunks[0].Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = (&trunkDoctorCommand{To: conn.LocalAddr().String()}).arrive(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "add 127.0.0.1/32 to networks of the trunk loopback") {
		t.Errorf("got %v, want what to add", err)
	}
}
