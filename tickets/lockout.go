package tickets

import (
	"fmt"
	"time"
)

// A Lockout is what wrong PINs lead to. It is a pure rule over counts that the store keeps.
type Lockout struct {
	Within  time.Duration // wrong attempts this old are forgotten
	Account Lock
	Caller  Lock
	Trunk   Slowdown
}

// A Lock closes the way by PIN for one account or one caller number.
type Lock struct {
	Limit    int           // wrong attempts within the window that lock
	For      time.Duration // how long, from the last of them
	Doubling bool          // each further wrong attempt doubles it
}

// A Slowdown is for a trunk, which carries everybody's calls and is never locked.
type Slowdown struct {
	Limit  int           // wrong attempts within Within that slow it
	Within time.Duration // the window they are counted in
	Delay  time.Duration // before each answer while it is slowed
}

// InFlight is how long an attempt may be without outcome before its node is taken for dead and it counts as wrong.
const InFlight = time.Minute

// longestLock ends the doubling.
const longestLock = 24 * time.Hour

// DefaultLockout: 5 wrong in 24 h lock an account for 15 minutes, each further one twice as long; 10 block a
// caller number for 15 minutes; 100 in an hour slow a trunk by 2 s an answer.
func DefaultLockout() Lockout {
	return Lockout{
		Within:  24 * time.Hour,
		Account: Lock{Limit: 5, For: 15 * time.Minute, Doubling: true},
		Caller:  Lock{Limit: 10, For: 15 * time.Minute},
		Trunk:   Slowdown{Limit: 100, Within: time.Hour, Delay: 2 * time.Second},
	}
}

func (l Lockout) validate() error {
	if l.Within <= 0 || l.Account.Limit < 1 || l.Caller.Limit < 1 || l.Account.For <= 0 || l.Caller.For <= 0 ||
		l.Trunk.Limit < 1 || l.Trunk.Within <= 0 || l.Trunk.Delay < 0 {
		return fmt.Errorf("policy: lockout: %w: every limit and time must be more than 0", ErrInvalid)
	}
	return nil
}

// A Tally is what the store knows of the wrong attempts on one account or from one number. Wrong counts within
// the window that ends with the last of them, so that a lock, once begun, keeps its length.
type Tally struct {
	Wrong   int       // answered as wrong, or left without an answer for more than a minute
	Pending int       // being verified now, here or on another node
	Last    time.Time // when the last wrong one was reserved; zero when there is none
}

// A Verdict is whether an attempt may be tried.
type Verdict int

// The verdicts.
const (
	Allowed Verdict = iota // try the PIN
	Wait                   // others are being tried, and if they are all wrong this one is locked: ask again
	Locked                 // do not try the PIN
)

// Result is what an attempt with this verdict is counted as before it was tried: pending counts as wrong.
func (v Verdict) Result() Result {
	if v == Allowed {
		return ResultPending
	}
	return ResultLocked
}

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case Allowed:
		return "allowed"
	case Wait:
		return "wait"
	case Locked:
		return "locked"
	}
	return fmt.Sprintf("Verdict(%d)", int(v))
}

// Judge decides about the next attempt from the tallies of its account and of its caller number. Of the two the
// stricter one counts. However many attempts run at once, no more than the limit are ever tried.
func (l Lockout) Judge(account, caller Tally, now time.Time) Verdict {
	return max(l.Account.judge(account, now), l.Caller.judge(caller, now))
}

func (l Lock) judge(t Tally, now time.Time) Verdict {
	switch {
	case now.Before(l.Until(t)):
		return Locked
	case t.Pending > 0 && t.Wrong+t.Pending >= l.Limit:
		return Wait
	}
	return Allowed
}

// Until is when the lock of a tally ends; zero when there is none.
func (l Lock) Until(t Tally) time.Time {
	if t.Wrong < l.Limit {
		return time.Time{}
	}
	length := l.For
	for range t.Wrong - l.Limit {
		if !l.Doubling || length >= longestLock {
			break
		}
		length *= 2
	}
	return t.Last.Add(min(length, longestLock))
}

// memory is how long attempts matter: the window before the last wrong one, the longest lock after it, and the trunk's window.
func (l Lockout) memory() time.Duration {
	return max(l.Within+longestLock, l.Trunk.Within)
}
