package stir

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	maxChain       = 8    // certificates behind one address
	maxCredentials = 4096 // remembered verdicts
	// verdictTime is how long a certificate that did not pass is not looked at again.
	verdictTime = time.Minute
)

// ParseCertificates reads what stands behind an x5u: certificates in PEM, the signer's first, or one in DER.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if len(chain) == maxChain {
			return nil, errors.New("stir: more certificates than a chain has")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		c, err := x509.ParseCertificate(data)
		if err != nil {
			return nil, errors.New("stir: no certificate, neither PEM nor DER")
		}
		chain = append(chain, c)
	}
	for _, c := range chain { // it is understood here, should it be critical
		c.UnhandledCriticalExtensions = slices.DeleteFunc(c.UnhandledCriticalExtensions, tnAuthListOID.Equal)
	}
	return chain, nil
}

// A credential is a certificate that was found to be good, or why it was not.
type credential struct {
	leaf        *x509.Certificate
	key         *ecdsa.PublicKey
	scope       TNAuthList
	reason      Reason
	from, until time.Time // when this holds
}

func (c *credential) provider() string {
	if len(c.scope.Providers) == 0 {
		return ""
	}
	return c.scope.Providers[0]
}

// credentials remembers verdicts by address, so that a call costs one signature. The zero value is ready.
type credentials struct {
	mu    sync.Mutex
	byURL map[string]*credential
}

// signer finds the good certificate behind an address that may sign for a number.
func (v *Verifier) signer(now time.Time, url, number string) (*credential, Reason) {
	var chain []*x509.Certificate
	if v.Certificates != nil {
		chain = v.Certificates.Lookup(url)
	}
	if len(chain) == 0 {
		return nil, UnknownCertificate
	}
	c := v.known.get(url, chain[0], now)
	if c == nil {
		c = v.examine(chain, now)
		v.known.put(url, c)
	}
	if c.reason == "" && !c.scope.Contains(number) {
		return nil, OutOfScope
	}
	return c, c.reason
}

func (s *credentials) get(url string, leaf *x509.Certificate, now time.Time) *credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byURL[url]
	if c == nil || c.leaf != leaf || now.Before(c.from) || now.After(c.until) {
		return nil
	}
	return c
}

func (s *credentials) put(url string, c *credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byURL == nil || len(s.byURL) >= maxCredentials {
		s.byURL = map[string]*credential{}
	}
	s.byURL[url] = c
}

// examine verifies a certificate: its key and what it is for, its way to a root, and its numbers.
func (v *Verifier) examine(chain []*x509.Certificate, now time.Time) *credential {
	c := &credential{leaf: chain[0], from: now, until: now.Add(verdictTime)}
	if c.reason = c.inspect(); c.reason != "" {
		return c
	}
	var found [][]*x509.Certificate
	if found, c.reason = v.chains(chain, now); c.reason != "" {
		return c
	}
	for _, way := range found {
		if c.scope.nests(way[1:]) {
			c.from, c.until = lifetime(way)
			return c
		}
	}
	c.reason = OutOfScope
	return c
}

// inspect looks at the signer's certificate alone (RFC 8226 section 4, RFC 8588 section 9).
func (c *credential) inspect() Reason {
	key, ok := c.leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || c.leaf.IsCA || c.leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return BadCertificate
	}
	list, found, err := numbersOf(c.leaf)
	if err != nil || !found {
		return BadCertificate
	}
	c.key, c.scope = key, list
	return ""
}

func (v *Verifier) chains(chain []*x509.Certificate, now time.Time) ([][]*x509.Certificate, Reason) {
	if v.Roots == nil { // no roots are not the system's roots
		return nil, Untrusted
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	found, err := chain[0].Verify(x509.VerifyOptions{
		Roots: v.Roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return nil, ExpiredCertificate
	}
	if err != nil {
		return nil, Untrusted
	}
	return found, ""
}

// nests says that every issuer that has a list of numbers has these in it.
func (l TNAuthList) nests(issuers []*x509.Certificate) bool {
	for _, issuer := range issuers {
		outer, found, err := numbersOf(issuer)
		if err != nil || found && !outer.Covers(l) {
			return false
		}
	}
	return true
}

func numbersOf(c *x509.Certificate) (list TNAuthList, found bool, err error) {
	for _, e := range c.Extensions {
		if e.Id.Equal(tnAuthListOID) {
			list, err = ParseTNAuthList(e.Value)
			return list, true, err
		}
	}
	return list, false, nil
}

func lifetime(chain []*x509.Certificate) (from, until time.Time) {
	from, until = chain[0].NotBefore, chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	return from, until
}
