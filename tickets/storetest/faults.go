package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readback/tickets"
)

type ctxt = context.Context

func testFaults(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("an unknown outcome is looked up", func(t *testing.T) {
		b := newBench(t, open(t))
		flaky := &flaky{Store: b.Store, after: 1}
		b.Store = flaky
		ticket := b.open(b.request())
		if flaky.filed.Load() != 1 {
			t.Errorf("filed %d times, want once: the first was committed", flaky.filed.Load())
		}
		if got := b.count(ticket.Number, tickets.EventReceived); got != 1 {
			t.Errorf("%d times received", got)
		}
	})
	t.Run("a retry keeps the number", func(t *testing.T) {
		b := newBench(t, open(t))
		flaky := &flaky{Store: b.Store, before: 7}
		b.Store = flaky
		request := b.request()
		if _, err := b.Open(t.Context(), request); !errors.Is(err, tickets.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
		b.open(request)
		if len(flaky.numbers) != 1 || flaky.filed.Load() != 8 {
			t.Errorf("%d attempts with numbers %v, want 8 with one", flaky.filed.Load(), flaky.numbers)
		}
	})
	t.Run("a deadline ends the retries", func(t *testing.T) {
		b := newBench(t, open(t))
		if err := b.Numbers.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.Store = &flaky{Store: b.Store, before: 100}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		if _, err := b.Open(ctx, b.request()); !errors.Is(err, tickets.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want ErrUnavailable for the deadline", err)
		}
	})
	t.Run("a cancelled call leaves all or nothing", func(t *testing.T) { testCancel(t, open) })
	t.Run("a store that is closed is unavailable", func(t *testing.T) {
		store := open(t)
		b := newBench(t, store)
		b.put(acme())
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		_, openErr := b.Open(t.Context(), b.request())
		if !errors.Is(openErr, tickets.ErrNoNumbers) {
			t.Errorf("open: got %v, want ErrNoNumbers", openErr)
		}
		_, identifyErr := b.Identify(t.Context(), tickets.Caller{}, "30471234", pin(t, rightPIN))
		for name, err := range map[string]error{
			"ping": store.Ping(t.Context()), "identify": identifyErr, "record": b.Record(t.Context(), tickets.CallRecord{CallKey: "k"}),
		} {
			if !errors.Is(err, tickets.ErrUnavailable) {
				t.Errorf("%s: got %v, want ErrUnavailable", name, err)
			}
		}
	})
}

// testCancel ends calls at all moments of a commit, and then files again with patience.
func testCancel(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	for i := range 60 {
		request := b.request()
		request.CallKey = fmt.Sprint("cancelled-", i)
		request.Received = noon.Add(time.Duration(i) * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*25*time.Microsecond)
		early, earlyErr := b.Open(ctx, request)
		cancel()
		ticket := b.open(request)
		if earlyErr == nil && early.Number != ticket.Number {
			t.Fatalf("call %d was told %s, then %s", i, early.Number, ticket.Number)
		}
		if got := b.count(ticket.Number, tickets.EventReceived); got != 1 {
			t.Fatalf("call %d was received %d times", i, got)
		}
		if rows := b.notices(ticket.Number); len(rows) != 2 {
			t.Fatalf("call %d has the rows %v, want ladder and alarm", i, rows)
		}
	}
}

// flaky fails so many filings before it tries, and so many after it committed, as when the answer of the server is lost.
type flaky struct {
	tickets.Store
	before, after int64
	filed         atomic.Int64
	mu            sync.Mutex
	numbers       map[tickets.Number]bool
}

func (f *flaky) File(ctx ctxt, filing tickets.Filing) (tickets.Filed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.numbers == nil {
		f.numbers = map[tickets.Number]bool{}
	}
	f.numbers[filing.Ticket.Number] = true
	times := f.filed.Add(1)
	if times <= f.before {
		return tickets.Filed{}, fmt.Errorf("connection refused: %w", tickets.ErrUnavailable)
	}
	filed, err := f.Store.File(ctx, filing)
	if err == nil && times <= f.before+f.after {
		return tickets.Filed{}, fmt.Errorf("connection reset: %w", tickets.ErrUnavailable)
	}
	return filed, err
}
