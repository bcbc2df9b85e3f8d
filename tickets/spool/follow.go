package spool

import (
	"context"
	"maps"
	"slices"
	"time"

	"readback/tickets"
)

// How fresh the copy is kept.
const (
	copyPeriod  = 5 * time.Second // what changed
	wholePeriod = time.Hour       // everything, also what was removed or written past the desk
	copyPage    = 250
)

// A follower keeps the copy.
type follower struct {
	store  *Store
	cursor tickets.AccountCursor
	whole  time.Time // when everything was last looked at
	tried  time.Time // the attempts up to here are known
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	ticker := time.NewTicker(copyPeriod)
	defer ticker.Stop()
	failed := false
	for {
		if away, _ := f.store.breaker.state(); away.IsZero() {
			err := f.follow(ctx)
			if err != nil && !failed && ctx.Err() == nil {
				f.store.log.Warn("the copy of the accounts cannot be kept fresh", "error", err)
			}
			failed = err != nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// follow brings the copy up to date.
func (f *follower) follow(ctx context.Context) error {
	s, now := f.store, time.Now()
	here, err := s.LeaseSerials(ctx, "", 0, now)
	if err != nil {
		return err
	}
	if f.whole.IsZero() || now.Sub(f.whole) >= wholePeriod {
		err = f.copyAll(ctx, now)
	} else {
		err = f.copyChanges(ctx)
	}
	if err != nil {
		return err
	}
	if err := f.copyAttempts(ctx, now); err != nil {
		return err
	}
	if err := s.local.Copied(ctx, here.Store, now); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.copied = now
	return nil
}

// copyAll makes the copy like the original, page by page.
func (f *follower) copyAll(ctx context.Context, now time.Time) error {
	cursor, err := f.store.AccountsVersion(ctx)
	if err != nil {
		return err
	}
	for after, more := "", true; more; {
		page, err := ask(ctx, f.store, longPatience, func(ctx context.Context) ([]tickets.Account, error) {
			return f.store.main.ListAccounts(ctx, tickets.AccountPage{After: after, Limit: copyPage})
		})
		if err != nil {
			return err
		}
		more = len(page) == copyPage
		last := ""
		if more {
			last = page[len(page)-1].ID
		}
		if err := f.mirror(ctx, after, last, page); err != nil {
			return err
		}
		after = last
	}
	if f.whole.IsZero() {
		f.store.log.Info("there is a copy of all accounts")
	}
	f.cursor, f.whole = cursor, now
	return nil
}

// mirror makes the copy between two accounts like a page of the original: an empty last is the end.
func (f *follower) mirror(ctx context.Context, after, last string, page []tickets.Account) error {
	local, err := f.between(ctx, after, last)
	if err != nil {
		return err
	}
	var changed []tickets.Account
	for _, a := range page {
		if old, ok := local[a.ID]; !ok || !same(a, old) {
			changed = append(changed, a)
		}
		delete(local, a.ID)
	}
	if len(local) > 0 {
		if err := f.store.local.DropAccounts(ctx, slices.Collect(maps.Keys(local))); err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return f.store.local.PutAccounts(ctx, changed)
}

// between are the accounts of the copy after one up to another.
func (f *follower) between(ctx context.Context, after, last string) (map[string]tickets.Account, error) {
	found := map[string]tickets.Account{}
	for {
		page, err := f.store.local.ListAccounts(ctx, tickets.AccountPage{After: after, Limit: copyPage})
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			if last != "" && a.ID > last {
				return found, nil
			}
			found[a.ID] = a
		}
		if len(page) < copyPage {
			return found, nil
		}
		after = page[len(page)-1].ID
	}
}

func same(a, b tickets.Account) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Plan == b.Plan && a.PINHash == b.PINHash && a.Language == b.Language &&
		slices.Equal(a.Contacts, b.Contacts)
}

// copyChanges takes over what changed since the last time.
func (f *follower) copyChanges(ctx context.Context) error {
	for {
		changed, cursor, err := f.store.ChangedAccounts(ctx, f.cursor, copyPage)
		if err != nil || len(changed) == 0 {
			return err
		}
		if err := f.store.local.PutAccounts(ctx, changed); err != nil {
			return err
		}
		f.cursor = cursor
	}
}

// copyAttempts has the spool know the PINs that were tried everywhere, so that a lock holds while the database is away.
func (f *follower) copyAttempts(ctx context.Context, now time.Time) error {
	since := f.tried.Add(-2 * tickets.InFlight) // what was under way then is settled since
	if f.tried.IsZero() {
		since = now.Add(-attemptsMatter)
	}
	if err := copyAttempts(ctx, f.store, f.store.local, since); err != nil {
		return err
	}
	f.tried = now
	f.store.trying.forget(now.Add(-2 * tickets.InFlight))
	return nil
}

// attemptsMatter is as long as the longest lock and the window before it.
const attemptsMatter = 48 * time.Hour
