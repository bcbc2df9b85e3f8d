package spool

import (
	"context"

	"readback/tickets"
)

// Account implements tickets.Accounts. While the database is away the copy is asked.
func (s *Store) Account(ctx context.Context, id string) (tickets.Account, error) {
	return orCopy(ctx, s, func(ctx context.Context, from tickets.Accounts) (tickets.Account, error) {
		return from.Account(ctx, id)
	})
}

// AccountsByPhone implements tickets.Accounts.
func (s *Store) AccountsByPhone(ctx context.Context, e164 string) ([]tickets.Account, error) {
	return orCopy(ctx, s, func(ctx context.Context, from tickets.Accounts) ([]tickets.Account, error) {
		return from.AccountsByPhone(ctx, e164)
	})
}

// ListAccounts implements tickets.Accounts.
func (s *Store) ListAccounts(ctx context.Context, page tickets.AccountPage) ([]tickets.Account, error) {
	return orCopy(ctx, s, func(ctx context.Context, from tickets.Accounts) ([]tickets.Account, error) {
		return from.ListAccounts(ctx, page)
	})
}

// orCopy asks the database, or else the copy. What a copy that is not whole does not have, nobody knows.
func orCopy[T any](ctx context.Context, s *Store, question func(context.Context, tickets.Accounts) (T, error)) (T, error) {
	answer, err := ask(ctx, s, s.patience, func(ctx context.Context) (T, error) { return question(ctx, s.main) })
	if !isAway(err) || ctx.Err() != nil {
		return answer, err
	}
	s.mu.Lock()
	whole := !s.copied.IsZero()
	s.mu.Unlock()
	if !whole {
		return answer, err
	}
	return question(ctx, s.local)
}
