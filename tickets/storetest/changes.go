package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"readback/tickets"
)

func testChange(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("another priority has another window", func(t *testing.T) {
		o := newOffice(t, open(t))
		o.Paging = true
		o.clerk.Mailer, o.clerk.Phone = nil, nil
		ticket := o.open(o.request())
		o.pass(10 * time.Minute)
		changed, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Priority: tickets.P1})
		if err != nil || changed.Priority != tickets.P1 || !changed.Due.Equal(noon.Add(time.Hour)) {
			t.Fatalf("got %v due %v, %v, want P1 due at one", changed.Priority, changed.Due, err)
		}
		rows := o.notices(ticket.Number)
		if rows[tickets.Page].ID == "" || !rows[tickets.Alarm].Due.Equal(noon.Add(45*time.Minute)) {
			t.Errorf("got page %v, alarm due %v, want a page and an alarm at a quarter to one", rows[tickets.Page], rows[tickets.Alarm].Due)
		}
		if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Priority: tickets.P4}); err != nil {
			t.Fatal(err)
		}
		rows = o.notices(ticket.Number)
		if rows[tickets.Page].Cancelled.IsZero() || rows[tickets.PageClear].ID == "" {
			t.Errorf("got %v, want the page cancelled and the pagers cleared", rows)
		}
		if !rows[tickets.Alarm].Due.Equal(noon.Add(18 * time.Hour)) {
			t.Errorf("alarm due %v, want at six the next morning", rows[tickets.Alarm].Due)
		}
	})
	t.Run("a resolved ticket asks how it was", func(t *testing.T) {
		o := newOffice(t, open(t))
		ticket := o.open(o.request())
		if err := o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Status: tickets.StatusResolved, Note: "replaced the disk"}); err != nil {
				t.Fatal(err)
			}
		}
		o.until(time.Minute)
		if got, want := o.done(), []string{"0s mail survey-by-email ann@example.com"}; !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
		if o.count(ticket.Number, tickets.EventChanged) != 1 || o.count(ticket.Number, tickets.EventNote) != 2 || o.count(ticket.Number, tickets.EventSent) != 1 {
			t.Error("want one change, two notes and a letter among the events")
		}
	})
	t.Run("refuses what is no change", func(t *testing.T) {
		o := newOffice(t, open(t))
		ticket := o.open(o.request())
		for name, c := range map[string]tickets.Change{"a status": {By: "eve", Status: "lost"}, "nobody": {Note: "?"}} {
			if _, err := o.Change(t.Context(), ticket.Number, c); !errors.Is(err, tickets.ErrInvalid) {
				t.Errorf("%s: got %v, want ErrInvalid", name, err)
			}
		}
		if _, err := o.Change(t.Context(), "10000000", tickets.Change{By: "eve"}); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}

func testClerk(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("gives up in the end, and tries again when told to", func(t *testing.T) {
		o := newOffice(t, open(t))
		o.mail = []error{errDown}
		ticket := o.open(o.request())
		if err := errors.Join(o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}), o.SendNumber(t.Context(), ticket.Number)); err != nil {
			t.Fatal(err)
		}
		o.until(4 * 24 * time.Hour)
		row := o.notices(ticket.Number)[tickets.NumberByEmail]
		if row.Dead.IsZero() || row.Failure != errDown.Error() || row.Attempts < 10 {
			t.Errorf("got %+v, want a dead row with its failure", row)
		}
		if o.count(ticket.Number, tickets.EventUndelivered) != 1 {
			t.Error("the ticket does not say that a letter was not delivered")
		}
		dead, err := o.Store.OpenNotices(t.Context(), true, 0)
		if err != nil || len(dead) != 1 {
			t.Errorf("dead rows %v, %v, want one", dead, err)
		}
		o.mail = nil
		if err := o.Retry(t.Context(), row.ID); err != nil {
			t.Fatal(err)
		}
		o.until(4*24*time.Hour + time.Second)
		if row := o.notices(ticket.Number)[tickets.NumberByEmail]; row.Done.IsZero() {
			t.Errorf("got %+v, want it done", row)
		}
		if err := o.Retry(t.Context(), row.ID); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("run again what is done: got %v, want ErrInvalid", err)
		}
	})
	t.Run("leaves alone what another one is at", func(t *testing.T) {
		o := newOffice(t, open(t))
		ticket := o.open(o.request())
		row := o.notices(ticket.Number)[tickets.AcknowledgeByEmail]
		o.set(row.Due)
		err := o.Store.AmendNotice(t.Context(), row.ID, func(n *tickets.Notice) error { n.Working = o.now().Add(time.Minute); return nil })
		if err != nil {
			t.Fatal(err)
		}
		wait, ok := errors.AsType[*tickets.Later](o.clerk.Work(t.Context(), row.ID))
		if !ok || !wait.At.Equal(row.Due.Add(time.Minute)) || len(o.done()) != 0 {
			t.Errorf("got %v after %q, want it to be worked a minute later", wait, o.done())
		}
		o.pass(time.Minute)
		if err := o.clerk.Work(t.Context(), row.ID); err != nil || len(o.done()) != 1 {
			t.Errorf("got %v after %q, want it worked", err, o.done())
		}
	})
	t.Run("many at once send one letter", func(t *testing.T) {
		o := newOffice(t, open(t))
		ticket := o.open(o.request())
		row := o.notices(ticket.Number)[tickets.AcknowledgeByEmail]
		o.set(row.Due)
		ctx := patience(t)
		together(8, func(int) {
			if _, waits := errors.AsType[*tickets.Later](o.clerk.Work(ctx, row.ID)); waits {
				return
			}
		})
		if got := o.done(); len(got) != 1 {
			t.Errorf("done %q, want one letter", got)
		}
	})
	t.Run("a row that is forgotten is no error", func(t *testing.T) {
		o := newOffice(t, open(t))
		if err := o.clerk.Work(t.Context(), "no such row"); err != nil {
			t.Error(err)
		}
	})
}
