package sip

import (
	"cmp"
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
