package spool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
	"readback/tickets/spool"
	"readback/tickets/sqlite"
	"readback/tickets/storetest"
)

// TestStore: with the database at hand a spool is a store like any other.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) tickets.Store {
		s := newSite(t)
		s.patience = time.Minute // the machine may be busy
		return s.open()
	})
}

// A site is a gateway's spool, its database and its disk.
type site struct {
	t        *testing.T
	database *database
	patience time.Duration
	shelf    tickets.FileShelf
	local    *sqlite.Store
	spool    *spool.Store
	desk     *tickets.Desk
	stop     func()
}

func newSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, database: &database{Store: openStore(t)}, shelf: tickets.FileShelf(filepath.Join(t.TempDir(), "numbers.json"))}
}

// migrated is an empty store's file: making its tables takes longer than most tests.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "readback-spool-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tickets.db")
	store, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	_, err = store.Migrate(context.Background())
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func openStore(t testing.TB) *sqlite.Store {
	t.Helper()
	return openStoreIn(t, t.TempDir())
}

func openStoreIn(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	template, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tickets.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func (s *site) open() *spool.Store {
	s.t.Helper()
	if s.local == nil {
		s.local = openStore(s.t)
	}
	store, err := spool.Open(s.t.Context(), s.database, s.local, spool.Options{Patience: s.patience})
	if err != nil {
		s.t.Fatal(err)
	}
	s.spool = store
	s.t.Cleanup(func() { _ = store.Close() }) // a suite may have closed it
	return store
}

// start opens the desk and has the spool run, until the test ends or stop.
func (s *site) start() {
	s.t.Helper()
	store := s.open()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var group sync.WaitGroup
	group.Go(func() { store.Run(ctx) })
	numbers := tickets.NewNumbers("a", store, s.shelf)
	if err := numbers.Prepare(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.desk = &tickets.Desk{
		Store: store, Pepper: []byte("pepper for tests"), Cost: tickets.Cost{Memory: 8, Passes: 1}, Node: "a", Numbers: numbers, Mail: true, CallBack: true,
	}
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			group.Wait()
			if err := numbers.Close(); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(s.stop)
}

// fail has the database fail from now on.
func (s *site) fail(f fault) { s.database.fail(f) }

// settle lets time pass until the spool has done what there is to do.
func (s *site) settle() {
	time.Sleep(10 * time.Second)
	synctest.Wait()
}

func request(key string) tickets.Request {
	account := acme()
	return tickets.Request{
		CallKey: key, Account: &account, Verified: true, Caller: tickets.Caller{Number: "+14155550100", Vouched: true, Trunk: "carrier"},
		Called: "+18887999666", Priority: tickets.P2, Callback: "+14155550100", CallbackVerified: true, Language: "en-US", Received: time.Now(),
	}
}

func acme() tickets.Account {
	return tickets.Account{
		ID: "30471234", Name: "Acme", Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann", Phone: "+14155550100", Email: "ann@example.com"}},
	}
}

func (s *site) file(r tickets.Request) tickets.Ticket {
	s.t.Helper()
	ticket, err := s.desk.Open(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return ticket
}

func (s *site) tell(number tickets.Number) {
	s.t.Helper()
	if err := s.desk.Acknowledge(s.t.Context(), number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
		s.t.Error(err)
	}
}

// wantMoved checks that the database has the ticket once, told once, and that the spool is empty.
func (s *site) wantMoved(number tickets.Number, key string) {
	s.t.Helper()
	if stats := s.spool.Stats(); stats.Tickets != 0 || !stats.Away.IsZero() {
		s.t.Errorf("the spool has %+v, want it empty and the database there", stats)
	}
	ticket, err := s.database.Store.TicketByCall(s.t.Context(), key)
	if err != nil || ticket.Number != number || ticket.AcknowledgedBy != tickets.ByReadback {
		s.t.Errorf("the database has %s told by %q, %v; want %s told by readback", ticket.Number, ticket.AcknowledgedBy, err, number)
	}
	events, err := s.database.Events(s.t.Context(), number)
	seen := map[string]int{}
	for _, e := range events {
		seen[e.What]++
	}
	if err != nil || seen[tickets.EventReceived] != 1 || seen[tickets.EventAcknowledged] != 1 {
		s.t.Errorf("its events are %v, %v", seen, err)
	}
	notices, err := s.database.Notices(s.t.Context(), number, 0)
	if err != nil || len(notices) == 0 {
		s.t.Errorf("its outbox is %v, %v", notices, err)
	}
	for _, n := range notices {
		if n.Open() {
			s.t.Errorf("%s is still open", n.ID)
		}
	}
}

// TestTheDatabaseGoesAway at each step of a call, in each way, and comes back.
func TestTheDatabaseGoesAway(t *testing.T) {
	for name, f := range map[string]fault{"gone": gone, "silent": silent, "mute": mute, "reading": reading} {
		for at := range 4 {
			t.Run(fmt.Sprintf("%s at step %d", name, at), func(t *testing.T) {
				bubble(t, func(t *testing.T, s *site) {
					var ticket tickets.Ticket
					for step, do := range []func(){
						func() { ticket = s.file(request("call")) },
						func() { s.tell(ticket.Number) },
						func() {
							if err := s.desk.Goodbye(t.Context(), "call"); err != nil {
								t.Error(err)
							}
						},
						func() {},
					} {
						if step == at {
							s.fail(f)
						}
						do()
					}
					again := s.file(request("call")) // whatever was lost on the way
					if again.Number != ticket.Number {
						t.Errorf("the call was told %s, then %s", ticket.Number, again.Number)
					}
					s.settle()
					s.fail(well)
					s.settle()
					s.wantMoved(ticket.Number, "call")
				})
			})
		}
	}
}

// TestNobodyWaitsLong: of the callers who meet a database that is gone, the first wait less than a second in all, and later ones not at all.
func TestNobodyWaitsLong(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(silent)
		call := func(i int) time.Duration {
			began := time.Now()
			key := fmt.Sprint("call-", i)
			r := request(key)
			r.Received = began.Add(time.Duration(i) * time.Hour)
			_, err := s.desk.Recognize(t.Context(), tickets.Caller{Number: "+14155550100", Vouched: true})
			if err != nil && !errors.Is(err, tickets.ErrNotFound) {
				t.Error(err)
			}
			ticket := s.file(r)
			s.tell(ticket.Number)
			if err := s.desk.Goodbye(t.Context(), key); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		var group sync.WaitGroup
		for i := range 5 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				if waited := call(i); waited > time.Second {
					t.Errorf("a caller of the first moment waited %v", waited)
				}
			})
		}
		group.Wait()
		for i := range 20 {
			time.Sleep(700 * time.Millisecond)
			if waited := call(10 + i); waited > 0 {
				t.Errorf("a later caller waited %v", waited)
			}
		}
		s.fail(well)
		s.settle()
		if stats := s.spool.Stats(); stats.Tickets != 0 {
			t.Errorf("%d tickets are left in the spool", stats.Tickets)
		}
	})
}

// TestASecondCallJoinsASpooledTicket, whatever store has the first one.
func TestASecondCallJoinsASpooledTicket(t *testing.T) {
	for name, test := range map[string]struct{ first, second fault }{
		"both while it is away":          {gone, gone},
		"the first before":               {well, gone},
		"the first was lost, it is back": {mute, well},
		"the first while it was away":    {gone, well},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *site) {
				s.fail(test.first)
				first := s.file(request("first"))
				s.fail(test.second)
				second := s.file(request("second"))
				if second.Number != first.Number {
					t.Errorf("got %s, want to join %s", second.Number, first.Number)
				}
				s.tell(first.Number)
				s.fail(well)
				s.settle()
				s.wantMoved(first.Number, "first")
				s.wantMoved(first.Number, "second")
			})
		})
	}
}

// TestStartsWhileTheDatabaseIsAway from numbers and spool alone, and catches up.
func TestStartsWhileTheDatabaseIsAway(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(gone)
		before := s.file(request("before"))
		s.tell(before.Number)
		s.stop()
		s.start() // what was committed is in the spool's file
		if stats := s.spool.Stats(); stats.Tickets != 1 || stats.Away.IsZero() {
			t.Errorf("after the restart: %+v", stats)
		}
		r := request("after")
		r.Received = r.Received.Add(time.Hour)
		after := s.file(r)
		s.tell(after.Number)
		if again := s.file(request("before")); again.Number != before.Number {
			t.Errorf("a call filed again after the restart: got %s, want %s", again.Number, before.Number)
		}
		s.fail(well)
		s.settle()
		s.wantMoved(before.Number, "before")
		s.wantMoved(after.Number, "after")
	})
}

// TestAMisfitStays: what the database will not take is kept and told, and holds up nobody.
func TestAMisfitStays(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(sick)
		misfit := s.file(request("call"))
		s.settle()
		if stats := s.spool.Stats(); stats.Misfits != 1 || !stats.Away.IsZero() {
			t.Errorf("got %+v, want one misfit and the database there", stats)
		}
		if kept, err := s.desk.Store.Ticket(t.Context(), misfit.Number); err != nil || kept.Number != misfit.Number {
			t.Errorf("got %s, %v", kept.Number, err)
		}
		s.tell(misfit.Number)
		s.fail(well)
		time.Sleep(time.Minute)
		s.settle()
		s.wantMoved(misfit.Number, "call")
	})
}
