package tickets

import (
	"context"
	"time"
)

// A Proof is what a store keeps so that nobody can change or lose a ticket unseen.
type Proof interface {
	// Links are the events of a ticket as they are chained, in their order. It fails with ErrNotFound.
	Links(ctx context.Context, number Number) ([]Link, error)
	// Heads are the heads of the tickets with an event kept from a time until before another, as they were then, ordered by
	// number, after a number; at most limit (0: MaxPage).
	Heads(ctx context.Context, from, until time.Time, after Number, limit int) ([]Head, error)
	// FirstKept is when the oldest event was kept; zero when there is none.
	FirstKept(ctx context.Context) (time.Time, error)
	// PutHeadList keeps the list of a day (like 2026-11-25), unless there is one.
	PutHeadList(ctx context.Context, day string, list []byte) error
	// HeadListDays are the days with a list, in their order.
	HeadListDays(ctx context.Context) ([]string, error)
	// HeadList is the list of a day. It fails with ErrNotFound.
	HeadList(ctx context.Context, day string) ([]byte, error)
	// Erase forgets an account and what belongs to its people: contacts, the personal texts of its tickets and of their events,
	// addresses in the outbox, callers in call records. Letters and calls to them that were not made are cancelled, and recordings
	// are not written down any more. Each of its tickets gets the event. The proof stays whole. What was erased already is no error.
	Erase(ctx context.Context, account string, event Event) (Erasure, error)
}

// An Erasure is what was erased.
type Erasure struct {
	Tickets int64 `json:"tickets"`
	Texts   int64 `json:"texts"` // of events
	Calls   int64 `json:"calls"` // records that named a caller
}
