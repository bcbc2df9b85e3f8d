// Package auth is the server's side of digest authentication for SIP (RFC 3261 section 22, RFC 7616, RFC 8760).
// A challenge leaves nothing behind; only right answers do, for the time their nonce lives.
package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"
)

const (
	// Life is how long a nonce may be answered.
	Life = time.Minute
	// remembered is how many nonces with a right answer are kept apart. One more is answered as stale.
	remembered = 4096
)

// Why an answer does not count.
var (
	// ErrStale: the answer may be right but its nonce is too old, or was used; it deserves a new challenge.
	ErrStale = errors.New("auth: the nonce is old or was used")
	// ErrWrong: the user, the password, the realm or the request is not the one that was asked for.
	ErrWrong = errors.New("auth: the answer is wrong")
)

// A Verifier makes challenges and checks the answers. New makes one; it is used by many goroutines.
type Verifier struct {
	Realm string

	key    [32]byte
	random io.Reader

	mu   sync.Mutex
	used map[string]use // by nonce
}

// A use is the highest count (nc) that a nonce was answered with.
type use struct {
	count uint64
	until time.Time
}

// New makes a Verifier with a key of its own.
func New(realm string) *Verifier {
	v := &Verifier{Realm: realm, random: rand.Reader, used: map[string]use{}}
	_, _ = v.random.Read(v.key[:]) // crypto/rand never fails
	return v
}

// Challenges are the WWW-Authenticate headers for a source, one for each algorithm that is offered
// (RFC 8760 section 2.3). Stale says that the last answer was right but for its nonce.
func (v *Verifier) Challenges(offer Algorithms, source netip.Addr, stale bool) []string {
	nonce := v.nonce(source)
	var list []string
	for _, algorithm := range offer.names() {
		list = append(list, challenge(v.Realm, nonce, algorithm, stale))
	}
	return list
}

// Check says whether an answer from a source to a request is the user's, by an algorithm that was offered. A zero user
// stands for one that is not there: it takes the same time and is wrong. Each nonce counts once with each nc, in rising
// order.
func (v *Verifier) Check(a Answer, offer Algorithms, source netip.Addr, method, uri string, user User) error {
	ha1 := user.ha1(a.Algorithm)
	right := subtle.ConstantTimeCompare([]byte(a.expected(ha1, method)), []byte(a.Response)) == 1
	made, ours := v.made(a.Nonce, source)
	switch {
	case !right || ha1 == "" || !offer.has(a.Algorithm) || a.Realm != v.Realm || a.Username != user.Name || a.URI != uri:
		return ErrWrong
	case !ours || time.Since(made) > Life || !v.use(a.Nonce, a.count, made.Add(Life)):
		return ErrStale
	}
	return nil
}

// use notes that a nonce was answered; false when that was done with this count or a higher one.
func (v *Verifier) use(nonce string, count uint64, until time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, again := v.used[nonce]
	if again && count <= before.count {
		return false
	}
	if !again && len(v.used) >= remembered && !v.forget() {
		return false
	}
	v.used[nonce] = use{count, until}
	return true
}

// forget drops the nonces that are too old to be answered; false when there is none.
func (v *Verifier) forget() bool {
	now, before := time.Now(), len(v.used)
	for nonce, u := range v.used {
		if now.After(u.until) {
			delete(v.used, nonce)
		}
	}
	return len(v.used) < before
}
