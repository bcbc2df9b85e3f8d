package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// File implements tickets.Ledger. The lock on the call key waits for an earlier attempt of the same call whose client is gone
// but which the server may still commit.
func (s *Store) File(ctx context.Context, f tickets.Filing) (tickets.Filed, error) {
	var filed tickets.Filed
	err := s.write(ctx, "file a ticket", func(tx pgx.Tx) error {
		same, first, err := earlier(ctx, tx, f)
		switch {
		case err != nil:
			return err
		case same.Number != "":
			filed = tickets.Filed{Ticket: same, Joined: same.CallID != f.Ticket.CallID}
			return hurry(ctx, tx, f, same)
		case first.Number != "":
			filed = tickets.Filed{Ticket: first, Joined: true}
			return join(ctx, tx, f, first)
		}
		filed = tickets.Filed{Ticket: f.Ticket, New: true}
		return insert(ctx, tx, f)
	})
	if err != nil {
		return tickets.Filed{}, err
	}
	return filed, nil
}

// earlier locks the call and what it may join, and finds the ticket of the same call, or else one to join.
func earlier(ctx context.Context, tx pgx.Tx, f tickets.Filing) (same, first tickets.Ticket, err error) {
	t, j := f.Ticket, f.Join
	var batch pgx.Batch
	exec(&batch, lockSQL, lockCall, t.CallID)
	exec(&batch, lockSQL, lockJoin, j.Key)
	batch.Queue(ticketByCallLockedSQL, t.CallID).QueryRow(scanMaybe(&same))
	batch.Queue(ticketToJoinSQL, j.Key, int(t.Priority), string(t.Kind), j.From, j.Until).QueryRow(scanMaybe(&first))
	err = tx.SendBatch(ctx, &batch).Close()
	return same, first, err
}

func scanMaybe(t *tickets.Ticket) func(pgx.Row) error {
	return func(r pgx.Row) error {
		one, err := scanTicket(r)
		ok, err := found(err)
		if ok {
			*t = one
		}
		return err
	}
}

// join adds the call to a ticket that another call opened.
func join(ctx context.Context, tx pgx.Tx, f tickets.Filing, first tickets.Ticket) error {
	event := f.Joined
	event.Ticket = first.Number
	var batch pgx.Batch
	exec(&batch, ticketCallPutSQL, f.Ticket.CallID, string(first.Number))
	putEvent(&batch, event)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return hurry(ctx, tx, f, first)
}

func insert(ctx context.Context, tx pgx.Tx, f tickets.Filing) error {
	t := f.Ticket
	done, err := tx.Exec(ctx, ticketPutSQL,
		string(t.Number), t.CallID, f.Join.Key, t.Account, t.Plan, t.Contact, t.Email, t.Caller, t.Callback, t.CallbackVerified,
		int(t.Priority), string(t.Kind), string(t.Status), string(t.Channel), t.Called, t.Trunk, t.Language, t.Received, t.Due, t.Verified, t.Recording, t.Attestation)
	if err != nil {
		return err
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, t.Number)
	}
	var batch pgx.Batch
	exec(&batch, ticketCallPutSQL, t.CallID, string(t.Number))
	putEvent(&batch, f.Event)
	for _, notice := range f.Notices {
		putNotice(&batch, notice)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// hurry makes the ladder of a ticket due when a call on it hung up.
func hurry(ctx context.Context, tx pgx.Tx, f tickets.Filing, t tickets.Ticket) error {
	if !f.HungUp {
		return nil
	}
	return hungUp(ctx, tx, t.Number, f.At)
}

// HungUp implements tickets.Ledger.
func (s *Store) HungUp(ctx context.Context, number tickets.Number, at time.Time) error {
	return s.write(ctx, "note a hang-up", func(tx pgx.Tx) error {
		if err := lock(ctx, tx, number); err != nil {
			return err
		}
		return hungUp(ctx, tx, number, at)
	})
}

// hungUp needs the lock on the ticket.
func hungUp(ctx context.Context, tx pgx.Tx, number tickets.Number, at time.Time) error {
	done, err := tx.Exec(ctx, noticesAdvanceSQL, string(number), at)
	if err != nil || done.RowsAffected() == 0 {
		return err
	}
	var batch pgx.Batch
	putEvent(&batch, tickets.Event{Ticket: number, At: at, Who: tickets.WhoCaller, What: tickets.EventHungUp})
	return tx.SendBatch(ctx, &batch).Close()
}

// Acknowledge implements tickets.Ledger.
func (s *Store) Acknowledge(ctx context.Context, number tickets.Number, a tickets.Acknowledgement) error {
	return s.write(ctx, "acknowledge a ticket", func(tx pgx.Tx) error {
		if err := lock(ctx, tx, number); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, ticketAcknowledgeSQL, string(number), a.At, a.By)
		if err != nil || done.RowsAffected() == 0 {
			return err
		}
		var batch pgx.Batch
		putEvent(&batch, a.Event(number))
		exec(&batch, noticesCancelSQL, string(number), a.At)
		return tx.SendBatch(ctx, &batch).Close()
	})
}

// Goodbye implements tickets.Ledger.
func (s *Store) Goodbye(ctx context.Context, callKey string, at time.Time) error {
	return s.write(ctx, "note a goodbye", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, ticketGoodbyeSQL, callKey, at)
		return err
	})
}

// lock holds a ticket until the transaction ends: its events are numbered under this lock.
func lock(ctx context.Context, tx pgx.Tx, number tickets.Number) error {
	var same string
	ok, err := found(tx.QueryRow(ctx, ticketLockSQL, string(number)).Scan(&same))
	if err == nil && !ok {
		return fmt.Errorf("ticket %s: %w", number, tickets.ErrNotFound)
	}
	return err
}

func putEvent(batch *pgx.Batch, e tickets.Event) {
	if e.Detail == nil {
		e.Detail = map[string]string{} // a nil map would be null
	}
	exec(batch, eventPutSQL, string(e.Ticket), e.At, e.Who, e.What, e.Detail)
}

func putNotice(batch *pgx.Batch, n tickets.Notice) {
	exec(batch, noticePutSQL, n.ID, string(n.Kind), n.Reason, string(n.Ticket), n.Account, n.To, n.Language, n.CallID, n.Created, n.Due)
}
