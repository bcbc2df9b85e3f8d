package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"readback/cmd/readback/doctor"
	"readback/config"
	"readback/sip"
)

type trunkDoctorCommand struct {
	configFlag
	Trunk   string   `help:"The trunk to play; without: the one whose networks have the address that is called from, else the first."`
	Persona []string `help:"A carrier to play: cpaas-tls, cube, hostile, ims, uk-udp, or the file of your own; all that come with the program without." placeholder:"NAME|FILE"`
	To      string   `help:"Where the gateway listens; without: what the running gateway says." placeholder:"ADDRESS:PORT"`
	Number  string   `help:"The number to call; without: the first that the trunk may call." placeholder:"E164"`
	Verbose bool     `short:"v" help:"Print the messages of each check, secrets masked."`
	JSON    bool     `help:"Print JSON, a line for each check."`
	Manual  bool     `help:"Print how a persona is written, instead."`
}

// doctorRound is the longest that a round of all checks may take.
const doctorRound = 10 * time.Minute

func (d *trunkDoctorCommand) Run(ctx context.Context, console *console) error {
	if d.Manual {
		_, err := io.WriteString(console.out, doctor.Manual())
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, doctorRound, fmt.Errorf("the checks took longer than %v", doctorRound))
	defer cancel()
	c, err := d.load()
	if err != nil {
		return err
	}
	personas, err := d.personas()
	if err != nil {
		return err
	}
	visit, err := d.arrive(ctx, c)
	if err != nil {
		return err
	}
	defer visit.leave()
	report := doctorReport{w: console.out, json: d.JSON, verbose: d.Verbose, width: terminalWidth(console.out), status: terminalStatus(console)}
	report.notes(visit)
	for _, p := range personas {
		report.begin(p)
		for i := range p.Checks {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			report.check(visit.play(ctx, p, &p.Checks[i], report.observe(p, &p.Checks[i])))
		}
	}
	return report.summary()
}

func (d *trunkDoctorCommand) personas() (list []*doctor.Persona, err error) {
	for _, name := range d.chosen() {
		var p *doctor.Persona
		if slices.Contains(doctor.Names(), name) {
			p, err = doctor.Shipped(name)
		} else {
			p, err = ownPersona(name)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func (d *trunkDoctorCommand) chosen() []string {
	if len(d.Persona) > 0 {
		return d.Persona
	}
	return doctor.Names()
}

func ownPersona(name string) (*doctor.Persona, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w; the personas that there are: %s", err, strings.Join(doctor.Names(), ", "))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, doctor.MaxFile+1))
	if err != nil {
		return nil, err
	}
	return doctor.Parse(name, text)
}

// A visit is a gateway that the doctor may call.
type visit struct {
	config    *config.Config
	trunk     *config.Trunk
	calls     string                    // the trunk under whose name the calls are recorded
	addresses map[string]netip.AddrPort // by network
	source    netip.Addr
	number    string
	secure    *tls.Config
	words     []string // what the operator should know
	leave     func()
}

// arrive finds the gateway, a number that it answers and a trunk that the calls belong to.
func (d *trunkDoctorCommand) arrive(ctx context.Context, c *config.Config) (*visit, error) {
	v := &visit{config: c, addresses: map[string]netip.AddrPort{}, leave: func() {}}
	client := newControlClient(c)
	page, err := client.gateway(ctx)
	running := err == nil
	if err != nil && (d.To == "" || !errors.Is(err, errNotRunning)) {
		return nil, fmt.Errorf("%w; start it, or say with --to where it listens", err)
	}
	if page.Draining {
		return nil, errors.New("the gateway is draining: it takes no calls")
	}
	if err := v.locate(d.To, page); err != nil {
		return nil, err
	}
	if v.source, err = sourceFor(v.any()); err != nil {
		return nil, err
	}
	if err := v.trust(); err != nil {
		return nil, err
	}
	home := homeOf(c, v.source)
	if err := v.choose(d.Trunk, home); err != nil {
		return nil, err
	}
	if v.number, err = d.called(c, v.trunk.Name); err != nil {
		return nil, err
	}
	v.calls = v.trunk.Name
	if home == v.trunk {
		return v, nil
	}
	asked := doctorRequest{Trunk: v.trunk.Name, Address: v.source}
	if !running {
		err = errNotRunning
	} else {
		err = client.doctor(ctx, http.MethodPost, asked)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; let the doctor in yourself: add %s/%d to networks of the trunk %s in the configuration, and reload", err, v.source, v.source.BitLen(), v.trunk.Name)
	}
	v.calls = doctorTrunk
	v.words = append(v.words, fmt.Sprintf("Calls come from %s and are let in for a few minutes under the trunk name %s.", v.source, doctorTrunk))
	v.leave = func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), controlPatience)
		defer cancel()
		_ = client.doctor(last, http.MethodDelete, asked) // the gateway forgets it by itself too
	}
	return v, nil
}

// locate finds an address for each network that the gateway listens on.
func (v *visit) locate(to string, page gatewayPage) error {
	if to != "" {
		at, err := netip.ParseAddrPort(to)
		if err != nil {
			return fmt.Errorf("%w: --to is %q; write an address and a port, like 192.0.2.1:5060", errUsage, to)
		}
		networks := map[bool][]string{false: {"udp", "tcp"}, true: {"tls"}}[at.Port() == 5061]
		for _, a := range page.Addresses {
			if a.Address == to {
				networks = append(networks, a.Network)
			}
		}
		for _, network := range networks {
			v.addresses[network] = at
		}
		return nil
	}
	for _, a := range page.Addresses {
		at, err := netip.ParseAddrPort(a.Address)
		if _, found := v.addresses[a.Network]; err != nil || found {
			continue
		}
		if at.Addr().IsUnspecified() { // it listens everywhere, so also at home
			home := netip.AddrFrom4([4]byte{127, 0, 0, 1})
			if at.Addr().Is6() && !at.Addr().Is4In6() {
				home = netip.IPv6Loopback()
			}
			at = netip.AddrPortFrom(home, at.Port())
		}
		v.addresses[a.Network] = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return nil
}

func (v *visit) any() netip.AddrPort {
	for _, network := range []string{"udp", "tcp", "tls"} {
		if at, ok := v.addresses[network]; ok {
			return at
		}
	}
	return netip.AddrPort{}
}

// sourceFor is our address towards another; nothing is sent.
func sourceFor(to netip.AddrPort) (netip.Addr, error) {
	if !to.IsValid() {
		return netip.Addr{}, errors.New("the gateway listens neither on udp nor on tcp or tls")
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// homeOf is the trunk that calls from an address belong to: the narrowest network decides, as in the gateway.
func homeOf(c *config.Config, source netip.Addr) (home *config.Trunk) {
	bits := -1
	for i := range c.Trunks {
		for _, network := range c.Trunks[i].Networks {
			if network.Contains(source) && network.Bits() > bits && len(c.Trunks[i].TLSNames) == 0 {
				home, bits = &c.Trunks[i], network.Bits()
			}
		}
	}
	return home
}

func (v *visit) choose(name string, home *config.Trunk) error {
	var names []string
	for i := range v.config.Trunks {
		t := &v.config.Trunks[i]
		names = append(names, t.Name)
		if t.Name == name || name == "" && (home == t || home == nil && v.trunk == nil) {
			v.trunk = t
		}
	}
	if v.trunk == nil {
		return fmt.Errorf("%w: there is no trunk %q; there are %s", errUsage, name, cmp.Or(strings.Join(names, ", "), "none: add one"))
	}
	if len(v.trunk.TLSNames) > 0 {
		v.words = append(v.words, "The certificates that the trunk must show (tls_names) are not tried: the doctor has none.")
	}
	return nil
}

// trust says whose certificates the gateway may show: those of sip.tls.authorities, if there are any. The doctor calls an
// address, so a name counts only where the gateway advertises one.
func (v *visit) trust() error {
	v.secure = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // VerifyConnection decides
	_, secure := v.addresses["tls"]
	file := string(v.config.SIP.TLS.Authorities)
	if file == "" {
		if secure {
			v.words = append(v.words, "The gateway's certificate is not verified: sip.tls.authorities is empty.")
		}
		return nil
	}
	roots, err := sip.LoadAuthorities(file)
	if err != nil {
		return err
	}
	name := v.config.SIP.Advertise
	if _, err := netip.ParseAddr(name); err == nil {
		name = ""
	}
	v.secure.ServerName = name
	v.secure.VerifyConnection = func(state tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			between.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between})
		return err
	}
	return nil
}

// called is a number that the trunk may call.
func (d *trunkDoctorCommand) called(c *config.Config, trunk string) (string, error) {
	for _, number := range c.Numbers {
		may := len(number.Trunks) == 0 || slices.Contains(number.Trunks, trunk)
		if may && (d.Number == "" || d.Number == number.Number) {
			return number.Number, nil
		}
	}
	return "", fmt.Errorf("the trunk %s may call no number %s; see numbers in the configuration", trunk, d.Number)
}

// play makes one check of the gateway.
func (v *visit) play(ctx context.Context, p *doctor.Persona, check *doctor.Check, observe func(bool, []byte)) doctor.Result {
	skip := func(why string) doctor.Result {
		return doctor.Result{Persona: p.Name, Check: check.Name, RFC: check.RFC, Verdict: doctor.Skipped, Why: why}
	}
	at, ok := v.addresses[p.Transport]
	if !ok {
		return skip("the gateway has no " + p.Transport + " listener")
	}
	if v.trunk.Encryption == "required" && p.Plain(check) {
		return skip("the trunk takes encrypted sound only")
	}
	target := doctor.Target{
		Address: at, From: v.source, Number: written(v.number, v.trunk.Country, p.Number), Digits: strings.TrimPrefix(v.number, "+"), Observe: observe,
		Settings: map[string]bool{
			"encryption": v.trunk.Encryption != "off", "reliable": v.trunk.Reliable != string(sip.ReliableOff),
			"timer": v.config.SIP.SessionTimer.Expires != 0,
		},
	}
	if p.Transport == "tls" {
		target.TLS = v.secure
	}
	return p.Play(ctx, check, target)
}

// written is a number as a persona writes it. One that has no national form in the trunk's country is written abroad's way.
func written(number, country, form string) string {
	digits := strings.TrimPrefix(number, "+")
	switch form {
	case "bare":
		return digits
	case "national":
		parsed, err := phonenumbers.Parse(number, country)
		if err != nil {
			break
		}
		national := strings.Map(onlyDigit, phonenumbers.Format(parsed, phonenumbers.NATIONAL))
		if back, err := phonenumbers.Parse(national, country); err == nil && phonenumbers.Format(back, phonenumbers.E164) == number {
			return national
		}
	case "e164":
		return number
	}
	return "00" + digits
}

func onlyDigit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}
