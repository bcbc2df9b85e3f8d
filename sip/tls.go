package sip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// expectTLS prepares the handshake of an accepted connection. Its trunk is decided inside the handshake,
// so that a peer that is none learns so by an alert.
func (c *connection) expectTLS(certificates *Certificates) {
	named := c.ua.door.named(c.peer.Addr())
	config := &tls.Config{
		MinVersion:             tls.VersionTLS12,
		GetCertificate:         certificates.forClient,
		SessionTicketsDisabled: true, // trunks stay connected, and each handshake is verified
		VerifyConnection: func(state tls.ConnectionState) error {
			t, err := identify(state.PeerCertificates, c.trunk, named, c.ua.config.ClientCAs)
			if err == nil {
				c.trunk = t
			} else if c.listener.spec.Challenge {
				return nil // it is asked for a name and password
			}
			return err
		},
	}
	if len(named) > 0 && (c.trunk == nil || !c.upgrades) { // a browser would ask its user for one
		config.ClientAuth = tls.RequestClientCert
	}
	c.conn = tls.Server(c.conn, config)
}

// identify finds the trunk of a TLS connection: the one whose TLS names the certificate has (RFC 5922
// section 7.4), or else the one that is known by the address alone.
func identify(chain []*x509.Certificate, byAddress *trunk, named []*trunk, roots *x509.CertPool) (*trunk, error) {
	if len(chain) == 0 {
		if byAddress != nil {
			return byAddress, nil
		}
		return nil, errors.New("no client certificate was shown")
	}
	identities := identitiesOf(chain[0])
	var problems []error
	for _, t := range named {
		if !namesAny(t.TLSNames, identities) {
			continue
		}
		err := verifyChain(chain, orDefault(t.ClientCAs, roots))
		if err == nil {
			return t, nil
		}
		problems = append(problems, fmt.Errorf("the client certificate of trunk %s: %w", t.Name, err))
	}
	switch {
	case byAddress != nil:
		return byAddress, nil
	case len(problems) > 0:
		return nil, errors.Join(problems...)
	}
	return nil, fmt.Errorf("the client certificate names %s, as no trunk does", strings.Join(identities, ", "))
}

// secure does the handshake of a connection that we opened, with our certificate for the trunk when the
// peer asks. The peer's must name the trunk, or else the host (RFC 5922 section 7.3).
func secure(ctx context.Context, conn net.Conn, t *trunk, host string, roots *x509.CertPool) (*tls.Conn, error) {
	names := t.TLSNames
	if len(names) == 0 {
		names = []string{host}
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         serverName(host, names),
		InsecureSkipVerify: true, // VerifyConnection does it, by the rules of SIP
		VerifyConnection: func(state tls.ConnectionState) error {
			if identities := identitiesOf(state.PeerCertificates[0]); !namesAny(names, identities) {
				return fmt.Errorf("the certificate names %s, not %s", strings.Join(identities, ", "), strings.Join(names, " or "))
			}
			return verifyChain(state.PeerCertificates, roots)
		},
	}
	if t.ClientCertificate != nil {
		config.GetClientCertificate = t.ClientCertificate.forServer
	}
	c := tls.Client(conn, config)
	return c, c.HandshakeContext(ctx)
}

// serverName is what is asked for: the host, or else the first of the names, when it is a DNS name.
func serverName(host string, names []string) string {
	for _, name := range append([]string{host}, names...) {
		if _, err := netip.ParseAddr(name); err != nil && !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return ""
}

// identitiesOf are the SIP domains of a certificate (RFC 5922 section 7.1): the hosts of its sip URIs
// without a user, or else its DNS names, and its addresses.
func identitiesOf(cert *x509.Certificate) []string {
	var list []string
	for _, uri := range cert.URIs {
		if host, ok := sipDomain(uri); ok {
			list = append(list, host)
		}
	}
	if len(list) == 0 {
		list = slices.Clone(cert.DNSNames)
	}
	for _, ip := range cert.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

func sipDomain(uri *url.URL) (string, bool) {
	if uri.Scheme != "sip" || uri.User != nil || strings.Contains(uri.Opaque, "@") {
		return "", false
	}
	host, _, _ := strings.Cut(uri.Opaque, ";")
	host = orDefault(host, uri.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host, host != ""
}

// namesAny compares letter by letter, but not their case; a wildcard names nothing but itself (RFC 5922
// section 7.2).
func namesAny(names, identities []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(identities, func(identity string) bool {
			return strings.EqualFold(strings.TrimSuffix(name, "."), strings.TrimSuffix(identity, "."))
		})
	})
}

// sipDomainUsage is id-kp-sipDomain (RFC 5924 section 4).
var sipDomainUsage = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20}

// verifyChain checks that a certificate is valid now and leads to a root; nil roots are the system's. One
// made for a server may open connections too, as the end of a trunk is both.
func verifyChain(chain []*x509.Certificate, roots *x509.CertPool) error {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if slices.ContainsFunc(chain[0].UnknownExtKeyUsage, sipDomainUsage.Equal) {
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: usages})
	return err
}

// ambiguous finds two trunks that one certificate from one address would name.
func ambiguous(trunks []Trunk) error {
	for i, a := range trunks {
		for _, b := range trunks[:i] {
			if namesAny(a.TLSNames, b.TLSNames) && overlap(a.Networks, b.Networks) {
				return fmt.Errorf("sip: trunks %s and %s have the same TLS name; give them networks that tell them apart", b.Name, a.Name)
			}
		}
	}
	return nil
}

// overlap says whether an address may be in both; no networks are all.
func overlap(a, b []netip.Prefix) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(n netip.Prefix) bool { return slices.ContainsFunc(b, n.Overlaps) })
}
