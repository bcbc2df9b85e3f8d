package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"readback/tickets/storetest"
)

// tables is the way past the store.
type tables struct{ db *sql.DB }

func (d tables) Exec(t *testing.T, statement string) error {
	_, err := d.db.ExecContext(t.Context(), statement)
	return err
}

func (d tables) Texts(t *testing.T, query string) (all []string) {
	t.Helper()
	rows, err := d.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (d tables) Literal(column string) string { return "quote(" + column + ")" }

func unguarded(t *testing.T, path string) tables {
	t.Helper()
	db := raw(t, path)
	for _, trigger := range []string{"events_stay", "events_last"} {
		if _, err := db.Exec("drop trigger " + trigger); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("pragma synchronous = off"); err != nil {
		t.Fatal(err)
	}
	return tables{db}
}

func TestEveryChangeIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store := open(t, path)
	storetest.Tamper(t, store, unguarded(t, path), 3)
}

func TestMigrateChainsOldEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	store := open(t, path)
	migrate := func() error {
		_, err := store.Migrate(t.Context())
		return err
	}
	storetest.Unseal(t, store, unguarded(t, path), migrate, `update events set head = x'', kept_at = 0, digests = '{}', detail = json_patch(detail,
		(select json_group_object(name, text) from personal p where p.ticket = events.ticket and p.seq = events.seq))`)
}
