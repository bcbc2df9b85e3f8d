package sqlite

import (
	"context"
	"database/sql"
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
		filed, err = s.file(ctx, tx, f)
		return err
	})
	if err != nil {
		return tickets.Filed{}, err
	}
	return filed, nil
}

func (s *Store) file(ctx context.Context, tx *sql.Tx, f tickets.Filing) (tickets.Filed, error) {
	filed, ok, err := s.join(ctx, tx, f)
	if ok || err != nil {
		return filed, err
	}
	return tickets.Filed{Ticket: f.Ticket, New: true}, s.insert(ctx, tx, f)
}

// join finds the ticket of the same call, or else one to join; ok is false when there is neither.
func (s *Store) join(ctx context.Context, tx *sql.Tx, f tickets.Filing) (filed tickets.Filed, ok bool, err error) {
	found, err := scanTicket(tx.QueryRowContext(ctx, ticketByCallSQL, f.Ticket.CallID))
	if err == nil {
		found, err = s.again(ctx, tx, f, found, false)
		return tickets.Filed{Ticket: found, Joined: found.CallID != f.Ticket.CallID}, true, err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return tickets.Filed{}, false, err
	}
	t, j := f.Ticket, f.Join
	found, err = scanTicket(tx.QueryRowContext(ctx, ticketToJoinSQL, j.Key, t.Priority, t.Kind, us(j.From), us(j.Until)))
	if err == nil {
		found, err = s.again(ctx, tx, f, found, true)
		return tickets.Filed{Ticket: found, Joined: true}, true, err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return tickets.Filed{}, false, err
	}
	return tickets.Filed{}, false, nil
}

// again adds a call to the ticket that it opened before, or that another one did.
func (s *Store) again(ctx context.Context, tx *sql.Tx, f tickets.Filing, first tickets.Ticket, joins bool) (tickets.Ticket, error) {
	if joins {
		if _, err := tx.ExecContext(ctx, ticketCallPutSQL, f.Ticket.CallID, first.Number); err != nil {
			return tickets.Ticket{}, err
		}
	}
	return s.amend(ctx, tx, first, func(folder *tickets.Folder) error {
		f.Again(folder, joins)
		return nil
	})
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, f tickets.Filing) error {
	t := f.Ticket
	_, err := tx.ExecContext(ctx, ticketPutSQL,
		t.Number, t.CallID, f.Join.Key, t.Account, t.Plan, t.Contact, t.Email, t.Caller, t.Callback, t.CallbackVerified,
		t.Priority, t.Kind, t.Status, t.Channel, t.Called, t.Trunk, t.Language, us(t.Received), us(t.Due), t.Verified, t.Recording, t.Attestation,
		us(t.Starts), t.Incident)
	if isDuplicate(err) { // the call key was looked for under the same lock
		return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, t.Number)
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, ticketCallPutSQL, t.CallID, t.Number); err != nil {
		return err
	}
	if err := putFirst(ctx, tx, f.Event); err != nil {
		return err
	}
	for _, event := range f.Also {
		if err := putEvent(ctx, tx, event); err != nil {
			return err
		}
	}
	for _, notice := range f.Notices {
		if err := putNotice(ctx, tx, notice); err != nil {
			return err
		}
	}
	return s.schedule(ctx, tx, f.Notices...)
}

// Amend implements tickets.Ledger.
func (s *Store) Amend(ctx context.Context, number tickets.Number, change func(*tickets.Folder) error) (tickets.Ticket, error) {
	var after tickets.Ticket
	err := s.chore(ctx, "change a ticket", func(tx *sql.Tx) error {
		before, err := takeOut(ctx, tx, number)
		if err != nil {
			return err
		}
		after, err = s.amend(ctx, tx, before, change)
		return err
	})
	if err != nil {
		return tickets.Ticket{}, err
	}
	return after, nil
}

// takeOut is a ticket that nobody else changes until the transaction ends.
func takeOut(ctx context.Context, tx *sql.Tx, number tickets.Number) (tickets.Ticket, error) {
	found, err := scanTicket(tx.QueryRowContext(ctx, ticketGetSQL, number))
	if errors.Is(err, sql.ErrNoRows) {
		return found, fmt.Errorf("ticket %s: %w", number, tickets.ErrNotFound)
	}
	return found, err
}

// amend takes a ticket's folder out and writes down what changed.
func (s *Store) amend(ctx context.Context, tx *sql.Tx, t tickets.Ticket, change func(*tickets.Folder) error) (tickets.Ticket, error) {
	open, err := list(ctx, tx, scanNotice, noticesOfFolderSQL, t.Number)
	if err != nil {
		return t, err
	}
	folder := tickets.NewFolder(t, open)
	if err := change(folder); err != nil {
		return t, err
	}
	changes := folder.Changes()
	if changes.Ticket {
		if err := saveTicket(ctx, tx, folder.Ticket); err != nil {
			return t, err
		}
	}
	for _, event := range changes.Events {
		if err := putEvent(ctx, tx, event); err != nil {
			return t, err
		}
	}
	for _, notice := range changes.Added {
		if err := putNotice(ctx, tx, notice); err != nil {
			return t, err
		}
	}
	for _, notice := range changes.Saved {
		if err := saveNotice(ctx, tx, notice); err != nil {
			return t, err
		}
	}
	return folder.Ticket, s.schedule(ctx, tx, changes.Wake...)
}

func saveTicket(ctx context.Context, tx *sql.Tx, t tickets.Ticket) error {
	_, err := tx.ExecContext(ctx, ticketSaveSQL, t.Number, t.Priority, t.Status, us(t.Due), us(t.Acknowledged), t.AcknowledgedBy, t.Recording,
		us(t.Starts), t.Owner, us(t.Accepted), us(t.Changed), us(t.Resolved), t.Incident, t.IncidentNews)
	return err
}

// Goodbye implements tickets.Ledger.
func (s *Store) Goodbye(ctx context.Context, callKey string, at time.Time) error {
	return s.write(ctx, "note a goodbye", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, ticketGoodbyeSQL, callKey, us(at))
		return err
	})
}
