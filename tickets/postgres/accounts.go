package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// PutAccounts implements tickets.Accounts.
func (s *Store) PutAccounts(ctx context.Context, accounts []tickets.Account) error {
	for _, account := range accounts {
		if err := account.Validate(); err != nil {
			return fmt.Errorf("keep accounts: %w", err)
		}
	}
	return s.write(ctx, "keep accounts", func(tx pgx.Tx) error {
		var batch pgx.Batch
		exec(&batch, accountsChangeSQL)
		for _, account := range accounts {
			putAccount(&batch, account)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}

func putAccount(batch *pgx.Batch, a tickets.Account) {
	exec(batch, accountPutSQL, a.ID, a.Name, a.Plan, a.PINHash, a.Language)
	exec(batch, contactsDropSQL, a.ID)
	for position, c := range a.Contacts {
		exec(batch, contactPutSQL, a.ID, position, c.Name, c.Phone, c.Email)
	}
}

// Account implements tickets.Accounts.
func (s *Store) Account(ctx context.Context, id string) (tickets.Account, error) {
	found, err := s.accounts(ctx, accountGetSQL, id)
	if err != nil {
		return tickets.Account{}, failed("read an account", err)
	}
	if len(found) == 0 {
		return tickets.Account{}, fmt.Errorf("read an account: %w", tickets.ErrNotFound)
	}
	return found[0], nil
}

// AccountsByPhone implements tickets.Accounts.
func (s *Store) AccountsByPhone(ctx context.Context, e164 string) ([]tickets.Account, error) {
	found, err := s.accounts(ctx, accountsByPhoneSQL, e164)
	if err != nil {
		return nil, failed("look for accounts by number", err)
	}
	return found, nil
}

// ListAccounts implements tickets.Accounts.
func (s *Store) ListAccounts(ctx context.Context, page tickets.AccountPage) ([]tickets.Account, error) {
	found, err := s.accounts(ctx, accountsListSQL, page.After, tickets.Limit(page.Limit))
	if err != nil {
		return nil, failed("list accounts", err)
	}
	return found, nil
}

// accounts reads rows of an account and one of its contacts each, in the order of accounts.
func (s *Store) accounts(ctx context.Context, query string, args ...any) ([]tickets.Account, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return scanAccounts(rows)
}

// scanAccounts reads into extra what a row has beyond.
func scanAccounts(rows pgx.Rows, extra ...any) ([]tickets.Account, error) {
	var found []tickets.Account
	for rows.Next() {
		var a tickets.Account
		var c tickets.Contact
		var hasContact bool
		into := append([]any{&a.ID, &a.Name, &a.Plan, &a.PINHash, &a.Language, &hasContact, &c.Name, &c.Phone, &c.Email}, extra...)
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		if len(found) == 0 || found[len(found)-1].ID != a.ID {
			found = append(found, a)
		}
		if hasContact {
			last := &found[len(found)-1]
			last.Contacts = append(last.Contacts, c)
		}
	}
	return found, rows.Err()
}
