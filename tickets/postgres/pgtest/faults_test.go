package pgtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestFaults does to a small server what happens to large ones, and wants it back with what it had committed.
func TestFaults(t *testing.T) {
	server, err := StartSmall(t.Context(), 100, "min_wal_size=4MB", "max_wal_size=8MB")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	put := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		conn, err := pgx.Connect(ctx, server.URL("postgres"))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		_, err = conn.Exec(ctx, "create table if not exists rows (one text); insert into rows select repeat(md5(random()::text), 1000) from generate_series(1, 20)")
		return err
	}
	if err := put(time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []struct {
		name       string
		begin, end func() error
		want       string // code of the error, when the server answers
	}{
		{"shut down", func() error { server.Shutdown(); return nil }, func() error { return server.Restart(t.Context()) }, ""},
		{"killed", server.Kill, func() error { return server.Restart(t.Context()) }, ""},
		{"paused", server.Pause, server.Resume, ""},
		{"read-only", func() error { return server.ReadOnly(t.Context(), true) }, func() error { return server.ReadOnly(t.Context(), false) }, "25006"},
		{"full", server.Fill, server.Free, "53100"},
	} {
		if err := fault.begin(); err != nil {
			t.Fatalf("%s: %v", fault.name, err)
		}
		err := put(2 * time.Second)
		for fault.want == "25006" && err == nil { // sessions learn of it a moment later
			err = put(2 * time.Second)
		}
		failure, _ := errors.AsType[*pgconn.PgError](err)
		if err == nil || fault.want != "" && (failure == nil || failure.Code != fault.want) {
			t.Errorf("%s: got %v, want code %q", fault.name, err, fault.want)
		}
		if err := fault.end(); err != nil {
			t.Fatalf("%s: %v", fault.name, err)
		}
		deadline := time.Now().Add(time.Minute)
		for err = put(5 * time.Second); err != nil && time.Now().Before(deadline); err = put(5 * time.Second) {
			time.Sleep(50 * time.Millisecond) // it may be starting up again
		}
		if err != nil {
			t.Fatalf("%s: it does not come back: %v", fault.name, err)
		}
	}
}
