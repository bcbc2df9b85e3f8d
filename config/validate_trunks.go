package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// trunks checks names, countries and that each address belongs to one trunk.
func (r *reader) trunks() {
	names := map[string]string{}
	for i, trunk := range r.config.Trunks {
		path := fmt.Sprintf("trunks[%d].name", i)
		if other, taken := names[trunk.Name]; taken && trunk.Name != "" {
			r.report(path, fmt.Sprintf("%s is already the name of %s", r.shown(path), parent(other)), "give each trunk its own name")
		} else {
			names[trunk.Name] = path
		}
		if trunk.Country != "" {
			r.country(fmt.Sprintf("trunks[%d].country", i), trunk.Country)
		}
		if trunk.Burst < trunk.CallsPerSecond {
			path := fmt.Sprintf("trunks[%d]", i)
			at := path + ".burst"
			if !r.written(at) || r.config.places.find(at).text == "" {
				at = path + ".calls_per_second"
			}
			r.report(at, fmt.Sprintf("calls_per_second is %d and burst only %d", trunk.CallsPerSecond, trunk.Burst), fmt.Sprintf("set burst to %d or more", trunk.CallsPerSecond))
		}
		r.known(i)
		r.heard(i)
		r.reached(i)
	}
	r.users()
	r.overlaps()
}

// known checks that there is a way to tell that a call is a trunk's.
func (r *reader) known(i int) {
	trunk, path := r.config.Trunks[i], fmt.Sprintf("trunks[%d]", i)
	if r.problems.broken(path+".networks") || len(trunk.Networks) > 0 {
		return
	}
	hears := func(fits func(Listen) bool) bool { return slices.ContainsFunc(r.config.SIP.Listen, fits) }
	switch {
	case len(trunk.TLSNames) == 0 && len(trunk.Users) == 0 && len(trunk.Register) == 0:
		r.report(path, fmt.Sprintf("no call could be known to be from trunk %q", shorten(trunk.Name)), "add the networks its signalling comes from, or tls_names, users or register")
	case len(trunk.TLSNames) > 0 && !hears(func(l Listen) bool { return encrypts(l.Network) }):
		r.report(path+".tls_names", "are shown over TLS, and nothing listens there", "add a listener with network: tls to sip.listen, or write networks")
	case len(trunk.Users) > 0 && len(trunk.TLSNames) == 0 && len(trunk.Register) == 0 && !hears(func(l Listen) bool { return l.Challenge }):
		r.report(path+".users", "are asked for on listeners that challenge, and there is none", "add challenge: true to one of sip.listen, or write networks")
	}
}

// heard checks that there is somewhere for the sound of a trunk to come from: who gives a password is heard from where he
// called, and everybody else from the networks that are written.
func (r *reader) heard(i int) {
	trunk, path := r.config.Trunks[i], fmt.Sprintf("trunks[%d]", i)
	if len(trunk.Networks) > 0 || trunk.Media.Any || len(trunk.Media.Networks) > 0 || r.problems.broken(path+".media") || r.problems.broken(path+".networks") {
		return
	}
	if len(trunk.TLSNames) > 0 || len(trunk.Register) > 0 {
		r.report(path, fmt.Sprintf("trunk %q has no networks, so it is unclear where its sound may come from", shorten(trunk.Name)), "add media with those networks")
	}
}

// reached checks what needs an address to send to.
func (r *reader) reached(i int) {
	trunk, path := r.config.Trunks[i], fmt.Sprintf("trunks[%d]", i)
	if trunk.Ping > 0 && trunk.Address == "" {
		r.report(path+".ping", "has no address to send OPTIONS to", "add address: sip:… to the trunk")
	}
	if trunk.Ping > 0 && trunk.Ping < shortestPing {
		r.report(path+".ping", r.shown(path+".ping")+" is too often", fmt.Sprintf("give %s or more", shortestPing))
	}
	for j, registration := range trunk.Register {
		at := fmt.Sprintf("%s.register[%d]", path, j)
		if registration.User == "" && registration.Credentials == nil && trunk.Credentials == nil {
			r.report(at, "does not say who is registered", "add user, or credentials")
		}
	}
}

// shortestPing keeps OPTIONS from becoming a flood of our own.
const shortestPing = Duration(5 * time.Second)

// users checks that a name leads to one trunk.
func (r *reader) users() {
	names := map[string]string{}
	for i, trunk := range r.config.Trunks {
		for j, user := range trunk.Users {
			path := fmt.Sprintf("trunks[%d].users[%d].username", i, j)
			if other, taken := names[user.Username]; taken {
				r.report(path, fmt.Sprintf("%s is already a name in %s", r.shown(path), other), "give each name to one trunk")
			}
			names[user.Username] = path
			if n := len(user.Password.Reveal()); n < shortestPassword {
				r.report(fmt.Sprintf("trunks[%d].users[%d].password", i, j), fmt.Sprintf("is %d characters long, which can be found by trying", n), fmt.Sprintf("give %d or more", shortestPassword))
			}
		}
	}
}

// shortestPassword is in characters: what everybody may try on a listener that challenges.
const shortestPassword = 12

// encrypts reports whether a network is TLS underneath.
func encrypts(network string) bool { return network == "tls" || network == "wss" }

// country checks an ISO 3166 code.
func (r *reader) country(path, code string) bool {
	if phonenumbers.GetCountryCodeForRegion(code) != 0 {
		return true
	}
	fix := "write the ISO 3166 code, like US, GB or AU"
	if code == "UK" {
		fix = "write GB"
	}
	r.report(path, r.shown(path)+" is not a country", fix)
	return false
}

// claim is one network of a trunk.
type claim struct {
	network netip.Prefix
	trunk   int
	path    string
}

// overlaps checks that no address belongs to two trunks. Networks are either apart or one holds the other, so in the
// order of their first addresses the ones around a network are a stack.
func (r *reader) overlaps() {
	var around []claim
	for _, c := range r.claims() {
		for len(around) > 0 && !around[len(around)-1].network.Overlaps(c.network) {
			around = around[:len(around)-1]
		}
		if i := slices.IndexFunc(around, func(a claim) bool { return a.trunk != c.trunk }); i >= 0 {
			// Of the two, what is written later is the one at fault.
			first, second := around[i], c
			if second.trunk < first.trunk {
				first, second = second, first
			}
			trunks := r.config.Trunks
			r.report(second.path, fmt.Sprintf("%s overlaps %s of trunk %q, so it would be unclear whose call it is", r.shown(second.path), first.network, shorten(trunks[first.trunk].Name)), "give each address to one trunk")
		}
		around = append(around, c)
	}
}

// claims is the networks of all trunks, in the order of their first addresses, wider ones first.
func (r *reader) claims() []claim {
	var claims []claim
	for i, trunk := range r.config.Trunks {
		for j, network := range trunk.Networks {
			if network.IsValid() {
				claims = append(claims, claim{network, i, fmt.Sprintf("trunks[%d].networks[%d]", i, j)})
			}
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int {
		return cmp.Or(a.network.Addr().Compare(b.network.Addr()), cmp.Compare(a.network.Bits(), b.network.Bits()))
	})
	return claims
}
