package sip

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// CallState says how far a call is.
type CallState string

// States of a call, in their order. A call that is over is in no list.
const (
	Calling CallState = "calling" // the INVITE has no final answer yet
	Talking CallState = "talking" // it is answered
	Ending  CallState = "ending"  // it has ended; the last word to the peer is on its way
)

// CallStatus is a call in progress.
type CallStatus struct {
	ID       string // Call-ID
	Trunk    string
	Outgoing bool      // we sent the INVITE
	From     string    // E.164, or what an outgoing call shows; empty when withheld
	Called   string    // E.164, or the user of the URI that was called
	Since    time.Time // of the INVITE
	State    CallState
	Peer     netip.AddrPort // where the INVITE came from, or went to
}

// TargetState says whether a place where calls go answers pings.
type TargetState string

// States of a target.
const (
	TargetUnknown TargetState = "unknown" // no answer yet
	TargetUp      TargetState = "up"
	TargetDown    TargetState = "down" // missesMax pings in a row had no good answer
)

// TargetStatus is a place where a trunk's address leads to.
type TargetStatus struct {
	Target
	State     TargetState
	Since     time.Time     // of the state
	Reason    string        // why a ping failed last; empty when none did
	RoundTrip time.Duration // of the last ping that was answered
}

// RegistrationStatus is a registration.
type RegistrationStatus struct {
	Registrar string
	AOR       string
	Until     time.Time // zero when not registered
	Reason    string    // why not; empty when registered
}

// TrunkStatus is a trunk as it is now.
type TrunkStatus struct {
	Name          string
	Targets       []TargetStatus // with Trunk.Ping alone
	Registrations []RegistrationStatus
	// Calls and MaxCalls are calls at once; CallsPerSecond and Burst limit new ones.
	Calls, MaxCalls, CallsPerSecond, Burst int
	Connections                            int               // open, of either side
	Refusals                               map[string]uint64 // by rule, since the start
}

// Trunks are the trunks as they are now, in the order of the configuration.
func (u *UserAgent) Trunks() []TrunkStatus {
	trunks := u.door.now.Load().trunks
	list := make([]TrunkStatus, len(trunks))
	connections := u.connectionsOf()
	for i, t := range trunks {
		u.mu.Lock()
		calls := t.active
		u.mu.Unlock()
		list[i] = TrunkStatus{
			Name: t.Name, Targets: t.health.list(), Registrations: u.registrationsOf(t.Name), Refusals: t.refusals(),
			Calls: calls, MaxCalls: t.MaxCalls, CallsPerSecond: t.CallsPerSecond, Burst: t.Burst, Connections: connections[t.Name],
		}
	}
	return list
}

func (h *health) list() []TargetStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []TargetStatus
	for to, p := range h.targets {
		list = append(list, TargetStatus{to, p.state, p.since, p.reason, p.took})
	}
	slices.SortFunc(list, func(a, b TargetStatus) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.Network, b.Network))
	})
	return list
}

func (u *UserAgent) registrationsOf(name string) []RegistrationStatus {
	u.reloading.Lock()
	defer u.reloading.Unlock()
	var list []RegistrationStatus
	for _, p := range u.posts {
		if g, ok := p.duty.(*registering); ok && g.trunk == name {
			g.mu.Lock()
			list = append(list, g.status)
			g.mu.Unlock()
		}
	}
	slices.SortFunc(list, func(a, b RegistrationStatus) int {
		return cmp.Or(cmp.Compare(a.Registrar, b.Registrar), cmp.Compare(a.AOR, b.AOR))
	})
	return list
}

// connectionsOf counts the connections whose handshake is done, by trunk.
func (u *UserAgent) connectionsOf() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	counts := map[string]int{}
	for c := range u.conns.all {
		if len(c.routes) > 0 && c.trunk != nil {
			counts[c.trunk.Name]++
		}
	}
	return counts
}

// countRefusal counts by rule; there are as many as there are in this package.
func (u *UserAgent) countRefusal(e Event) {
	t := u.trunkNamed(e.Trunk)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rules == nil {
		t.rules = map[string]uint64{}
	}
	t.rules[e.Rule]++
}

func (t *trunk) refusals() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.rules)
}

// Calls are the calls in progress, the oldest first.
func (u *UserAgent) Calls() []CallStatus {
	u.mu.Lock()
	calls := make([]*Call, 0, len(u.all))
	for c := range u.all {
		calls = append(calls, c)
	}
	u.mu.Unlock()
	list := make([]CallStatus, len(calls))
	for i, c := range calls {
		list[i] = c.status()
	}
	slices.SortFunc(list, func(a, b CallStatus) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func (c *Call) status() CallStatus {
	c.mu.Lock()
	peer := c.Source // of a call of ours it may move to another target
	c.mu.Unlock()
	return CallStatus{
		ID: c.ID, Trunk: c.Trunk.Name, Outgoing: c.invite == nil, From: c.Caller, Called: c.Called,
		Since: c.Received, State: c.state(), Peer: peer,
	}
}

func (c *Call) state() CallState {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return Ending
	case c.answered:
		return Talking
	}
	return Calling
}
