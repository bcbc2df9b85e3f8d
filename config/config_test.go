package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// everything is a file that says each thing that can be said.
const everything = `
node: ber1.example
data: /var/lib/readback
sip:
  listen:
    - {network: udp, address: 192.0.2.1:5060}
    - {network: tcp, address: "[2001:db8::1]:5060"}
  advertise: sip.example.com
  user_agent: Readback (example)
  max_calls: 1000
  max_call_time: 1h
  ring_time: 3s
rtp:
  address: 192.0.2.1
  advertise: 203.0.113.7
  ports: 30000-39999
  silence: 1m
  quarantine: 10s
  io: plain
  overload: {busy: 0.5, late: 20ms, retry_after: 5s}
http:
  listen: 192.0.2.1:80
trunks:
  - name: carrier
    networks: [198.51.100.0/28, "2001:db8:1::/48", 203.0.113.9]
    country: GB
    trust_caller: true
    codecs: [pcma]
    encryption: required
    inband: always
    media: [198.51.100.0/24]
    calls_per_second: 30
    burst: 60
    max_calls: 500
  - name: pbx
    networks: [10.0.0.0/8]
    address: sip:10.0.0.1
    encryption: off
    media: any
numbers:
  - number: +44 20 3890 5445
    country: GB
    locale: en-GB
    languages: {8: fr-FR, "9": en-AU}
    time_zone: Europe/London
    ring_time: 5s
    trunks: [carrier, pbx]
  - {number: "+16503976096", country: US, locale: en-US}
menu:
  form_url: https://support.example.com/form
  chat_url: https://support.example.com/chat
  patience: {key: 8s, digit: 4s, entry: 20s}
policy:
  plans:
    - name: gold
      aliases: [platinum]
      phone: true
      respond: {P1: 30m, P2: 2h, P3: 1d, P4: 3d}
  unverified: {priority: P2, respond: 48h}
  services: {priority: P3, respond: 7d}
  join_within: 2m
identify:
  pin: always
  tries: 2
  pepper: 0123456789abcdef
  lockout:
    within: 12h
    account: {wrong: 3, lock: 1h}
    caller: {wrong: 6, lock: 1h}
recording: {max: 5m, silence: 6s, keep: 30d}
store:
  url: postgres://readback:hush@db.example.com/readback
agents: {connect: "sip:agents@pbx.example.com", trunk: pbx, priorities: [P1, P2], ring: 45s, per_hour: 10}
observe: {log_level: debug, log_format: json}
`

var withoutPlaces = cmpopts.IgnoreUnexported(Config{})

// compareAddresses lets cmp look into what it cannot.
var compareAddresses = cmp.Options{
	withoutPlaces,
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func TestDefaultIsTheAgreedPolicy(t *testing.T) {
	c := Default()
	loopback := netip.MustParseAddrPort("127.0.0.1:5060")
	wantListen := []Listen{{Network: "udp", Address: loopback}, {Network: "tcp", Address: loopback}}
	if diff := cmp.Diff(wantListen, c.SIP.Listen, compareAddresses); diff != "" {
		t.Errorf("sip.listen (-want +got):\n%s", diff)
	}
	languages := map[Key]string{'9': "fr-FR"}
	wantNumbers := []Number{
		{Number: "+18887999666", Country: "US", Locale: "en-US", Languages: languages, TimeZone: "America/Los_Angeles"},
		{Number: "+16503976096", Country: "US", Locale: "en-US", Languages: languages, TimeZone: "America/Los_Angeles"},
		{Number: "+611800768027", Country: "AU", Locale: "en-AU", Languages: languages, TimeZone: "Australia/Sydney"},
		{Number: "+448003687314", Country: "GB", Locale: "en-GB", Languages: languages, TimeZone: "Europe/London"},
		{Number: "+442038905445", Country: "GB", Locale: "en-GB", Languages: languages, TimeZone: "Europe/London"},
	}
	if diff := cmp.Diff(wantNumbers, c.Numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	hours := func(p1, p2, p3, p4 int) Respond {
		hour := Duration(time.Hour)
		return Respond{Duration(p1) * hour, Duration(p2) * hour, Duration(p3) * hour, Duration(p4) * hour}
	}
	wantPlans := []Plan{
		{Name: "enterprise", Aliases: []string{"business"}, Phone: true, Form: true, Chat: true, Respond: hours(1, 4, 24, 24)},
		{Name: "education", Phone: true, Form: true, Chat: true, Respond: hours(1, 4, 24, 24)},
		{Name: "api", Phone: true, Form: true, Chat: true, Respond: hours(1, 4, 24, 24)},
		{Name: "pro", Form: true, Chat: true, Respond: hours(1, 4, 24, 24)},
		{Name: "free", Aliases: []string{"basic"}, Form: true, Chat: true, Respond: hours(24, 24, 24, 24)},
	}
	if diff := cmp.Diff(wantPlans, c.Policy.Plans); diff != "" {
		t.Errorf("policy.plans (-want +got):\n%s", diff)
	}
	wantTrunks := []Trunk{{
		Name: "loopback", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Codecs: []string{"g722", "pcmu", "pcma"},
		Reliable: "supported", Encryption: "optional", InBand: "without-events",
		CallsPerSecond: 10, Burst: 20, MaxCalls: 200,
	}}
	if diff := cmp.Diff(wantTrunks, c.Trunks, compareAddresses); diff != "" {
		t.Errorf("trunks (-want +got):\n%s", diff)
	}
	for _, check := range []struct {
		path      string
		got, want any
	}{
		{"data", c.Data, "data"},
		{"http.listen", c.HTTP.Listen.String(), "127.0.0.1:8080"},
		{"sip.max_call_time", c.SIP.MaxCallTime.D(), 30 * time.Minute},
		{"sip.ring_time", c.SIP.RingTime.D(), time.Duration(0)},
		{"rtp.silence", c.RTP.Silence.D(), 30 * time.Second},
		{"rtp.io", c.RTP.IO, "auto"},
		{"rtp.overload", c.RTP.Overload, Overload{0.75, Duration(10 * time.Millisecond), Duration(2 * time.Second)}},
		{"policy.unverified", c.Policy.Unverified, Promise{3, Duration(24 * time.Hour)}},
		{"policy.services", c.Policy.Services, Promise{4, Duration(24 * time.Hour)}},
		{"policy.join_within", c.Policy.JoinWithin.D(), time.Minute},
		{"identify.pin", c.Identify.PIN, "unless-vouched"},
		{"identify.tries", c.Identify.Tries, 3},
		{"identify.lockout.account", c.Identify.Lockout.Account, Limit{5, Duration(15 * time.Minute)}},
		{"identify.lockout.caller", c.Identify.Lockout.Caller, Limit{10, Duration(15 * time.Minute)}},
		{"store.url", c.Store.URL.Reveal(), ""},
		{"agents", c.Agents, Agents{Way: "bridge", Priorities: []Priority{1}, Ring: Duration(30 * time.Second), PerHour: 60}},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("%s is %v, want %v", check.path, check.got, check.want)
		}
	}
}

func TestDefaultIsAFreshCopy(t *testing.T) {
	c := Default()
	c.Numbers[0].Languages['9'] = "spoilt"
	c.Trunks[0].Codecs[0] = "spoilt"
	if d := Default(); d.Numbers[0].Languages['9'] != "fr-FR" || d.Trunks[0].Codecs[0] != "g722" {
		t.Error("what is done to one copy of the defaults shows in the next")
	}
}

func TestDefaultSurvivesReadingItself(t *testing.T) {
	c, err := Parse("own.yaml", defaultYAML)
	if err != nil {
		t.Fatalf("the defaults are refused as a user's file:\n%v", err)
	}
	if diff := cmp.Diff(Default(), c, compareAddresses); diff != "" {
		t.Errorf("(-default +read again):\n%s", diff)
	}
}

func TestEverythingThatCanBeSaid(t *testing.T) {
	c, err := Parse("readback.yaml", []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	five := Duration(5 * time.Second)
	if diff := cmp.Diff(Number{
		Number: "+442038905445", Country: "GB", Locale: "en-GB", Languages: map[Key]string{'8': "fr-FR", '9': "en-AU"},
		TimeZone: "Europe/London", RingTime: &five, Trunks: []string{"carrier", "pbx"},
	}, c.Numbers[0]); diff != "" {
		t.Errorf("numbers[0] (-want +got):\n%s", diff)
	}
	if got, want := c.Numbers[1], (Number{Number: "+16503976096", Country: "US", Locale: "en-US", TimeZone: "UTC"}); !cmp.Equal(got, want) {
		t.Errorf("a short number is %+v, want %+v", got, want)
	}
	if got, want := fmt.Sprint(c.Trunks[0].Networks), "[198.51.100.0/28 2001:db8:1::/48 203.0.113.9/32]"; got != want {
		t.Errorf("networks are %s, want %s", got, want)
	}
	for i, want := range []string{"[198.51.100.0/24]", "[0.0.0.0/0 ::/0]"} {
		if got := fmt.Sprint(c.Trunks[i].MediaNetworks()); got != want {
			t.Errorf("media networks of trunk %d are %s, want %s", i, got, want)
		}
	}
	if pbx := c.Trunks[1]; pbx.Encryption != "off" || pbx.InBand != "without-events" {
		t.Errorf("the trunk pbx has encryption %q and in-band keys %q, want off and without-events", pbx.Encryption, pbx.InBand)
	}
	if got := Default().Trunks[0].MediaNetworks(); fmt.Sprint(got) != "[127.0.0.0/8]" {
		t.Errorf("a trunk that says nothing of media has %v, want its own networks", got)
	}
	if got, want := c.Store.URL.Reveal(), "postgres://readback:hush@db.example.com/readback"; got != want {
		t.Errorf("store.url is %q, want %q", got, want)
	}
}

func TestMarshalledConfigurationCanBeReadAgain(t *testing.T) {
	withoutSecrets := strings.NewReplacer("  pepper: 0123456789abcdef\n", "", "  url: postgres://readback:hush@db.example.com/readback", "  url: \"\"").Replace(everything)
	want, err := Parse("readback.yaml", []byte(withoutSecrets))
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("again.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(want, got, compareAddresses); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func TestAListReplacesAndAMapMerges(t *testing.T) {
	c, err := Parse("readback.yaml", []byte("sip: {max_calls: 7}\nnumbers:\n  - {number: +33 805 10 20 30, country: FR, locale: fr-FR}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.SIP.MaxCalls != 7 || len(c.SIP.Listen) != 2 {
		t.Errorf("sip is %+v, want max_calls 7 and the default listeners", c.SIP)
	}
	if len(c.Numbers) != 1 || c.Numbers[0].Number != "+33805102030" {
		t.Errorf("numbers are %v, want the one of the file", c.Numbers)
	}
}

func TestReferences(t *testing.T) {
	t.Setenv("READBACK_TEST_NODE", "from-environment")
	t.Setenv("READBACK_TEST_PORTS", "40000-49999")
	directory := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("pepper", "a pepper of some length\n")
	write("password", "p%40ss\r\n")
	path := write("readback.yaml", `
node: ${env:READBACK_TEST_NODE}
rtp: {ports: "${env:READBACK_TEST_PORTS}"}
identify: {pepper: "${file:pepper}"}
menu: {form_url: "https://example.com/$${plain}"}
store: {url: "postgres://readback:${file:password}@db/readback"}
`)
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct{ got, want string }{
		{c.Node, "from-environment"},
		{c.RTP.Ports.String(), "40000-49999"},
		{c.Identify.Pepper.Reveal(), "a pepper of some length"},
		{c.Menu.FormURL, "https://example.com/${plain}"},
		{c.Store.URL.Reveal(), "postgres://readback:p%40ss@db/readback"},
	} {
		if check.got != check.want {
			t.Errorf("got %q, want %q", check.got, check.want)
		}
	}
}

func TestAReferredValueStaysOutOfProblems(t *testing.T) {
	t.Setenv("READBACK_TEST_HIDDEN", "very private")
	_, err := Parse("readback.yaml", []byte(`
node: ${env:READBACK_TEST_HIDDEN}
http: {listen: "${env:READBACK_TEST_HIDDEN}"}
observe: {log_level: "${env:READBACK_TEST_HIDDEN}"}
menu: {form_url: "${env:READBACK_TEST_HIDDEN}"}
store: {url: "${env:READBACK_TEST_HIDDEN}"}
numbers: [{number: "${env:READBACK_TEST_HIDDEN}", country: US, locale: "${env:READBACK_TEST_HIDDEN}", time_zone: "${env:READBACK_TEST_HIDDEN}"}]
`))
	problems, ok := errors.AsType[Problems](err)
	if !ok || len(problems) < 6 {
		t.Fatalf("got %v, want a problem for every line", err)
	}
	if strings.Contains(err.Error(), "private") {
		t.Errorf("a value from the environment is shown:\n%v", err)
	}
}

func TestPathsStartAtTheFile(t *testing.T) {
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "sounds"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := Parse(filepath.Join(directory, "readback.yaml"), []byte("data: state\nprompts: {directories: {en-US: sounds}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(directory, "state"); c.Data != want {
		t.Errorf("data is %s, want %s", c.Data, want)
	}
	if got, want := c.Prompts.Directories["en-US"], filepath.Join(directory, "sounds"); got != want {
		t.Errorf("prompts are in %s, want %s", got, want)
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	var text strings.Builder
	for i := range 250 {
		fmt.Fprintf(&text, "unknown%d: 1\n", i)
	}
	_, err := Parse("readback.yaml", []byte(text.String()))
	problems, ok := errors.AsType[Problems](err)
	if !ok || len(problems) != maxProblems+1 {
		t.Fatalf("got %d problems, want %d and a line that counts the rest", len(problems), maxProblems)
	}
	if got, want := problems[maxProblems].Error(), "150 more problems are not shown (readback.yaml); mend these first"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoadTellsWhatCannotBeRead(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "absent.yaml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "absent.yaml") {
		t.Errorf("got %v, want the name of the file that is not there", err)
	}
	if _, isProblem := errors.AsType[Problems](err); isProblem {
		t.Errorf("%v is told as a problem of the file's content", err)
	}
}

func TestProblemKnowsItsPlace(t *testing.T) {
	c, err := Parse("readback.yaml", []byte("node: a\nnumbers:\n  - number: +16503976096\n    country: US\n    locale: de-DE\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"numbers[0].locale":    "numbers[0].locale: m (readback.yaml:5:13); f",
		"numbers[0].time_zone": "numbers[0].time_zone: m (readback.yaml:3:5); f",
		"sip.max_calls":        "sip.max_calls: m (built-in default.yaml:45:14); f",
		"":                     "m (readback.yaml); f",
	} {
		if got := c.Problem(path, "m", "f").Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
