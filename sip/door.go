package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"sync/atomic"
)

// A door knows which trunk a source belongs to. It is never changed, only replaced, so it needs no lock. What is
// past and asking is known there too, but only for its calls and answers.
type door struct {
	trunks    []*trunk
	entrances []entrance
	past      []*trunk          // trunks of before, while they have calls
	asking    []*trunk          // by which registrars are asked
	proxy     *trunk            // whose messages those of our proxies are before they have a trunk; nil without proxies
	behind    map[*trunk]*trunk // the trunks as proxies bring them
	users     map[string]authUser
}

type entrance struct {
	network netip.Prefix
	trunk   *trunk
}

// newDoor orders the networks so that the narrowest one that contains an address comes first.
func newDoor(trunks []*trunk) *door {
	d := &door{trunks: trunks}
	for _, t := range trunks {
		d.open(t)
	}
	return d
}

func (d *door) open(t *trunk) {
	for _, n := range t.reach {
		d.entrances = append(d.entrances, entrance{n.Masked(), t})
	}
	slices.SortStableFunc(d.entrances, func(a, b entrance) int { return cmp.Compare(b.network.Bits(), a.network.Bits()) })
}

// trunk is the trunk that is known by the source alone; nil is a stranger. A network never contains an
// address with a zone.
func (d *door) trunk(source netip.Addr) *trunk {
	source = source.Unmap()
	for _, e := range d.entrances {
		if e.network.Contains(source) && len(e.trunk.TLSNames) == 0 {
			return e.trunk
		}
	}
	for _, list := range [...][]*trunk{d.past, d.asking} {
		for _, t := range list {
			if t.has(source) && len(t.TLSNames) == 0 {
				return t
			}
		}
	}
	return nil
}

// peer is the trunk to which an address belongs, whatever else it must prove; nil when it is nobody's.
func (d *door) peer(to netip.Addr) *trunk {
	to = to.Unmap()
	for _, e := range d.entrances {
		if e.network.Contains(to) && e.trunk != d.proxy {
			return e.trunk
		}
	}
	return nil
}

// named are the trunks that are known by a certificate and may come from a source.
func (d *door) named(source netip.Addr) []*trunk {
	var list []*trunk
	for _, t := range d.trunks {
		if len(t.TLSNames) > 0 && source.Zone() == "" && (len(t.Networks) == 0 || t.has(source)) {
			list = append(list, t)
		}
	}
	return list
}

// renew is the trunk as it is now that a connection was opened on, or as it was when nothing took its place.
func (d *door) renew(t *trunk, peer netip.Addr) *trunk {
	if t == nil || !t.past.Load() {
		return t
	}
	for _, now := range d.trunks {
		if now.usage == t.usage && (now.has(peer) || len(now.Networks) == 0) {
			return now
		}
	}
	if now := d.trunk(peer); now != nil {
		return now
	}
	return t
}

// An entry holds the door of now.
type entry struct{ now atomic.Pointer[door] }

func (e *entry) trunk(source netip.Addr) *trunk { return e.now.Load().trunk(source) }

func (e *entry) renew(t *trunk, peer netip.Addr) *trunk { return e.now.Load().renew(t, peer) }

func (e *entry) peer(to netip.Addr) *trunk { return e.now.Load().peer(to) }

func (e *entry) named(source netip.Addr) []*trunk { return e.now.Load().named(source) }
