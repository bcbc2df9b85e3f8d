package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// How a registration is kept (RFC 3261 section 10, RFC 5626 section 4.5).
const (
	DefaultRegistration = time.Hour
	registrationMost    = 24 * time.Hour
	failureFirst        = 30 * time.Second // doubles with each failure
	failureMost         = 30 * time.Minute
	retryAfterMost      = time.Hour
)

// Registration says where a trunk's registrar is and who we are there.
type Registration struct {
	// Registrar is its SIP URI, such as "sip:registrar.example.com;transport=tls". Its addresses count as sources of the
	// trunk while we are registered.
	Registrar string
	// AOR is the address that is registered, such as "sip:alice@example.com"; Username at the registrar when empty.
	AOR string
	// ContactUser is the user part of our address there; that of AOR when empty.
	ContactUser string
	// Username, Password and Realm answer its challenges, for that realm alone: the registrar's host when empty. Without
	// a Username those of the trunk do.
	Username string
	Password Password
	Realm    string
	// Expires is how long a registration is asked for; DefaultRegistration when zero.
	Expires time.Duration
}

// of fills in what the trunk and the defaults say.
func (r Registration) of(t Trunk) Registration {
	uri, _ := parseTarget(r.Registrar) // checked with the configuration
	if r.Username == "" {
		r.Username, r.Password, r.Realm = t.Username, t.Password, orDefault(r.Realm, t.Realm)
	}
	r.Realm = orDefault(r.Realm, uri.Host)
	r.AOR = orDefault(r.AOR, uri.Scheme+":"+r.Username+"@"+uri.Host)
	aor, _ := parseTarget(r.AOR)
	r.ContactUser = orDefault(r.ContactUser, aor.User)
	r.Expires = orDefault(r.Expires, DefaultRegistration)
	return r
}

func (r Registration) check(t Trunk) error {
	if _, err := parseTarget(r.Registrar); err != nil {
		return fmt.Errorf("sip: registrar of trunk %s: %w", t.Name, err)
	}
	full := r.of(t)
	if aor, err := parseTarget(full.AOR); err != nil || aor.User == "" {
		return fmt.Errorf("sip: trunk %s registers %q, which is no sip:user@host; give a username or an AOR", t.Name, full.AOR)
	}
	if r.Expires < 0 || r.Expires > registrationMost {
		return fmt.Errorf("sip: trunk %s registers for %s; at most a day is possible", t.Name, r.Expires)
	}
	return nil
}

// registrationOf says which registration this is.
type registrationOf struct {
	trunk string
	Registration
}

// Registering keeps one registration.
type registering struct {
	ua *UserAgent
	registrationOf
	registrar, aor sipgo.Uri
	dialog         dialog // the Call-ID, tags and CSeq of all its requests (RFC 3261 section 10.2)
	asks           time.Duration
	failures       int
	flow           *flow       // by which it is registered; nil when it is not
	handedOver     atomic.Bool // another one keeps the same address at the same registrar

	mu     sync.Mutex
	status RegistrationStatus
}

func (u *UserAgent) newRegistering(name string, r Registration) *registering {
	g := &registering{ua: u, registrationOf: registrationOf{name, r}, asks: r.Expires}
	g.registrar, _ = parseTarget(r.Registrar)
	g.registrar.User = ""
	g.aor, _ = parseTarget(r.AOR)
	g.dialog = dialog{
		callID: sipgo.GenerateTagN(24),
		local:  party{address: g.aor, params: sipgo.HeaderParams{{K: "tag", V: newTag()}}},
		remote: party{address: g.aor},
	}
	g.status = RegistrationStatus{Registrar: r.Registrar, AOR: r.AOR}
	return g
}

func (g *registering) run(stop <-chan struct{}) {
	ctx, cancel := g.ua.until(stop)
	defer cancel()
	defer g.ua.settleLoan(g)
	for wait := time.Duration(0); g.pause(wait, stop); {
		granted, err := g.register(ctx)
		switch {
		case ctx.Err() != nil:
			wait = failureMost // the end is near
		case err == nil:
			wait = g.registered(granted)
		default:
			wait = g.failed(err)
		}
	}
	if !g.handedOver.Load() {
		g.unregister()
	}
}

// goesOn says whether one of the wanted registrations has the same address at the same registrar, so that ending
// this one would end that one.
func (g *registering) goesOn(wanted map[any]func() duty) bool {
	for key := range wanted {
		other, ok := key.(registrationOf)
		if ok && other.Registrar == g.Registrar && other.AOR == g.AOR && other.ContactUser == g.ContactUser {
			return true
		}
	}
	return false
}

// pause waits; a registration that could not be refreshed may end meanwhile.
func (g *registering) pause(wait time.Duration, stop <-chan struct{}) bool {
	if left := g.left(); left > 0 && left < wait {
		if !g.ua.idleFor(left, stop) {
			return false
		}
		g.lost(errors.New("sip: the registration has ended"))
		wait -= left
	}
	return g.ua.idleFor(wait, stop)
}

// left is how long the registration holds.
func (g *registering) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.status.Until)
}

// registered notes for how long we are registered, and says when to do it again: before three quarters to nine
// tenths of that are over.
func (g *registering) registered(granted time.Duration) time.Duration {
	g.failures = 0
	first := g.note(func(s *RegistrationStatus) { s.Until, s.Reason = time.Now().Add(granted), "" })
	if first {
		g.ua.observe(Event{Kind: Registered, Trunk: g.trunk, Peer: g.flow.peer, Text: cut(g.AOR + " at " + g.Registrar)})
	}
	return granted*3/4 + rand.N(granted*3/20+1)
}

// failed notes why we are not registered, and says when to try again (RFC 5626 section 4.5). A registrar that has no
// time still knows us until the end that it gave.
func (g *registering) failed(err error) time.Duration {
	if g.left() > 0 && tryElsewhere(err) {
		g.note(func(s *RegistrationStatus) { s.Reason = cut(err.Error()) })
	} else {
		g.lost(err)
	}
	most := min(failureFirst<<min(g.failures, 16), failureMost)
	g.failures++
	wait := most/2 + rand.N(most/2+1)
	var later *retryError
	if errors.As(err, &later) {
		wait = max(wait, min(later.after, retryAfterMost))
	}
	return wait
}

// lost notes that we are not registered, or still not.
func (g *registering) lost(err error) {
	g.ua.settleLoan(g)
	g.flow = nil
	was := g.note(func(s *RegistrationStatus) { s.Until, s.Reason = time.Time{}, cut(err.Error()) })
	if was || g.failures == 0 {
		g.ua.observe(Event{Kind: Unregistered, Trunk: g.trunk, Text: cut(g.AOR + " at " + g.Registrar + ": " + err.Error())})
	}
}

// note changes the status, and reports whether we became registered or are no longer.
func (g *registering) note(change func(*RegistrationStatus)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.status.Until.IsZero()
	change(&g.status)
	return g.status.Until.IsZero() != before
}

// register asks the registrar's addresses, one after the other, until one of them takes us. Its name is looked up
// each time.
func (g *registering) register(ctx context.Context) (granted time.Duration, err error) {
	targets, err := g.ua.targets(ctx, g.registrar)
	if err != nil {
		return 0, err
	}
	via, err := g.ua.lend(g, addressesOf(targets), false)
	if err != nil {
		return 0, err
	}
	for _, to := range targets {
		if granted, err = g.registerAt(ctx, via, to); err == nil {
			_, err = g.ua.lend(g, addressesOf(targets), true)
			return granted, err
		}
		if !tryElsewhere(err) || ctx.Err() != nil {
			break
		}
	}
	return 0, err
}

// tryElsewhere says whether another address of the registrar, or the same one later, might say otherwise.
func tryElsewhere(err error) bool {
	var status *StatusError
	return !errors.As(err, &status) || status.Status == 408 || status.Status >= 500 && status.Status < 600
}

func addressesOf(targets []Target) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(targets))
	for i, to := range targets {
		addr := to.Address.Addr().Unmap()
		prefixes[i] = netip.PrefixFrom(addr, addr.BitLen())
	}
	return prefixes
}

func (g *registering) registerAt(ctx context.Context, via *trunk, to Target) (time.Duration, error) {
	f, err := g.ua.flowTo(via, to, g.registrar.Host)
	if err != nil {
		return 0, err
	}
	res, err := g.ask(ctx, f, g.asks)
	if err == nil && res.StatusCode == 423 { // Interval Too Brief, RFC 3261 section 21.4.17
		least, ok := secondsOf(res, "Min-Expires")
		if ok && least > g.asks && least <= registrationMost {
			g.asks = least
			res, err = g.ask(ctx, f, g.asks)
		}
	}
	switch {
	case err != nil:
		return 0, err
	case !res.IsSuccess():
		return 0, refusedRegistration(res)
	}
	granted := g.granted(res, f)
	if granted < time.Second {
		return 0, errors.New("sip: the registrar took us for no time at all")
	}
	g.flow = f
	return granted, nil
}

// ask sends a REGISTER, again with credentials when it is asked for them.
func (g *registering) ask(ctx context.Context, f *flow, expires time.Duration) (*sipgo.Response, error) {
	who := &Trunk{Name: g.trunk, Username: g.Username, Password: g.Password, Realm: g.Realm}
	build := func() (*sipgo.Request, *flow, error) {
		g.dialog.localSeq++
		req := g.ua.newRequest(sipgo.REGISTER, g.registrar, f, &g.dialog, g.dialog.localSeq)
		req.AppendHeader(g.contact(f))
		req.AppendHeader(header("Expires", seconds(expires)))
		req.AppendHeader(header("Allow", allow))
		return req, f, nil
	}
	return g.ua.askWith(ctx, who, build, func(*clientTx) {})
}

func (g *registering) contact(f *flow) *sipgo.ContactHeader {
	contact := g.ua.contact(f, g.registrar.Scheme == "sips")
	contact.Address.User = g.ContactUser
	return contact
}

// granted is how long the registrar keeps our Contact among those that it lists, or else what it says for all.
func (g *registering) granted(res *sipgo.Response, f *flow) time.Duration {
	ours := g.contact(f).Address
	granted, ok := secondsOf(res, "Expires")
	if !ok {
		granted = g.asks
	}
	for _, entry := range values(res, "Contact", "m") {
		var uri sipgo.Uri
		var params sipgo.HeaderParams
		if _, err := sipgo.ParseAddressValue(entry, &uri, &params); err != nil {
			continue
		}
		if uri.User != ours.User || !strings.EqualFold(uri.Host, ours.Host) || uri.Port != ours.Port {
			continue
		}
		for _, p := range params {
			if n, err := strconv.ParseUint(p.V, 10, 31); strings.EqualFold(p.K, "expires") && err == nil {
				granted = time.Duration(n) * time.Second
			}
		}
	}
	return min(granted, registrationMost)
}

// unregister says that we go (RFC 3261 section 10.2.2), and does not wait long.
func (g *registering) unregister() {
	if g.flow == nil {
		return
	}
	ctx, cancel := context.WithTimeout(g.ua.ctx, goodbyeTime)
	defer cancel()
	_, _ = g.ask(ctx, g.flow, 0) // it expires all the same
	g.note(func(s *RegistrationStatus) { s.Until = time.Time{} })
}

// A retryError is a refusal that says when to come back.
type retryError struct {
	error
	after time.Duration
}

func (e *retryError) Unwrap() error { return e.error }

func refusedRegistration(res *sipgo.Response) error {
	err := statusError(res)
	if after, ok := secondsOf(res, "Retry-After"); ok {
		return &retryError{err, after}
	}
	return err
}

// secondsOf is the number of seconds that a header begins with.
func secondsOf(res *sipgo.Response, name string) (time.Duration, bool) {
	h := res.GetHeader(name)
	if h == nil {
		return 0, false
	}
	digits := h.Value()
	if i := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		digits = digits[:i]
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	return time.Duration(n) * time.Second, err == nil
}
