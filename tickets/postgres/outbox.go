package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// Enqueue implements tickets.Outbox.
func (s *Store) Enqueue(ctx context.Context, notice tickets.Notice) error {
	return s.write(ctx, "put a notice into the outbox", func(tx pgx.Tx) error {
		var batch pgx.Batch
		putNotice(&batch, notice)
		return tx.SendBatch(ctx, &batch).Close()
	})
}

// Notices implements tickets.Outbox.
func (s *Store) Notices(ctx context.Context, number tickets.Number, limit int) ([]tickets.Notice, error) {
	query, args := noticesListSQL, []any{tickets.Limit(limit)}
	if number != "" {
		query, args = noticesOfTicketSQL, []any{string(number), tickets.Limit(limit)}
	}
	all, err := list(ctx, s.pool, scanNotice, query, args...)
	if err != nil {
		return nil, failed("read the outbox", err)
	}
	return all, nil
}

func scanNotice(r row) (tickets.Notice, error) {
	var n tickets.Notice
	err := r.Scan(&n.ID, &n.Kind, &n.Reason, &n.Ticket, &n.Account, &n.To, &n.Language, &n.CallID, into(&n.Created), into(&n.Due), into(&n.Cancelled))
	return n, err
}
