package sip

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An authority signs the certificates of a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.key = key
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue makes a certificate with names: DNS names, addresses, or sip URIs.
func (a *authority) issue(names []string, changes ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		uri, err := url.Parse(name)
		if addr, problem := netip.ParseAddr(name); problem == nil {
			template.IPAddresses = append(template.IPAddresses, addr.AsSlice())
		} else if err == nil && uri.Scheme != "" {
			template.URIs = append(template.URIs, uri)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	for _, change := range changes {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// write stores a certificate and its key under a name.
func (a *authority) write(name string, pair tls.Certificate) CertificateFiles {
	a.t.Helper()
	files := CertificateFiles{filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")}
	var chain []byte
	for _, der := range pair.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(files.Certificate, chain, 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return files
}

func (a *authority) certificates(files ...CertificateFiles) *Certificates {
	a.t.Helper()
	c, err := LoadCertificates(files...)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// gateway are the certificates of the user agent under test.
func (a *authority) gateway() *Certificates {
	return a.certificates(a.write("gateway", a.issue([]string{"gw.example.com", "127.0.0.1"})))
}

// overTLS changes the user agent of overTCP to listen by TLS first, and to know no trunk by address alone.
func (a *authority) overTLS(trunks ...Trunk) func(*Config) {
	return func(c *Config) {
		c.Listen = []Listen{{Network: "tls", Address: "127.0.0.1:0", TLS: a.gateway()}, {Network: "udp", Address: "127.0.0.1:0"}}
		c.ClientCAs, c.RootCAs = a.pool(), a.pool()
		if len(trunks) > 0 {
			c.Trunks = trunks
		}
	}
}

// client is the configuration of a peer that trusts the authority and shows certificates.
func (a *authority) client(shown ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: a.pool(), ServerName: "gw.example.com", Certificates: shown}
}

// secureAt connects to an address by TLS.
func secureAt(t *testing.T, at string, a *authority) *stream {
	t.Helper()
	conn, err := (&tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: a.client()}).Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &stream{t, conn, bufio.NewReader(conn)}
}

// secureTo connects to the first listener by TLS, from an address of the loopback network.
func secureTo(t *testing.T, ua *UserAgent, from string, config *tls.Config) (*stream, error) {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)), Timeout: 10 * time.Second}
	conn, err := dialer.Dial("tcp", ua.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	c := tls.Client(conn, config)
	return &stream{t, c, bufio.NewReader(c)}, c.Handshake()
}
