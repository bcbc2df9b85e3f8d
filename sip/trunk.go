package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// messagesPerCall is how many messages outside dialogs a trunk may send for each call it may make.
const messagesPerCall = 10

// A trunk is a Trunk at work: with what it has used of its limits.
type trunk struct {
	Trunk
	calls    *bucket // new calls
	messages *bucket // messages outside known dialogs
	active   int     // calls at once; guarded by UserAgent.mu

	mu    sync.Mutex
	noTCP map[netip.AddrPort]time.Time // peers that refused TCP, and until when they are not asked
}

func newTrunk(t Trunk, maxCalls int) *trunk {
	t.CallsPerSecond = orDefault(t.CallsPerSecond, DefaultCallsPerSecond)
	t.Burst = orDefault(t.Burst, DefaultBurst)
	t.MaxCalls = orDefault(t.MaxCalls, maxCalls)
	t.Networks = slices.Clone(t.Networks)
	t.TLSNames = slices.Clone(t.TLSNames)
	return &trunk{
		Trunk:    t,
		calls:    newBucket(t.CallsPerSecond, t.Burst),
		messages: newBucket(messagesPerCall*t.CallsPerSecond, messagesPerCall*t.Burst),
	}
}

// reaches says whether we may open a connection to an address: one of the trunk's networks, or any at all
// when its certificate must prove whom we reach.
func (t *trunk) reaches(network string, a netip.Addr) bool {
	return t.has(a) || len(t.Networks) == 0 && len(t.TLSNames) > 0 && isSecure(network)
}

// has says whether an address belongs to the trunk: the only places we send to.
func (t *trunk) has(a netip.Addr) bool {
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// A door knows which trunk a source belongs to. It is never changed, so it needs no lock.
type door []entrance

type entrance struct {
	network netip.Prefix
	trunk   *trunk
}

// newDoor orders the networks so that the narrowest one that contains an address comes first.
func newDoor(trunks []*trunk) door {
	var d door
	for _, t := range trunks {
		for _, n := range t.Networks {
			d = append(d, entrance{n.Masked(), t})
		}
	}
	slices.SortStableFunc(d, func(a, b entrance) int { return cmp.Compare(b.network.Bits(), a.network.Bits()) })
	return d
}

// trunk is the trunk that is known by the source alone; nil is a stranger. A network never contains an
// address with a zone.
func (d door) trunk(source netip.Addr) *trunk {
	source = source.Unmap()
	for _, e := range d {
		if e.network.Contains(source) && len(e.trunk.TLSNames) == 0 {
			return e.trunk
		}
	}
	return nil
}

// peer is the trunk to which an address belongs, whatever else it must prove; nil when it is nobody's.
func (d door) peer(to netip.Addr) *trunk {
	to = to.Unmap()
	for _, e := range d {
		if e.network.Contains(to) {
			return e.trunk
		}
	}
	return nil
}

// named are the trunks that are known by a certificate and may come from a source.
func (u *UserAgent) named(source netip.Addr) []*trunk {
	var list []*trunk
	for _, t := range u.trunks {
		if len(t.TLSNames) > 0 && source.Zone() == "" && (len(t.Networks) == 0 || t.has(source)) {
			list = append(list, t)
		}
	}
	return list
}
