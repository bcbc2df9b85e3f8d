package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// Ticket implements tickets.Reader.
func (s *Store) Ticket(ctx context.Context, number tickets.Number) (tickets.Ticket, error) {
	return s.ticket(ctx, ticketGetSQL, string(number))
}

// TicketByCall implements tickets.Reader.
func (s *Store) TicketByCall(ctx context.Context, callKey string) (tickets.Ticket, error) {
	return s.ticket(ctx, ticketByCallSQL, callKey)
}

func (s *Store) ticket(ctx context.Context, query, key string) (tickets.Ticket, error) {
	t, err := scanTicket(s.pool.QueryRow(ctx, query, key))
	ok, err := found(err)
	if err != nil {
		return tickets.Ticket{}, failed("read a ticket", err)
	}
	if !ok {
		return tickets.Ticket{}, fmt.Errorf("read ticket %s: %w", key, tickets.ErrNotFound)
	}
	return t, nil
}

// ListTickets implements tickets.Reader.
func (s *Store) ListTickets(ctx context.Context, page tickets.TicketPage) ([]tickets.Ticket, error) {
	var after tickets.Ticket
	due := time.Unix(0, 0)
	if page.After != "" {
		var err error
		if after, err = s.Ticket(ctx, page.After); err != nil {
			return nil, err
		}
		due = after.Due
	}
	query, args := ticketsListSQL, []any{int(after.Priority), due, string(after.Number), tickets.Limit(page.Limit)}
	if page.Account != "" {
		query, args = ticketsOfAccountSQL, append([]any{page.Account}, args...)
	}
	all, err := list(ctx, s.pool, scanTicket, query, args...)
	if err != nil {
		return nil, failed("list tickets", err)
	}
	return all, nil
}

// Events implements tickets.Reader.
func (s *Store) Events(ctx context.Context, number tickets.Number) ([]tickets.Event, error) {
	links, err := s.Links(ctx, number)
	if err != nil {
		return nil, err
	}
	return tickets.EventsOf(links), nil
}

type row interface{ Scan(into ...any) error }

// A querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

// list reads all rows of a query.
func list[T any](ctx context.Context, db querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return all(rows, scan)
}

// all reads rows to their end.
func all[T any](rows pgx.Rows, scan func(row) (T, error)) ([]T, error) {
	defer rows.Close()
	var found []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

func scanTicket(r row) (tickets.Ticket, error) {
	var t tickets.Ticket
	err := r.Scan(&t.Number, &t.CallID, &t.Account, &t.Plan, &t.Contact, &t.Email, &t.Caller, &t.Callback, &t.CallbackVerified,
		&t.Priority, &t.Kind, &t.Status, &t.Channel, &t.Called, &t.Trunk, &t.Language, into(&t.Received), into(&t.Due),
		into(&t.Acknowledged), &t.AcknowledgedBy, &t.Verified, &t.Recording, &t.Attestation,
		into(&t.Starts), &t.Owner, into(&t.Accepted), into(&t.Changed), into(&t.Resolved), &t.Incident, &t.IncidentNews)
	return t, err
}
