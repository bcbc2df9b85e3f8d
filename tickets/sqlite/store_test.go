package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"readback/tickets"
	"readback/tickets/sqlite"
	"readback/tickets/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) tickets.Store { return open(t, filepath.Join(t.TempDir(), "tickets.db")) })
}

func TestImport(t *testing.T) {
	storetest.RunImport(t, func(t *testing.T) tickets.Store { return open(t, filepath.Join(t.TempDir(), "tickets.db")) })
}

// TestMemory: stores in memory are apart, and take calls at once like files do.
func TestMemory(t *testing.T) {
	one, two := open(t, sqlite.Memory), open(t, sqlite.Memory)
	desk := &tickets.Desk{Store: one}
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			request := tickets.Request{CallKey: fmt.Sprint(i)}
			ticket, err := desk.Open(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			if kept, err := one.Ticket(t.Context(), ticket.Number); err != nil || kept != ticket {
				t.Errorf("got %+v, %v, want %+v", kept, err, ticket)
			}
		})
	}
	group.Wait()
	for store, want := range map[*sqlite.Store]int{one: 24, two: 0} {
		if found, err := store.ListTickets(t.Context(), tickets.TicketPage{}); len(found) != want || err != nil {
			t.Errorf("got %d tickets, %v, want %d", len(found), err, want)
		}
	}
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}
