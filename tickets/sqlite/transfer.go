package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"time"

	_ "embed" // the queries

	"readback/tickets"
)

var (
	//go:embed queries/call_forget.sql
	callForgetSQL string
	//go:embed queries/forget_events.sql
	forgetEventsSQL string
	//go:embed queries/forget_notices.sql
	forgetNoticesSQL string
	//go:embed queries/forget_personal.sql
	forgetPersonalSQL string
	//go:embed queries/forget_ticket_calls.sql
	forgetTicketCallsSQL string
	//go:embed queries/forget_tickets.sql
	forgetTicketsSQL string
	//go:embed queries/forwarded_drop.sql
	forwardedDropSQL string
	//go:embed queries/forwarded_put.sql
	forwardedPutSQL string
	//go:embed queries/notice_forget.sql
	noticeForgetSQL string
	//go:embed queries/notices_loose.sql
	noticesLooseSQL string
	//go:embed queries/parcel_calls.sql
	parcelCallsSQL string
	//go:embed queries/parcel_rest.sql
	parcelRestSQL string
	//go:embed queries/parcels_list.sql
	parcelsListSQL string
	//go:embed queries/ticket_call_drop.sql
	ticketCallDropSQL string
	//go:embed queries/ticket_call_merge.sql
	ticketCallMergeSQL string
)

// Join does what File does when the ticket of the same call is here, or one to join; else nothing, and ok is false.
func (s *Store) Join(ctx context.Context, f tickets.Filing) (filed tickets.Filed, ok bool, err error) {
	err = s.write(ctx, "join a ticket", func(tx *sql.Tx) (err error) {
		filed, ok, err = s.join(ctx, tx, f)
		return err
	})
	return filed, ok && err == nil, err
}

// Export reads tickets after one, by number, with all that belongs to them, but for those that somebody works on now.
func (s *Store) Export(ctx context.Context, after tickets.Number, limit int) ([]tickets.Parcel, error) {
	tx, err := s.reader.BeginTx(ctx, nil) // one state of all tables
	if err != nil {
		return nil, failed("read spooled tickets", err)
	}
	defer func() { _ = tx.Rollback() }()
	numbers, err := list(ctx, tx, scanText, parcelsListSQL, after, us(time.Now()), tickets.Limit(limit))
	if err != nil {
		return nil, failed("read spooled tickets", err)
	}
	parcels := make([]tickets.Parcel, len(numbers))
	for i, number := range numbers {
		if parcels[i], err = pack(ctx, tx, tickets.Number(number)); err != nil {
			return nil, failed("read a spooled ticket", err)
		}
	}
	return parcels, nil
}

// pack reads all that belongs to a ticket.
func pack(ctx context.Context, tx *sql.Tx, number tickets.Number) (p tickets.Parcel, err error) {
	if p.Ticket, err = scanTicket(tx.QueryRowContext(ctx, ticketGetSQL, number)); err != nil {
		return p, err
	}
	if err = tx.QueryRowContext(ctx, parcelRestSQL, number).Scan(&p.JoinKey, into(&p.Goodbye)); err != nil {
		return p, err
	}
	if p.Calls, err = list(ctx, tx, scanText, parcelCallsSQL, number); err != nil {
		return p, err
	}
	if p.Events, err = eventsOf(ctx, tx, number); err != nil {
		return p, err
	}
	p.Notices, err = list(ctx, tx, scanNotice, noticesOfTicketSQL, number, tickets.MaxPage)
	return p, err
}

func eventsOf(ctx context.Context, tx *sql.Tx, number tickets.Number) ([]tickets.Event, error) {
	found, err := links(ctx, tx, number)
	return tickets.EventsOf(found), err
}

// Forget removes tickets that are elsewhere now, and returns those it kept because they have changed since.
func (s *Store) Forget(ctx context.Context, parcels []tickets.Parcel) (kept []tickets.Number, err error) {
	err = s.write(ctx, "forget forwarded tickets", func(tx *sql.Tx) error {
		kept = nil
		for _, p := range parcels {
			now, err := pack(ctx, tx, p.Ticket.Number)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if !reflect.DeepEqual(now, p) {
				kept = append(kept, p.Ticket.Number)
				continue
			}
			if err := forget(ctx, tx, p.Ticket.Number); err != nil {
				return err
			}
		}
		return nil
	})
	return kept, err
}

func forget(ctx context.Context, tx *sql.Tx, number tickets.Number) error {
	for _, query := range []string{forwardedPutSQL, forgetNoticesSQL, forgetTicketCallsSQL, forgetPersonalSQL, forgetEventsSQL, forgetTicketsSQL, forwardedDropSQL} {
		if _, err := tx.ExecContext(ctx, query, number); err != nil {
			return err
		}
	}
	return nil
}

// Import takes tickets from a spool, all of them or none. Those that are here already, by number and key of the call, are
// compared, and get what they lack. It fails with ErrNumberTaken when a number is another call's.
func (s *Store) Import(ctx context.Context, parcels []tickets.Parcel) error {
	return s.write(ctx, "take tickets from a spool", func(tx *sql.Tx) error {
		for _, p := range parcels {
			if err := s.unpack(ctx, tx, p); err != nil {
				return fmt.Errorf("ticket %s: %w", p.Ticket.Number, err)
			}
		}
		return nil
	})
}

func (s *Store) unpack(ctx context.Context, tx *sql.Tx, p tickets.Parcel) error {
	number := p.Ticket.Number
	ticket, err := scanTicket(tx.QueryRowContext(ctx, ticketGetSQL, number))
	if errors.Is(err, sql.ErrNoRows) {
		if err := s.begin(ctx, tx, p); err != nil {
			return err
		}
		ticket, err = scanTicket(tx.QueryRowContext(ctx, ticketGetSQL, number))
	}
	if err != nil {
		return err
	}
	if ticket.CallID != p.Ticket.CallID {
		return fmt.Errorf("%w: %s", tickets.ErrNumberTaken, number)
	}
	events, err := eventsOf(ctx, tx, number)
	if err != nil {
		return err
	}
	notices, err := list(ctx, tx, scanNotice, noticesOfTicketSQL, number, tickets.MaxPage)
	if err != nil {
		return err
	}
	if _, err := s.amend(ctx, tx, ticket, func(f *tickets.Folder) error {
		p.Unpack(f, events, notices)
		return nil
	}); err != nil {
		return err
	}
	for _, key := range p.Calls {
		if _, err := tx.ExecContext(ctx, ticketCallMergeSQL, key, number); err != nil {
			return err
		}
	}
	if p.Goodbye.IsZero() {
		return nil
	}
	_, err = tx.ExecContext(ctx, ticketGoodbyeSQL, p.Ticket.CallID, us(p.Goodbye))
	return err
}

// begin inserts the ticket as it was at first. Should its call have joined another ticket in an attempt whose outcome it did not
// learn, that counts no more: this number was told.
func (s *Store) begin(ctx context.Context, tx *sql.Tx, p tickets.Parcel) error {
	if _, err := tx.ExecContext(ctx, ticketCallDropSQL, p.Ticket.CallID); err != nil {
		return err
	}
	return s.insert(ctx, tx, p.Filing())
}

// LooseNotices are those without a ticket.
func (s *Store) LooseNotices(ctx context.Context, limit int) ([]tickets.Notice, error) {
	found, err := list(ctx, s.reader, scanNotice, noticesLooseSQL, tickets.Limit(limit))
	if err != nil {
		return nil, failed("read spooled notices", err)
	}
	return found, nil
}

// ForgetNotices removes notices without ticket.
func (s *Store) ForgetNotices(ctx context.Context, ids []string) error {
	return s.each(ctx, "forget forwarded notices", noticeForgetSQL, ids)
}

// ForgetCalls removes call records.
func (s *Store) ForgetCalls(ctx context.Context, ids []string) error {
	return s.each(ctx, "forget forwarded call records", callForgetSQL, ids)
}

// DropAccounts removes accounts that the store of which this one has a copy has no more.
func (s *Store) DropAccounts(ctx context.Context, ids []string) error {
	return s.each(ctx, "drop accounts", accountDropSQL, ids)
}

// each runs a statement for each ID, in one transaction.
func (s *Store) each(ctx context.Context, what, query string, ids []string) error {
	return s.write(ctx, what, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, query, id); err != nil {
				return err
			}
		}
		return nil
	})
}
