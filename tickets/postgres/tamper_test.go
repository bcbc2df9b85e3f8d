package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"readback/tickets/postgres/pgtest"
	"readback/tickets/storetest"
)

// tables is the way past the store.
type tables struct{ conn *pgx.Conn }

func (d tables) Exec(t *testing.T, statement string) error {
	_, err := d.conn.Exec(t.Context(), statement)
	return err
}

func (d tables) Texts(t *testing.T, query string) []string {
	t.Helper()
	rows, err := d.conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (d tables) Literal(column string) string { return "quote_literal(" + column + "::text)" }

func unguarded(t *testing.T, address string) tables {
	t.Helper()
	conn := connect(t, address)
	if _, err := conn.Exec(t.Context(), "set session_replication_role = replica"); err != nil { // no triggers, no foreign keys
		t.Fatal(err)
	}
	return tables{conn}
}

func TestEveryChangeIsFound(t *testing.T) {
	address := pgtest.Database(t, migrate)
	storetest.Tamper(t, store(t, address), unguarded(t, address), 17)
}

func TestMigrateChainsOldEvents(t *testing.T) {
	address := pgtest.Database(t, migrate)
	s := store(t, address)
	migrate := func() error {
		_, err := s.Migrate(t.Context())
		return err
	}
	storetest.Unseal(t, s, unguarded(t, address), migrate, `update events set head = '', kept_at = 'epoch', digests = '{}', detail = detail ||
		coalesce((select jsonb_object_agg(name, text) from personal p where p.ticket = events.ticket and p.seq = events.seq), '{}')`)
}
