package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"readback/tickets"
)

// PutAccounts implements tickets.Accounts.
func (s *Store) PutAccounts(ctx context.Context, accounts []tickets.Account) error {
	for _, account := range accounts {
		if err := account.Validate(); err != nil {
			return fmt.Errorf("keep accounts: %w", err)
		}
	}
	return s.write(ctx, "keep accounts", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, accountsChangeSQL); err != nil {
			return err
		}
		for _, account := range accounts {
			if err := putAccount(ctx, tx, account); err != nil {
				return err
			}
		}
		return nil
	})
}

func putAccount(ctx context.Context, tx *sql.Tx, a tickets.Account) error {
	if _, err := tx.ExecContext(ctx, accountPutSQL, a.ID, a.Name, a.Plan, a.PINHash, a.Language); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, contactsDropSQL, a.ID); err != nil {
		return err
	}
	for position, c := range a.Contacts {
		if _, err := tx.ExecContext(ctx, contactPutSQL, a.ID, position, c.Name, c.Phone, c.Email); err != nil {
			return err
		}
	}
	return nil
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
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	return scanAccounts(rows)
}

// scanAccounts reads into extra what a row has beyond.
func scanAccounts(rows *sql.Rows, extra ...any) ([]tickets.Account, error) {
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
