package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/storetest"
)

// durable starts a server that syncs, unlike the one of the tests, and returns its address.
func durable(b *testing.B) string {
	b.Helper()
	server, err := pgtest.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	})
	return server.URL("postgres")
}

func BenchmarkOpen(b *testing.B) {
	address := durable(b)
	if err := migrate(b.Context(), address); err != nil {
		b.Fatal(err)
	}
	store, err := postgres.Open(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	storetest.BenchmarkOpen(b, store)
}

// BenchmarkBareCommit is one row and one sync on the same kind of server: what no ticket can be quicker than.
func BenchmarkBareCommit(b *testing.B) {
	conn, err := pgx.Connect(b.Context(), durable(b))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(b.Context()) }()
	if _, err := conn.Exec(b.Context(), "create table bare (id bigserial primary key, text text)"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Exec(b.Context(), "insert into bare (text) values ('48215906')"); err != nil {
			b.Fatal(err)
		}
	}
}
