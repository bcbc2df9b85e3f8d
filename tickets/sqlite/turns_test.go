package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// TestACallerWaitsForOneChoreAtMost: however many jobs want to write, a ticket comes after the one that is at it.
func TestACallerWaitsForOneChoreAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := open(t, sqlite.Memory)
		if err := store.Enqueue(t.Context(), tickets.Notice{ID: "n", Kind: tickets.Alarm, Created: time.Now(), Due: time.Now()}); err != nil {
			t.Fatal(err)
		}
		desk := &tickets.Desk{Store: store, Numbers: tickets.NewNumbers("a", store, nil)}
		if err := desk.Numbers.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		var mu sync.Mutex
		var order []string
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
		}
		begun, finish := make(chan struct{}, 10), make(chan struct{})
		chore := func() {
			err := store.AmendNotice(t.Context(), "n", func(n *tickets.Notice) error {
				begun <- struct{}{}
				<-finish
				note("chore")
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		group.Go(chore)
		<-begun
		for range 5 {
			group.Go(chore)
		}
		group.Go(func() {
			if _, err := desk.Open(t.Context(), tickets.Request{CallKey: "a"}); err != nil {
				t.Error(err)
			}
			note("ticket")
		})
		synctest.Wait() // all of them wait
		finish <- struct{}{}
		synctest.Wait()
		mu.Lock()
		if got, want := fmt.Sprint(order), "[chore ticket]"; got != want {
			t.Errorf("got %s, want %s while the other chores are under way", got, want)
		}
		mu.Unlock()
		close(finish)
		group.Wait()
		if err := desk.Numbers.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestTheLogIsCopiedBesides: long before a commit would have to do it.
func TestTheLogIsCopiedBesides(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store := open(t, path)
	execute(t, path, "pragma wal_checkpoint(truncate)")
	before := size(t, path)
	for i := range 120 {
		file(t, store, fmt.Sprint(i))
	}
	for deadline := time.Now().Add(time.Minute); size(t, path) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the file has %d bytes as before, its log %d", before, size(t, path+"-wal"))
		}
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
