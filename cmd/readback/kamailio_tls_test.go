package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"readback/sip"
)

// A signer makes the certificates of a test in a folder: authority.crt, and NAME.crt with NAME.key.
type signer struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newSigner(t *testing.T, dir string) *signer {
	t.Helper()
	s := &signer{t: t, dir: dir}
	s.cert, s.key = s.sign("authority", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return s
}

// issue makes a certificate for a DNS name and an address.
func (s *signer) issue(name, dns, address string) sip.CertificateFiles {
	s.t.Helper()
	s.sign(name, &x509.Certificate{
		DNSNames: []string{dns}, IPAddresses: []net.IP{net.ParseIP(address)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	return sip.CertificateFiles{Certificate: filepath.Join(s.dir, name+".crt"), Key: filepath.Join(s.dir, name+".key")}
}

func (s *signer) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := s.cert, s.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		s.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(filepath.Join(s.dir, name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert, key
}

func (s *signer) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.cert)
	return pool
}

// fixedSession agrees to every session.
type fixedSession struct{}

const fixedSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"

func (fixedSession) Offer() ([]byte, error)        { return []byte(fixedSDP), nil }
func (fixedSession) Answer([]byte) ([]byte, error) { return []byte(fixedSDP), nil }
func (fixedSession) Accept([]byte) error           { return nil }

// startAgent runs a user agent until it is stopped, or the test is over.
func startAgent(t *testing.T, config sip.Config, serve func(context.Context, *sip.Call)) (agent *sip.UserAgent, stop func()) {
	t.Helper()
	config.Log = slog.New(slog.DiscardHandler)
	agent, err := sip.New(config, sip.HandlerFunc(serve))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- agent.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return agent, stop
}

// TestKamailioTLS calls by UDP through a proxy to a gateway that knows the trunk by its certificate alone (RFC 5922): the
// call is changed from both sides and hung up from either, all over the one connection.
func TestKamailioTLS(t *testing.T) {
	dir := t.TempDir()
	authority := newSigner(t, dir)
	authority.issue("proxy", "proxy.example.com", inside)
	shown, err := sip.LoadCertificates(authority.issue("gateway", "gateway.example.com", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan error, 1)
	gateway, _ := startAgent(t, sip.Config{
		Listen:    []sip.Listen{{Network: "tls", Address: "127.0.0.1:0", TLS: shown}},
		Trunks:    []sip.Trunk{{Name: "carrier", TLSNames: []string{"proxy.example.com"}, Country: "US"}},
		ClientCAs: authority.pool(), RootCAs: authority.pool(),
	}, func(ctx context.Context, c *sip.Call) {
		if err := c.Answer(ctx, fixedSession{}); err != nil {
			return
		}
		if c.Called == "+16503976096" {
			changed <- c.Reinvite(ctx)
			return // and hang up
		}
		<-ctx.Done()
		changed <- context.Cause(ctx)
	})

	next, over := gateway.Addrs()[0].String()+";transport=tls", loopback(t, inside)
	proxy := startKamailioIn(t, dir, "proxy.cfg", loopback(t, inside), []string{
		"{name}", "proxy", "{record}", "record_route();", "{next}", next, "{tls}", over.String(),
	}, "-A", "WITH_TLS")
	caller, _ := startAgent(t, sip.Config{
		Listen: []sip.Listen{{Network: "udp", Address: "127.0.0.1:0"}},
		Trunks: []sip.Trunk{{Name: "proxy", Networks: []netip.Prefix{netip.PrefixFrom(proxy.addr.Addr(), 32)}}},
	}, nil)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	call, err := caller.Dial(ctx, "sip:+18887999666@"+proxy.addr.String(), fixedSession{}, sip.DialOptions{From: "+14155550100"})
	if err != nil {
		t.Fatalf("%v; Kamailio:\n%s", err, proxy.log)
	}
	if err := call.Reinvite(ctx); err != nil {
		t.Errorf("re-INVITE of the caller: %v", err)
	}
	if err := call.Hangup(ctx); err != nil {
		t.Error(err)
	}
	if err := <-changed; !errors.Is(err, sip.ErrHangup) {
		t.Errorf("the gateway's call ended with %v, want %v", err, sip.ErrHangup)
	}

	call, err = caller.Dial(ctx, "sip:+16503976096@"+proxy.addr.String(), fixedSession{}, sip.DialOptions{From: "+14155550100"})
	if err != nil {
		t.Fatalf("%v; Kamailio:\n%s", err, proxy.log)
	}
	if err := <-changed; err != nil {
		t.Errorf("re-INVITE of the gateway: %v", err)
	}
	select {
	case <-call.Context().Done():
		if err := context.Cause(call.Context()); !errors.Is(err, sip.ErrHangup) {
			t.Errorf("the caller's call ended with %v, want %v", err, sip.ErrHangup)
		}
	case <-ctx.Done():
		t.Error("the gateway's BYE never came")
	}
}
