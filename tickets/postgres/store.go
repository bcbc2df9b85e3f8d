// Package postgres keeps tickets in PostgreSQL 15 or later, shared by several gateways.
//
// Transactions that decide by what others do take advisory locks on the keys they decide about, so that two gateways that
// file the same call, join the same ticket or count wrong PINs of the same account do it one after the other.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"readback/tickets"
)

// What a session is given unless the URL says otherwise: no statement may hold up a call for long, and what is committed is on disk.
var settings = map[string]string{
	"application_name":                    "readback",
	"statement_timeout":                   "5s",
	"lock_timeout":                        "4s",
	"idle_in_transaction_session_timeout": "10s",
	"synchronous_commit":                  "on",
}

const (
	connectTime = 3 * time.Second
	connections = 10
	tries       = 3 // of a transaction that lost a deadlock
)

// A Store is a PostgreSQL database. Make it with Open.
type Store struct {
	pool    *pgxpool.Pool
	jobPool *pgxpool.Pool
	jobs    *river.Client[pgx.Tx]
}

var _ tickets.Store = (*Store)(nil)

// Open takes a URL like postgres://user@host/database; its parameters may set the pool (pool_max_conns) and the session
// (statement_timeout). It does not connect, so that a gateway can start while its database is away, and applies no migrations.
func Open(ctx context.Context, address string) (*Store, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open ticket store: %w: %w", tickets.ErrInvalid, err)
	}
	for name, value := range settings {
		if _, ok := config.ConnConfig.RuntimeParams[name]; !ok {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if !says(address, "connect_timeout") {
		config.ConnConfig.ConnectTimeout = connectTime
	}
	if !says(address, "pool_max_conns") {
		config.MaxConns = connections
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failed("open ticket store", err)
	}
	jobPool, jobs, err := newJobs(config.Copy())
	if err != nil {
		pool.Close()
		return nil, failed("open ticket store", err)
	}
	return &Store{pool: pool, jobPool: jobPool, jobs: jobs}, nil
}

// says reports whether a URL or a key=value string sets a parameter.
func says(address, parameter string) bool {
	if parsed, err := url.Parse(address); err == nil && parsed.Scheme != "" {
		return parsed.Query().Has(parameter)
	}
	return strings.Contains(address, parameter+"=")
}

// Ping asks the server.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return failed("reach the ticket store", err)
	}
	return nil
}

// Close waits for connections in use and closes all.
func (s *Store) Close() error {
	s.pool.Close()
	s.jobPool.Close()
	return nil
}

// write runs a transaction. One that the server undid for the sake of another is run again: it left nothing behind.
func (s *Store) write(ctx context.Context, what string, change func(tx pgx.Tx) error) error {
	var err error
	for range tries {
		err = pgx.BeginFunc(ctx, s.pool, change)
		if err == nil {
			return nil
		}
		if !isUndone(err) {
			break
		}
	}
	if code(err) == readOnlyTransaction {
		s.pool.Reset() // another server may be the one that writes now
	}
	return failed(what, err)
}

// Kinds of advisory lock. A transaction takes them in this order, so that none waits in a circle.
const (
	lockCall = iota + 7301
	lockJoin
	lockAccount
	lockCaller
	lockSweep
	lockIncidents
)

// exec queues a statement whose result nobody reads.
func exec(batch *pgx.Batch, query string, args ...any) { batch.Queue(query, args...) }

// found turns the lack of a row into false.
func found(err error) (bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
