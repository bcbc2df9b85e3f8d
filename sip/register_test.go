package sip

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icholy/digest"
)

// Two addresses of the registrar, outside all networks of the trunk.
const (
	registrar  = "192.0.2.129:5060"
	registrar2 = "192.0.2.130:5060"
)

// named is a Resolver with one name, which a test may move.
type named struct{ addresses atomic.Pointer[[]string] }

func names(addresses ...string) *named {
	n := new(named)
	n.addresses.Store(&addresses)
	return n
}

func (n *named) Resolve(context.Context, string) ([]Target, error) {
	var targets []Target
	for _, a := range *n.addresses.Load() {
		targets = append(targets, Target{Network: "udp", Address: netip.MustParseAddrPort(a)})
	}
	return targets, nil
}

// later takes the next message, within an hour.
func (p *peer) later(start string) string {
	p.t.Helper()
	select {
	case m := <-p.got:
		if !strings.HasPrefix(m, start) {
			p.t.Fatalf("got %q, want %q", firstLineOf(m), start)
		}
		return m
	case <-time.After(time.Hour + time.Second):
		p.t.Fatalf("got nothing in an hour, want %q", start)
	}
	return ""
}

// registers makes the carrier's calls come by a registration.
func registers(names *named) func(*Config) {
	return func(c *Config) {
		c.Resolver = names
		c.DrainTime = time.Second
		c.Trunks[0].Networks = networks("198.51.100.0/24")
		c.Trunks[0].Registrations = []Registration{{Registrar: "sip:registrar.example.com", Username: "alice", Password: "s3cret", Realm: "example.com"}}
	}
}

// accept is a 200 to a REGISTER.
func accept(req string, expires int) string {
	contact, _, _ := strings.Cut(field(req, "Contact"), ";expires")
	return respond(req, "200 OK", "Contact: <sip:other@203.0.113.1>;expires=9, "+contact+";expires="+strconv.Itoa(expires),
		"Service-Route: <sip:edge.example.com;lr>", "Path: <sip:p.example.com;lr>")
}

func (r *rig) registration() RegistrationStatus {
	r.t.Helper()
	synctest.Wait()
	list := r.ua.Trunks()[0].Registrations
	if len(list) != 1 {
		r.t.Fatalf("registrations %v", list)
	}
	return list[0]
}

func TestRegister_RFC3261_10_2_RFC7616(t *testing.T) {
	for name, challenge := range map[string]string{
		"MD5":     `WWW-Authenticate: Digest realm="example.com", nonce="n1", algorithm=MD5, qop="auth"`,
		"SHA-256": `WWW-Authenticate: Digest realm="example.com", nonce="n1", algorithm=SHA-256, qop="auth"`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, rings, func(r *rig) {
				p := r.peer(registrar)
				req := p.expect("REGISTER sip:registrar.example.com SIP/2.0")
				for header, want := range map[string]string{"Contact": "<sip:alice@192.0.2.1:5060>", "Expires": "3600", "CSeq": "1 REGISTER", "To": "<sip:alice@registrar.example.com>"} {
					if got := field(req, header); got != want {
						t.Errorf("%s: %q, want %q", header, got, want)
					}
				}
				p.send(respond(req, "401 Unauthorized", challenge))
				again := p.expect("REGISTER ")
				checkAnswer(t, again, "alice", "s3cret")
				if field(again, "Call-ID") != field(req, "Call-ID") || field(again, "CSeq") != "2 REGISTER" {
					t.Errorf("Call-ID %s, CSeq %s", field(again, "Call-ID"), field(again, "CSeq"))
				}
				start := time.Now()
				p.send(accept(again, 600))
				if got := r.registration(); got.Until.Sub(start) != 600*time.Second || got.Reason != "" {
					t.Errorf("registration %+v, want 600 s", got)
				}
				p.send(accept(p.later("REGISTER "), 600))
				if after := time.Since(start); after < 450*time.Second || after > 541*time.Second {
					t.Errorf("refreshed after %v of 600 s", after)
				}
				if r.count(Registered) != 1 {
					t.Errorf("%d events of one registration", r.count(Registered))
				}
			}, registers(names(registrar)))
		})
	}
}

// checkAnswer works a digest out again.
func checkAnswer(t *testing.T, req, username, password string) {
	t.Helper()
	got, err := digest.ParseCredentials(field(req, "Authorization"))
	if err != nil {
		t.Fatalf("Authorization %q: %v", field(req, "Authorization"), err)
	}
	method, _, _ := strings.Cut(req, " ")
	want, err := digest.Digest(&digest.Challenge{Realm: got.Realm, Nonce: got.Nonce, Algorithm: got.Algorithm, QOP: []string{"auth"}}, digest.Options{
		Method: method, URI: got.URI, Count: got.Nc, Cnonce: got.Cnonce, Username: username, Password: password,
	})
	if err != nil || got.Response != want.Response || got.Username != username {
		t.Errorf("answer %v, want %v (%v)", got, want, err)
	}
}

func TestRegisterAnswersNoOtherRealm(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(respond(p.expect("REGISTER "), "401 Unauthorized", `WWW-Authenticate: Digest realm="evil.example", nonce="n1", qop="auth"`))
		p.quiet(14 * time.Second)
		if got := r.registration(); !strings.Contains(got.Reason, "401") || !got.Until.IsZero() {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

func TestRegisterStale_RFC7616_3_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(respond(p.expect("REGISTER "), "401 Unauthorized", `WWW-Authenticate: Digest realm="example.com", nonce="n1", qop="auth"`))
		p.send(respond(p.expect("REGISTER "), "401 Unauthorized", `WWW-Authenticate: Digest realm="example.com", nonce="n2", qop="auth", stale=true`))
		req := p.expect("REGISTER ")
		if !strings.Contains(field(req, "Authorization"), `nonce="n2"`) {
			t.Errorf("Authorization %s", field(req, "Authorization"))
		}
		p.send(accept(req, 60))
		if got := r.registration(); got.Until.IsZero() {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

func TestIntervalTooBrief_RFC3261_10_2_8(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(respond(p.expect("REGISTER "), "423 Interval Too Brief", "Min-Expires: 7200"))
		req := p.expect("REGISTER ")
		if got := field(req, "Expires"); got != "7200" {
			t.Errorf("Expires %s, want 7200", got)
		}
		p.send(respond(req, "200 OK", "Expires: 7200"))
		if got := r.registration(); time.Until(got.Until) != 2*time.Hour {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

func TestRegisterBacksOff_RFC5626_4_5(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(respond(p.expect("REGISTER "), "403 Forbidden"))
		for _, most := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 30 * time.Minute, 30 * time.Minute} {
			last := time.Now()
			synctest.Wait()
			req := p.later("REGISTER ")
			if wait := time.Since(last); wait < most/2 || wait > most+time.Millisecond {
				t.Errorf("waited %v, want %v to %v", wait, most/2, most)
			}
			p.send(respond(req, "403 Forbidden"))
		}
		synctest.Wait()
		if r.count(Unregistered) != 1 {
			t.Errorf("%d events of one trouble", r.count(Unregistered))
		}
		req := p.later("REGISTER ")
		p.send(respond(req, "503 Service Unavailable", "Retry-After: 3000 (soon)"))
		last := time.Now()
		p.send(accept(p.later("REGISTER "), 60))
		if wait := time.Since(last); wait != 3000*time.Second {
			t.Errorf("waited %v, want what Retry-After says", wait)
		}
		if got := r.registration(); got.Until.IsZero() || got.Reason != "" {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

// The registrar's name is looked up each time, and its next address is tried.
func TestRegisterFailsOver_RFC3263_4_3(t *testing.T) {
	name := names(registrar, registrar2)
	inBubble(t, rings, func(r *rig) {
		p, q := r.peer(registrar), r.peer(registrar2)
		p.send(respond(p.expect("REGISTER "), "503 Service Unavailable"))
		q.send(accept(q.expect("REGISTER "), 600))
		if got := r.registration(); got.Until.IsZero() {
			t.Errorf("registration %+v", got)
		}
		name.addresses.Store(&[]string{registrar})
		p.send(accept(p.later("REGISTER "), 600))
		synctest.Wait()
		q.send(invite()) // no longer a source
		q.quiet(time.Minute)
	}, registers(name))
}

func TestRegistrarIsASourceWhileRegistered(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p, q := r.peer(registrar), r.peer(registrar2)
		req := p.expect("REGISTER ")
		p.send(numbered(1))
		p.quiet(100 * time.Millisecond)
		p.send(accept(req, 600))
		synctest.Wait()
		m := numbered(2)
		m.via = registrar2
		q.send(m)
		q.expect("SIP/2.0 180")
		refresh := ""
		for !strings.HasPrefix(refresh, "REGISTER ") {
			refresh = p.later("")
		}
		p.send(respond(refresh, "403 Forbidden"))
		synctest.Wait()
		p.send(numbered(3))
		p.quiet(time.Second)
		q.send(m.cancel()) // the call that there is goes on
		q.expect("SIP/2.0 200")
		q.expect("SIP/2.0 487")
	}, registers(names(registrar, registrar2)))
}

func TestDrainEndsWithUnregister_RFC3261_10_2_2(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(accept(p.expect("REGISTER "), 600))
		synctest.Wait()
		r.stop()
		req := p.expect("REGISTER ")
		if field(req, "Expires") != "0" {
			t.Errorf("Expires %s", field(req, "Expires"))
		}
		p.send(respond(req, "200 OK"))
	}, registers(names(registrar)))
}

func TestReloadChangesRegistrations(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(accept(p.expect("REGISTER "), 600))
		synctest.Wait()
		r.reload(func(c *Config) { c.Trunks[0].MaxCalls = 7 })
		p.quiet(time.Minute) // it goes on
		r.reload(func(c *Config) {
			c.Trunks[0].Registrations = []Registration{{Registrar: "sip:registrar.example.com", AOR: "sip:bob@example.com", ContactUser: "line1", Expires: time.Minute}}
		})
		var contacts []string
		for range 2 {
			req := p.expect("REGISTER ")
			contacts = append(contacts, field(req, "Contact")+" "+field(req, "Expires"))
			p.send(accept(req, 60))
		}
		text := strings.Join(contacts, ", ")
		if !strings.Contains(text, "<sip:alice@192.0.2.1:5060> 0") || !strings.Contains(text, "<sip:line1@192.0.2.1:5060> 60") {
			t.Errorf("contacts %s", text)
		}
		if got := r.registration(); got.AOR != "sip:bob@example.com" || got.Until.IsZero() {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

func TestRegistrationsAreChecked(t *testing.T) {
	for want, r := range map[string]Registration{
		"no SIP URI":    {Registrar: "http://x", Username: "a"},
		"sip:user@host": {Registrar: "sip:registrar.example.com"},
		"at most a day": {Registrar: "sip:registrar.example.com", Username: "a", Expires: 25 * time.Hour},
	} {
		err := checkTrunks([]Trunk{{Name: "t", Registrations: []Registration{r}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", r, err, want)
		}
	}
}

// Another password is no other address at the registrar: ending the old registration would end the new one.
func TestReloadHandsARegistrationOver(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		p.send(accept(p.expect("REGISTER "), 600))
		synctest.Wait()
		r.reload(func(c *Config) {
			registration := c.Trunks[0].Registrations[0]
			registration.Password = "changed"
			c.Trunks[0].Registrations = []Registration{registration}
		})
		req := p.expect("REGISTER ")
		if field(req, "Expires") != "3600" {
			t.Errorf("Expires %s, want that of the new one", field(req, "Expires"))
		}
		p.send(accept(req, 600))
		p.quiet(time.Minute)
		if got := r.registration(); got.Until.IsZero() {
			t.Errorf("registration %+v", got)
		}
	}, registers(names(registrar)))
}

// A refresh that meets a busy registrar ends nothing before the time is over.
func TestRegistrationHoldsUntilItsEnd_RFC3261_10_3(t *testing.T) {
	inBubble(t, rings, func(r *rig) {
		p := r.peer(registrar)
		start := time.Now()
		req := p.expect("REGISTER ")
		p.send(accept(req, 600))
		granted := time.Now()
		p.send(respond(p.later("REGISTER "), "503 Service Unavailable", "Retry-After: 1000"))
		if got := r.registration(); got.Until.IsZero() || !strings.Contains(got.Reason, "503") {
			t.Errorf("after a 503: %+v", got)
		}
		p.send(numbered(1))
		p.expect("SIP/2.0 180")
		time.Sleep(time.Until(granted.Add(601 * time.Second)))
		if got := r.registration(); !got.Until.IsZero() || r.count(Unregistered) != 1 {
			t.Errorf("after its end: %+v, %d events", got, r.count(Unregistered))
		}
		p.send(numbered(2))
		p.quiet(time.Second)
		p.send(accept(p.later("REGISTER "), 600))
		if got := time.Since(start); got < 1450*time.Second {
			t.Errorf("came back after %v, before Retry-After", got)
		}
		if got := r.registration(); got.Until.IsZero() || got.Reason != "" {
			t.Errorf("registered again: %+v", got)
		}
	}, registers(names(registrar)))
}

func TestAuthUsersAreChecked(t *testing.T) {
	for name, trunks := range map[string][]Trunk{
		"no password": {{Name: "a", AuthUsers: []Credentials{{Username: "x"}}}},
		"no name":     {{Name: "a", AuthUsers: []Credentials{{Password: "x"}}}},
		"two trunks":  {{Name: "a", AuthUsers: []Credentials{{"x", "1"}}}, {Name: "b", AuthUsers: []Credentials{{"x", "2"}}}},
	} {
		if err := checkTrunks(trunks); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
