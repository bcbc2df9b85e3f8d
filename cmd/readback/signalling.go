package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"

	"readback/config"
	"readback/sip"
	"readback/sip/resolve"
	"readback/sip/stir"
)

// signallingOf is the configuration in the user agent's words, joined with the rest of the gateway.
func (s *server) signallingOf(c *config.Config) (sip.Config, error) {
	out, err := sipOf(c)
	if err != nil {
		return out, err
	}
	out.Log, out.Overload, out.Trace = s.log, s.room.refuse, true
	if out.Resolver, err = resolve.New(resolve.Options{Servers: c.SIP.NameServers}); err != nil {
		return out, fmt.Errorf("sip.name_servers: %w", err)
	}
	out.Observe = func(e sip.Event) {
		s.traces.observe(e)
		s.records.observe(e)
		if s.message != nil {
			s.message(e)
		}
	}
	if c.SIP.STIR.Roots != "" {
		roots, err := sip.LoadAuthorities(string(c.SIP.STIR.Roots))
		if err != nil {
			return out, err
		}
		out.Verifier = &stir.Verifier{Certificates: s.signers, Roots: roots, Freshness: c.SIP.STIR.Fresh.D()}
	}
	return out, nil
}

// openSigners opens what is known of the certificates of those who sign callers' numbers.
func (s *server) openSigners() (err error) {
	s.signers, err = stir.OpenCache(stir.CacheOptions{
		Dir: filepath.Join(s.config.Data, "certificates"),
		Observe: func(url string, err error) {
			if err != nil {
				s.log.Warn("the certificate of a signer of callers' numbers cannot be fetched", "url", url, "error", err)
			}
		},
	})
	return err
}

// sipOf says the configuration in the user agent's words. What it reads of files may be wrong: those are problems of the
// configuration too.
func sipOf(c *config.Config) (sip.Config, error) {
	files := pemFiles{config: c}
	out := sip.Config{
		Advertise: c.SIP.Advertise, LocalNetworks: c.SIP.LocalNetworks, UserAgent: c.SIP.UserAgent,
		Proxies: c.SIP.Proxies, ProxyHeader: proxyHeader(c.SIP),
		MaxCalls: c.SIP.MaxCalls, MaxCallTime: c.SIP.MaxCallTime.D(), DrainTime: c.SIP.DrainTime.D(),
		SessionExpires: sessionExpires(c.SIP.SessionTimer), MinSE: c.SIP.SessionTimer.Min.D(),
		Limits: sip.Limits{
			Headers: c.SIP.Limits.Headers, ConnectionsPerSource: c.SIP.Limits.ConnectionsPerSource,
			Connections: c.SIP.Limits.Connections, Idle: c.SIP.Limits.Idle.D(),
		},
	}
	answerNumbers(&out, c)
	shown := files.certificates("sip.tls.certificates", c.SIP.TLS.Certificates...)
	for _, l := range c.SIP.Listen {
		listen := sip.Listen{Network: l.Network, Address: l.Address.String(), Advertise: l.Advertise, Origins: l.Origins, Challenge: l.Challenge}
		for _, algorithm := range l.Algorithms {
			listen.Algorithms = append(listen.Algorithms, strings.ToUpper(algorithm))
		}
		if l.Network == "tls" || l.Network == "wss" {
			listen.TLS = shown
		}
		out.Listen = append(out.Listen, listen)
	}
	clients := files.authorities("sip.tls.client_authorities", c.SIP.TLS.ClientAuthorities)
	servers := files.authorities("sip.tls.authorities", c.SIP.TLS.Authorities)
	for i := range c.Trunks {
		trunk := trunkOf(c, i, &files)
		trunk.ClientCAs, trunk.RootCAs = clients, servers // of trunks, since these can be loaded anew
		out.Trunks = append(out.Trunks, trunk)
	}
	return out, files.err()
}

func trunkOf(c *config.Config, i int, files *pemFiles) sip.Trunk {
	t := c.Trunks[i]
	trunk := sip.Trunk{
		Name: t.Name, Networks: t.Networks, TLSNames: t.TLSNames, Country: t.Country,
		TrustCaller: t.TrustCaller, TrustIdentity: t.IdentityHeaders, Verstat: t.Verstat,
		CallsPerSecond: t.CallsPerSecond, Burst: t.Burst, MaxCalls: t.MaxCalls, Reliable: sip.Reliability(t.Reliable),
		Address: t.Address, FailOver: t.FailOver.D(), Ping: t.Ping.D(), Quirks: quirksOf(t.Quirks),
	}
	if t.Certificate != nil {
		trunk.ClientCertificate = files.certificates(fmt.Sprintf("trunks[%d].certificate", i), *t.Certificate)
	}
	if own := t.Credentials; own != nil {
		trunk.Username, trunk.Password = own.Username, sip.Password(own.Password.Reveal())
		trunk.Realm = cmp.Or(own.Realm, hostOf(t.Address))
	}
	for _, user := range t.Users {
		trunk.AuthUsers = append(trunk.AuthUsers, sip.Credentials{Username: user.Username, Password: sip.Password(user.Password.Reveal())})
	}
	for _, r := range t.Register {
		trunk.Registrations = append(trunk.Registrations, registrationOf(r, t.Credentials))
	}
	return trunk
}

func registrationOf(r config.Register, ofTrunk *config.Credentials) sip.Registration {
	registration := sip.Registration{Registrar: r.Registrar, Expires: r.Expires.D()}
	own := cmp.Or(r.Credentials, ofTrunk)
	if own != nil {
		registration.Username, registration.Password = own.Username, sip.Password(own.Password.Reveal())
		registration.Realm = own.Realm
	}
	if r.User != "" {
		registration.AOR = "sip:" + r.User + "@" + hostOf(r.Registrar)
	}
	return registration
}

// hostOf is the host of a SIP URI, which was checked to be one.
func hostOf(uri string) string {
	var parsed sipgo.Uri
	if err := sipgo.ParseUri(uri, &parsed); err != nil {
		return ""
	}
	return parsed.Host
}

func quirksOf(q config.Quirks) sip.Quirks {
	return sip.Quirks{
		ForceRport: q.ForceRport, StickToSource: q.StickToSource, AlwaysTCP: q.AlwaysTCP,
		CalledFrom: q.CalledFrom, CalledPrefix: q.CalledPrefix, InternationalPrefixes: q.InternationalPrefixes,
		IgnorePrivacy: q.IgnorePrivacy, NumberFormat: sip.NumberFormat(q.NumberFormat), NoUserPhone: q.NoUserPhone,
		FromDomain: q.FromDomain, AssertCaller: q.AssertCaller, DropHeaders: q.DropHeaders,
	}
}

// answerNumbers says which numbers are answered on which trunks, and how long they ring.
func answerNumbers(out *sip.Config, c *config.Config) {
	numbers := map[string]config.Number{}
	for _, number := range c.Numbers {
		numbers[number.Number] = number
	}
	out.Numbers = func(trunk *sip.Trunk, e164 string) bool {
		number, ok := numbers[e164]
		return ok && (len(number.Trunks) == 0 || slices.Contains(number.Trunks, trunk.Name))
	}
	out.RingTime = func(called string) time.Duration {
		if ring := numbers[called].RingTime; ring != nil {
			return ring.D()
		}
		return c.SIP.RingTime.D()
	}
}

// proxyHeader is the header that counts from proxies; none without them.
func proxyHeader(c config.SIP) string {
	if len(c.Proxies) == 0 {
		return ""
	}
	return c.ProxyHeader
}

// sessionExpires is the interval in the user agent's words, in which negative is none.
func sessionExpires(t config.SessionTimer) time.Duration {
	if t.Expires == 0 {
		return -1
	}
	return t.Expires.D()
}
