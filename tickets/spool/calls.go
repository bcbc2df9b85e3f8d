package spool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"readback/tickets"
)

// maxCalls is how many call records wait in the spool: some hundred megabytes.
const maxCalls = 100_000

// PutCalls implements tickets.Calls. While the database is away the records wait in the spool, as long as there is room.
func (s *Store) PutCalls(ctx context.Context, records []tickets.CallRecord) error {
	err := s.breaker.try(ctx, longPatience, func(ctx context.Context) error { return s.main.PutCalls(ctx, records) })
	if !isAway(err) || ctx.Err() != nil {
		return err
	}
	if s.calls.read()+len(records) > maxCalls {
		return fmt.Errorf("%w, and %d call records wait in the spool already", err, s.calls.read())
	}
	if err := s.local.PutCalls(ctx, records); err != nil {
		return err
	}
	s.calls.add(len(records))
	return nil
}

// ListCalls implements tickets.Calls. While the database is away it lists what waits in the spool.
func (s *Store) ListCalls(ctx context.Context, page tickets.CallPage) ([]tickets.CallRecord, error) {
	found, err := ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.CallRecord, error) { return s.main.ListCalls(ctx, page) })
	if err != nil && !isAway(err) || s.calls.read() == 0 {
		return found, err
	}
	waiting, err := s.local.ListCalls(ctx, page)
	if err != nil {
		return nil, err
	}
	for _, c := range waiting {
		found = slices.DeleteFunc(found, func(other tickets.CallRecord) bool { return other.ID == c.ID })
	}
	found = append(found, waiting...)
	slices.SortStableFunc(found, func(a, b tickets.CallRecord) int { return b.Started.Compare(a.Started) })
	return found[:min(len(found), tickets.Limit(page.Limit))], nil
}

// PruneCalls implements tickets.Calls. What waits in the spool is on its way to the database, which forgets it in its time.
func (s *Store) PruneCalls(ctx context.Context, before time.Time) (int64, error) {
	gone, err := ask(ctx, s, longPatience, func(ctx context.Context) (int64, error) { return s.main.PruneCalls(ctx, before) })
	if isAway(err) {
		return 0, nil // there is another day
	}
	return gone, err
}

// forwardCalls moves records to the database until none is left.
func (s *Store) forwardCalls(ctx context.Context) error {
	for s.calls.read() > 0 {
		some, err := s.local.ListCalls(ctx, tickets.CallPage{Limit: callBatch})
		if err != nil || len(some) == 0 {
			return err
		}
		if err := s.main.PutCalls(ctx, some); err != nil {
			return err
		}
		ids := make([]string, len(some))
		for i, c := range some {
			ids[i] = c.ID
		}
		if err := s.local.ForgetCalls(ctx, ids); err != nil {
			return err
		}
		s.calls.add(-len(some))
	}
	return nil
}

// callBatch is how many records move at once.
const callBatch = 200
