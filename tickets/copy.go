package tickets

import (
	"context"
	"time"
)

// Followed is what a store tells of itself so that another one can keep a copy of its accounts and of the PINs that were
// tried, and take from that copy what it missed.
type Followed interface {
	// AccountsVersion is how far the accounts have changed: what changes from now on comes after it.
	AccountsVersion(ctx context.Context) (AccountCursor, error)
	// ChangedAccounts are the accounts that changed after a cursor, in the order of their last change, and the cursor after the
	// last of them; at most limit (0: MaxPage). Accounts that were removed are not among them.
	ChangedAccounts(ctx context.Context, after AccountCursor, limit int) ([]Account, AccountCursor, error)
	// ListAttempts is ordered by time.
	ListAttempts(ctx context.Context, page AttemptPage) ([]Tried, error)
	// MergeAttempts adds attempts that another store counted, or what became of them; what is settled here stays so.
	MergeAttempts(ctx context.Context, attempts []Tried) error
}

// An AccountCursor is a place in the order in which accounts changed. The zero value is before all.
type AccountCursor struct {
	Version int64
	ID      string
}

// Tried is an attempt with what became of it.
type Tried struct {
	Attempt
	Result Result
}

// An AttemptPage chooses a part of the attempts.
type AttemptPage struct {
	Since time.Time // made at or after
	After string    // the ID of the last attempt of the page before, which was made at Since
	Limit int       // 1 to MaxPage
}
