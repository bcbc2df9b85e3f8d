package stir

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	x5u    = "https://certificates.example.net/709J.pem"
	caller = "+12155551212"
	called = "+18887999666"
	origin = "123e4567-e89b-12d3-a456-426655440000"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// An authority issues certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// template is a certificate that is good for a year around start.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(1),
		NotBefore: start.AddDate(0, -6, 0), NotAfter: start.AddDate(0, 6, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func newRoot(t testing.TB) *authority {
	t.Helper()
	root := &authority{t: t, key: newKey(t, elliptic.P256())}
	root.cert = root.issue(root.key, ca("root"))
	return root
}

func ca(name string, extensions ...pkix.Extension) *x509.Certificate {
	c := template(name)
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtraExtensions = true, true, x509.KeyUsageCertSign, extensions
	return c
}

func (a *authority) issue(key crypto.Signer, c *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	a.next++
	c.SerialNumber = big.NewInt(a.next)
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	chain, err := ParseCertificates(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return chain[0]
}

// under is an authority below this one.
func (a *authority) under(extensions ...pkix.Extension) *authority {
	key := newKey(a.t, elliptic.P256())
	return &authority{t: a.t, key: key, cert: a.issue(key, ca("intermediate", extensions...))}
}

func (a *authority) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// A signer is a provider with a key and a certificate.
type signer struct {
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

func (a *authority) signer(extension pkix.Extension, changes ...func(*x509.Certificate)) *signer {
	a.t.Helper()
	s := &signer{key: newKey(a.t, elliptic.P256())}
	c := template("SHAKEN 709J")
	c.ExtraExtensions = []pkix.Extension{extension}
	for _, change := range changes {
		change(c)
	}
	s.chain = []*x509.Certificate{a.issue(s.key, c), a.cert}
	return s
}

// numbers is a TNAuthList extension.
func numbers(entries ...[]byte) pkix.Extension {
	return pkix.Extension{Id: tnAuthListOID, Value: tlv(0x30, entries...)}
}

func tlv(tag byte, parts ...[]byte) []byte {
	der, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), IsCompound: tag&0x20 != 0, Tag: int(tag & 0x1f), Bytes: bytes.Join(parts, nil)})
	if err != nil {
		panic(err)
	}
	return der
}

func spc(code string) []byte { return tlv(0xa0, tlv(0x16, []byte(code))) }

func one(number string) []byte { return tlv(0xa2, tlv(0x16, []byte(number))) }

func span(number string, count int64) []byte {
	n, err := asn1.Marshal(count)
	if err != nil {
		panic(err)
	}
	return tlv(0xa1, tlv(0x30, tlv(0x16, []byte(number)), n))
}

// A note is a PASSporT to be signed; a test changes a copy's maps before it signs.
type note struct {
	head, claims map[string]any
	params       string
}

func shaken(attest string) note {
	return note{
		head: map[string]any{"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": x5u},
		claims: map[string]any{
			"attest": attest, "origid": origin, "iat": start.Unix(),
			"orig": map[string]any{"tn": "12155551212"}, "dest": map[string]any{"tn": []string{"18887999666"}},
		},
		params: ";info=<" + x5u + ">;alg=ES256;ppt=shaken",
	}
}

// div says that a number diverted the call to another (RFC 8946).
func div(from, to string) note {
	n := shaken("A")
	n.head["ppt"], n.params = "div", ";info=<"+x5u+">;ppt=div"
	n.claims = map[string]any{
		"iat": start.Unix(), "orig": map[string]any{"tn": "12155551212"},
		"dest": map[string]any{"tn": []string{to}}, "div": map[string]any{"tn": from},
	}
	return n
}

func (n note) with(change func(note)) note { change(n); return n }

// sign writes the Identity header.
func (s *signer) sign(t testing.TB, n note) string {
	t.Helper()
	text := segment(t, n.head) + "." + segment(t, n.claims)
	return text + "." + s.signature(t, text) + n.params
}

func (s *signer) signature(t testing.TB, text string) string {
	t.Helper()
	raw, err := jwt.SigningMethodES256.Sign(text, s.key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func segment(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// A shelf is certificates by address.
type shelf map[string][]*x509.Certificate

func (s shelf) Lookup(url string) []*x509.Certificate { return s[url] }

func pemOf(chain []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range chain {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func (r Result) String() string { return fmt.Sprintf("%s (%s)", r.Attestation, r.Reason) }
