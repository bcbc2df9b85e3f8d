package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"readback/tickets"
)

// A bell is a pager by script.
type bell struct {
	*office
	name   string
	script []error
}

func (b *bell) Name() string { return b.name }

func (b *bell) Raise(_ context.Context, a tickets.Alert) error {
	return b.take(&b.script, "%s raises %s", b.name, a.Reason)
}

func (b *bell) Clear(context.Context, tickets.Alert) error {
	return b.take(&b.script, "%s clears", b.name)
}

func testPagers(t *testing.T, open func(*testing.T) tickets.Store) {
	start := func(t *testing.T, scripts ...[]error) *office {
		o := newOffice(t, open(t))
		for i, script := range scripts {
			o.clerk.Pagers = append(o.clerk.Pagers, &bell{o, fmt.Sprint("bell-", i), script})
		}
		alarm := tickets.Notice{ID: "alarm:trunk:carrier", Kind: tickets.Alarm, Reason: tickets.ReasonTrunkSlowed, To: "carrier", Created: noon, Due: noon}
		if err := o.Store.Enqueue(t.Context(), alarm); err != nil {
			t.Fatal(err)
		}
		o.until(time.Minute)
		return o
	}
	row := func(t *testing.T, o *office) tickets.Notice {
		t.Helper()
		n, err := o.Store.Notice(t.Context(), "alarm:trunk:carrier")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Run("one that refuses does not end the other's attempts", func(t *testing.T) {
		o := start(t, []error{errNever, errNever, nil}, []error{errDown, nil})
		if n := row(t, o); n.Done.IsZero() && n.Dead.IsZero() || len(o.done()) < 4 {
			t.Errorf("got %+v after %q, want the second one tried again", n, o.done())
		}
	})
	t.Run("refused by all, it is given up with the reason", func(t *testing.T) {
		o := start(t, []error{errNever}, []error{nil})
		if n := row(t, o); n.Dead.IsZero() || n.Failure == "" || len(o.done()) != 2 {
			t.Errorf("got %+v after %q, want it given up at once", n, o.done())
		}
	})
	t.Run("one that wants to be asked later is", func(t *testing.T) {
		o := start(t, []error{&tickets.Later{At: noon.Add(30 * time.Second), Err: errors.New("429")}, nil})
		if n := row(t, o); n.Done.Sub(noon) != 30*time.Second {
			t.Errorf("got %+v after %q, want it done after 30 s", n, o.done())
		}
	})
	t.Run("an alarm ends when the customer is told", func(t *testing.T) {
		o := newOffice(t, open(t))
		o.clerk.Mailer, o.clerk.Phone = nil, nil
		o.clerk.Pagers = []tickets.Pager{&bell{o, "bell", nil}}
		ticket := o.open(o.request())
		o.until(3*time.Hour + 30*time.Minute)
		if err := o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByAgent}); err != nil {
			t.Fatal(err)
		}
		o.until(30 * 24 * time.Hour)
		want := []string{"1m30s bell raises no-way-to-acknowledge", "3h0m0s bell raises unacknowledged", "3h30m0s bell clears", "3h30m0s bell clears"}
		if got := o.done(); !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
	})
	t.Run("an alarm that nobody ends, ends after a week", func(t *testing.T) {
		o := newOffice(t, open(t))
		o.clerk.Mailer, o.clerk.Phone, o.Desk.Mail, o.CallBack = nil, nil, false, false
		o.clerk.Pagers = []tickets.Pager{&bell{o, "bell", nil}}
		o.open(o.request())
		o.until(30 * 24 * time.Hour)
		if got, want := o.done(), []string{"1m30s bell raises no-way-to-acknowledge", "168h1m30s bell clears"}; !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
	})
}
