package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// CertificateFiles are the PEM files of a certificate, with its chain behind it, and of its key.
type CertificateFiles struct{ Certificate, Key string }

// Certificates are what we show in TLS handshakes. They may be loaded anew while connections are open and
// calls run; those keep what was agreed.
type Certificates struct {
	loaded atomic.Pointer[certificateSet]
}

// A certificateSet is what was read of files, in their order.
type certificateSet struct {
	files []CertificateFiles
	pairs []tls.Certificate
}

// LoadCertificates reads certificates and keys. A client is shown the first that has the name it asks for,
// or else the first.
func LoadCertificates(files ...CertificateFiles) (*Certificates, error) {
	if len(files) == 0 {
		return nil, errors.New("sip: no certificate; give the files of at least one")
	}
	c := new(Certificates)
	return c, c.read(files)
}

// Reload reads the files again. When one of them is bad, nothing changes and the error says why.
func (c *Certificates) Reload() error { return c.read(c.now().files) }

// Replace shows what others show from now on, in handshakes to come.
func (c *Certificates) Replace(others *Certificates) { c.loaded.Store(others.loaded.Load()) }

func (c *Certificates) read(files []CertificateFiles) error {
	set := certificateSet{files: files}
	var problems []error
	for _, f := range files {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			problems = append(problems, fmt.Errorf("sip: certificate %s with key %s: %w", f.Certificate, f.Key, err))
		}
		set.pairs = append(set.pairs, pair)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	c.loaded.Store(&set)
	return nil
}

// Warnings are what peers may stumble over: certificates outside their time, without names, or with a
// broken chain.
func (c *Certificates) Warnings() []string {
	var list []string
	set := c.now()
	for i, pair := range set.pairs {
		for _, text := range warningsOf(pair) {
			list = append(list, set.files[i].Certificate+": "+text)
		}
	}
	return list
}

func warningsOf(pair tls.Certificate) (list []string) {
	leaf, now := pair.Leaf, time.Now()
	if now.Before(leaf.NotBefore) {
		list = append(list, "the certificate is not valid before "+leaf.NotBefore.Format(time.RFC3339))
	}
	if now.After(leaf.NotAfter) {
		list = append(list, "the certificate expired at "+leaf.NotAfter.Format(time.RFC3339))
	}
	if len(identitiesOf(leaf)) == 0 {
		list = append(list, "the certificate has no subject alternative name, and peers will not know whose it is")
	}
	child := leaf
	for i, der := range pair.Certificate[1:] {
		parent, err := x509.ParseCertificate(der)
		if err != nil {
			return append(list, fmt.Sprintf("certificate %d of the chain: %v", i+2, err))
		}
		if err := child.CheckSignatureFrom(parent); err != nil {
			return append(list, fmt.Sprintf("certificate %d of the chain did not sign the one before it: %v", i+2, err))
		}
		child = parent
	}
	return list
}

// Expires is when the first of the certificates does.
func (c *Certificates) Expires() time.Time {
	var first time.Time
	for _, pair := range c.now().pairs {
		if first.IsZero() || pair.Leaf.NotAfter.Before(first) {
			first = pair.Leaf.NotAfter
		}
	}
	return first
}

// forClient picks the certificate that suits a client.
func (c *Certificates) forClient(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.first(hello.SupportsCertificate)
}

// forServer picks the certificate that suits a server that asks for one.
func (c *Certificates) forServer(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return c.first(request.SupportsCertificate)
}

// first is the first certificate that suits, or else the first.
func (c *Certificates) first(suits func(*tls.Certificate) error) (*tls.Certificate, error) {
	pairs := c.now().pairs
	if len(pairs) == 0 {
		return nil, errors.New("no certificate is loaded")
	}
	for i := range pairs {
		if suits(&pairs[i]) == nil {
			return &pairs[i], nil
		}
	}
	return &pairs[0], nil
}

// now is what is loaded; nothing in the zero Certificates.
func (c *Certificates) now() certificateSet {
	if loaded := c.loaded.Load(); loaded != nil {
		return *loaded
	}
	return certificateSet{}
}

// LoadAuthorities reads the PEM files of certificates that are trusted to sign those of peers.
func LoadAuthorities(files ...string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("sip: %w", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("sip: %s holds no certificate; it must be PEM", name)
		}
	}
	return pool, nil
}
