package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"readback/sip/stir"
)

const repository = "https://certificates.example.net/709J.pem"

// A provider signs calls; it is also where its certificates are found.
type provider struct {
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
	roots *x509.CertPool
}

func (p *provider) Lookup(url string) []*x509.Certificate {
	if url != repository {
		return nil
	}
	return p.chain
}

func newProvider(t *testing.T, now time.Time) *provider {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{roots: x509.NewCertPool()}
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "SHAKEN 709J"}, SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{ // a TNAuthList of the one provider code 709J (RFC 8226 section 9)
			Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 26}, Value: []byte("\x30\x08\xa0\x06\x16\x04709J"),
		}},
	}
	for _, c := range []struct {
		cert, parent *x509.Certificate
		key          *ecdsa.PrivateKey
	}{{leaf, root, p.key}, {root, root, rootKey}} {
		der, err := x509.CreateCertificate(rand.Reader, c.cert, c.parent, &c.key.PublicKey, rootKey)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := stir.ParseCertificates(der)
		if err != nil {
			t.Fatal(err)
		}
		p.chain = append(p.chain, parsed...)
	}
	p.roots.AddCert(p.chain[1])
	return p
}

// identity is an Identity header line for a call between two numbers.
func (p *provider) identity(t *testing.T, caller, called string, at time.Time) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"attest": "A", "origid": "123e4567-e89b-12d3-a456-426655440000", "iat": at.Unix(),
		"orig": map[string]any{"tn": caller}, "dest": map[string]any{"tn": []string{called}},
	})
	token.Header = map[string]any{"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": repository}
	text, err := token.SignedString(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("Identity: %s;info=<%s>;alg=ES256;ppt=shaken\r\n", text, repository)
}

// A signature is a fact about a call: it is served whatever it comes to.
func TestSignedCallIsServed_RFC8224_6_2_RFC8588_4(t *testing.T) {
	calls := make(chan *Call, 1)
	serve := func(ctx context.Context, c *Call) {
		calls <- c
		rings(ctx, c)
	}
	verifier := &stir.Verifier{}
	inBubble(t, serve, func(r *rig) {
		now := time.Now()
		signer := newProvider(t, now)
		verifier.Certificates, verifier.Roots = signer, signer.roots
		p := r.peer(rival) // a trunk that is not believed itself
		for i, tt := range []struct{ identity, want string }{
			{signer.identity(t, "14155550100", "18887999666", now), "A verified +14155550100 vouched"},
			{signer.identity(t, "14155550199", "18887999666", now), "failed caller +14155550100"},
			{signer.identity(t, "14155550100", "18887999666", now.Add(-time.Hour)), "failed stale +14155550100"},
			{newProvider(t, now).identity(t, "14155550100", "18887999666", now), "failed signature +14155550100"},
			{"Identity: nonsense\r\n", "failed malformed +14155550100"},
			{"", "none unsigned +14155550100"},
		} {
			m := invite()
			m.via, m.contact = rival, "<sip:sbc@"+rival+">"
			m.callID, m.branch, m.headers = fmt.Sprint("call-", i), fmt.Sprint("z9hG4bK-", i), tt.identity
			p.send(m)
			p.expect("SIP/2.0 180")
			if got := inShort((<-calls).Identity); got != tt.want {
				t.Errorf("%d: %q, want %q", i, got, tt.want)
			}
		}
	}, func(c *Config) { c.Verifier = verifier })
}
