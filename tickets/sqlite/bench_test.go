package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"readback/tickets/storetest"
)

func BenchmarkOpen(b *testing.B) {
	storetest.BenchmarkOpen(b, open(b, filepath.Join(b.TempDir(), "tickets.db")))
}

func BenchmarkChain(b *testing.B) {
	storetest.BenchmarkChain(b, open(b, filepath.Join(b.TempDir(), "tickets.db")))
}

// BenchmarkBareCommit is one row and one sync in a file with the same settings: what no ticket can be quicker than.
func BenchmarkBareCommit(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table bare (id integer primary key, text text)"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := db.Exec("insert into bare (text) values ('48215906')"); err != nil {
			b.Fatal(err)
		}
	}
}
