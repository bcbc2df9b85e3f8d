package spool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"readback/tickets"
)

// errAway is why nothing is asked of the database for the time being.
var errAway = fmt.Errorf("the database is away: %w", tickets.ErrUnavailable)

// A breaker spares callers to wait for a database that is away: who meets it first waits for at most their s.patience, those who
// wait at the same moment stop waiting then, and the next ones do not ask. Somebody else finds out when it is back.
type breaker struct {
	tripped func(error) // told once an outage; may be nil

	mu     sync.Mutex
	since  time.Time // when it was found to be away; zero while it is there
	cause  error
	outage context.Context // ends when the database is found to be away
	begin  context.CancelCauseFunc
	wake   chan struct{} // an outage has begun
}

func newBreaker(tripped func(error)) *breaker {
	b := &breaker{tripped: tripped, wake: make(chan struct{}, 1)}
	b.outage, b.begin = context.WithCancelCause(context.Background())
	return b
}

// try asks the database, for at most so long. It fails with an error that is away when the database is.
func (b *breaker) try(ctx context.Context, patience time.Duration, ask func(context.Context) error) error {
	b.mu.Lock()
	away, outage := !b.since.IsZero(), b.outage
	b.mu.Unlock()
	if away {
		return errAway
	}
	asking, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(outage, cancel)()
	err := ask(asking)
	if isAway(err) && ctx.Err() == nil {
		b.trip(err)
	}
	return err
}

// isAway reports whether the database did not answer, would not take what was asked, or left its outcome unknown.
func isAway(err error) bool {
	return errors.Is(err, tickets.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// trip begins an outage, unless there is one.
func (b *breaker) trip(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.since.IsZero() {
		return
	}
	b.since, b.cause = time.Now(), cause
	b.begin(errAway)
	select {
	case b.wake <- struct{}{}:
	default:
	}
	if b.tripped != nil {
		b.tripped(cause)
	}
}

// mend ends an outage, and returns how long it was.
func (b *breaker) mend() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return 0
	}
	length := time.Since(b.since)
	b.since, b.cause = time.Time{}, nil
	b.outage, b.begin = context.WithCancelCause(context.Background())
	return length
}

// state is since when the database is away, and why; zero while it is there.
func (b *breaker) state() (since time.Time, cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since, b.cause
}
