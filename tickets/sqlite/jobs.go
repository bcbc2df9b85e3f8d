package sqlite

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"readback/tickets"
)

// seldom keeps the client that inserts jobs from writing notifications: on SQLite workers look for themselves.
const seldom = 24 * time.Hour

func newJobs(chores *sql.DB) (*river.Client[*sql.Tx], error) {
	return river.NewClient(riversqlite.New(chores), &river.Config{
		MaxAttempts: tickets.JobAttempts, FetchCooldown: seldom, FetchPollInterval: seldom, Logger: slog.New(slog.DiscardHandler),
	})
}

// River is the driver for the workers of jobs.
func (s *Store) River() *riversqlite.Driver { return riversqlite.New(s.chores) }

// schedule inserts the jobs of notices in their own transaction.
func (s *Store) schedule(ctx context.Context, tx *sql.Tx, notices ...tickets.Notice) error {
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
	if err := s.reader.QueryRowContext(ctx, noticesBacklogSQL, us(now)).Scan(&b.Waiting, into(&b.Oldest)); err != nil {
		return tickets.Backlog{}, failed("count what waits in the outbox", err)
	}
	return b, nil
}

// Wake gives a job to the notices that are due, in nobody's hands, and have none: the gateway that worked them was killed, or the
// database comes from a backup.
func (s *Store) Wake(ctx context.Context, now time.Time, limit int) (int, error) {
	asleep, err := s.asleep(ctx, now, limit)
	if err != nil || len(asleep) == 0 {
		return 0, err
	}
	return len(asleep), s.chore(ctx, "wake notices up", func(tx *sql.Tx) error {
		return s.schedule(ctx, tx, asleep...)
	})
}

func (s *Store) asleep(ctx context.Context, now time.Time, limit int) ([]tickets.Notice, error) {
	found, err := list(ctx, s.reader, scanJob, noticesAsleepSQL, us(now), limit)
	if err != nil {
		return nil, failed("look for notices that nobody works", err)
	}
	return found, nil
}

func scanJob(r row) (tickets.Notice, error) {
	var n tickets.Notice
	return n, r.Scan(&n.ID, &n.Kind, into(&n.Due))
}
