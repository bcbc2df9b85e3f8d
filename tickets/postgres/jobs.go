package postgres

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"readback/tickets"
)

// jobConnections are the workers' own: however much there is to do, tickets don't wait for a connection. One of them listens.
const jobConnections = 4

func newJobs(config *pgxpool.Config) (*pgxpool.Pool, *river.Client[pgx.Tx], error) {
	config.MaxConns = jobConnections
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		MaxAttempts: tickets.JobAttempts, Logger: slog.New(slog.DiscardHandler),
	})
	return pool, client, err
}

// River is the driver for the workers of jobs.
func (s *Store) River() *riverpgxv5.Driver { return riverpgxv5.New(s.jobPool) }

// schedule inserts the jobs of notices in their own transaction.
func (s *Store) schedule(ctx context.Context, tx pgx.Tx, notices ...tickets.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	now := time.Now()
	params := make([]river.InsertManyParams, len(notices))
	for i, n := range notices {
		job, at := n.Job(now)
		params[i] = river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{Queue: n.Kind.Queue(), ScheduledAt: at}}
	}
	_, err := s.jobs.InsertManyFastTx(ctx, tx, params)
	return err
}

// Backlog is what was due at a time.
func (s *Store) Backlog(ctx context.Context, now time.Time) (tickets.Backlog, error) {
	var b tickets.Backlog
	if err := s.pool.QueryRow(ctx, noticesBacklogSQL, now).Scan(&b.Waiting, into(&b.Oldest)); err != nil {
		return tickets.Backlog{}, failed("count what waits in the outbox", err)
	}
	return b, nil
}

// Wake gives a job to the notices that are due, in nobody's hands, and have none: the gateway that worked them was killed, or the
// database comes from a backup. While another gateway does the same it does nothing.
func (s *Store) Wake(ctx context.Context, now time.Time, limit int) (woken int, err error) {
	err = s.write(ctx, "wake notices up", func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, sweepLockSQL, lockSweep).Scan(&mine); err != nil || !mine {
			return err
		}
		asleep, err := list(ctx, tx, scanJob, noticesAsleepSQL, now, limit)
		if err != nil {
			return err
		}
		woken = len(asleep)
		return s.schedule(ctx, tx, asleep...)
	})
	return woken, err
}

func scanJob(r row) (tickets.Notice, error) {
	var n tickets.Notice
	return n, r.Scan(&n.ID, &n.Kind, into(&n.Due))
}
