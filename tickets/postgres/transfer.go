package postgres

import (
	"context"
	"fmt"
	"time"

	_ "embed" // the queries

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"readback/tickets"
)

var (
	//go:embed queries/ticket_call_drop.sql
	ticketCallDropSQL string
	//go:embed queries/ticket_call_merge.sql
	ticketCallMergeSQL string
)

// Import takes tickets from a spool, all of them or none. Those that are here already, by number and key of the call, are
// compared, and get what they lack. It fails with ErrNumberTaken when a number is another call's. However many there are, the
// server is asked three times.
func (s *Store) Import(ctx context.Context, parcels []tickets.Parcel) error {
	return s.write(ctx, "take tickets from a spool", func(tx pgx.Tx) error {
		there, err := compare(ctx, tx, parcels)
		if err != nil {
			return err
		}
		var batch pgx.Batch
		var wake []tickets.Notice
		for i, p := range parcels {
			some, err := unpack(&batch, p, there[i])
			if err != nil {
				return err
			}
			wake = append(wake, some...)
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		return s.schedule(ctx, tx, wake...)
	})
}

// A state is what is here of a parcel's ticket.
type state struct {
	ticket  tickets.Ticket // without a number when there is none
	events  []tickets.Event
	notices []tickets.Notice
}

// compare reads what is here. The lock on the key of each call waits for an attempt of that call which the server may still commit.
func compare(ctx context.Context, tx pgx.Tx, parcels []tickets.Parcel) ([]state, error) {
	there := make([]state, len(parcels))
	var batch pgx.Batch
	for i, p := range parcels {
		number, here := string(p.Ticket.Number), &there[i]
		exec(&batch, lockSQL, lockCall, p.Ticket.CallID)
		batch.Queue(ticketLockSQL, number).QueryRow(scanMaybe(&here.ticket))
		batch.Queue(eventsListSQL, number).Query(func(rows pgx.Rows) (err error) {
			found, err := all(rows, func(r row) (tickets.Link, error) { return scanLink(r, p.Ticket.Number) })
			here.events = tickets.EventsOf(found)
			return err
		})
		batch.Queue(noticesOfTicketSQL, number, tickets.MaxPage).Query(func(rows pgx.Rows) (err error) {
			here.notices, err = all(rows, scanNotice)
			return err
		})
	}
	return there, tx.SendBatch(ctx, &batch).Close()
}

func unpack(batch *pgx.Batch, p tickets.Parcel, there state) (wake []tickets.Notice, err error) {
	if there.ticket.Number == "" {
		begin(batch, p)
		there = state{ticket: p.Ticket, events: p.Events[:1]}
		there.ticket.Acknowledged, there.ticket.AcknowledgedBy = time.Time{}, ""
	}
	if there.ticket.CallID != p.Ticket.CallID {
		return nil, taken(p)
	}
	open := make([]tickets.Notice, 0, len(there.notices))
	for _, n := range there.notices {
		if n.Open() {
			open = append(open, n)
		}
	}
	folder := tickets.NewFolder(there.ticket, open)
	p.Unpack(folder, there.events, there.notices)
	wake = write(batch, folder)
	for _, key := range p.Calls {
		exec(batch, ticketCallMergeSQL, key, string(p.Ticket.Number))
	}
	if !p.Goodbye.IsZero() {
		exec(batch, ticketGoodbyeSQL, p.Ticket.CallID, p.Goodbye)
	}
	return wake, nil
}

// begin inserts the ticket with its first event. Should its call have joined another ticket in an attempt whose outcome it did
// not learn, that counts no more: this number was told.
func begin(batch *pgx.Batch, p tickets.Parcel) {
	exec(batch, ticketCallDropSQL, p.Ticket.CallID)
	batch.Queue(ticketPutSQL, begun(p.Filing())...).Exec(func(done pgconn.CommandTag) error {
		if done.RowsAffected() == 0 {
			return taken(p)
		}
		return nil
	})
	exec(batch, ticketCallPutSQL, p.Ticket.CallID, string(p.Ticket.Number))
	saveTicket(batch, p.Ticket)
	putEvent(batch, p.Events[0])
}

func taken(p tickets.Parcel) error {
	return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, p.Ticket.Number)
}
