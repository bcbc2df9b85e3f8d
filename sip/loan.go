package sip

import (
	"fmt"
	"net/netip"
	"slices"
)

// A loan are the addresses of a registrar, which count as the trunk's while we are registered there. Before, only
// its answers are heard.
type loan struct {
	trunk      string
	via        *trunk // by which the registrar is asked
	registered bool
}

// lend notes the addresses of a registrar, and gives the trunk by which it is asked.
func (u *UserAgent) lend(g *registering, addresses []netip.Prefix, registered bool) (*trunk, error) {
	u.reloading.Lock()
	defer u.reloading.Unlock()
	before := u.loans[g]
	if before != nil && slices.Equal(before.via.reach, addresses) && (before.registered || !registered) {
		return before.via, nil
	}
	t := u.trunkNamed(g.trunk)
	if t == nil {
		return nil, fmt.Errorf("sip: %s: %w", g.trunk, ErrNoTrunk)
	}
	l := &loan{trunk: g.trunk, via: t.derived(addresses...), registered: registered || before != nil && before.registered}
	if before != nil && slices.Equal(before.via.reach, addresses) {
		l.via = before.via
	}
	u.loans[g] = l
	u.install(u.now())
	return l.via, nil
}

// settleLoan forgets the addresses of a registrar.
func (u *UserAgent) settleLoan(g *registering) {
	u.reloading.Lock()
	defer u.reloading.Unlock()
	if u.loans[g] != nil {
		delete(u.loans, g)
		u.install(u.now())
	}
}

// borrow adds to a trunk the addresses of the registrars where it is registered.
func (u *UserAgent) borrow(t *trunk) *trunk {
	t.reach = slices.Clone(t.Networks)
	for _, l := range u.loans {
		if l.trunk == t.Name && l.registered {
			t.reach = append(t.reach, l.via.reach...)
		}
	}
	slices.SortFunc(t.reach, netip.Prefix.Compare)
	t.reach = slices.Compact(t.reach)
	return t
}

// asking are the trunks by which registrars are asked.
func (u *UserAgent) asking() (list []*trunk) {
	for _, l := range u.loans {
		list = append(list, l.via)
	}
	return list
}
