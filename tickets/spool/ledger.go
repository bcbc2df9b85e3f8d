package spool

import (
	"context"
	"errors"
	"time"

	"readback/tickets"
)

// ask asks the database for something that has a result.
func ask[T any](ctx context.Context, s *Store, limit time.Duration, question func(context.Context) (T, error)) (answer T, err error) {
	err = s.breaker.try(ctx, limit, func(ctx context.Context) (err error) {
		answer, err = question(ctx)
		return err
	})
	return answer, err
}

// File implements tickets.Ledger. What the database does not commit in time the spool does.
func (s *Store) File(ctx context.Context, f tickets.Filing) (tickets.Filed, error) {
	if !s.held.empty() {
		filed, ok, err := s.local.Join(ctx, f)
		if ok && err == nil {
			return filed, nil
		}
		if err != nil {
			s.log.Error("the spool cannot be asked for the ticket of a call", "error", err)
		}
	}
	filed, err := ask(ctx, s, s.patience, func(ctx context.Context) (tickets.Filed, error) { return s.main.File(ctx, f) })
	switch {
	case err == nil:
		if filed.New {
			s.recent.note(f)
		}
		return filed, nil
	case errors.Is(err, tickets.ErrNumberTaken), ctx.Err() != nil:
		return tickets.Filed{}, err
	case !isAway(err):
		s.log.Error("the database refuses a ticket, it is kept in the spool", "ticket", f.Ticket.Number, "error", err)
	}
	return s.spool(ctx, f)
}

// spool commits a ticket locally. The call's own earlier ticket, and one that it may join, are in the database perhaps, and
// are brought here first.
func (s *Store) spool(ctx context.Context, f tickets.Filing) (tickets.Filed, error) {
	first, ok := s.recent.ofCall(f.Ticket.CallID)
	if !ok {
		first, ok = s.recent.toJoin(f)
	}
	if ok {
		if err := s.shadow(ctx, first); err != nil {
			return tickets.Filed{}, err
		}
	}
	filed, err := s.local.File(ctx, f)
	if err != nil {
		return tickets.Filed{}, err
	}
	s.held.add(filed.Ticket.Number, filed.Ticket.Received)
	return filed, nil
}

// shadow spools a ticket that the database has committed.
func (s *Store) shadow(ctx context.Context, f tickets.Filing) error {
	f.HungUp = false
	f.Join.From, f.Join.Until = time.Time{}, time.Time{} // it has its number
	if _, err := s.local.File(ctx, f); err != nil {
		return err
	}
	s.held.add(f.Ticket.Number, f.Ticket.Received)
	return nil
}

// Amend implements tickets.Ledger.
func (s *Store) Amend(ctx context.Context, number tickets.Number, change func(*tickets.Folder) error) (tickets.Ticket, error) {
	return onTicket(ctx, s, number, s.patience,
		func(ctx context.Context) (tickets.Ticket, error) { return s.local.Amend(ctx, number, change) },
		func(ctx context.Context) (tickets.Ticket, error) { return s.main.Amend(ctx, number, change) })
}

// onTicket asks the store that holds a ticket. A ticket of the database's is spooled when the database is away and this
// gateway knows it.
func onTicket[T any](ctx context.Context, s *Store, number tickets.Number, limit time.Duration, here, there func(context.Context) (T, error)) (T, error) {
	if s.held.has(number) {
		if answer, err := here(ctx); !errors.Is(err, tickets.ErrNotFound) {
			return answer, err
		}
	}
	answer, err := ask(ctx, s, limit, there)
	if !isAway(err) || ctx.Err() != nil {
		return answer, err
	}
	f, ok := s.recent.ofTicket(number)
	if !ok {
		return answer, err
	}
	if shadowErr := s.shadow(ctx, f); shadowErr != nil {
		return answer, errors.Join(err, shadowErr)
	}
	return here(ctx)
}

// Goodbye implements tickets.Ledger. It is noted wherever the ticket of the call may be.
func (s *Store) Goodbye(ctx context.Context, callKey string, at time.Time) error {
	f, known := s.recent.ofCall(callKey)
	s.recent.part(callKey)
	if !s.held.empty() {
		if err := s.local.Goodbye(ctx, callKey, at); err != nil {
			return err
		}
		if _, err := s.local.TicketByCall(ctx, callKey); err == nil {
			return nil
		}
	}
	err := s.breaker.try(ctx, s.patience, func(ctx context.Context) error { return s.main.Goodbye(ctx, callKey, at) })
	if !known || !isAway(err) || ctx.Err() != nil {
		return err
	}
	if err := s.shadow(ctx, f); err != nil {
		return err
	}
	return s.local.Goodbye(ctx, callKey, at)
}
