package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
			filed.Ticket, err = s.again(ctx, tx, f, same, false)
			return err
		case first.Number != "":
			filed.Joined = true
			filed.Ticket, err = s.again(ctx, tx, f, first, true)
			return err
		}
		filed = tickets.Filed{Ticket: f.Ticket, New: true}
		return s.insert(ctx, tx, f)
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

// again adds a call to the ticket that it opened before, or that another one did.
func (s *Store) again(ctx context.Context, tx pgx.Tx, f tickets.Filing, first tickets.Ticket, joins bool) (tickets.Ticket, error) {
	if joins {
		if _, err := tx.Exec(ctx, ticketCallPutSQL, f.Ticket.CallID, string(first.Number)); err != nil {
			return tickets.Ticket{}, err
		}
	}
	open, err := list(ctx, tx, scanNotice, noticesOfFolderSQL, string(first.Number))
	if err != nil {
		return tickets.Ticket{}, err
	}
	return s.amend(ctx, tx, tickets.NewFolder(first, open), func(folder *tickets.Folder) error {
		f.Again(folder, joins)
		return nil
	})
}

func (s *Store) insert(ctx context.Context, tx pgx.Tx, f tickets.Filing) error {
	t := f.Ticket
	var batch pgx.Batch
	batch.Queue(ticketPutSQL, begun(f)...).Exec(func(done pgconn.CommandTag) error {
		if done.RowsAffected() == 0 {
			return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, t.Number) // which undoes the rest
		}
		return nil
	})
	exec(&batch, ticketCallPutSQL, t.CallID, string(t.Number))
	for _, event := range append([]tickets.Event{f.Event}, f.Also...) {
		putEvent(&batch, event)
	}
	for _, notice := range f.Notices {
		putNotice(&batch, notice)
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	return s.schedule(ctx, tx, f.Notices...)
}

// begun is a ticket's row as it is filed.
func begun(f tickets.Filing) []any {
	t := f.Ticket
	return []any{
		string(t.Number), t.CallID, f.Join.Key, t.Account, t.Plan, t.Contact, t.Email, t.Caller, t.Callback, t.CallbackVerified,
		int(t.Priority), string(t.Kind), string(t.Status), string(t.Channel), t.Called, t.Trunk, t.Language, t.Received, t.Due, t.Verified, t.Recording, t.Attestation, when(t.Starts),
		t.Incident,
	}
}

// Amend implements tickets.Ledger.
func (s *Store) Amend(ctx context.Context, number tickets.Number, change func(*tickets.Folder) error) (tickets.Ticket, error) {
	var after tickets.Ticket
	err := s.write(ctx, "change a ticket", func(tx pgx.Tx) error {
		folder, err := takeOut(ctx, tx, number)
		if err != nil {
			return err
		}
		after, err = s.amend(ctx, tx, folder, change)
		return err
	})
	if err != nil {
		return tickets.Ticket{}, err
	}
	return after, nil
}

// takeOut holds a ticket until the transaction ends: its events are numbered under this lock. Its notices are read in a statement
// of their own, which sees what was committed before the lock was ours.
func takeOut(ctx context.Context, tx pgx.Tx, number tickets.Number) (*tickets.Folder, error) {
	var ticket tickets.Ticket
	var open []tickets.Notice
	var batch pgx.Batch
	batch.Queue(ticketLockSQL, string(number)).QueryRow(scanMaybe(&ticket))
	batch.Queue(noticesOfFolderSQL, string(number)).Query(func(rows pgx.Rows) (err error) {
		open, err = all(rows, scanNotice)
		return err
	})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, err
	}
	if ticket.Number == "" {
		return nil, fmt.Errorf("ticket %s: %w", number, tickets.ErrNotFound)
	}
	return tickets.NewFolder(ticket, open), nil
}

// amend writes down what a change puts into a folder.
func (s *Store) amend(ctx context.Context, tx pgx.Tx, folder *tickets.Folder, change func(*tickets.Folder) error) (tickets.Ticket, error) {
	if err := change(folder); err != nil {
		return tickets.Ticket{}, err
	}
	var batch pgx.Batch
	wake := write(&batch, folder)
	if batch.Len() == 0 {
		return folder.Ticket, nil
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return tickets.Ticket{}, err
	}
	return folder.Ticket, s.schedule(ctx, tx, wake...)
}

// write queues what was put into a folder, and returns the notices for which somebody has to be woken up.
func write(batch *pgx.Batch, folder *tickets.Folder) (wake []tickets.Notice) {
	changes := folder.Changes()
	if changes.Ticket {
		saveTicket(batch, folder.Ticket)
	}
	for _, event := range changes.Events {
		putEvent(batch, event)
	}
	for _, notice := range changes.Added {
		putNotice(batch, notice)
	}
	for _, notice := range changes.Saved {
		saveNotice(batch, notice)
	}
	return changes.Wake
}

func saveTicket(batch *pgx.Batch, t tickets.Ticket) {
	exec(batch, ticketSaveSQL, string(t.Number), int(t.Priority), string(t.Status), t.Due, when(t.Acknowledged), t.AcknowledgedBy, t.Recording,
		when(t.Starts), t.Owner, when(t.Accepted), when(t.Changed), when(t.Resolved), t.Incident, t.IncidentNews)
}

// Goodbye implements tickets.Ledger.
func (s *Store) Goodbye(ctx context.Context, callKey string, at time.Time) error {
	return s.write(ctx, "note a goodbye", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, ticketGoodbyeSQL, callKey, at)
		return err
	})
}
