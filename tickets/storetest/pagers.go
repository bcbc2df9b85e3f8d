package storetest

import (
	"context"
	"errors"
	"fmt"
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
}
