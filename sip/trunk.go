package sip

import (
	"cmp"
	"net/netip"
	"slices"
)

// messagesPerCall is how many messages outside dialogs a trunk may send for each call it may make.
const messagesPerCall = 10

// A trunk is a Trunk at work: with what it has used of its limits.
type trunk struct {
	Trunk
	calls    *bucket // new calls
	messages *bucket // messages outside known dialogs
	active   int     // calls at once; guarded by UserAgent.mu
}

func newTrunk(t Trunk, maxCalls int) *trunk {
	t.CallsPerSecond = orDefault(t.CallsPerSecond, DefaultCallsPerSecond)
	t.Burst = orDefault(t.Burst, DefaultBurst)
	t.MaxCalls = orDefault(t.MaxCalls, maxCalls)
	t.Networks = slices.Clone(t.Networks)
	return &trunk{
		Trunk:    t,
		calls:    newBucket(t.CallsPerSecond, t.Burst),
		messages: newBucket(messagesPerCall*t.CallsPerSecond, messagesPerCall*t.Burst),
	}
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

// trunk is the trunk of a source; nil is a stranger.
func (d door) trunk(source netip.Addr) *trunk {
	source = source.Unmap().WithZone("")
	for _, e := range d {
		if e.network.Contains(source) {
			return e.trunk
		}
	}
	return nil
}
