package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
)

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func store(t *testing.T, address string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestMigrate(t *testing.T) {
	address := pgtest.Database(t, nil)
	s := store(t, address)
	if _, err := s.ListTickets(t.Context(), tickets.TicketPage{}); err == nil || !strings.Contains(err.Error(), "readback migrate") {
		t.Errorf("before: got %v, want what mends it", err)
	}
	before, err := s.Pending(t.Context())
	if err != nil || before < 1 {
		t.Fatalf("pending %d, %v", before, err)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	applied := 0
	for range 3 { // gateways that start at once
		group.Go(func() {
			some, err := store(t, address).Migrate(t.Context())
			mu.Lock()
			defer mu.Unlock()
			applied += some
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	after, err := s.Pending(t.Context())
	if applied != before || after != 0 || err != nil {
		t.Errorf("applied %d, pending %d, %v, want %d and none", applied, after, err, before)
	}
	if _, err := connect(t, address).Exec(t.Context(), "insert into readback_migrations (version_id, is_applied) values (99999, true)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Migrate(t.Context()); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("a schema from the future: got %v, want ErrInvalid", err)
	}
}

// A store of version 0.1.0 keeps its calls, of whose sound it knows less; gateways of that version can go on with it.
func TestMigrateFromTheFirstSchema(t *testing.T) {
	address := pgtest.Database(t, migrate)
	s, conn := store(t, address), connect(t, address)
	newer, err := fs.Glob(os.DirFS("migrations"), "*.sql")
	if err != nil || len(newer) < 3 {
		t.Fatal(newer, err)
	}
	var undo string
	for _, name := range slices.Backward(newer[1:]) {
		text, err := os.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		_, down, _ := strings.Cut(string(text), "-- +goose Down")
		undo += down
	}
	const put = `insert into calls (id, call_key, sip_call_id, trunk, caller, called, disposition, reason, status, ticket, account, language, keys, codec,
		sent, received, lost, jitter_ns, started_at) values ($1, 'k', 's', 'carrier', '', '', 'completed', '', 200, '', '', '', '', 'PCMU', 50, 40, 10, 1000, now())`
	_, undoErr := conn.Exec(t.Context(), undo+"delete from readback_migrations where version_id > 1")
	_, before := conn.Exec(t.Context(), put, "before")
	pending, pendingErr := s.Pending(t.Context())
	applied, err := s.Migrate(t.Context())
	_, after := conn.Exec(t.Context(), put, "after")
	if err := errors.Join(undoErr, before, pendingErr, err, after); err != nil || applied != pending || pending < len(newer) {
		t.Fatalf("applied %d migrations, %v; %d were pending", applied, err, pending)
	}
	want := tickets.Sound{Codec: "PCMU", Sent: 50, Received: 40, Lost: 10, Jitter: time.Microsecond, RemoteLost: -1}
	got, err := s.ListCalls(t.Context(), tickets.CallPage{})
	if err != nil || len(got) != 2 || got[0].Sound != want || got[1].Sound != want {
		t.Errorf("got %+v, %v, want two calls with %+v", got, err, want)
	}
}

func TestEventsAreOnlyEverAdded(t *testing.T) {
	address := pgtest.Database(t, migrate)
	desk := tickets.Desk{Store: store(t, address)}
	if _, err := desk.Open(t.Context(), tickets.Request{CallKey: "a"}); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, address)
	for _, statement := range []string{"update events set who = 'nobody'", "delete from events"} {
		if _, err := conn.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "only ever added") {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}

func TestAStatementDoesNotHoldUpACall(t *testing.T) {
	address := pgtest.Database(t, migrate)
	s := store(t, address+"&statement_timeout=250ms")
	tx, err := connect(t, address).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), "lock table tickets"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ListTickets(t.Context(), tickets.TicketPage{}); !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("behind a lock: got %v, want ErrUnavailable", err)
	}
}

func TestAwayAndBack(t *testing.T) {
	s := store(t, "postgres://nobody@127.0.0.1:1/none?connect_timeout=1") // opens although nobody answers
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, migrateErr := s.Migrate(ctx)
	for name, err := range map[string]error{"ping": s.Ping(ctx), "migrate": migrateErr, "goodbye": s.Goodbye(ctx, "a", time.Now())} {
		if !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, err)
		}
	}
	if _, err := postgres.Open(t.Context(), "postgres://host:port/x?secret"); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("a broken URL: got %v, want ErrInvalid", err)
	}
}

// TestLostConnection ends the sessions of a store once while each call files: it connects again, and no call makes two tickets.
func TestLostConnection(t *testing.T) {
	address := pgtest.Database(t, migrate)
	desk := &tickets.Desk{Store: store(t, address)}
	killer := connect(t, address)
	const kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'readback' and datname = current_database()"
	start := time.Unix(1_000_000, 0)
	told := map[string]tickets.Number{}
	for i := range 15 {
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := killer.Exec(t.Context(), kill); err != nil {
				t.Error(err)
			}
		})
		request := tickets.Request{CallKey: fmt.Sprint("call-", i), Received: start.Add(time.Duration(i) * time.Hour)}
		ticket, err := desk.Open(t.Context(), request)
		if err != nil {
			ticket, err = desk.Open(t.Context(), request) // no number could be leased, or every attempt met a dying session
		}
		group.Wait()
		if err != nil {
			t.Errorf("%s: %v", request.CallKey, err)
		}
		told[request.CallKey] = ticket.Number
	}
	after := store(t, address)
	for key, number := range told {
		if ticket, err := after.TicketByCall(t.Context(), key); err != nil || ticket.Number != number {
			t.Errorf("%s was told %s: got %s, %v", key, number, ticket.Number, err)
		}
	}
}

// TestAServerThatOnlyReads is away for whoever writes, and is met on new connections, which may lead to another one.
func TestAServerThatOnlyReads(t *testing.T) {
	server, err := pgtest.Start(t.Context(), pgtest.Fast...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := store(t, server.URL("postgres"))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	put := func() error { return s.PutAccounts(t.Context(), []tickets.Account{{ID: "1"}}) }
	await := func(want error) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			err := put()
			if errors.Is(err, want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("got %v, want %v", err, want)
			}
		}
	}
	await(nil)
	if err := server.ReadOnly(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	await(tickets.ErrUnavailable)
	if _, err := s.Account(t.Context(), "1"); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := server.ReadOnly(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	await(nil)
}

// TestWhatCannotBeKeptIsInvalid: the database is there, and trying again cannot help.
func TestWhatCannotBeKeptIsInvalid(t *testing.T) {
	s := store(t, pgtest.Database(t, migrate))
	_, err := s.File(t.Context(), tickets.Filing{
		Ticket: tickets.Ticket{Number: "10000004", CallID: "a", Contact: "a\x00b", Priority: tickets.P3, Received: time.Now(), Due: time.Now()},
		Event:  tickets.Event{Ticket: "10000004", At: time.Now(), Who: tickets.WhoCaller, What: tickets.EventReceived},
	})
	if !errors.Is(err, tickets.ErrInvalid) || errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}
