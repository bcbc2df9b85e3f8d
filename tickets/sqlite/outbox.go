package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"readback/tickets"
)

// Enqueue implements tickets.Outbox.
func (s *Store) Enqueue(ctx context.Context, notice tickets.Notice) error {
	return s.write(ctx, "put a notice into the outbox", func(tx *sql.Tx) error {
		if err := putNotice(ctx, tx, notice); err != nil {
			return err
		}
		return s.schedule(ctx, tx, notice)
	})
}

// Notices implements tickets.Outbox.
func (s *Store) Notices(ctx context.Context, number tickets.Number, limit int) ([]tickets.Notice, error) {
	query, args := noticesListSQL, []any{tickets.Limit(limit)}
	if number != "" {
		query, args = noticesOfTicketSQL, []any{number, tickets.Limit(limit)}
	}
	found, err := list(ctx, s.reader, scanNotice, query, args...)
	if err != nil {
		return nil, failed("read the outbox", err)
	}
	return found, nil
}

// OpenNotices implements tickets.Outbox.
func (s *Store) OpenNotices(ctx context.Context, dead bool, limit int) ([]tickets.Notice, error) {
	query := noticesOpenSQL
	if dead {
		query = noticesDeadSQL
	}
	found, err := list(ctx, s.reader, scanNotice, query, tickets.Limit(limit))
	if err != nil {
		return nil, failed("read the outbox", err)
	}
	return found, nil
}

// Notice implements tickets.Outbox.
func (s *Store) Notice(ctx context.Context, id string) (tickets.Notice, error) {
	n, err := scanNotice(s.reader.QueryRowContext(ctx, noticeGetSQL, id))
	if errors.Is(err, sql.ErrNoRows) {
		return tickets.Notice{}, fmt.Errorf("notice %s: %w", id, tickets.ErrNotFound)
	}
	if err != nil {
		return tickets.Notice{}, failed("read a notice", err)
	}
	return n, nil
}

// AmendNotice implements tickets.Outbox.
func (s *Store) AmendNotice(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	return s.chore(ctx, "change a notice", func(tx *sql.Tx) error {
		n, err := scanNotice(tx.QueryRowContext(ctx, noticeGetSQL, id))
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("notice %s: %w", id, tickets.ErrNotFound)
		}
		if err != nil {
			return err
		}
		before := n
		before.Detail = maps.Clone(n.Detail)
		if err := change(&n); err != nil {
			return err
		}
		if reflect.DeepEqual(n, before) {
			return nil
		}
		if err := saveNotice(ctx, tx, n); err != nil || !n.Wakes(before) {
			return err
		}
		return s.schedule(ctx, tx, n)
	})
}

func putNotice(ctx context.Context, tx *sql.Tx, n tickets.Notice) error {
	_, err := tx.ExecContext(ctx, noticePutSQL, n.ID, n.Kind, n.Reason, n.Ticket, n.Account, n.To, n.Language, n.CallID, us(n.Created), us(n.Due), text(n.Detail))
	return err
}

func saveNotice(ctx context.Context, tx *sql.Tx, n tickets.Notice) error {
	_, err := tx.ExecContext(ctx, noticeSaveSQL, n.ID, n.Kind, n.Reason, n.To, us(n.Created), us(n.Due), us(n.Cancelled), us(n.Done), us(n.Dead), us(n.Working),
		n.Attempts, n.Failure, text(n.Detail))
	return err
}

// text is details as a column holds them.
func text(detail map[string]string) string {
	if len(detail) == 0 {
		return "{}"
	}
	written, _ := json.Marshal(detail) // of strings: it cannot fail
	return string(written)
}

func scanNotice(r row) (tickets.Notice, error) {
	var n tickets.Notice
	var detail string
	err := r.Scan(&n.ID, &n.Kind, &n.Reason, &n.Ticket, &n.Account, &n.To, &n.Language, &n.CallID, into(&n.Created), into(&n.Due),
		into(&n.Cancelled), into(&n.Done), into(&n.Dead), into(&n.Working), &n.Attempts, &n.Failure, &detail)
	if err != nil || detail == "{}" {
		return n, err
	}
	return n, json.Unmarshal([]byte(detail), &n.Detail)
}
