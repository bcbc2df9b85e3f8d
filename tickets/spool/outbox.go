package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"readback/tickets"
)

// Enqueue implements tickets.Outbox.
func (s *Store) Enqueue(ctx context.Context, notice tickets.Notice) error {
	if notice.Ticket != "" {
		_, err := onTicket(ctx, s, notice.Ticket, s.patience,
			func(ctx context.Context) (struct{}, error) { return struct{}{}, s.local.Enqueue(ctx, notice) },
			func(ctx context.Context) (struct{}, error) { return struct{}{}, s.main.Enqueue(ctx, notice) })
		return err
	}
	err := s.breaker.try(ctx, s.patience, func(ctx context.Context) error { return s.main.Enqueue(ctx, notice) })
	if !isAway(err) || ctx.Err() != nil {
		return err
	}
	if err := s.local.Enqueue(ctx, notice); err != nil {
		return err
	}
	s.loose.add(1)
	return nil
}

// holdsNotices reports whether there are notices in the spool.
func (s *Store) holdsNotices() bool { return !s.held.empty() || s.loose.read() > 0 }

// Notice implements tickets.Outbox.
func (s *Store) Notice(ctx context.Context, id string) (tickets.Notice, error) {
	if s.holdsNotices() {
		if notice, err := s.local.Notice(ctx, id); !errors.Is(err, tickets.ErrNotFound) {
			return notice, err
		}
	}
	return ask(ctx, s, longPatience, func(ctx context.Context) (tickets.Notice, error) { return s.main.Notice(ctx, id) })
}

// AmendNotice implements tickets.Outbox. It fails with ErrUnavailable for the moment in which the ticket of the notice moves.
func (s *Store) AmendNotice(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	if s.holdsNotices() {
		if err := s.amendHere(ctx, id, change); !errors.Is(err, tickets.ErrNotFound) {
			return err
		}
	}
	return s.breaker.try(ctx, longPatience, func(ctx context.Context) error { return s.main.AmendNotice(ctx, id, change) })
}

func (s *Store) amendHere(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	s.moving.gate.RLock()
	defer s.moving.gate.RUnlock()
	return s.local.AmendNotice(ctx, id, func(n *tickets.Notice) error {
		if s.moving.tickets[n.Ticket] {
			return fmt.Errorf("ticket %s is on its way to the database: %w", n.Ticket, tickets.ErrUnavailable)
		}
		return change(n)
	})
}

// OpenNotices implements tickets.Outbox. It fails when the database is away.
func (s *Store) OpenNotices(ctx context.Context, dead bool, limit int) ([]tickets.Notice, error) {
	return s.both(ctx, limit, func(ctx context.Context, store tickets.Store) ([]tickets.Notice, error) {
		return store.OpenNotices(ctx, dead, limit)
	})
}

// Notices implements tickets.Outbox. Those of all tickets it fails to tell when the database is away.
func (s *Store) Notices(ctx context.Context, number tickets.Number, limit int) ([]tickets.Notice, error) {
	if number != "" {
		return onTicket(ctx, s, number, longPatience,
			func(ctx context.Context) ([]tickets.Notice, error) { return s.local.Notices(ctx, number, limit) },
			func(ctx context.Context) ([]tickets.Notice, error) { return s.main.Notices(ctx, number, limit) })
	}
	return s.both(ctx, limit, func(ctx context.Context, store tickets.Store) ([]tickets.Notice, error) {
		return store.Notices(ctx, "", limit)
	})
}

// both reads from database and spool, by time due. Of a notice that is in both the spool's is the later one.
func (s *Store) both(ctx context.Context, limit int, read func(context.Context, tickets.Store) ([]tickets.Notice, error)) ([]tickets.Notice, error) {
	found, err := ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Notice, error) { return read(ctx, s.main) })
	if err != nil || !s.holdsNotices() {
		return found, err
	}
	spooled, err := read(ctx, s.local)
	if err != nil {
		return nil, err
	}
	for _, n := range spooled {
		found = slices.DeleteFunc(found, func(other tickets.Notice) bool { return other.ID == n.ID })
	}
	found = append(found, spooled...)
	slices.SortStableFunc(found, func(a, b tickets.Notice) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return found[:min(len(found), tickets.Limit(limit))], nil
}
