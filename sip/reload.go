package sip

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// Reload changes Trunks, Proxies, ProxyHeader, Numbers, RingTime, Overload, MaxCalls, MaxCallTime, DrainTime and the
// session timers; calls go on as they began. What a trunk has used of its limits is kept under its name, and its
// registrations and pings that did not change go on. A trunk that is gone gets no new call, and its calls finish.
// Another Listen, Advertise, Realm or UserAgent is an error, and nothing has changed then. All other fields stay
// what New was given.
func (u *UserAgent) Reload(config Config) error {
	config.Observe, config.Log = u.config.Observe, u.config.Log
	config, err := config.withDefaults()
	if err != nil {
		return err
	}
	if err := u.config.fixed(&config); err != nil {
		return err
	}
	u.reloading.Lock()
	defer u.reloading.Unlock()
	u.install(&config)
	u.attend(&config)
	return nil
}

// fixed finds what differs in another configuration but cannot change.
func (c *Config) fixed(next *Config) error {
	var problems []error
	same := len(c.Listen) == len(next.Listen)
	for i := 0; same && i < len(c.Listen); i++ {
		was, is := &c.Listen[i], &next.Listen[i]
		same = was.Network == is.Network && was.Address == is.Address && was.Advertise == is.Advertise &&
			was.Challenge == is.Challenge && slices.Equal(was.Algorithms, is.Algorithms)
	}
	if !same {
		problems = append(problems, errors.New("sip: the listen addresses, and how they are listened on, cannot change while the gateway runs; restart it"))
	}
	for _, field := range []struct{ name, was, is string }{
		{"advertised address", c.Advertise, next.Advertise},
		{"user agent", c.UserAgent, next.UserAgent},
		{"realm", c.Realm, next.Realm},
	} {
		if field.was != field.is {
			problems = append(problems, fmt.Errorf("sip: the %s cannot change from %q to %q while the gateway runs; restart it", field.name, field.was, field.is))
		}
	}
	return errors.Join(problems...)
}

// now is the configuration as last loaded.
func (u *UserAgent) now() *Config { return u.settings.Load() }

// install puts a configuration and its trunks in the place of the last one. The caller holds reloading.
func (u *UserAgent) install(config *Config) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.door.now.Load()
	trunks := make([]*trunk, len(config.Trunks))
	for i, t := range config.Trunks {
		trunks[i] = before.succeed(u.borrow(newTrunk(t, config.MaxCalls)))
	}
	u.settings.Store(config)
	d := newDoor(trunks)
	d.asking = u.asking()
	d.users = usersOf(trunks, u.verifier.Realm)
	d.admitProxies(config.Proxies, before)
	gone := before.gone(d)
	d.past = leaving(gone)
	u.door.now.Store(d)
	for _, t := range gone {
		t.past.Store(true) // not before another has its place
	}
}

// succeed is the trunk itself, with the usage of the last one of that name, or the last one when nothing changed.
func (d *door) succeed(t *trunk) *trunk {
	for _, earlier := range slices.Concat(d.trunks, d.past) {
		if earlier.Name != t.Name {
			continue
		}
		if !earlier.past.Load() && slices.Equal(earlier.reach, t.reach) && reflect.DeepEqual(earlier.Trunk, t.Trunk) {
			return earlier
		}
		t.resume(earlier)
		return t
	}
	return t
}

// gone are the trunks that have no place behind the next door.
func (d *door) gone(next *door) []*trunk {
	stays := map[*trunk]bool{next.proxy: true}
	for _, t := range next.trunks {
		stays[t], stays[next.behind[t]] = true, true
	}
	list := slices.AppendSeq(slices.Concat(d.trunks, d.past), maps.Values(d.behind))
	if d.proxy != nil {
		list = append(list, d.proxy)
	}
	return slices.DeleteFunc(list, func(t *trunk) bool { return stays[t] })
}

// leaving are those that still have calls. The caller holds UserAgent.mu.
func leaving(gone []*trunk) []*trunk {
	return slices.DeleteFunc(slices.Clone(gone), func(t *trunk) bool { return t.using == 0 })
}

// retain keeps the door open for a call whose trunk was reloaded away while it came in. The caller holds mu.
func (u *UserAgent) retain(t *trunk) {
	before := u.door.now.Load()
	if !t.past.Load() || t.base != nil || slices.Contains(before.past, t) {
		return
	}
	d := *before
	d.past = append(slices.Clone(before.past), t)
	u.door.now.Store(&d)
}

// dismiss closes the door to a trunk of before, once its last retransmissions are over. The caller holds mu.
func (u *UserAgent) dismiss(t *trunk) {
	t.seen = time.Now()
	if !t.past.Load() || t.using > 0 {
		return
	}
	time.AfterFunc(64*sipgo.T1, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		before := u.door.now.Load()
		d := *before
		d.past = leaving(before.past)
		u.door.now.Store(&d)
	})
}

// belongs says whether a request concerns a call or transaction that there is.
func (u *UserAgent) belongs(req *sipgo.Request, f *flow) bool {
	for _, method := range []sipgo.RequestMethod{req.Method, sipgo.INVITE} {
		key := transactionKey(req, method, f.trunk)
		if u.serverTx(key) != nil || u.completedTx(key) != nil {
			return true
		}
	}
	return u.dialogOf(req, f) != nil
}
