package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// messagesPerCall is how many messages outside dialogs a trunk may send for each call it may make.
const messagesPerCall = 10

// A trunk is a Trunk at work. A change of its settings makes a new one, with the same usage; calls stay with
// the one they began on.
type trunk struct {
	Trunk
	*usage
	reach []netip.Prefix // the only places we send to
	using int            // calls on it; guarded by UserAgent.mu
	seen  time.Time      // when it was last used; guarded by UserAgent.mu
	base  *trunk         // the trunk that it is for some sources; nil for that one itself
	// past: no longer, or never, known by its source alone. Its calls and transactions are served, and nothing new.
	past atomic.Bool
}

// usage is what a trunk has used of its limits.
type usage struct {
	calls    *bucket // new calls
	messages *bucket // messages outside known dialogs
	active   int     // calls at once; guarded by UserAgent.mu

	mute atomic.Bool // it was silent to pings, and has answered none since

	mu    sync.Mutex
	noTCP map[netip.AddrPort]time.Time // peers that refused TCP, and until when they are not asked
	rules map[string]uint64            // refusals

	health health
}

func newTrunk(t Trunk, maxCalls int) *trunk {
	t.CallsPerSecond = orDefault(t.CallsPerSecond, DefaultCallsPerSecond)
	t.Burst = orDefault(t.Burst, DefaultBurst)
	t.MaxCalls = orDefault(t.MaxCalls, maxCalls)
	t.Networks = slices.Clone(t.Networks)
	t.TLSNames = slices.Clone(t.TLSNames)
	return &trunk{Trunk: t, reach: t.Networks, usage: &usage{
		calls:    newBucket(t.CallsPerSecond, t.Burst),
		messages: newBucket(messagesPerCall*t.CallsPerSecond, messagesPerCall*t.Burst),
	}}
}

// checkTrunks finds names that would not tell trunks apart, and duties that cannot be done.
func checkTrunks(trunks []Trunk) error {
	var problems []error
	seen, users := map[string]bool{}, map[string]bool{}
	for _, t := range trunks {
		if seen[t.Name] {
			problems = append(problems, fmt.Errorf("sip: two trunks are named %q; calls and limits are kept by name", t.Name))
		}
		seen[t.Name] = true
		problems = append(problems, t.Quirks.check(t.Name))
		for _, c := range t.AuthUsers {
			if c.Username == "" || c.Password == "" || users[c.Username] {
				problems = append(problems, fmt.Errorf("sip: trunk %s: the user %q needs a name that no other has, and a password", t.Name, c.Username))
			}
			users[c.Username] = true
		}
		for _, r := range t.Registrations {
			problems = append(problems, r.check(t))
		}
		if t.Ping != 0 && (t.Ping < time.Second || t.Address == "") {
			problems = append(problems, fmt.Errorf("sip: trunk %s: pings need an address and at least a second between them", t.Name))
		}
	}
	return errors.Join(problems...)
}

// resume goes on with the usage of an earlier version, within the limits of this one.
func (t *trunk) resume(earlier *trunk) {
	t.usage = earlier.usage
	t.calls.limit(t.CallsPerSecond, t.Burst)
	t.messages.limit(messagesPerCall*t.CallsPerSecond, messagesPerCall*t.Burst)
}

// reaches says whether we may open a connection to an address: one of the trunk's networks, or any at all
// when its certificate must prove whom we reach.
func (t *trunk) reaches(network string, a netip.Addr) bool {
	return t.has(a) || t.base == nil && len(t.Networks) == 0 && len(t.TLSNames) > 0 && isSecure(network)
}

// derived is the trunk for calls that come by way of certain addresses, and go there. It shares the usage.
func (t *trunk) derived(reach ...netip.Prefix) *trunk {
	d := &trunk{Trunk: t.Trunk, usage: t.usage, reach: reach, base: t, seen: time.Now()}
	d.past.Store(true)
	return d
}

// has says whether an address belongs to the trunk: the only places we send to.
func (t *trunk) has(a netip.Addr) bool {
	return slices.ContainsFunc(t.reach, func(n netip.Prefix) bool { return n.Contains(a) })
}

// owns says whether what came by a flow may concern a call or transaction of the trunk. One that is for certain sources
// is heard from those alone.
func (t *trunk) owns(f *flow) bool {
	if t.base != nil && !t.has(f.source.Addr()) {
		return false
	}
	return f.trunk != nil && f.trunk.usage == t.usage || t.past.Load() && t.has(f.source.Addr())
}
