package sip

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// A log keeps events of a user agent on real sockets.
type eventLog struct {
	mu     sync.Mutex
	events []Event
}

func (l *eventLog) observe(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// find is the first event of a kind and rule; ok is false when there is none.
func (l *eventLog) find(kind Kind, rule string) (Event, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind && e.Rule == rule {
			return e, true
		}
	}
	return Event{}, false
}

func (l *eventLog) wait(t *testing.T, kind Kind, rule string) Event {
	t.Helper()
	var found Event
	waitFor(t, func() bool {
		e, ok := l.find(kind, rule)
		found = e
		return ok
	})
	return found
}

func byTLS(m msg) string { return strings.Replace(m.String(), "SIP/2.0/UDP", "SIP/2.0/TLS", 1) }

func prefixes(list ...string) (p []netip.Prefix) {
	for _, text := range list {
		p = append(p, netip.MustParsePrefix(text))
	}
	return p
}

func TestCallOverTLS_RFC3261_26_2_1_RFC5630_4_1_2(t *testing.T) {
	for name, tt := range map[string]struct{ uri, want string }{
		"sip says its transport":        {"sip:+18887999666@127.0.0.1", "<sip:readback@127.0.0.1:%d;transport=tls>"},
		"sips needs no transport":       {"sips:+18887999666@127.0.0.1", "<sips:readback@127.0.0.1:%d>"},
		"sips of the caller is echoed":  {"sips:+18887999666@gw.example.com;transport=tcp", "<sips:readback@127.0.0.1:%d>"},
		"tel has no opinion of its own": {"tel:+18887999666", "<sip:readback@127.0.0.1:%d;transport=tls>"},
	} {
		t.Run(name, func(t *testing.T) {
			a, n, hangup := newAuthority(t), &negotiator{}, make(chan struct{})
			ua := overTCP(t, func(ctx context.Context, c *Call) {
				_ = c.Answer(ctx, n)
				select {
				case <-hangup:
					_ = c.Hangup(context.Background())
				case <-ctx.Done():
				}
			}, a.overTLS())
			s, err := secureTo(t, ua, "127.0.0.1", a.client())
			if err != nil {
				t.Fatal(err)
			}
			m := tcpInvite()
			m.uri = tt.uri
			s.send(byTLS(m))
			ok := s.expect("SIP/2.0 200")
			port := ua.Addrs()[0].(*net.TCPAddr).Port
			if got, want := field(ok, "Contact"), fmt.Sprintf(tt.want, port); got != want {
				t.Errorf("Contact %s, want %s", got, want)
			}
			s.send(byTLS(m.ack(ok)))
			close(hangup)
			bye := s.expect("BYE ")
			if got, want := field(bye, "Via"), fmt.Sprintf("SIP/2.0/TLS 127.0.0.1:%d;", port); !strings.HasPrefix(got, want) {
				t.Errorf("Via %s, want %s", got, want)
			}
			if secure := strings.HasPrefix(tt.want, "<sips:"); strings.HasPrefix(field(bye, "Contact"), "<sips:") != secure {
				t.Errorf("Contact of the BYE %s", field(bye, "Contact"))
			}
			s.send(respond(bye, "200 OK"))
		})
	}
}

func TestCertificateIsChosenByServerName_RFC6066_3(t *testing.T) {
	a := newAuthority(t)
	one, two := a.issue([]string{"one.example.com"}), a.issue([]string{"two.example.com", "*.three.example.com"})
	certificates := a.certificates(a.write("one", one), a.write("two", two))
	ua := overTCP(t, rings, a.overTLS(), func(c *Config) { c.Listen[0].TLS = certificates })
	for asked, want := range map[string]tls.Certificate{
		"one.example.com": one, "two.example.com": two, "x.three.example.com": two, "other.example.org": one, "": one,
	} {
		config := &tls.Config{ServerName: asked, InsecureSkipVerify: true}
		s, err := secureTo(t, ua, "127.0.0.1", config)
		if err != nil {
			t.Errorf("asked for %q: %v", asked, err)
			continue
		}
		if got := s.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0]; !got.Equal(want.Leaf) {
			t.Errorf("asked for %q: shown %v, want %v", asked, got.DNSNames, want.Leaf.DNSNames)
		}
		s.Close()
		waitFor(t, func() bool { return ua.open() == 0 })
	}
}

func TestOldTLSIsRefused_RFC8996(t *testing.T) {
	a, log := newAuthority(t), &eventLog{}
	ua := overTCP(t, rings, a.overTLS(), func(c *Config) { c.Observe = log.observe })
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"RSA key exchange": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
		},
	} {
		config := a.client()
		change(config)
		if _, err := secureTo(t, ua, "127.0.0.1", config); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if e := log.wait(t, Refused, "tls-handshake"); e.Trunk != "loopback" || e.Text == "" {
		t.Errorf("told %+v", e)
	}
}

// A trunk is who its certificate says, in the networks that it may come from.
func TestTrunkIsKnownByItsCertificate_RFC5922_7_1_7_2(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	trunks := []Trunk{
		{Name: "by name", TLSNames: []string{"sbc.carrier.example"}},
		{Name: "by both", TLSNames: []string{"both.example"}, Networks: prefixes("127.0.0.2/32", "127.0.0.3/32")},
		{Name: "other authority", TLSNames: []string{"special.example"}, ClientCAs: other.pool()},
		{Name: "wildcard", TLSNames: []string{"*.wild.example"}},
		{Name: "by address", Networks: prefixes("127.0.0.3/32", "127.0.0.4/32")},
	}
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	onlyMail := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }
	onlySIP := func(c *x509.Certificate) {
		c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, append(c.UnknownExtKeyUsage, sipDomainUsage)
	}
	one := func(cert tls.Certificate) []tls.Certificate { return []tls.Certificate{cert} }
	for name, tt := range map[string]struct {
		from   string
		shown  []tls.Certificate
		want   string // the trunk, or
		reason string // why there is none
	}{
		"a DNS name, from anywhere":            {"127.0.0.9", one(a.issue([]string{"SBC.carrier.example"})), "by name", ""},
		"a sip URI":                            {"127.0.0.9", one(a.issue([]string{"sip:sbc.carrier.example"})), "by name", ""},
		"for SIP alone (RFC 5924)":             {"127.0.0.9", one(a.issue([]string{"sbc.carrier.example"}, onlySIP)), "by name", ""},
		"a URI outweighs a DNS name":           {"127.0.0.9", one(a.issue([]string{"sip:else.example", "sbc.carrier.example"})), "", "names else.example"},
		"a URI with a user is a user's":        {"127.0.0.9", one(a.issue([]string{"sip:bob@sbc.carrier.example"})), "", "names "},
		"a sips URI names no domain":           {"127.0.0.9", one(a.issue([]string{"sips:sbc.carrier.example"})), "", "names "},
		"a wildcard matches nothing":           {"127.0.0.9", one(a.issue([]string{"*.carrier.example"})), "", "names *.carrier.example"},
		"but the same wildcard":                {"127.0.0.9", one(a.issue([]string{"*.wild.example"})), "wildcard", ""},
		"a name below is another":              {"127.0.0.9", one(a.issue([]string{"a.sbc.carrier.example"})), "", "names a.sbc.carrier.example"},
		"no certificate":                       {"127.0.0.9", nil, "", "no client certificate"},
		"an unknown authority":                 {"127.0.0.9", one(other.issue([]string{"sbc.carrier.example"})), "", "unknown authority"},
		"expired":                              {"127.0.0.9", one(a.issue([]string{"sbc.carrier.example"}, expired)), "", "expired"},
		"not for TLS":                          {"127.0.0.9", one(a.issue([]string{"sbc.carrier.example"}, onlyMail)), "", "incompatible key usage"},
		"the authority of one trunk":           {"127.0.0.9", one(other.issue([]string{"special.example"})), "other authority", ""},
		"is not that of all":                   {"127.0.0.9", one(a.issue([]string{"special.example"})), "", "unknown authority"},
		"name and network":                     {"127.0.0.2", one(a.issue([]string{"both.example"})), "by both", ""},
		"name without the network":             {"127.0.0.9", one(a.issue([]string{"both.example"})), "", "names both.example"},
		"network without the name":             {"127.0.0.2", nil, "", "no client certificate"},
		"shared network, by name":              {"127.0.0.3", one(a.issue([]string{"both.example"})), "by both", ""},
		"shared network, by address":           {"127.0.0.3", nil, "by address", ""},
		"an address needs no certificate":      {"127.0.0.4", nil, "by address", ""},
		"an address, with any certificate":     {"127.0.0.4", one(other.issue([]string{"nobody.example"})), "by address", ""},
		"an address, with a trunk's own names": {"127.0.0.4", one(a.issue([]string{"sbc.carrier.example"})), "by name", ""},
	} {
		t.Run(name, func(t *testing.T) {
			log := &eventLog{}
			ua := overTCP(t, rings, a.overTLS(trunks...), func(c *Config) { c.Observe = log.observe })
			s, err := secureTo(t, ua, tt.from, a.client(tt.shown...))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write([]byte(byTLS(tcpInvite().with("OPTIONS", 1))))
			if tt.want != "" {
				s.expect("SIP/2.0 200")
				if e, _ := log.find(Received, ""); e.Trunk != tt.want {
					t.Errorf("the message came from trunk %q, want %q", e.Trunk, tt.want)
				}
				return
			}
			s.closed()
			if e := log.wait(t, Refused, "tls-handshake"); !strings.Contains(e.Text, tt.reason) || e.Trunk != "" {
				t.Errorf("told %q of trunk %q, want %q of none", e.Text, e.Trunk, tt.reason)
			}
			waitFor(t, func() bool { s := ua.Strangers(); return len(s) == 1 && s[0].Count == 1 })
		})
	}
}

func TestTrunkWithTLSNamesComesByTLSOnly(t *testing.T) {
	a := newAuthority(t)
	ua := overTCP(t, rings, a.overTLS(Trunk{Name: "t", Networks: prefixes("127.0.0.1/32"), TLSNames: []string{"sbc.example"}}))
	conn, err := net.Dial("udp", ua.Addrs()[1].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(invite().with("OPTIONS", 1).String())); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { s := ua.Strangers(); return len(s) == 1 && s[0].Count == 1 })
}

func TestTrunksThatACertificateCannotTellApartAreRefused(t *testing.T) {
	trunk := func(name string, names []string, networks ...string) Trunk {
		return Trunk{Name: name, TLSNames: names, Networks: prefixes(networks...)}
	}
	one, two := []string{"one.example", "sbc.example"}, []string{"SBC.example"}
	for name, tt := range map[string]struct {
		trunks  []Trunk
		refused bool
	}{
		"the same name":        {[]Trunk{trunk("a", one), trunk("b", two)}, true},
		"one of them anywhere": {[]Trunk{trunk("a", one), trunk("b", two, "10.0.0.0/8")}, true},
		"overlapping networks": {[]Trunk{trunk("a", one, "10.1.0.0/16"), trunk("b", two, "10.0.0.0/8")}, true},
		"distinct networks":    {[]Trunk{trunk("a", one, "10.1.0.0/16"), trunk("b", two, "10.2.0.0/16")}, false},
		"distinct names":       {[]Trunk{trunk("a", one[:1]), trunk("b", two)}, false},
		"no names":             {[]Trunk{trunk("a", nil, "10.0.0.0/8"), trunk("b", nil, "10.0.0.0/8")}, false},
	} {
		if err := ambiguous(tt.trunks); (err != nil) != tt.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestListenIsChecked(t *testing.T) {
	a := newAuthority(t)
	for want, listen := range map[string]Listen{
		"needs a certificate":  {Network: "tls", Address: "127.0.0.1:0"},
		"needs a certificate ": {Network: "wss", Address: "127.0.0.1:0", TLS: &Certificates{}},
		"nobody would see":     {Network: "tcp", Address: "127.0.0.1:0", TLS: a.gateway()},
		"for ws and wss":       {Network: "tls", Address: "127.0.0.1:0", TLS: a.gateway(), Origins: []string{"https://x"}},
	} {
		if _, err := New(Config{Listen: []Listen{listen}, Trunks: []Trunk{{}}}, nil); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("New: %v, want %q", err, want)
		}
	}
}

// A browser is not asked for a certificate that it does not need, for it would ask its user.
func TestBrowserIsNotAskedForACertificate(t *testing.T) {
	a := newAuthority(t)
	trunks := []Trunk{{Name: "browsers", Networks: prefixes("127.0.0.1/32")}, {Name: "named", TLSNames: []string{"sbc.example"}}}
	for network, want := range map[string]bool{"wss": false, "tls": true} {
		ua := overTCP(t, rings, a.overTLS(trunks...), func(c *Config) { c.Listen[0].Network = network })
		asked, config := false, a.client()
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		}
		if _, err := secureTo(t, ua, "127.0.0.1", config); err != nil || asked != want {
			t.Errorf("%s: asked %t, want %t; %v", network, asked, want, err)
		}
	}
}

// A stranger does not even learn that there is a certificate.
func TestStrangerGetsNoHandshake(t *testing.T) {
	a := newAuthority(t)
	ua := overTCP(t, rings, a.overTLS())
	if _, err := secureTo(t, ua, "127.0.0.9", a.client()); err == nil {
		t.Error("a stranger was greeted")
	}
	waitFor(t, func() bool { s := ua.Strangers(); return len(s) == 1 && s[0].Count == 1 })
}

// A peer is a server of TLS that answers what it is asked.
func (a *authority) peer(config *tls.Config) string {
	a.t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answerAll(conn)
		}
	}()
	return ln.Addr().String()
}

// open is how many connections there are.
func (u *UserAgent) open() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.conns.all)
}

// answerAll answers each request but ACK with 200 until the connection ends.
func answerAll(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		frame, err := readFrame(r, maxMessage)
		if err != nil {
			return
		}
		m := strings.TrimLeft(string(frame), "\r\n")
		answer := respond(m, "200 OK", "Contact: <sip:peer@"+conn.LocalAddr().String()+">")
		if strings.HasPrefix(m, "INVITE ") {
			answer = strings.Replace(answer, "Content-Length: 0\r\n\r\n", "Content-Type: application/sdp\r\nContent-Length: 2\r\n\r\nok", 1)
		}
		if !strings.HasPrefix(m, "ACK ") {
			_, _ = conn.Write([]byte(answer))
		}
	}
}

func TestServerCertificateIsVerified_RFC5922_7_3(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	for name, tt := range map[string]struct {
		names  []string // of the trunk
		shown  tls.Certificate
		roots  *x509.CertPool // of the trunk
		scheme string
		want   string
	}{
		"the address":                {nil, a.issue([]string{"127.0.0.1"}), nil, "sip", ""},
		"a sips URI":                 {nil, a.issue([]string{"127.0.0.1"}), nil, "sips", ""},
		"another name":               {nil, a.issue([]string{"else.example"}), nil, "sip", "names else.example, not 127.0.0.1"},
		"a name of the trunk":        {[]string{"a.example", "b.example"}, a.issue([]string{"b.example"}), nil, "sip", ""},
		"the address is not enough":  {[]string{"a.example"}, a.issue([]string{"127.0.0.1"}), nil, "sip", "not a.example"},
		"an unknown authority":       {nil, other.issue([]string{"127.0.0.1"}), nil, "sip", "unknown authority"},
		"the authority of the trunk": {nil, other.issue([]string{"127.0.0.1"}), other.pool(), "sip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			log, n := &eventLog{}, &negotiator{}
			ua := overTCP(t, rings, a.overTLS(Trunk{Name: "t", Networks: prefixes("127.0.0.1/32"), TLSNames: tt.names, RootCAs: tt.roots}),
				func(c *Config) { c.Observe = log.observe })
			uri := tt.scheme + ":+18887999666@" + a.peer(&tls.Config{Certificates: []tls.Certificate{tt.shown}})
			if tt.scheme == "sip" {
				uri += ";transport=tls"
			}
			call, err := ua.Dial(t.Context(), uri, n, DialOptions{})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := call.Hangup(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Dial: %v, want %q", err, tt.want)
			}
			if e := log.wait(t, Note, "tls-handshake"); !strings.Contains(e.Text, tt.want) || e.Trunk != "t" {
				t.Errorf("told %+v", e)
			}
		})
	}
}

func TestOurCertificateIsShownToTheTrunk_RFC5922_7_4(t *testing.T) {
	a := newAuthority(t)
	ours := a.issue([]string{"readback.example"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	config := &tls.Config{Certificates: []tls.Certificate{a.issue([]string{"sbc.example"})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()}
	shown := make(chan *x509.Certificate, 1)
	config.VerifyConnection = func(state tls.ConnectionState) error {
		shown <- state.PeerCertificates[0]
		return nil
	}
	trunk := Trunk{Name: "t", TLSNames: []string{"sbc.example"}, ClientCertificate: a.certificates(a.write("client", ours))}
	ua := overTCP(t, rings, a.overTLS(trunk))
	u := ua.door.now.Load().trunks[0]
	conn, err := ua.connect(u, "tls", netip.MustParseAddrPort(a.peer(config)), "")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-shown:
		if !got.Equal(ours.Leaf) {
			t.Errorf("shown %v", got.DNSNames)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was shown")
	}
	if again, err := ua.connect(u, "tls", conn.peer, ""); again != conn || err != nil {
		t.Errorf("the second connection is %p, %v; want the first, %p", again, err, conn)
	}
}

// B7: sipgo's listener waits for one handshake before it accepts the next connection.
func TestSilentHandshakesHoldNobodyUp(t *testing.T) {
	a, log := newAuthority(t), &eventLog{}
	trunks := []Trunk{{Name: "named", TLSNames: []string{"sbc.example"}}, {Name: "t", Networks: prefixes("127.0.0.1/32")}}
	ua := overTCP(t, rings, a.overTLS(trunks...), func(c *Config) {
		c.Observe, c.Limits = log.observe, Limits{Handshakes: 6, FirstMessage: 300 * time.Millisecond}
	})
	for i := range 20 { // of strangers, who may be the named trunk
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i))}}).Dial("tcp", ua.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	waitFor(t, func() bool { return total(ua.Strangers()) == 17 })
	s, err := secureTo(t, ua, "127.0.0.1", a.client())
	if err != nil {
		t.Fatal(err)
	}
	s.send(byTLS(tcpInvite().with("OPTIONS", 1)))
	s.expect("SIP/2.0 200")
	waitFor(t, func() bool { return total(ua.Strangers()) == 20 }) // the deadline
	if named, err := secureTo(t, ua, "127.0.0.9", a.client(a.issue([]string{"sbc.example"}))); err != nil {
		t.Error(err)
	} else {
		named.send(byTLS(tcpInvite().with("OPTIONS", 1)))
		named.expect("SIP/2.0 200")
	}
	ua.mu.Lock()
	defer ua.mu.Unlock()
	if c := &ua.conns; c.shaking != 0 || c.strangers != 0 || len(c.all) != 2 {
		t.Errorf("%d handshakes, %d of strangers, %d connections; want 0, 0, 2", c.shaking, c.strangers, len(c.all))
	}
}

func total(list []Stranger) (n uint64) {
	for _, s := range list {
		n += s.Count
	}
	return n
}
