package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

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
	}
	r.overlaps()
}

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
