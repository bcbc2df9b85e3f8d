package sip

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	sipgo "github.com/emiago/sipgo/sip"

	"readback/sip/auth"
)

const (
	challengesPerSource = 5   // a second
	challengesInAll     = 100 // a second
	readPerSource       = 20  // messages a second that are looked at
	guestsMax           = 4096
	guestTrunksMax      = 16 // of one source: other users, and trunks that were reloaded
)

// Credentials are a name and a password (RFC 8760).
type Credentials struct {
	Username string
	Password Password
}

// An authUser is a user that is known to a trunk.
type authUser struct {
	user  auth.User
	trunk *trunk
}

// usersOf are the users of all trunks by name.
func usersOf(trunks []*trunk, realm string) map[string]authUser {
	users := map[string]authUser{}
	for _, t := range trunks {
		for _, c := range t.AuthUsers {
			users[c.Username] = authUser{auth.NewUser(c.Username, realm, string(c.Password)), t}
		}
	}
	return users
}

// stranger takes a message from outside all trunks. It is dropped before it is read, unless it came by a listener
// that challenges, and from a source that may still be heard.
func (u *UserAgent) stranger(p []byte, f *flow, challenge bool) {
	source := f.source.Addr()
	if !challenge || !u.entertains(source) && !u.visitors.heard(source) {
		u.strangers.add(source)
		return
	}
	u.receive(p, f)
}

// invited says whether a request from an unknown source is one of a call that was let in, or an INVITE with the
// right answer to a challenge: then it has a trunk. Only an INVITE can become a call, so only an INVITE without a
// right answer is challenged; all else gets silence. Nothing is kept before the right answer.
func (u *UserAgent) invited(req *sipgo.Request, f *flow) bool {
	for _, f.trunk = range u.guestsAt(f.source.Addr()) {
		if u.belongs(req, f) {
			return true
		}
	}
	f.trunk = nil
	visitor := u.visitors.at(f.source.Addr())
	if req.Method != sipgo.INVITE || tagOf(req.To().Params) != "" || !visitor.answered() {
		return false
	}
	who, err := u.authenticate(req, f)
	switch {
	case err == nil:
		visitor.right()
		f.trunk = u.welcome(who.trunk, f.source.Addr())
		return f.trunk != nil
	case errors.Is(err, auth.ErrWrong):
		visitor.wrong()
		if u.challenge(req, f, false) {
			u.observeRefusal(req, f, &verdict{401, "credentials", "the name or the password is wrong", nil})
		}
	default:
		u.challenge(req, f, errors.Is(err, auth.ErrStale))
	}
	return false
}

var errNoAnswer = errors.New("there is no answer to a challenge")

// authenticate finds whose name and password an INVITE has.
func (u *UserAgent) authenticate(req *sipgo.Request, f *flow) (authUser, error) {
	for _, h := range req.GetHeaders("Authorization") {
		answer, err := auth.Parse(h.Value())
		if err != nil || answer.Realm != u.verifier.Realm {
			continue // another's, which a proxy may have left (RFC 3261 section 22.3)
		}
		who := u.door.now.Load().users[answer.Username]
		return who, u.verifier.Check(answer, f.offer(), f.source.Addr(), string(req.Method), req.Recipient.String(), who.user)
	}
	return authUser{}, errNoAnswer
}

// offer are the algorithms of the listener that the flow came by.
func (f *flow) offer() auth.Algorithms {
	switch w := f.wire.(type) {
	case *udpListener:
		return w.spec.Algorithms
	case *connection:
		if w.listener != nil {
			return w.listener.spec.Algorithms
		}
	}
	return nil
}

// challenge answers 401 without a transaction; the peer's ACK is one of a stranger. It reports whether it did.
func (u *UserAgent) challenge(req *sipgo.Request, f *flow, stale bool) bool {
	if !u.challenges.take() {
		return false
	}
	f.answerTo(req.Via())
	v := &verdict{status: 401}
	for _, c := range u.verifier.Challenges(f.offer(), f.source.Addr(), stale) {
		v.headers = append(v.headers, header("WWW-Authenticate", c))
	}
	u.answerStateless(req, f, v)
	return true
}

// welcome is the trunk for the calls of one source that has given the right answer; it is sent to and heard from
// there alone. nil when there are too many.
func (u *UserAgent) welcome(t *trunk, source netip.Addr) *trunk {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, g := range u.guests[source] {
		if g.base == t {
			g.seen = time.Now()
			return g
		}
	}
	room := func() bool { return len(u.guests) < guestsMax && len(u.guests[source]) < guestTrunksMax }
	if !room() {
		u.seeOut()
	}
	if !room() {
		return nil
	}
	at := netip.PrefixFrom(source, source.BitLen())
	g := t.derived(at)
	g.Networks = append(slices.Clone(t.Networks), at) // for the sound, too
	g.Username, g.Password, g.Realm = "", "", ""      // what is said to the trunk's servers is not for its users
	u.guests[source] = append(u.guests[source], g)
	return g
}

// guestsAt are the trunks whose calls from a source were let in, and whose last words may still be repeated.
func (u *UserAgent) guestsAt(source netip.Addr) []*trunk {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.guests[source]
}

// entertains says that a source has calls, or had some a moment ago: then its messages are limited like a trunk's.
func (u *UserAgent) entertains(source netip.Addr) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(u.guests[source], (*trunk).present)
}

// present says that a guest has calls, or that its last words may still be repeated. The caller holds UserAgent.mu.
func (t *trunk) present() bool { return t.using > 0 || time.Since(t.seen) <= 64*sipgo.T1 }

// seeOut forgets the guests without calls. The caller holds mu.
func (u *UserAgent) seeOut() {
	for source, list := range u.guests {
		var stay []*trunk
		for _, g := range list {
			if g.present() {
				stay = append(stay, g)
			}
		}
		if u.guests[source] = stay; len(stay) == 0 {
			delete(u.guests, source)
		}
	}
}
