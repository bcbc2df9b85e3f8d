package sqlite

import (
	"context"
	"database/sql"
	"time"

	"readback/tickets"
)

// ReserveAttempt implements tickets.Attempts. The write lock makes reservations one after the other.
func (s *Store) ReserveAttempt(ctx context.Context, a tickets.Attempt, rule tickets.Lockout) (tickets.Reservation, error) {
	var made tickets.Reservation
	err := s.write(ctx, "count an attempt to identify", func(tx *sql.Tx) error {
		account, err := tally(ctx, tx, attemptsOfAccountSQL, a.Account, a.At, rule)
		if err != nil {
			return err
		}
		caller, err := tally(ctx, tx, attemptsOfCallerSQL, a.Caller, a.At, rule)
		if err != nil {
			return err
		}
		made.Verdict = rule.Judge(account, caller, a.At)
		if made.Verdict == tickets.Wait {
			return nil
		}
		if _, err := tx.ExecContext(ctx, attemptPutSQL, a.ID, us(a.At), a.Account, a.Caller, a.Trunk, made.Verdict.Result()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, attemptsOfTrunkSQL, a.Trunk, us(a.At.Add(-rule.Trunk.Within))).Scan(&made.Trunk)
	})
	return made, err
}

func tally(ctx context.Context, tx *sql.Tx, query, subject string, now time.Time, rule tickets.Lockout) (tickets.Tally, error) {
	var t tickets.Tally
	row := tx.QueryRowContext(ctx, query, subject, rule.Within.Microseconds(), us(now.Add(-tickets.InFlight)))
	err := row.Scan(&t.Wrong, &t.Pending, into(&t.Last))
	return t, err
}

// SettleAttempt implements tickets.Attempts.
func (s *Store) SettleAttempt(ctx context.Context, id string, result tickets.Result) error {
	return s.write(ctx, "note an attempt's result", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, attemptSettleSQL, id, result)
		return err
	})
}

// PruneAttempts implements tickets.Attempts.
func (s *Store) PruneAttempts(ctx context.Context, before time.Time) (int64, error) {
	return s.prune(ctx, "forget old attempts", attemptsPruneSQL, before)
}

func (s *Store) prune(ctx context.Context, what, query string, before time.Time) (gone int64, err error) {
	err = s.write(ctx, what, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, query, us(before))
		if err != nil {
			return err
		}
		gone, err = done.RowsAffected()
		return err
	})
	return gone, err
}
