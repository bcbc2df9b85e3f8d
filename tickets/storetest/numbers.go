package storetest

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"readback/tickets"
)

func testNumbers(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("nodes never share one", func(t *testing.T) {
		store := open(t)
		var mu sync.Mutex
		seen := map[tickets.Number]bool{}
		ctx := patience(t)
		together(4, func(i int) {
			shelf := tickets.FileShelf(filepath.Join(t.TempDir(), "numbers.json"))
			for range 3 { // restarts
				numbers := tickets.NewNumbers("node", store, shelf)
				for range 400 {
					number, err := numbers.Next(ctx)
					mu.Lock()
					if err != nil || seen[number] {
						t.Errorf("node %d: got %s again, %v", i, number, err)
					}
					seen[number] = true
					mu.Unlock()
				}
				if err := numbers.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	})
	t.Run("blocks do not overlap and end", func(t *testing.T) {
		store := open(t)
		first, err := store.LeaseSerials(t.Context(), "a", 1000, noon)
		second, err2 := store.LeaseSerials(t.Context(), "b", tickets.MaxSerials-1000, noon)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if first.First != 0 || second.First != 1000 || first.Store == "" || first.Store != second.Store {
			t.Errorf("got %+v and %+v", first, second)
		}
		if _, err := store.LeaseSerials(t.Context(), "c", 1, noon); !errors.Is(err, tickets.ErrNoNumbers) {
			t.Errorf("got %v, want ErrNoNumbers", err)
		}
		if same, err := store.LeaseSerials(t.Context(), "c", 0, noon); err != nil || same.Store != first.Store {
			t.Errorf("identity: got %+v, %v, want %s", same, err, first.Store)
		}
	})
	t.Run("a shelf of another store is put aside", func(t *testing.T) {
		shelf := tickets.FileShelf(filepath.Join(t.TempDir(), "numbers.json"))
		if err := shelf.Save(tickets.Stock{Store: "another", Spans: []tickets.Span{{Next: 5_000, End: 6_000}}}); err != nil {
			t.Fatal(err)
		}
		numbers := tickets.NewNumbers("node", open(t), shelf)
		got, err := numbers.Next(t.Context())
		if err := errors.Join(err, numbers.Close()); err != nil {
			t.Fatal(err)
		}
		if want, _ := tickets.NumberOf(0); got != want {
			t.Errorf("got %s, want the store's first number %s", got, want)
		}
	})
	t.Run("a number that is taken is not used", func(t *testing.T) {
		b := newBench(t, open(t))
		first := b.open(b.request())
		b.pass(time.Hour)
		stale := tickets.NewNumbers("stale", restored{b.Store}, nil)
		b.Desk = &tickets.Desk{Store: b.Store, Numbers: stale, Now: b.now}
		if second := b.open(b.request()); second.Number == first.Number {
			t.Errorf("number %s was given to two tickets", first.Number)
		}
		if err := stale.Close(); err != nil {
			t.Error(err)
		}
	})
}

// restored is a store whose serials begin anew once, as after a backup was put back.
type restored struct{ tickets.Store }

func (r restored) LeaseSerials(ctx ctxt, node string, count int64, at time.Time) (tickets.Lease, error) {
	lease, err := r.Store.LeaseSerials(ctx, node, count, at)
	if count > 0 && lease.First == 1000 {
		lease.First = 0
	}
	return lease, err
}
