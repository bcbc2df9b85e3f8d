package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"readback/tickets"
)

// putEvent chains an event to those its ticket has.
func putEvent(ctx context.Context, tx *sql.Tx, e tickets.Event) error {
	var head []byte
	err := tx.QueryRowContext(ctx, eventHeadSQL, e.Ticket).Scan(&head)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return putLink(ctx, tx, tickets.Seal(e, time.Now()), head)
}

// putFirst is putEvent for a ticket that has just been put in.
func putFirst(ctx context.Context, tx *sql.Tx, e tickets.Event) error {
	return putLink(ctx, tx, tickets.Seal(e, time.Now()), nil)
}

func putLink(ctx context.Context, tx *sql.Tx, l tickets.Link, previous []byte) error {
	var before tickets.Digest
	copy(before[:], previous)
	head := l.After(before)
	_, err := tx.ExecContext(ctx, eventPutSQL, l.Ticket, us(l.At), l.Who, l.What, text(l.Detail), written(l.Digests), head[:], us(l.Kept))
	if err != nil || len(l.Personal) == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, personalPutSQL, l.Ticket, written(l.Personal))
	return err
}

// written is JSON of what always can be.
func written(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// Links implements tickets.Proof.
func (s *Store) Links(ctx context.Context, number tickets.Number) ([]tickets.Link, error) {
	found, err := links(ctx, s.reader, number)
	if err != nil {
		return nil, failed("read the events of a ticket", err)
	}
	if len(found) == 0 { // every ticket begins with one
		return nil, fmt.Errorf("read the events of ticket %s: %w", number, tickets.ErrNotFound)
	}
	return found, nil
}

func links(ctx context.Context, db querier, number tickets.Number) ([]tickets.Link, error) {
	return list(ctx, db, func(r row) (tickets.Link, error) { return scanLink(r, number) }, eventsListSQL, number)
}

func scanLink(r row, number tickets.Number) (tickets.Link, error) {
	l := tickets.Link{Ticket: number}
	var detail, digests, personal string
	var head []byte
	if err := r.Scan(&l.Seq, into(&l.At), &l.Who, &l.What, &detail, &digests, &head, into(&l.Kept), &personal); err != nil {
		return l, err
	}
	if len(head) == len(l.Head) {
		copy(l.Head[:], head)
	}
	err := errors.Join(json.Unmarshal([]byte(detail), &l.Detail), json.Unmarshal([]byte(digests), &l.Digests), json.Unmarshal([]byte(personal), &l.Personal))
	if err != nil {
		return l, fmt.Errorf("an event of ticket %s: %w: %w", number, tickets.ErrInvalid, err)
	}
	return l, nil
}

// Heads implements tickets.Proof.
func (s *Store) Heads(ctx context.Context, from, until time.Time, after tickets.Number, limit int) ([]tickets.Head, error) {
	found, err := list(ctx, s.reader, scanHead, headsSQL, from.UnixMicro(), until.UnixMicro(), after, tickets.Limit(limit))
	if err != nil {
		return nil, failed("read the heads of tickets", err)
	}
	return found, nil
}

func scanHead(r row) (tickets.Head, error) {
	var h tickets.Head
	var head []byte
	err := r.Scan(&h.Ticket, &h.Length, &head)
	copy(h.Head[:], head)
	return h, err
}

// FirstKept implements tickets.Proof.
func (s *Store) FirstKept(ctx context.Context) (time.Time, error) {
	var first time.Time
	if err := s.reader.QueryRowContext(ctx, eventsFirstSQL).Scan(into(&first)); err != nil {
		return first, failed("look for the oldest event", err)
	}
	return first, nil
}

// PutHeadList implements tickets.Proof.
func (s *Store) PutHeadList(ctx context.Context, day string, list []byte) error {
	return s.write(ctx, "keep a list of heads", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, headListPutSQL, day, list)
		return err
	})
}

// HeadListDays implements tickets.Proof.
func (s *Store) HeadListDays(ctx context.Context) ([]string, error) {
	days, err := list(ctx, s.reader, scanText, headListsDaysSQL)
	if err != nil {
		return nil, failed("look for lists of heads", err)
	}
	return days, nil
}

func scanText(r row) (text string, err error) {
	err = r.Scan(&text)
	return text, err
}

// HeadList implements tickets.Proof.
func (s *Store) HeadList(ctx context.Context, day string) ([]byte, error) {
	var list []byte
	err := s.reader.QueryRowContext(ctx, headListGetSQL, day).Scan(&list)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("the list of heads of %s: %w", day, tickets.ErrNotFound)
	}
	if err != nil {
		return nil, failed("read a list of heads", err)
	}
	return list, nil
}

// Erase implements tickets.Proof.
func (s *Store) Erase(ctx context.Context, account string, event tickets.Event) (tickets.Erasure, error) {
	var done tickets.Erasure
	err := s.write(ctx, "erase an account", func(tx *sql.Tx) error {
		numbers, err := list(ctx, tx, scanText, eraseNumbersSQL, account)
		if err != nil {
			return err
		}
		done.Tickets = int64(len(numbers))
		for _, number := range numbers {
			event.Ticket = tickets.Number(number)
			if err := putEvent(ctx, tx, event); err != nil {
				return err
			}
		}
		for _, step := range []struct {
			query string
			args  []any
			count *int64
		}{
			{eraseTextsSQL, []any{account}, &done.Texts},
			{eraseCallsSQL, []any{account}, &done.Calls},
			{eraseNoticesSQL, []any{account, us(event.At)}, nil},
			{eraseSurveysSQL, []any{account}, nil},
			{eraseTicketsSQL, []any{account}, nil},
			{eraseAttemptsSQL, []any{account}, nil},
			{eraseAccountSQL, []any{account}, nil},
		} {
			result, err := tx.ExecContext(ctx, step.query, step.args...)
			if err != nil {
				return err
			}
			if step.count == nil {
				continue
			}
			if *step.count, err = result.RowsAffected(); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// seal chains the events of versions that did not, each ticket in a transaction of its own.
func (s *Store) seal(ctx context.Context) error {
	for {
		numbers, err := list(ctx, s.writer, scanText, eventsUnsealedSQL)
		if err != nil {
			return failed("look for events without a head", err)
		}
		if len(numbers) == 0 {
			return nil
		}
		for _, number := range numbers {
			if err := s.write(ctx, "chain the events of a ticket", func(tx *sql.Tx) error { return sealTicket(ctx, tx, tickets.Number(number)) }); err != nil {
				return err
			}
		}
	}
}

func sealTicket(ctx context.Context, tx *sql.Tx, number tickets.Number) error {
	all, err := links(ctx, tx, number)
	if err != nil {
		return err
	}
	var head tickets.Digest
	for _, l := range all {
		if l.Head != (tickets.Digest{}) {
			head = l.Head
			continue
		}
		seq := l.Seq
		l = tickets.Seal(l.Event(), l.At)
		head = l.After(head)
		if _, err := tx.ExecContext(ctx, eventSealSQL, number, seq, text(l.Detail), written(l.Digests), head[:], us(l.Kept)); err != nil {
			return err
		}
		if len(l.Personal) == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, personalSealSQL, number, seq, written(l.Personal)); err != nil {
			return err
		}
	}
	return nil
}
