package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"readback/config"
	"readback/sip"
	"readback/sip/stir"
)

// signallingOf is the configuration in the user agent's words, joined with the rest of the gateway.
func (s *server) signallingOf(c *config.Config) (sip.Config, error) {
	out, err := sipOf(c)
	if err != nil {
		return out, err
	}
	out.Log, out.Overload, out.Trace = s.log, s.room.refuse, true
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
		MaxCalls: c.SIP.MaxCalls, MaxCallTime: c.SIP.MaxCallTime.D(), DrainTime: c.SIP.DrainTime.D(),
		SessionExpires: sessionExpires(c.SIP.SessionTimer), MinSE: c.SIP.SessionTimer.Min.D(),
		ClientCAs: files.authorities("sip.tls.client_authorities", c.SIP.TLS.ClientAuthorities),
		RootCAs:   files.authorities("sip.tls.authorities", c.SIP.TLS.Authorities),
		Limits: sip.Limits{
			Headers: c.SIP.Limits.Headers, ConnectionsPerSource: c.SIP.Limits.ConnectionsPerSource,
			Connections: c.SIP.Limits.Connections, Idle: c.SIP.Limits.Idle.D(),
		},
	}
	answerNumbers(&out, c)
	shown := files.certificates("sip.tls.certificates", c.SIP.TLS.Certificates...)
	for _, l := range c.SIP.Listen {
		listen := sip.Listen{Network: l.Network, Address: l.Address.String(), Advertise: l.Advertise, Origins: l.Origins}
		if l.Network == "tls" || l.Network == "wss" {
			listen.TLS = shown
		}
		out.Listen = append(out.Listen, listen)
	}
	for i := range c.Trunks {
		out.Trunks = append(out.Trunks, trunkOf(c, i, &files))
	}
	return out, files.err()
}

func trunkOf(c *config.Config, i int, files *pemFiles) sip.Trunk {
	t := c.Trunks[i]
	trunk := sip.Trunk{
		Name: t.Name, Networks: t.Networks, TLSNames: t.TLSNames, Country: t.Country,
		TrustCaller: t.TrustCaller, TrustIdentity: t.IdentityHeaders, Verstat: t.Verstat,
		CallsPerSecond: t.CallsPerSecond, Burst: t.Burst, MaxCalls: t.MaxCalls, Reliable: sip.Reliability(t.Reliable),
	}
	if t.Certificate != nil {
		trunk.ClientCertificate = files.certificates(fmt.Sprintf("trunks[%d].certificate", i), *t.Certificate)
	}
	return trunk
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

// sessionExpires is the interval in the user agent's words, in which negative is none.
func sessionExpires(t config.SessionTimer) time.Duration {
	if t.Expires == 0 {
		return -1
	}
	return t.Expires.D()
}
