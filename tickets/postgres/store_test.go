package postgres_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestStore empties one database again and again, which is quicker than making as many.
func TestStore(t *testing.T) {
	address := pgtest.Database(t, migrate)
	storetest.Run(t, func(t *testing.T) tickets.Store {
		empty(t, address)
		return store(t, address)
	})
}

func TestImport(t *testing.T) {
	address := pgtest.Database(t, migrate)
	storetest.RunImport(t, func(t *testing.T) tickets.Store {
		empty(t, address)
		return store(t, address)
	})
}

func empty(t *testing.T, address string) {
	t.Helper()
	const truncate = `do $$ begin
		execute (select 'truncate ' || string_agg(quote_ident(tablename), ', ') from pg_tables
			where schemaname = 'public' and tablename not in ('desk', 'readback_migrations'));
		update desk set next = 0;
	end $$`
	if _, err := connect(t, address).Exec(t.Context(), truncate); err != nil {
		t.Fatal(err)
	}
}

func migrate(ctx context.Context, address string) error {
	store, err := postgres.Open(ctx, address)
	if err != nil {
		return err
	}
	_, err = store.Migrate(ctx)
	return errors.Join(err, store.Close())
}
