package sip

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// quirky gives the carrier quirks and an address.
func quirky(q Quirks) func(*Config) {
	return func(c *Config) { c.Trunks[0].Quirks, c.Trunks[0].Address = q, "sip:"+carrier }
}

func TestForceRport_RFC3581(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer("198.51.100.7:40000")
		m := invite()
		m.via = "10.1.1.1:5060"
		p.send(m)
		if via := field(p.expect("SIP/2.0 180"), "Via"); strings.Contains(via, "rport") {
			t.Errorf("Via %s has what was not asked for", via)
		}
	}, quirky(Quirks{ForceRport: true}))
}

func TestStickToSource(t *testing.T) {
	inBubble(t, func(ctx context.Context, c *Call) {
		_ = c.Answer(ctx, &negotiator{})
		time.Sleep(time.Second)
		_ = c.Hangup(context.WithoutCancel(ctx))
	}, func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		m.contact = "<sip:sbc@" + carrier2 + ">"
		m.headers = "Record-Route: <sip:198.51.100.9;lr>\r\n"
		p.establish(m)
		p.send(respond(p.expect("BYE sip:sbc@"+carrier2), "200 OK"))
		r.ended(ErrFinished)
	}, quirky(Quirks{StickToSource: true}))
}

func TestCalledNumberByQuirks(t *testing.T) {
	const pilot = "sip:+18005550100@192.0.2.1"
	for name, tt := range map[string]struct {
		quirks Quirks
		change func(*msg)
		want   string // where it was found
	}{
		"usual":                {Quirks{}, func(*msg) {}, "Request-URI"},
		"To before the pilot":  {Quirks{CalledFrom: []string{"to"}}, func(m *msg) { m.uri = pilot }, "To"},
		"P-Called-Party-ID":    {Quirks{CalledFrom: []string{"P-Called-Party-ID", "to"}}, func(m *msg) { m.headers = "P-Called-Party-ID: <sip:+18887999666@h>\r\n" }, "P-Called-Party-ID"},
		"Diversion":            {Quirks{CalledFrom: []string{"Diversion"}}, func(m *msg) { m.headers = "Diversion: <tel:+18887999666>\r\n" }, "Diversion"},
		"nowhere else":         {Quirks{CalledFrom: []string{"Diversion"}}, func(*msg) {}, ""},
		"technical prefix":     {Quirks{CalledPrefix: "9901#"}, func(m *msg) { m.uri = "sip:9901%23+18887999666@192.0.2.1" }, "Request-URI"},
		"its other spelling":   {Quirks{CalledPrefix: "9901#"}, func(m *msg) { m.uri = "sip:9901#18887999666@192.0.2.1" }, "Request-URI"},
		"international prefix": {Quirks{InternationalPrefixes: []string{"0011"}}, func(m *msg) { m.uri = "sip:001118887999666@192.0.2.1" }, "Request-URI"},
		"both":                 {Quirks{CalledPrefix: "77", InternationalPrefixes: []string{"0011"}}, func(m *msg) { m.uri = "tel:77001118887999666" }, "Request-URI"},
	} {
		t.Run(name, func(t *testing.T) {
			m := invite()
			tt.change(&m)
			if tt.want != "To" {
				m.to = "<" + pilot + ">"
			}
			id, ok := identityOf(t, m, Trunk{Quirks: tt.quirks}, nil)
			if ok != (tt.want != "") || id.CalledFrom != tt.want || ok && id.Called != "+18887999666" {
				t.Errorf("called %q from %q, want it from %q", id.Called, id.CalledFrom, tt.want)
			}
		})
	}
}

func TestCallerByQuirks_RFC3323(t *testing.T) {
	m := invite()
	m.from, m.headers = "<sip:001161291234567@h>;tag=a", "Privacy: id\r\n"
	for name, tt := range map[string]struct {
		quirks   Quirks
		want     string
		withheld bool
	}{
		"usual":           {Quirks{InternationalPrefixes: []string{"0011"}}, "", true},
		"privacy ignored": {Quirks{InternationalPrefixes: []string{"0011"}, IgnorePrivacy: true}, "+61291234567", false},
	} {
		if id, _ := identityOf(t, m, Trunk{Quirks: tt.quirks}, nil); id.Caller != tt.want || id.Withheld != tt.withheld {
			t.Errorf("%s: caller %q, withheld %v; want %q, %v", name, id.Caller, id.Withheld, tt.want, tt.withheld)
		}
	}
}

func TestOutgoingNumbersByQuirks_RFC3261_19_1_1(t *testing.T) {
	for name, tt := range map[string]struct {
		quirks         Quirks
		uri, from, pai string
	}{
		"usual":    {Quirks{}, "sip:+442038905445@198.51.100.7:5060;user=phone", "<sip:+14155550100@192.0.2.1>", ""},
		"bare":     {Quirks{NumberFormat: FormatBare, NoUserPhone: true}, "sip:442038905445@198.51.100.7:5060", "<sip:14155550100@192.0.2.1>", ""},
		"00":       {Quirks{NumberFormat: FormatZeroZero}, "sip:00442038905445@198.51.100.7:5060;user=phone", "<sip:0014155550100@192.0.2.1>", ""},
		"national": {Quirks{NumberFormat: FormatNational}, "sip:00442038905445@198.51.100.7:5060;user=phone", "<sip:4155550100@192.0.2.1>", ""},
		"domain":   {Quirks{FromDomain: "us.example.com", AssertCaller: true}, "sip:+442038905445@198.51.100.7:5060;user=phone", "<sip:+14155550100@us.example.com>", "<sip:+14155550100@us.example.com>"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(carrier)
				go func() {
					_, _ = r.ua.Dial(r.t.Context(), "+442038905445", &negotiator{}, DialOptions{Trunk: "carrier", From: "+14155550100"})
				}()
				req := p.expect("INVITE " + tt.uri + " SIP/2.0")
				if from, _, _ := strings.Cut(field(req, "From"), ";"); from != tt.from || field(req, AssertedIdentity) != tt.pai {
					t.Errorf("From %s, P-Asserted-Identity %s; want %s, %s", from, field(req, AssertedIdentity), tt.from, tt.pai)
				}
				r.calls(CallStatus{
					ID: field(req, "Call-ID"), Trunk: "carrier", Outgoing: true, From: "+14155550100", Called: "+442038905445",
					Since: r.ua.Calls()[0].Since, State: Calling, Peer: r.ua.Calls()[0].Peer,
				})
				p.send(respond(req, "486 Busy Here"))
				p.expect("ACK ")
			}, quirky(tt.quirks))
		})
	}
}

func TestNationalNumbersAtHome(t *testing.T) {
	q := Quirks{NumberFormat: FormatNational}
	for country, want := range map[string]string{"GB": "02038905445", "US": "00442038905445", "": "00442038905445"} {
		if got := q.write("+442038905445", country); got != want {
			t.Errorf("in %q: %s, want %s", country, got, want)
		}
	}
	if got := q.write("anonymous", "GB"); got != "anonymous" {
		t.Errorf("what is no number became %s", got)
	}
}

func TestDropHeaders(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		p.send(invite())
		ok := p.expect("SIP/2.0 200")
		p.send(invite().ack(ok))
		synctest.Wait()
		p.send(invite().inside("OPTIONS", 2, ok))
		options := p.expect("SIP/2.0 200")
		r.stop()
		bye := p.expect("BYE ")
		p.send(respond(bye, "200 OK"))
		for _, m := range []string{ok, options, bye} {
			if field(m, "Server")+field(m, "User-Agent") != "" || field(m, "Call-ID") == "" {
				t.Errorf("sent:\n%s", m)
			}
		}
	}, quirky(Quirks{DropHeaders: []string{"server", "User-Agent"}}))
}

func TestAlwaysTCP(t *testing.T) {
	q := Quirks{AlwaysTCP: true}
	got := q.by([]Target{{Network: "udp"}, {Network: "tls"}})
	if got[0].Network != "tcp" || got[1].Network != "tls" {
		t.Errorf("targets %v", got)
	}
	ua := overTCP(t, answers(&negotiator{}))
	phone := overTCP(t, rings, func(c *Config) {
		c.Trunks[0].Quirks, c.Trunks[0].Address = q, "sip:"+ua.Addrs()[0].String() // where nothing listens by UDP
	})
	c, err := phone.Dial(t.Context(), "+18887999666", &negotiator{}, DialOptions{Trunk: "loopback", From: "+14155550100"})
	if err != nil {
		t.Fatal(err)
	}
	if n := phone.Trunks()[0].Connections; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	if err := c.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQuirksAreChecked(t *testing.T) {
	for want, q := range map[string]Quirks{
		"no called number": {CalledFrom: []string{"Subject"}},
		"needs its header": {DropHeaders: []string{"call-id"}},
		"number format":    {NumberFormat: "roman"},
		"no domain":        {FromDomain: "a b"},
	} {
		if err := checkTrunks([]Trunk{{Name: "t", Quirks: q}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", q, err, want)
		}
	}
}
