package spool

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"readback/tickets"
)

// Ticket implements tickets.Reader.
func (s *Store) Ticket(ctx context.Context, number tickets.Number) (tickets.Ticket, error) {
	return onTicket(ctx, s, number, s.patience,
		func(ctx context.Context) (tickets.Ticket, error) { return s.local.Ticket(ctx, number) },
		func(ctx context.Context) (tickets.Ticket, error) { return s.main.Ticket(ctx, number) })
}

// TicketByCall implements tickets.Reader.
func (s *Store) TicketByCall(ctx context.Context, callKey string) (tickets.Ticket, error) {
	if !s.held.empty() {
		if ticket, err := s.local.TicketByCall(ctx, callKey); !errors.Is(err, tickets.ErrNotFound) {
			return ticket, err
		}
	}
	ticket, err := ask(ctx, s, s.patience, func(ctx context.Context) (tickets.Ticket, error) { return s.main.TicketByCall(ctx, callKey) })
	if isAway(err) {
		if f, ok := s.recent.ofCall(callKey); ok {
			return f.Ticket, nil
		}
	}
	return ticket, err
}

// Events implements tickets.Reader.
func (s *Store) Events(ctx context.Context, number tickets.Number) ([]tickets.Event, error) {
	return onTicket(ctx, s, number, longPatience,
		func(ctx context.Context) ([]tickets.Event, error) { return s.local.Events(ctx, number) },
		func(ctx context.Context) ([]tickets.Event, error) { return s.main.Events(ctx, number) })
}

// Links implements tickets.Proof.
func (s *Store) Links(ctx context.Context, number tickets.Number) ([]tickets.Link, error) {
	return onTicket(ctx, s, number, longPatience,
		func(ctx context.Context) ([]tickets.Link, error) { return s.local.Links(ctx, number) },
		func(ctx context.Context) ([]tickets.Link, error) { return s.main.Links(ctx, number) })
}

// OpenTickets implements tickets.Known. It fails when the database is away.
func (s *Store) OpenTickets(ctx context.Context, account string, joinable time.Time, limit int) ([]tickets.Ticket, error) {
	return ask(ctx, s, s.patience, func(ctx context.Context) ([]tickets.Ticket, error) {
		return s.main.OpenTickets(ctx, account, joinable, limit)
	})
}

// ListTickets implements tickets.Reader. It fails when the database is away: half a list is none.
func (s *Store) ListTickets(ctx context.Context, page tickets.TicketPage) ([]tickets.Ticket, error) {
	if s.held.empty() {
		return ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Ticket, error) { return s.main.ListTickets(ctx, page) })
	}
	spooled, err := s.spooled(ctx, page.Account)
	if err != nil {
		return nil, err
	}
	var after tickets.Ticket
	if page.After != "" {
		if after, err = s.Ticket(ctx, page.After); err != nil {
			return nil, err
		}
	}
	limit := tickets.Limit(page.Limit)
	found, err := s.listAfter(ctx, page, after, limit)
	if err != nil {
		return nil, err
	}
	for _, t := range spooled {
		found = slices.DeleteFunc(found, func(other tickets.Ticket) bool { return other.Number == t.Number })
		if page.After == "" || urgency(t, after) > 0 {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, urgency)
	return found[:min(limit, len(found))], nil
}

// listAfter is a page of the database after a ticket that may be known to the spool alone: then it is looked for from the beginning.
func (s *Store) listAfter(ctx context.Context, page tickets.TicketPage, after tickets.Ticket, limit int) ([]tickets.Ticket, error) {
	if page.After == "" || !s.held.has(page.After) {
		return ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Ticket, error) { return s.main.ListTickets(ctx, page) })
	}
	var found []tickets.Ticket
	for page.After = ""; len(found) < limit; {
		some, err := ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Ticket, error) { return s.main.ListTickets(ctx, page) })
		if err != nil {
			return nil, err
		}
		for _, t := range some {
			if urgency(t, after) > 0 {
				found = append(found, t)
			}
		}
		if len(some) < tickets.Limit(page.Limit) {
			break
		}
		page.After = some[len(some)-1].Number
	}
	return found, nil
}

// urgency is the order of lists.
func urgency(a, b tickets.Ticket) int {
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), a.Due.Compare(b.Due), cmp.Compare(a.Number, b.Number))
}

// spooled are all tickets of the spool, of one account or of all.
func (s *Store) spooled(ctx context.Context, account string) ([]tickets.Ticket, error) {
	var all []tickets.Ticket
	for page := (tickets.TicketPage{Account: account, Limit: tickets.MaxPage}); ; {
		some, err := s.local.ListTickets(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page.Limit {
			return all, nil
		}
		page.After = some[len(some)-1].Number
	}
}
