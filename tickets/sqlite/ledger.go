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

// File implements tickets.Ledger.
func (s *Store) File(ctx context.Context, f tickets.Filing) (tickets.Filed, error) {
	var filed tickets.Filed
	err := s.write(ctx, "file a ticket", func(tx *sql.Tx) error {
		var err error
		filed, err = file(ctx, tx, f)
		return err
	})
	if err != nil {
		return tickets.Filed{}, err
	}
	return filed, nil
}

func file(ctx context.Context, tx *sql.Tx, f tickets.Filing) (tickets.Filed, error) {
	found, err := scanTicket(tx.QueryRowContext(ctx, ticketByCallSQL, f.Ticket.CallID))
	if err == nil {
		return tickets.Filed{Ticket: found, Joined: found.CallID != f.Ticket.CallID}, hurry(ctx, tx, f, found)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return tickets.Filed{}, err
	}
	t, j := f.Ticket, f.Join
	found, err = scanTicket(tx.QueryRowContext(ctx, ticketToJoinSQL, j.Key, t.Priority, t.Kind, us(j.From), us(j.Until)))
	if err == nil {
		return tickets.Filed{Ticket: found, Joined: true}, join(ctx, tx, f, found)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return tickets.Filed{}, err
	}
	return tickets.Filed{Ticket: t, New: true}, insert(ctx, tx, f)
}

// join adds the call to a ticket that another call opened.
func join(ctx context.Context, tx *sql.Tx, f tickets.Filing, first tickets.Ticket) error {
	if _, err := tx.ExecContext(ctx, ticketCallPutSQL, f.Ticket.CallID, first.Number); err != nil {
		return err
	}
	event := f.Joined
	event.Ticket = first.Number
	if err := putEvent(ctx, tx, event); err != nil {
		return err
	}
	return hurry(ctx, tx, f, first)
}

func insert(ctx context.Context, tx *sql.Tx, f tickets.Filing) error {
	t := f.Ticket
	_, err := tx.ExecContext(ctx, ticketPutSQL,
		t.Number, t.CallID, f.Join.Key, t.Account, t.Plan, t.Contact, t.Email, t.Caller, t.Callback, t.CallbackVerified,
		t.Priority, t.Kind, t.Status, t.Channel, t.Called, t.Trunk, t.Language, us(t.Received), us(t.Due), t.Verified, t.Recording, t.Attestation)
	if isDuplicate(err) { // the call key was looked for under the same lock
		return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, t.Number)
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, ticketCallPutSQL, t.CallID, t.Number); err != nil {
		return err
	}
	if err := putEvent(ctx, tx, f.Event); err != nil {
		return err
	}
	for _, notice := range f.Notices {
		if err := putNotice(ctx, tx, notice); err != nil {
			return err
		}
	}
	return nil
}

// hurry makes the ladder of a ticket due when a call on it hung up.
func hurry(ctx context.Context, tx *sql.Tx, f tickets.Filing, t tickets.Ticket) error {
	if !f.HungUp {
		return nil
	}
	return hungUp(ctx, tx, t.Number, f.At)
}

// HungUp implements tickets.Ledger.
func (s *Store) HungUp(ctx context.Context, number tickets.Number, at time.Time) error {
	return s.write(ctx, "note a hang-up", func(tx *sql.Tx) error {
		if err := exists(ctx, tx, number); err != nil {
			return err
		}
		return hungUp(ctx, tx, number, at)
	})
}

func hungUp(ctx context.Context, tx *sql.Tx, number tickets.Number, at time.Time) error {
	done, err := tx.ExecContext(ctx, noticesAdvanceSQL, number, us(at))
	if err != nil {
		return err
	}
	if advanced, err := done.RowsAffected(); err != nil || advanced == 0 {
		return err
	}
	return putEvent(ctx, tx, tickets.Event{Ticket: number, At: at, Who: tickets.WhoCaller, What: tickets.EventHungUp})
}

// Acknowledge implements tickets.Ledger.
func (s *Store) Acknowledge(ctx context.Context, number tickets.Number, a tickets.Acknowledgement) error {
	return s.write(ctx, "acknowledge a ticket", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, ticketAcknowledgeSQL, number, us(a.At), a.By)
		if err != nil {
			return err
		}
		first, err := done.RowsAffected()
		if err != nil {
			return err
		}
		if first == 0 {
			return exists(ctx, tx, number)
		}
		if err := putEvent(ctx, tx, a.Event(number)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, noticesCancelSQL, number, us(a.At))
		return err
	})
}

// Goodbye implements tickets.Ledger.
func (s *Store) Goodbye(ctx context.Context, callKey string, at time.Time) error {
	return s.write(ctx, "note a goodbye", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, ticketGoodbyeSQL, callKey, us(at))
		return err
	})
}

func exists(ctx context.Context, tx *sql.Tx, number tickets.Number) error {
	_, err := scanTicket(tx.QueryRowContext(ctx, ticketGetSQL, number))
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("ticket %s: %w", number, tickets.ErrNotFound)
	}
	return err
}

func putEvent(ctx context.Context, tx *sql.Tx, e tickets.Event) error {
	text, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, eventPutSQL, e.Ticket, us(e.At), e.Who, e.What, string(text))
	return err
}

func putNotice(ctx context.Context, tx *sql.Tx, n tickets.Notice) error {
	_, err := tx.ExecContext(ctx, noticePutSQL, n.ID, n.Kind, n.Reason, n.Ticket, n.Account, n.To, n.Language, n.CallID, us(n.Created), us(n.Due))
	return err
}
