package sip

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCertificatesAreReloadedWithoutADrop(t *testing.T) {
	a := newAuthority(t)
	first, second := a.issue([]string{"gw.example.com"}), a.issue([]string{"gw.example.com"})
	files := a.write("gw", first)
	certificates := a.certificates(files)
	ua := overTCP(t, rings, a.overTLS(), func(c *Config) { c.Listen[0].TLS = certificates })
	open := func() (*stream, *x509.Certificate) {
		t.Helper()
		s, err := secureTo(t, ua, "127.0.0.1", a.client())
		if err != nil {
			t.Fatal(err)
		}
		return s, s.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	}
	s, shown := open()
	if !shown.Equal(first.Leaf) {
		t.Error("the first certificate was not shown")
	}
	s.send(byTLS(tcpInvite().with("OPTIONS", 1)))
	s.expect("SIP/2.0 200")

	key, err := os.ReadFile(files.Key)
	if err != nil {
		t.Fatal(err)
	}
	a.write("gw", second)
	if err := os.WriteFile(files.Key, key, 0o600); err != nil { // as when only one file was copied so far
		t.Fatal(err)
	}
	if err := certificates.Reload(); err == nil || !strings.Contains(err.Error(), "does not match") || !strings.Contains(err.Error(), files.Key) {
		t.Errorf("Reload: %v", err)
	}
	if _, shown := open(); !shown.Equal(first.Leaf) {
		t.Error("a bad file took the certificate away")
	}
	a.write("gw", second)
	if err := certificates.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, shown := open(); !shown.Equal(second.Leaf) {
		t.Error("the new certificate is not shown")
	}
	third := a.issue([]string{"gw.example.com"})
	certificates.Replace(a.certificates(a.write("elsewhere", third)))
	if err := certificates.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, shown := open(); !shown.Equal(third.Leaf) {
		t.Error("the certificate of the other files is not shown")
	}
	s.send(byTLS(tcpInvite().with("OPTIONS", 2))) // the old connection goes on
	s.expect("SIP/2.0 200")
}

func TestCertificateWarnings(t *testing.T) {
	a := newAuthority(t)
	soon := time.Now().Add(30 * time.Minute).Truncate(time.Second)
	foreign := newAuthority(t).issue([]string{"x.example"})
	good := a.issue([]string{"a.example"})
	good.Certificate = append(good.Certificate, a.cert.Raw)
	broken := a.issue([]string{"a.example"})
	broken.Certificate = append(broken.Certificate, foreign.Certificate[0])
	for name, tt := range map[string]struct {
		pair tls.Certificate
		want string
	}{
		"good, with its chain": {good, ""},
		"expired": {a.issue([]string{"a.example"}, func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Minute)
		}), "expired at"},
		"not yet valid": {a.issue([]string{"a.example"}, func(c *x509.Certificate) { c.NotBefore = soon }), "not valid before"},
		"nameless":      {a.issue(nil), "no subject alternative name"},
		"wrong chain":   {broken, "did not sign"},
	} {
		files := a.write(strings.ReplaceAll(name, " ", ""), tt.pair)
		got := strings.Join(a.certificates(files).Warnings(), "; ")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || got != "" && !strings.HasPrefix(got, files.Certificate) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := a.certificates(a.write("x", good), a.write("y", a.issue(nil, func(c *x509.Certificate) { c.NotAfter = soon }))).Expires(); !got.Equal(soon) {
		t.Errorf("expires %v, want %v", got, soon)
	}
}

func TestCertificatesThatCannotBeLoaded(t *testing.T) {
	a := newAuthority(t)
	good := a.write("good", a.issue([]string{"a.example"}))
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, files := range map[string][]CertificateFiles{
		"no certificate;":            nil,
		"no such file":               {{"/nonexistent", good.Key}},
		"failed to find any PEM":     {{empty, good.Key}},
		"failed to find certificate": {good, {good.Key, good.Key}},
	} {
		if _, err := LoadCertificates(files...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("LoadCertificates(%v): %v, want %q", files, err, want)
		}
	}
	if _, err := LoadAuthorities(good.Certificate); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"/nonexistent", empty} {
		if _, err := LoadAuthorities(good.Certificate, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("LoadAuthorities: %v, want %s", err, name)
		}
	}
}
