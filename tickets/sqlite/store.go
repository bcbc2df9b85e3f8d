// Package sqlite keeps tickets in a SQLite file, with no server to install. It is the store of one gateway.
//
// The file is in WAL mode with full synchronous writes: what was committed survives a power cut. Two connections write in turns, one
// for what callers wait for and one for all else, several read. Other processes on the same machine may open it too, like the command
// line while the gateway runs.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/riverqueue/river"

	"readback/tickets"
)

// Memory is the path of a store that is gone when it is closed, for tests and demonstrations.
const Memory = ":memory:"

const (
	busyTime = 5 * time.Second // a write waits this long for another process
	readers  = 4
)

// A Store is a SQLite database. Make it with Open.
type Store struct {
	writer *sql.DB // one connection, for what callers wait for
	chores *sql.DB // one connection, for jobs and what they change
	reader *sql.DB
	log    copyist
	jobs   *river.Client[*sql.Tx]
}

var _ tickets.Store = (*Store)(nil)

// Open opens or makes the file, readable by its owner only. It applies no migrations.
func Open(ctx context.Context, path string) (*Store, error) {
	address, err := addressOf(path)
	if err != nil {
		return nil, fmt.Errorf("open ticket store %s: %w", path, err)
	}
	store, err := connect(address)
	if err != nil {
		return nil, fmt.Errorf("open ticket store %s: %w", path, err)
	}
	if err := store.prove(ctx, path != Memory); err != nil {
		return nil, errors.Join(fmt.Errorf("open ticket store %s: %w", path, err), store.Close())
	}
	if path != Memory { // it has no log
		store.log.start(store.reader, store.chores)
	}
	return store, nil
}

func addressOf(path string) (url.URL, error) {
	if path == Memory {
		return url.URL{Scheme: "file", Path: "/readback-" + rand.Text(), RawQuery: "vfs=memdb"}, nil
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return url.URL{}, err
	}
	if err := os.MkdirAll(filepath.Dir(whole), 0o700); err != nil {
		return url.URL{}, err
	}
	file, err := os.OpenFile(whole, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return url.URL{Scheme: "file", Path: whole}, nil
	}
	if err != nil {
		return url.URL{}, err
	}
	return url.URL{Scheme: "file", Path: whole}, file.Close()
}

func connect(address url.URL) (*Store, error) {
	settings := address.Query()
	settings.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTime.Milliseconds()))
	settings.Add("_pragma", "foreign_keys(1)")
	address.RawQuery = settings.Encode()
	reading := address

	settings.Add("_pragma", "journal_mode(WAL)")
	settings.Add("_pragma", "synchronous(FULL)")
	settings.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", pagesOfLog))
	settings.Set("_txlock", "immediate")
	address.RawQuery = settings.Encode()
	order := make(turns, 1)
	writer, err := order.open(address.String())
	if err != nil {
		return nil, err
	}
	chores, err := order.open(address.String())
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}

	settings = reading.Query()
	settings.Add("_pragma", "query_only(1)")
	reading.RawQuery = settings.Encode()
	reader, err := sql.Open("sqlite", reading.String())
	if err != nil {
		return nil, errors.Join(err, writer.Close(), chores.Close())
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	jobs, err := newJobs(chores)
	if err != nil {
		return nil, errors.Join(err, writer.Close(), chores.Close(), reader.Close())
	}
	return &Store{writer: writer, chores: chores, reader: reader, jobs: jobs}, nil
}

// prove opens the first connections, and checks that what was committed will be kept.
func (s *Store) prove(ctx context.Context, file bool) error {
	for _, pool := range []*sql.DB{s.writer, s.chores} {
		if err := proveKept(ctx, pool, file); err != nil {
			return err
		}
	}
	return s.Ping(ctx)
}

func proveKept(ctx context.Context, pool *sql.DB, file bool) error {
	var journal string
	var synchronous int
	if err := pool.QueryRowContext(ctx, "pragma journal_mode").Scan(&journal); err != nil {
		return failed("read the journal mode", err)
	}
	if err := pool.QueryRowContext(ctx, "pragma synchronous").Scan(&synchronous); err != nil {
		return failed("read the synchronous mode", err)
	}
	if file && (journal != "wal" || synchronous != 2) {
		return fmt.Errorf("journal mode %s, synchronous %d: %w: put the file on a local disk, WAL does not work on a network share",
			journal, synchronous, tickets.ErrUnavailable)
	}
	return nil
}

// Ping reads from the file.
func (s *Store) Ping(ctx context.Context) error {
	var version int
	if err := s.reader.QueryRowContext(ctx, "pragma schema_version").Scan(&version); err != nil {
		return failed("read the ticket store", err)
	}
	return nil
}

// Close closes all connections.
func (s *Store) Close() error {
	s.log.close()
	return errors.Join(s.reader.Close(), s.chores.Close(), s.writer.Close())
}

// write runs a transaction that a caller may wait for.
func (s *Store) write(ctx context.Context, what string, change func(tx *sql.Tx) error) error {
	return s.transact(ctx, s.writer, what, change)
}

// chore runs a transaction that no caller waits for.
func (s *Store) chore(ctx context.Context, what string, change func(tx *sql.Tx) error) error {
	return s.transact(ctx, s.chores, what, change)
}

// transact runs a transaction that holds the write lock from its beginning.
func (s *Store) transact(ctx context.Context, pool *sql.DB, what string, change func(tx *sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return failed(what, err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := change(tx); err != nil {
		return failed(what, err)
	}
	if err := tx.Commit(); err != nil {
		return failed(what, err)
	}
	s.log.wrote()
	return nil
}
