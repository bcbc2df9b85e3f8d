package postgres

import (
	"context"

	_ "embed" // the queries

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

var (
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
)

var _ tickets.Followed = (*Store)(nil)

// AccountsVersion implements tickets.Followed.
func (s *Store) AccountsVersion(ctx context.Context) (tickets.AccountCursor, error) {
	var version int64
	if err := s.pool.QueryRow(ctx, accountsVersionSQL).Scan(&version); err != nil {
		return tickets.AccountCursor{}, failed("read how far the accounts have changed", err)
	}
	return tickets.AccountCursor{Version: version + 1}, nil
}

// ChangedAccounts implements tickets.Followed.
func (s *Store) ChangedAccounts(ctx context.Context, after tickets.AccountCursor, limit int) ([]tickets.Account, tickets.AccountCursor, error) {
	rows, err := s.pool.Query(ctx, accountsChangedSQL, after.Version, after.ID, tickets.Limit(limit))
	if err != nil {
		return nil, after, failed("read changed accounts", err)
	}
	defer rows.Close()
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
	found, err := list(ctx, s.pool, scanTried, attemptsListSQL, page.Since, page.After, tickets.Limit(page.Limit))
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
	return s.write(ctx, "merge attempts to identify", func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, t := range attempts {
			exec(&batch, attemptMergeSQL, t.ID, t.At, t.Account, t.Caller, t.Trunk, string(t.Result))
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}
