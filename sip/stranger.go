package sip

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
)

// Sources outside all trunks are counted by network; past strangersKept networks, all others together.
const (
	strangersKept  = 1024
	strangerBitsV4 = 24
	strangerBitsV6 = 48
)

// Stranger counts the messages (UDP) and connections (TCP) from a network outside all trunks.
// The zero Network holds what came from more networks than are kept apart.
type Stranger struct {
	Network netip.Prefix
	Count   uint64
}

// A census counts strangers in a table that cannot grow without end.
type census struct {
	mu     sync.Mutex
	counts map[netip.Prefix]uint64
}

func (c *census) add(source netip.Addr) {
	bits := strangerBitsV6
	if source = source.Unmap(); source.Is4() {
		bits = strangerBitsV4
	}
	network, _ := source.Prefix(bits) // the zero Prefix for an invalid address
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[netip.Prefix]uint64{}
	}
	if _, known := c.counts[network]; !known && len(c.counts) >= strangersKept {
		network = netip.Prefix{}
	}
	c.counts[network]++
}

func (c *census) list() []Stranger {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Stranger, 0, len(c.counts))
	for network, count := range c.counts {
		list = append(list, Stranger{network, count})
	}
	slices.SortFunc(list, func(a, b Stranger) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// Strangers tells how much was dropped of which networks outside all trunks, most first.
func (u *UserAgent) Strangers() []Stranger { return u.strangers.list() }
