package postgres

import (
	"context"
	"time"

	"readback/tickets"
)

// OpenTickets implements tickets.Known.
func (s *Store) OpenTickets(ctx context.Context, account string, joinable time.Time, limit int) ([]tickets.Ticket, error) {
	found, err := list(ctx, s.pool, scanTicket, ticketsOpenSQL, account, joinable, limit)
	if err != nil {
		return nil, failed("read open tickets", err)
	}
	return found, nil
}
