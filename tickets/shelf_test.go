package tickets_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
)

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// office leases serials, unless it is away.
type office struct {
	mu     sync.Mutex
	next   int64
	away   bool
	leased int
}

func (o *office) LeaseSerials(_ context.Context, _ string, count int64, _ time.Time) (tickets.Lease, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return tickets.Lease{}, tickets.ErrUnavailable
	}
	lease := tickets.Lease{Store: "s", First: o.next, Count: count}
	if count > 0 {
		o.leased++
		o.next += count
	}
	return lease, nil
}

func (o *office) leave(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

func TestNumbersOutliveTheStore(t *testing.T) {
	shelf := tickets.FileShelf(filepath.Join(t.TempDir(), "numbers.json"))
	var store office
	numbers := tickets.NewNumbers("a", &store, shelf)
	if err := numbers.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	store.leave(true)
	given := map[tickets.Number]bool{}
	next := func(numbers *tickets.Numbers) error {
		number, err := numbers.Next(t.Context())
		if err == nil && given[number] {
			t.Fatalf("%s was given out twice", number)
		}
		given[number] = true
		return err
	}
	for range 310 {
		if err := next(numbers); err != nil {
			t.Fatal(err)
		}
	}
	// The process is killed: the next one knows only the shelf. It loses at most a handful.
	after := tickets.NewNumbers("a", &store, shelf)
	for range 650 {
		if err := next(after); err != nil {
			t.Fatal(err)
		}
	}
	if err := next(after); !errors.Is(err, tickets.ErrNoNumbers) {
		t.Errorf("after the last one: got %v, want ErrNoNumbers", err)
	}
	store.leave(false)
	if err := next(after); err != nil {
		t.Errorf("with the store back: %v", err)
	}
	if err := after.Close(); err != nil {
		t.Fatal(err)
	}
	if left := after.Left(); left != 999 {
		t.Errorf("%d left, want 999", left)
	}
	if stock, err := shelf.Load(); err != nil || len(stock.Spans) == 0 || stock.Spans[0].Next != 1001 {
		t.Errorf("a clean end left %+v, %v on the shelf, want all that is left", stock, err)
	}
	if mode := modeOf(t, string(shelf)); mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
}

func TestNumbersLeaseTheNextBlockAtHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store office
		numbers := tickets.NewNumbers("a", &store, nil)
		for range 700 {
			if _, err := numbers.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // for the lease in the background
		if err := numbers.Close(); err != nil {
			t.Fatal(err)
		}
		if store.leased != 2 {
			t.Errorf("leased %d blocks, want the second one at half of the first", store.leased)
		}
	})
}

func TestNumbersAreNotGivenOutBeforeTheyAreKept(t *testing.T) {
	numbers := tickets.NewNumbers("a", &office{}, tickets.FileShelf(filepath.Join(t.TempDir(), "gone", "numbers.json")))
	if err := numbers.Prepare(t.Context()); !errors.Is(err, tickets.ErrNoNumbers) || numbers.Left() != 0 {
		t.Errorf("got %d numbers, %v, want ErrNoNumbers", numbers.Left(), err)
	}
}

func TestFileShelfTellsADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "numbers.json")
	for _, content := range []string{"", "{", "[]", `{"store":"s","spans":[{"next":5,"end":1}]}`, `{"store":"s","spans":[{"next":0,"end":99999999}]}`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if stock, err := tickets.FileShelf(path).Load(); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("%q: got %+v, %v, want ErrInvalid", content, stock, err)
		}
	}
}

// A fullShelf takes nothing, as on a disk without room.
type fullShelf struct {
	tickets.FileShelf
	full bool
}

func (f *fullShelf) Save(stock tickets.Stock) error {
	if f.full {
		return errors.New("no space left on device")
	}
	return f.FileShelf.Save(stock)
}

// TestNumbersOutliveTheDisk: a full disk is no reason to refuse tickets that the store takes, and nothing is promised without both.
func TestNumbersOutliveTheDisk(t *testing.T) {
	shelf := &fullShelf{FileShelf: tickets.FileShelf(filepath.Join(t.TempDir(), "numbers.json"))}
	var store office
	numbers := tickets.NewNumbers("a", &store, shelf)
	if err := numbers.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	given := map[tickets.Number]bool{}
	shelf.full = true
	for range 500 {
		number, err := numbers.Next(t.Context())
		if err != nil || given[number] {
			t.Fatalf("got %s again or %v", number, err)
		}
		given[number] = true
	}
	store.leave(true)
	var err error
	for range 100 {
		if _, err = numbers.Next(t.Context()); err != nil {
			break
		}
	}
	if !errors.Is(err, tickets.ErrNoNumbers) {
		t.Errorf("without disk and store: got %v, want ErrNoNumbers", err)
	}
	shelf.full = false
	store.leave(false)
	for range 1500 {
		number, err := numbers.Next(t.Context())
		if err != nil || given[number] {
			t.Fatalf("afterwards: got %s again or %v", number, err)
		}
		given[number] = true
	}
	if err := numbers.Close(); err != nil {
		t.Error(err)
	}
}
