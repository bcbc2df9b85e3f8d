package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	_ "embed" // the queries

	"readback/tickets"
)

var (
	//go:embed queries/account_drop.sql
	accountDropSQL string
	//go:embed queries/accounts_change.sql
	accountsChangeSQL string
	//go:embed queries/accounts_changed.sql
	accountsChangedSQL string
	//go:embed queries/accounts_version.sql
	accountsVersionSQL string
	//go:embed queries/attempt_merge.sql
	attemptMergeSQL string
	//go:embed queries/attempts_list.sql
	attemptsListSQL string
	//go:embed queries/copy_get.sql
	copyGetSQL string
	//go:embed queries/copy_put.sql
	copyPutSQL string
)

var _ tickets.Followed = (*Store)(nil)

// AccountsVersion implements tickets.Followed.
func (s *Store) AccountsVersion(ctx context.Context) (tickets.AccountCursor, error) {
	var version int64
	if err := s.reader.QueryRowContext(ctx, accountsVersionSQL).Scan(&version); err != nil {
		return tickets.AccountCursor{}, failed("read how far the accounts have changed", err)
	}
	return tickets.AccountCursor{Version: version + 1}, nil
}

// ChangedAccounts implements tickets.Followed.
func (s *Store) ChangedAccounts(ctx context.Context, after tickets.AccountCursor, limit int) ([]tickets.Account, tickets.AccountCursor, error) {
	rows, err := s.reader.QueryContext(ctx, accountsChangedSQL, after.Version, after.ID, tickets.Limit(limit))
	if err != nil {
		return nil, after, failed("read changed accounts", err)
	}
	defer func() { _ = rows.Close() }()
	last := after
	found, err := scanAccounts(rows, &last.Version)
	if err != nil {
		return nil, after, failed("read changed accounts", err)
	}
	if len(found) > 0 {
		last.ID = found[len(found)-1].ID
	}
	return found, last, nil
}

// ListAttempts implements tickets.Followed.
func (s *Store) ListAttempts(ctx context.Context, page tickets.AttemptPage) ([]tickets.Tried, error) {
	found, err := list(ctx, s.reader, scanTried, attemptsListSQL, page.Since.UnixMicro(), page.After, tickets.Limit(page.Limit))
	if err != nil {
		return nil, failed("list attempts to identify", err)
	}
	return found, nil
}

func scanTried(r row) (tickets.Tried, error) {
	var t tickets.Tried
	err := r.Scan(&t.ID, into(&t.At), &t.Account, &t.Caller, &t.Trunk, &t.Result)
	return t, err
}

// MergeAttempts implements tickets.Followed.
func (s *Store) MergeAttempts(ctx context.Context, attempts []tickets.Tried) error {
	return s.write(ctx, "merge attempts to identify", func(tx *sql.Tx) error {
		for _, t := range attempts {
			if _, err := tx.ExecContext(ctx, attemptMergeSQL, t.ID, us(t.At), t.Account, t.Caller, t.Trunk, t.Result); err != nil {
				return err
			}
		}
		return nil
	})
}

// Copied notes that the accounts are those of another store, as they were at a time.
func (s *Store) Copied(ctx context.Context, store string, at time.Time) error {
	return s.write(ctx, "note the age of the accounts", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, copyPutSQL, store, us(at))
		return err
	})
}

// Copy tells whose accounts these are, and as of when; nothing was copied when the time is zero.
func (s *Store) Copy(ctx context.Context) (store string, at time.Time, err error) {
	err = s.reader.QueryRowContext(ctx, copyGetSQL).Scan(&store, into(&at))
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, failed("read the age of the accounts", err)
	}
	return store, at, nil
}
