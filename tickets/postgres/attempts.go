package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// ReserveAttempt implements tickets.Attempts. Locks on account and caller make reservations for them one after the other.
func (s *Store) ReserveAttempt(ctx context.Context, a tickets.Attempt, rule tickets.Lockout) (tickets.Reservation, error) {
	var made tickets.Reservation
	err := s.write(ctx, "count an attempt to identify", func(tx pgx.Tx) error {
		account, caller, err := tallies(ctx, tx, a, rule)
		if err != nil {
			return err
		}
		made = tickets.Reservation{Verdict: rule.Judge(account, caller, a.At)}
		if made.Verdict == tickets.Wait {
			return nil
		}
		var batch pgx.Batch
		exec(&batch, attemptPutSQL, a.ID, a.At, a.Account, a.Caller, a.Trunk, string(made.Verdict.Result()))
		batch.Queue(attemptsOfTrunkSQL, a.Trunk, a.At.Add(-rule.Trunk.Within)).QueryRow(func(r pgx.Row) error { return r.Scan(&made.Trunk) })
		return tx.SendBatch(ctx, &batch).Close()
	})
	return made, err
}

// tallies locks what it counts.
func tallies(ctx context.Context, tx pgx.Tx, a tickets.Attempt, rule tickets.Lockout) (account, caller tickets.Tally, err error) {
	alive := a.At.Add(-tickets.InFlight)
	var batch pgx.Batch
	exec(&batch, lockSQL, lockAccount, a.Account)
	exec(&batch, lockSQL, lockCaller, a.Caller)
	batch.Queue(attemptsOfAccountSQL, a.Account, rule.Within, alive).QueryRow(scanTally(&account))
	batch.Queue(attemptsOfCallerSQL, a.Caller, rule.Within, alive).QueryRow(scanTally(&caller))
	err = tx.SendBatch(ctx, &batch).Close()
	return account, caller, err
}

func scanTally(t *tickets.Tally) func(pgx.Row) error {
	return func(r pgx.Row) error { return r.Scan(&t.Wrong, &t.Pending, into(&t.Last)) }
}

// SettleAttempt implements tickets.Attempts.
func (s *Store) SettleAttempt(ctx context.Context, id string, result tickets.Result) error {
	return s.write(ctx, "note an attempt's result", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, attemptSettleSQL, id, string(result))
		return err
	})
}

// PruneAttempts implements tickets.Attempts.
func (s *Store) PruneAttempts(ctx context.Context, before time.Time) (int64, error) {
	return s.prune(ctx, "forget old attempts", attemptsPruneSQL, before)
}

func (s *Store) prune(ctx context.Context, what, query string, before time.Time) (gone int64, err error) {
	err = s.write(ctx, what, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, query, before)
		gone = done.RowsAffected()
		return err
	})
	return gone, err
}
