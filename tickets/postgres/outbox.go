package postgres

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// Enqueue implements tickets.Outbox.
func (s *Store) Enqueue(ctx context.Context, notice tickets.Notice) error {
	return s.write(ctx, "put a notice into the outbox", func(tx pgx.Tx) error {
		var batch pgx.Batch
		putNotice(&batch, notice)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		return s.schedule(ctx, tx, notice)
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

// OpenNotices implements tickets.Outbox.
func (s *Store) OpenNotices(ctx context.Context, dead bool, limit int) ([]tickets.Notice, error) {
	query := noticesOpenSQL
	if dead {
		query = noticesDeadSQL
	}
	all, err := list(ctx, s.pool, scanNotice, query, tickets.Limit(limit))
	if err != nil {
		return nil, failed("read the outbox", err)
	}
	return all, nil
}

// Notice implements tickets.Outbox.
func (s *Store) Notice(ctx context.Context, id string) (tickets.Notice, error) {
	n, err := scanNotice(s.pool.QueryRow(ctx, noticeReadSQL, id))
	ok, err := found(err)
	if err != nil {
		return tickets.Notice{}, failed("read a notice", err)
	}
	if !ok {
		return tickets.Notice{}, fmt.Errorf("notice %s: %w", id, tickets.ErrNotFound)
	}
	return n, nil
}

// AmendNotice implements tickets.Outbox.
func (s *Store) AmendNotice(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	return s.write(ctx, "change a notice", func(tx pgx.Tx) error {
		n, err := scanNotice(tx.QueryRow(ctx, noticeGetSQL, id))
		ok, err := found(err)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("notice %s: %w", id, tickets.ErrNotFound)
		}
		before := n
		before.Detail = maps.Clone(n.Detail)
		if err := change(&n); err != nil {
			return err
		}
		if reflect.DeepEqual(n, before) {
			return nil
		}
		var batch pgx.Batch
		saveNotice(&batch, n)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil || !n.Wakes(before) {
			return err
		}
		return s.schedule(ctx, tx, n)
	})
}

func putNotice(batch *pgx.Batch, n tickets.Notice) {
	exec(batch, noticePutSQL, n.ID, string(n.Kind), n.Reason, string(n.Ticket), n.Account, n.To, n.Language, n.CallID, n.Created, n.Due, notNil(n.Detail))
}

func saveNotice(batch *pgx.Batch, n tickets.Notice) {
	exec(batch, noticeSaveSQL, n.ID, string(n.Kind), n.Reason, n.To, n.Created, n.Due, when(n.Cancelled), when(n.Done), when(n.Dead), when(n.Working),
		n.Attempts, n.Failure, notNil(n.Detail))
}

// notNil: a nil map would be null.
func notNil(detail map[string]string) map[string]string {
	if detail == nil {
		return map[string]string{}
	}
	return detail
}

func scanNotice(r row) (tickets.Notice, error) {
	var n tickets.Notice
	err := r.Scan(&n.ID, &n.Kind, &n.Reason, &n.Ticket, &n.Account, &n.To, &n.Language, &n.CallID, into(&n.Created), into(&n.Due),
		into(&n.Cancelled), into(&n.Done), into(&n.Dead), into(&n.Working), &n.Attempts, &n.Failure, &n.Detail)
	if len(n.Detail) == 0 {
		n.Detail = nil
	}
	return n, err
}
