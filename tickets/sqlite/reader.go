package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"readback/tickets"
)

// Ticket implements tickets.Reader.
func (s *Store) Ticket(ctx context.Context, number tickets.Number) (tickets.Ticket, error) {
	return s.ticket(ctx, ticketGetSQL, number)
}

// TicketByCall implements tickets.Reader.
func (s *Store) TicketByCall(ctx context.Context, callKey string) (tickets.Ticket, error) {
	return s.ticket(ctx, ticketByCallSQL, callKey)
}

func (s *Store) ticket(ctx context.Context, query string, key any) (tickets.Ticket, error) {
	t, err := scanTicket(s.reader.QueryRowContext(ctx, query, key))
	if errors.Is(err, sql.ErrNoRows) {
		return tickets.Ticket{}, fmt.Errorf("read ticket %v: %w", key, tickets.ErrNotFound)
	}
	if err != nil {
		return tickets.Ticket{}, failed("read a ticket", err)
	}
	return t, nil
}

// ListTickets implements tickets.Reader.
func (s *Store) ListTickets(ctx context.Context, page tickets.TicketPage) ([]tickets.Ticket, error) {
	var after tickets.Ticket
	var due int64
	if page.After != "" {
		var err error
		if after, err = s.Ticket(ctx, page.After); err != nil {
			return nil, err
		}
		due = after.Due.UnixMicro()
	}
	query, args := ticketsListSQL, []any{after.Priority, due, after.Number, tickets.Limit(page.Limit)}
	if page.Account != "" {
		query, args = ticketsOfAccountSQL, append([]any{page.Account}, args...)
	}
	found, err := list(ctx, s.reader, scanTicket, query, args...)
	if err != nil {
		return nil, failed("list tickets", err)
	}
	return found, nil
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

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list reads all rows of a query.
func list[T any](ctx context.Context, db querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func scanTicket(r row) (tickets.Ticket, error) {
	var t tickets.Ticket
	err := r.Scan(&t.Number, &t.CallID, &t.Account, &t.Plan, &t.Contact, &t.Email, &t.Caller, &t.Callback, &t.CallbackVerified,
		&t.Priority, &t.Kind, &t.Status, &t.Channel, &t.Called, &t.Trunk, &t.Language, into(&t.Received), into(&t.Due),
		into(&t.Acknowledged), &t.AcknowledgedBy, &t.Verified, &t.Recording, &t.Attestation,
		into(&t.Starts), &t.Owner, into(&t.Accepted), into(&t.Changed), into(&t.Resolved), &t.Incident, &t.IncidentNews)
	return t, err
}
