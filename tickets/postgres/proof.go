package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"readback/tickets"
)

// putEvent chains an event to those its ticket has: the server makes the head in the same statement, so that the ticket's lock is
// all it takes.
func putEvent(batch *pgx.Batch, e tickets.Event) {
	l := tickets.Seal(e, time.Now())
	exec(batch, eventPutSQL, string(l.Ticket), l.At, l.Who, l.What, l.Detail, l.Digests, l.Encode(), l.Kept, texts(l))
}

// texts are never null in JSON.
func texts(l tickets.Link) []tickets.Personal { return append([]tickets.Personal{}, l.Personal...) }

// Links implements tickets.Proof.
func (s *Store) Links(ctx context.Context, number tickets.Number) ([]tickets.Link, error) {
	found, err := links(ctx, s.pool, number)
	if err != nil {
		return nil, failed("read the events of a ticket", err)
	}
	if len(found) == 0 { // every ticket begins with one
		return nil, fmt.Errorf("read the events of ticket %s: %w", number, tickets.ErrNotFound)
	}
	return found, nil
}

func links(ctx context.Context, db querier, number tickets.Number) ([]tickets.Link, error) {
	return list(ctx, db, func(r row) (tickets.Link, error) { return scanLink(r, number) }, eventsListSQL, string(number))
}

func scanLink(r row, number tickets.Number) (tickets.Link, error) {
	l := tickets.Link{Ticket: number}
	var detail, digests, personal, head []byte
	if err := r.Scan(&l.Seq, into(&l.At), &l.Who, &l.What, &detail, &digests, &head, into(&l.Kept), &personal); err != nil {
		return l, err
	}
	if len(head) == len(l.Head) {
		copy(l.Head[:], head)
	}
	err := errors.Join(json.Unmarshal(detail, &l.Detail), json.Unmarshal(digests, &l.Digests), json.Unmarshal(personal, &l.Personal))
	if err != nil {
		return l, fmt.Errorf("an event of ticket %s: %w: %w", number, tickets.ErrInvalid, err)
	}
	return l, nil
}

// Heads implements tickets.Proof.
func (s *Store) Heads(ctx context.Context, from, until time.Time, after tickets.Number, limit int) ([]tickets.Head, error) {
	found, err := list(ctx, s.pool, scanHead, headsSQL, from, until, string(after), tickets.Limit(limit))
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
	if err := s.pool.QueryRow(ctx, eventsFirstSQL).Scan(into(&first)); err != nil {
		return first, failed("look for the oldest event", err)
	}
	return first, nil
}

// PutHeadList implements tickets.Proof.
func (s *Store) PutHeadList(ctx context.Context, day string, list []byte) error {
	return s.write(ctx, "keep a list of heads", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, headListPutSQL, day, list)
		return err
	})
}

// HeadListDays implements tickets.Proof.
func (s *Store) HeadListDays(ctx context.Context) ([]string, error) {
	days, err := list(ctx, s.pool, scanText, headListsDaysSQL)
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
	ok, err := found(s.pool.QueryRow(ctx, headListGetSQL, day).Scan(&list))
	if err != nil {
		return nil, failed("read a list of heads", err)
	}
	if !ok {
		return nil, fmt.Errorf("the list of heads of %s: %w", day, tickets.ErrNotFound)
	}
	return list, nil
}

// Erase implements tickets.Proof. It takes the lock of each ticket.
func (s *Store) Erase(ctx context.Context, account string, event tickets.Event) (tickets.Erasure, error) {
	var done tickets.Erasure
	err := s.write(ctx, "erase an account", func(tx pgx.Tx) error {
		numbers, err := list(ctx, tx, scanText, eraseNumbersSQL, account)
		if err != nil {
			return err
		}
		done = tickets.Erasure{Tickets: int64(len(numbers))}
		var batch pgx.Batch
		for _, number := range numbers {
			event.Ticket = tickets.Number(number)
			putEvent(&batch, event)
		}
		count(&batch, &done.Texts, eraseTextsSQL, account)
		count(&batch, &done.Calls, eraseCallsSQL, account)
		exec(&batch, eraseNoticesSQL, account, event.At)
		exec(&batch, eraseSurveysSQL, account)
		exec(&batch, eraseTicketsSQL, account)
		exec(&batch, eraseAttemptsSQL, account)
		exec(&batch, eraseAccountSQL, account)
		return tx.SendBatch(ctx, &batch).Close()
	})
	return done, err
}

// count queues a statement and notes how many rows it changed.
func count(batch *pgx.Batch, changed *int64, query string, args ...any) {
	batch.Queue(query, args...).Exec(func(done pgconn.CommandTag) error {
		*changed = done.RowsAffected()
		return nil
	})
}

// seal chains the events of versions that did not, each ticket in a transaction of its own.
func (s *Store) seal(ctx context.Context) error {
	for {
		numbers, err := list(ctx, s.pool, scanText, eventsUnsealedSQL)
		if err != nil {
			return failed("look for events without a head", err)
		}
		if len(numbers) == 0 {
			return nil
		}
		for _, number := range numbers {
			if err := s.write(ctx, "chain the events of a ticket", func(tx pgx.Tx) error { return sealTicket(ctx, tx, tickets.Number(number)) }); err != nil {
				return err
			}
		}
	}
}

func sealTicket(ctx context.Context, tx pgx.Tx, number tickets.Number) error {
	if _, err := takeOut(ctx, tx, number); err != nil { // its lock
		return err
	}
	all, err := links(ctx, tx, number)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	var head tickets.Digest
	for _, l := range all {
		if l.Head != (tickets.Digest{}) {
			head = l.Head
			continue
		}
		seq := l.Seq
		l = tickets.Seal(l.Event(), l.At)
		head = l.After(head)
		exec(&batch, eventSealSQL, string(number), seq, l.Detail, l.Digests, bytes.Clone(head[:]), l.Kept, texts(l))
	}
	return tx.SendBatch(ctx, &batch).Close()
}
