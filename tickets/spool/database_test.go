package spool_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// How a database fails.
type fault int

const (
	well    fault = iota
	gone          // the connection is refused
	silent        // nothing is answered
	mute          // what is asked is done, and the answer is lost
	reading       // it only reads
	sick          // what is asked to be written is refused for good
)

// A database is a SQLite store that fails as it is told to.
type database struct {
	*sqlite.Store

	mu    sync.Mutex
	fault fault
}

func (d *database) fail(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

func (d *database) meet(ctx context.Context, writes bool, work func() error) error {
	d.mu.Lock()
	f := d.fault
	d.mu.Unlock()
	lost := func(why string) error { return fmt.Errorf("%s: %w", why, tickets.ErrUnavailable) }
	switch {
	case f == gone:
		return lost("connection refused")
	case f == silent:
		<-ctx.Done()
		return lost("no answer")
	case f == mute:
		if err := work(); err != nil {
			return err
		}
		return lost("connection reset")
	case f == reading && writes:
		return lost("cannot execute in a read-only transaction")
	case f == sick && writes:
		return fmt.Errorf("value out of range: %w", tickets.ErrInvalid)
	}
	return work()
}

func (d *database) Ping(ctx context.Context) error {
	return d.meet(ctx, false, func() error { return d.Store.Ping(ctx) })
}

func (d *database) Migrate(ctx context.Context) (applied int, err error) {
	err = d.meet(ctx, true, func() (err error) { applied, err = d.Store.Migrate(ctx); return err })
	return applied, err
}

func (d *database) Account(ctx context.Context, id string) (a tickets.Account, err error) {
	err = d.meet(ctx, false, func() (err error) { a, err = d.Store.Account(ctx, id); return err })
	return a, err
}

func (d *database) AccountsByPhone(ctx context.Context, number string) (a []tickets.Account, err error) {
	err = d.meet(ctx, false, func() (err error) { a, err = d.Store.AccountsByPhone(ctx, number); return err })
	return a, err
}

func (d *database) ReserveAttempt(ctx context.Context, a tickets.Attempt, rule tickets.Lockout) (r tickets.Reservation, err error) {
	err = d.meet(ctx, true, func() (err error) { r, err = d.Store.ReserveAttempt(ctx, a, rule); return err })
	return r, err
}

func (d *database) SettleAttempt(ctx context.Context, id string, result tickets.Result) error {
	return d.meet(ctx, true, func() error { return d.Store.SettleAttempt(ctx, id, result) })
}

func (d *database) MergeAttempts(ctx context.Context, tried []tickets.Tried) error {
	return d.meet(ctx, true, func() error { return d.Store.MergeAttempts(ctx, tried) })
}

func (d *database) LeaseSerials(ctx context.Context, node string, count int64, at time.Time) (l tickets.Lease, err error) {
	err = d.meet(ctx, count > 0, func() (err error) { l, err = d.Store.LeaseSerials(ctx, node, count, at); return err })
	return l, err
}

func (d *database) File(ctx context.Context, f tickets.Filing) (filed tickets.Filed, err error) {
	err = d.meet(ctx, true, func() (err error) { filed, err = d.Store.File(ctx, f); return err })
	return filed, err
}

func (d *database) Amend(ctx context.Context, number tickets.Number, change func(*tickets.Folder) error) (t tickets.Ticket, err error) {
	err = d.meet(ctx, true, func() (err error) { t, err = d.Store.Amend(ctx, number, change); return err })
	return t, err
}

func (d *database) Goodbye(ctx context.Context, key string, at time.Time) error {
	return d.meet(ctx, true, func() error { return d.Store.Goodbye(ctx, key, at) })
}

func (d *database) Ticket(ctx context.Context, number tickets.Number) (t tickets.Ticket, err error) {
	err = d.meet(ctx, false, func() (err error) { t, err = d.Store.Ticket(ctx, number); return err })
	return t, err
}

func (d *database) TicketByCall(ctx context.Context, key string) (t tickets.Ticket, err error) {
	err = d.meet(ctx, false, func() (err error) { t, err = d.Store.TicketByCall(ctx, key); return err })
	return t, err
}

func (d *database) Enqueue(ctx context.Context, n tickets.Notice) error {
	return d.meet(ctx, true, func() error { return d.Store.Enqueue(ctx, n) })
}

func (d *database) AmendNotice(ctx context.Context, id string, change func(*tickets.Notice) error) error {
	return d.meet(ctx, true, func() error { return d.Store.AmendNotice(ctx, id, change) })
}

func (d *database) PutCalls(ctx context.Context, records []tickets.CallRecord) error {
	return d.meet(ctx, true, func() error { return d.Store.PutCalls(ctx, records) })
}

func (d *database) Import(ctx context.Context, parcels []tickets.Parcel) error {
	return d.meet(ctx, true, func() error { return d.Store.Import(ctx, parcels) })
}

func (d *database) PutAccounts(ctx context.Context, accounts []tickets.Account) error {
	return d.meet(ctx, true, func() error { return d.Store.PutAccounts(ctx, accounts) })
}

func (d *database) Promises(ctx context.Context, page tickets.PromisePage) (found []tickets.Promise, err error) {
	err = d.meet(ctx, false, func() (err error) { found, err = d.Store.Promises(ctx, page); return err })
	return found, err
}
