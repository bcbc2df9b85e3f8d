package spool

import (
	"context"
	"time"

	"readback/tickets"
)

// LeaseSerials implements tickets.Serials: numbers come from the database alone.
func (s *Store) LeaseSerials(ctx context.Context, node string, count int64, at time.Time) (tickets.Lease, error) {
	return ask(ctx, s, s.patience, func(ctx context.Context) (tickets.Lease, error) { return s.main.LeaseSerials(ctx, node, count, at) })
}

// PutAccounts implements tickets.Accounts: accounts are changed in the database alone.
func (s *Store) PutAccounts(ctx context.Context, accounts []tickets.Account) error {
	if away, _ := s.breaker.state(); !away.IsZero() {
		return errAway
	}
	return s.main.PutAccounts(ctx, accounts) // which may take long
}

// AccountsVersion implements tickets.Followed.
func (s *Store) AccountsVersion(ctx context.Context) (tickets.AccountCursor, error) {
	return ask(ctx, s, longPatience, s.main.AccountsVersion)
}

// ChangedAccounts implements tickets.Followed.
func (s *Store) ChangedAccounts(ctx context.Context, after tickets.AccountCursor, limit int) (found []tickets.Account, next tickets.AccountCursor, err error) {
	err = s.breaker.try(ctx, longPatience, func(ctx context.Context) (err error) {
		found, next, err = s.main.ChangedAccounts(ctx, after, limit)
		return err
	})
	return found, next, err
}

// ListAttempts implements tickets.Followed.
func (s *Store) ListAttempts(ctx context.Context, page tickets.AttemptPage) ([]tickets.Tried, error) {
	return ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Tried, error) { return s.main.ListAttempts(ctx, page) })
}

// MergeAttempts implements tickets.Followed.
func (s *Store) MergeAttempts(ctx context.Context, attempts []tickets.Tried) error {
	return s.breaker.try(ctx, longPatience, func(ctx context.Context) error { return s.main.MergeAttempts(ctx, attempts) })
}

// Erase implements tickets.Proof: in the database, and then here.
func (s *Store) Erase(ctx context.Context, account string, event tickets.Event) (tickets.Erasure, error) {
	if away, _ := s.breaker.state(); !away.IsZero() {
		return tickets.Erasure{}, errAway
	}
	done, err := s.main.Erase(ctx, account, event) // which may take long
	if err != nil {
		return done, err
	}
	here, err := s.local.Erase(ctx, account, event)
	return tickets.Erasure{Tickets: done.Tickets + here.Tickets, Texts: done.Texts + here.Texts, Calls: done.Calls + here.Calls}, err
}

// ListIncidents implements tickets.Incidents. It fails when the database is away.
func (s *Store) ListIncidents(ctx context.Context, all bool) ([]tickets.Incident, error) {
	return ask(ctx, s, s.patience, func(ctx context.Context) ([]tickets.Incident, error) { return s.main.ListIncidents(ctx, all) })
}

// IncidentSound implements tickets.Incidents. It fails when the database is away.
func (s *Store) IncidentSound(ctx context.Context, id, language string) ([]byte, error) {
	return ask(ctx, s, s.patience, func(ctx context.Context) ([]byte, error) { return s.main.IncidentSound(ctx, id, language) })
}

// SevereTickets implements tickets.Incidents. It fails when the database is away.
func (s *Store) SevereTickets(ctx context.Context, since time.Time) ([]tickets.Ticket, error) {
	return ask(ctx, s, longPatience, func(ctx context.Context) ([]tickets.Ticket, error) { return s.main.SevereTickets(ctx, since) })
}
