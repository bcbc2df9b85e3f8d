package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

func TestFilesAreTheOwnersOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file(t, open(t, filepath.Join(dir, "tickets.db")), "a")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 2 {
		t.Fatalf("got %v, %v, want the database and its log", entries, err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v, want 0600", entry.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v, want 0700", info.Mode(), err)
	}
}

func TestOddPaths(t *testing.T) {
	for _, name := range []string{"with space.db", "100%.db", "a?b#c.db", "été.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		open(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for name, path := range map[string]string{"a directory": t.TempDir(), "no database": writeText(t)} {
		if _, err := sqlite.Open(t.Context(), path); err == nil {
			t.Errorf("%s was opened as a store", name)
		}
	}
}

func writeText(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if _, err := store.ListTickets(t.Context(), tickets.TicketPage{}); err == nil || !strings.Contains(err.Error(), "readback migrate") {
		t.Errorf("before: got %v, want what mends it", err)
	}
	before, err := store.Pending(t.Context())
	applied, migrateErr := store.Migrate(t.Context())
	after, afterErr := store.Pending(t.Context())
	again, againErr := store.Migrate(t.Context())
	if err := errors.Join(err, migrateErr, afterErr, againErr); err != nil || before < 1 || applied != before || after != 0 || again != 0 {
		t.Errorf("pending %d, applied %d, then %d and %d, %v", before, applied, after, again, err)
	}
	execute(t, path, "insert into readback_migrations (version_id, is_applied) values (99999, true)")
	if _, err := store.Migrate(t.Context()); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("a schema from the future: got %v, want ErrInvalid", err)
	}
}

// A store of version 0.1.0 keeps its calls, of whose sound it knows less.
func TestMigrateFromTheFirstSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store := open(t, path)
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
	execute(t, path, undo+"delete from readback_migrations where version_id > 1")
	execute(t, path, `insert into calls values ('r1', 'k1', 's1', 'carrier', '', '', 'completed', '', 200, '', '', '', '', 'PCMU', 50, 40, 10, 1000, 1, 2, 3)`)
	pending, pendingErr := store.Pending(t.Context())
	if applied, err := store.Migrate(t.Context()); applied != pending || pending < len(newer) || errors.Join(err, pendingErr) != nil {
		t.Fatalf("applied %d migrations, %v; %d were pending, %v", applied, err, pending, pendingErr)
	}
	want := tickets.Sound{Codec: "PCMU", Sent: 50, Received: 40, Lost: 10, Jitter: time.Microsecond, RemoteLost: -1}
	if got, err := store.ListCalls(t.Context(), tickets.CallPage{}); err != nil || len(got) != 1 || got[0].Sound != want {
		t.Errorf("got %+v, %v, want one call with %+v", got, err, want)
	}
}

func TestEventsAreOnlyEverAdded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	file(t, open(t, path), "a")
	db := raw(t, path)
	for _, statement := range []string{"update events set who = 'nobody'", "delete from events"} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "only ever added") {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	if _, err := raw(t, path).Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, store tickets.Store, callKey string) tickets.Ticket {
	t.Helper()
	desk := tickets.Desk{Store: store}
	ticket, err := desk.Open(t.Context(), tickets.Request{CallKey: callKey})
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// TestAnotherProcessMayRead is the command line beside the gateway: two stores on one file.
func TestAnotherProcessMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	gateway, command := open(t, path), open(t, path)
	ticket := file(t, gateway, "a")
	if got, err := command.Ticket(t.Context(), ticket.Number); got != ticket || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, ticket)
	}
	file(t, command, "b")
}

// TestReadersSeeWhileAWriterHolds: lists are read while a commit is under way.
func TestReadersSeeWhileAWriterHolds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store := open(t, path)
	want := file(t, store, "a")
	tx, err := raw(t, path).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("update desk set next = next"); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Ticket(t.Context(), want.Number); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := store.Goodbye(ctx, "a", time.Now()); !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("a write: got %v, want ErrUnavailable", err)
	}
}

const childVariable = "READBACK_TEST_SQLITE_CHILD"

// TestKilled kills a process that files tickets, again and again: every number it told is there.
func TestKilled(t *testing.T) {
	if path := os.Getenv(childVariable); path != "" {
		fileForever(t, path)
	}
	path := filepath.Join(t.TempDir(), "tickets.db")
	open(t, path)
	var told []string
	for round := range 3 {
		told = append(told, fileUntilKilled(t, path, 5+7*round)...)
	}
	store := open(t, path)
	for _, number := range told {
		if _, err := store.Ticket(t.Context(), tickets.Number(number)); err != nil {
			t.Errorf("%s was told: %v", number, err)
		}
	}
}

func fileUntilKilled(t *testing.T, path string, times int) (told []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), childVariable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); len(told) < times && lines.Scan(); {
		told = append(told, lines.Text())
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if len(told) < times {
		t.Fatalf("the child told only %v", told)
	}
	return told
}

func fileForever(t *testing.T, path string) {
	shelf := tickets.FileShelf(path + ".numbers")
	store := open(t, path)
	desk := tickets.Desk{Store: store, Numbers: tickets.NewNumbers("child", store, shelf)}
	for i := 0; ; i++ {
		ticket, err := desk.Open(t.Context(), tickets.Request{CallKey: fmt.Sprint(os.Getpid(), "-", i)})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(ticket.Number)
	}
}
