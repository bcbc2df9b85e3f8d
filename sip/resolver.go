package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"

	"readback/sip/resolve"
)

// A Target is one place where a request may be sent to.
type Target = resolve.Target

// A Resolver finds where a SIP URI leads (RFC 3263 section 4), such as a *resolve.Resolver.
type Resolver interface {
	// Resolve gives the targets of a URI such as "sip:sbc.example.com;transport=tcp", the one to try first
	// first. It is asked for URIs whose host is a name. No target at all is an error. It is bounded by ctx.
	Resolve(ctx context.Context, uri string) ([]Target, error)
}

// targetsMax bounds how many targets of one URI are looked at.
const targetsMax = 16

// targets are the places where a URI leads; one with an address needs no Resolver.
func (u *UserAgent) targets(ctx context.Context, uri sipgo.Uri) ([]Target, error) {
	if at, ok := hopAddress(uri); ok {
		return []Target{{Network: networkOf(uri), Address: at}}, nil
	}
	targets, err := u.config.Resolver.Resolve(ctx, uri.String())
	if err == nil && len(targets) == 0 {
		err = fmt.Errorf("sip: %s has no address", uri.Host)
	}
	if err == nil {
		if targets = secureOnly(uri, targets); len(targets) == 0 {
			err = errNotSecure
		}
	}
	return targets[:min(len(targets), targetsMax)], err
}

// networkOf is the transport that a URI asks for, or else the usual one of its scheme (RFC 3263 section 4.1).
func networkOf(uri sipgo.Uri) string {
	network, _ := uri.UriParams.Get("transport")
	network = strings.ToLower(orDefault(network, "udp"))
	if uri.Scheme == "sips" {
		return "tls"
	}
	return network
}

// addresses is the Resolver that knows A and AAAA records alone.
type addresses struct{}

// Resolve gives the addresses in the order of the name service, at the port of the URI or the usual one.
func (addresses) Resolve(ctx context.Context, uri string) ([]Target, error) {
	var to sipgo.Uri
	if err := sipgo.ParseUri(uri, &to); err != nil {
		return nil, fmt.Errorf("sip: %q is no SIP URI: %w", uri, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", to.Host)
	if err != nil {
		return nil, fmt.Errorf("sip: cannot resolve %s: %w", to.Host, err)
	}
	network := networkOf(to)
	port := sipgo.DefaultUdpPort
	if network == "tls" {
		port = sipgo.DefaultTlsPort
	}
	targets := make([]Target, len(found))
	for i, addr := range found {
		targets[i] = Target{Network: network, Address: netip.AddrPortFrom(addr.Unmap(), uint16(orDefault(to.Port, port)))}
	}
	return targets, nil
}
