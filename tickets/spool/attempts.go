package spool

import (
	"context"
	"maps"
	"sync"
	"time"

	"readback/tickets"
)

// maxTrying bounds the attempts that are remembered.
const maxTrying = 10_000

// trying are the attempts of this gateway that are not settled, and those that the copy may not know yet. The zero value is ready.
type trying struct {
	mu       sync.Mutex
	attempts map[string]*reserved
}

type reserved struct {
	tickets.Tried
	local bool // the spool knows it
	noted time.Time
}

func (t *trying) note(a tickets.Attempt, verdict tickets.Verdict, local bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.attempts == nil {
		t.attempts = map[string]*reserved{}
	}
	if len(t.attempts) < maxTrying {
		t.attempts[a.ID] = &reserved{tickets.Tried{Attempt: a, Result: verdict.Result()}, local, time.Now()}
	}
}

// settle notes a result, and tells whether the spool knows the attempt.
func (t *trying) settle(id string, result tickets.Result) (settled tickets.Tried, local, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, known := t.attempts[id]
	if !known {
		return tickets.Tried{}, false, false
	}
	a.Result = result
	return a.Tried, a.local, true
}

// unknown are the attempts that the database counted for this gateway, and the spool does not know.
func (t *trying) unknown() (counted []tickets.Tried) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.attempts {
		if !a.local {
			counted = append(counted, a.Tried)
		}
	}
	return counted
}

// know notes that the spool knows attempts now.
func (t *trying) know(attempts []tickets.Tried) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, known := range attempts {
		if a, ok := t.attempts[known.ID]; ok {
			a.local = true
		}
	}
}

// forget forgets what the copy knows by now.
func (t *trying) forget(before time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.attempts, func(_ string, a *reserved) bool { return a.noted.Before(before) })
}

// ReserveAttempt implements tickets.Attempts. While the database is away the spool counts, on top of what it knows from before.
func (s *Store) ReserveAttempt(ctx context.Context, a tickets.Attempt, rule tickets.Lockout) (tickets.Reservation, error) {
	made, err := ask(ctx, s, s.patience, func(ctx context.Context) (tickets.Reservation, error) { return s.main.ReserveAttempt(ctx, a, rule) })
	local := isAway(err) && ctx.Err() == nil
	if local {
		before := s.trying.unknown()
		if err := s.local.MergeAttempts(ctx, before); err != nil {
			return tickets.Reservation{}, err
		}
		s.trying.know(before)
		made, err = s.local.ReserveAttempt(ctx, a, rule)
	}
	if err == nil && made.Verdict != tickets.Wait {
		s.trying.note(a, made.Verdict, local)
	}
	return made, err
}

// SettleAttempt implements tickets.Attempts. A result that the database cannot take now is kept for it.
func (s *Store) SettleAttempt(ctx context.Context, id string, result tickets.Result) error {
	settled, local, known := s.trying.settle(id, result)
	if local {
		if err := s.local.SettleAttempt(ctx, id, result); err != nil {
			return err
		}
	}
	err := s.breaker.try(ctx, s.patience, func(ctx context.Context) error { return s.main.SettleAttempt(ctx, id, result) })
	switch {
	case !known || !isAway(err):
		return err
	case local:
		return nil // the database will be told
	}
	return s.local.MergeAttempts(ctx, []tickets.Tried{settled})
}

// PruneAttempts implements tickets.Attempts.
func (s *Store) PruneAttempts(ctx context.Context, before time.Time) (int64, error) {
	gone, err := s.local.PruneAttempts(ctx, before)
	if err != nil {
		return gone, err
	}
	more, err := ask(ctx, s, longPatience, func(ctx context.Context) (int64, error) { return s.main.PruneAttempts(ctx, before) })
	if isAway(err) {
		err = nil // there is another day
	}
	return gone + more, err
}

// catchUpAttempts tells the database what was counted here since a time, with some time before: telling twice does no harm.
func (s *Store) catchUpAttempts(ctx context.Context, since time.Time) error {
	return copyAttempts(ctx, s.local, s.main, since.Add(-2*tickets.InFlight))
}

// copyAttempts goes on until one has all that the other has.
func copyAttempts(ctx context.Context, from, to tickets.Followed, since time.Time) error {
	for page := (tickets.AttemptPage{Since: since, Limit: tickets.MaxPage}); ; {
		some, err := from.ListAttempts(ctx, page)
		if err != nil || len(some) == 0 {
			return err
		}
		if err := to.MergeAttempts(ctx, some); err != nil {
			return err
		}
		last := some[len(some)-1]
		page.Since, page.After = last.At, last.ID
		if len(some) < page.Limit {
			return nil
		}
	}
}
