package sip

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// checkOutbound finds what is wrong with where calls to a trunk go and how they are authorised.
func (t Trunk) checkOutbound() error {
	var problems []error
	if t.Address != "" {
		if _, err := parseTarget(t.Address); err != nil {
			problems = append(problems, fmt.Errorf("sip: address of trunk %s: %w", t.Name, err))
		}
	}
	if (t.Username == "") != (t.Realm == "") || t.Username == "" && t.Password != "" {
		problems = append(problems, fmt.Errorf("sip: trunk %s: a username needs the realm that it is for, and a realm or password a username", t.Name))
	}
	if t.FailOver < 0 {
		problems = append(problems, fmt.Errorf("sip: trunk %s: the time to fail over is negative", t.Name))
	}
	return errors.Join(problems...)
}

// A destination is whom we call, and where the INVITE goes to.
type destination struct {
	uri  sipgo.Uri // the Request-URI
	hop  sipgo.Uri // whose targets are the next hops
	name string    // of the trunk, when it was named
	// number is what is called, before it is written as the trunk wants it; empty for a URI.
	number string
}

// destination reads what is to be dialled: a SIP URI, or, by the address of a trunk, a number or tel URI.
func (u *UserAgent) destination(dialled string, opts DialOptions) (destination, error) {
	if opts.Trunk == "" {
		uri, err := parseTarget(dialled)
		return destination{uri: uri, hop: uri}, err
	}
	t := u.trunkNamed(opts.Trunk)
	if t == nil {
		return destination{}, fmt.Errorf("sip: %q: %w", opts.Trunk, ErrNoTrunk)
	}
	if t.Address == "" {
		uri, err := parseTarget(dialled)
		return destination{uri: uri, hop: uri, name: t.Name}, err
	}
	hop, err := parseTarget(t.Address)
	if err != nil {
		return destination{}, err
	}
	uri, err := parseDialled(dialled, hop)
	number := uri.User
	t.Quirks.address(&uri, t.Country)
	return destination{uri, hop, t.Name, number}, err
}

func (u *UserAgent) trunkNamed(name string) *trunk {
	for _, t := range u.door.now.Load().trunks {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func parseTarget(s string) (sipgo.Uri, error) {
	var uri sipgo.Uri
	if err := sipgo.ParseUri(s, &uri); err != nil || uri.Host == "" || uri.Scheme != "sip" && uri.Scheme != "sips" {
		return uri, fmt.Errorf("sip: %q is no SIP URI; write it as sip:number@host:port", s)
	}
	return uri, nil
}

// parseDialled makes a number one of the host that is asked to reach it (RFC 3261 section 19.1.6).
func parseDialled(s string, hop sipgo.Uri) (sipgo.Uri, error) {
	if number, ok := dialledNumber(s); ok {
		uri := sipgo.Uri{Scheme: hop.Scheme, User: number, Host: hop.Host, Port: hop.Port}
		uri.UriParams.Add("user", "phone")
		return uri, nil
	}
	return parseTarget(s)
}

// dialledNumber is a number without its visual separators (RFC 3966 section 5.1.1).
func dialledNumber(s string) (string, bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "tel:"), ";")
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '*', r == '#', r == '+' && i == 0:
			b.WriteRune(r)
		case !strings.ContainsRune("-.() ", r):
			return "", false
		}
	}
	return strings.ReplaceAll(b.String(), "#", url.QueryEscape("#")), b.Len() > 0
}

// places are the targets of a hop that belong to the trunk, and the trunk: the named one, or else that of the
// first target.
func (u *UserAgent) places(ctx context.Context, d destination) ([]Target, *trunk, error) {
	targets, err := u.targets(ctx, d.hop)
	if err != nil {
		return nil, nil, err
	}
	t := u.trunkNamed(d.name)
	if d.name == "" {
		t = u.trunkTo(d.hop, targets[0])
	}
	if t == nil {
		return nil, nil, fmt.Errorf("sip: %s: %w", targets[0].Address, ErrNoTrunk)
	}
	mine := within(t, t.Quirks.by(targets))
	if len(mine) == 0 {
		return nil, nil, fmt.Errorf("sip: %s: %w", targets[0].Address, ErrNoTrunk)
	}
	if mine = secureOnly(d.uri, mine); len(mine) == 0 {
		return nil, nil, errNotSecure
	}
	return t.health.prefer(mine), t, nil
}

// within are those targets that belong to a trunk.
func within(t *trunk, targets []Target) []Target {
	var mine []Target
	for _, to := range targets {
		if t.reaches(to.Network, to.Address.Addr()) {
			mine = append(mine, to)
		}
	}
	return mine
}

// flowTo is the way to a target of a trunk; the host is the one that its certificate must name.
func (u *UserAgent) flowTo(t *trunk, to Target, host string) (*flow, error) {
	if to.Network != "udp" {
		conn, err := u.connect(t, to.Network, to.Address, host)
		if err != nil {
			return nil, err
		}
		return &flow{ua: u, wire: conn, peer: to.Address, source: to.Address, trunk: t, again: to.Address}, nil
	}
	wire := u.udpWire(to.Address.Addr())
	if wire == nil {
		return nil, fmt.Errorf("sip: no UDP listener to reach %s from", to.Address)
	}
	return &flow{ua: u, wire: wire, peer: to.Address, source: to.Address, trunk: t}, nil
}
