package tickets

import (
	"context"
	"time"
)

// A Store keeps everything durably. Every method that changes something is one transaction: when it returned nil
// the change survives a crash; when it failed with ErrUnavailable the outcome may be unknown, and the same call may be
// repeated. Errors are one of this package's kinds, with the cause.
type Store interface {
	Accounts
	Attempts
	Serials
	Ledger
	Outbox
	Surveys
	Reader
	Known
	Incidents
	Calls
	Proof
	// Ping reports whether the store can be read now.
	Ping(ctx context.Context) error
	Close() error
}

// Accounts are the customers.
type Accounts interface {
	// PutAccounts adds or replaces accounts with all their contacts: all of them or none.
	PutAccounts(ctx context.Context, accounts []Account) error
	// Account fails with ErrNotFound when there is none.
	Account(ctx context.Context, id string) (Account, error)
	// AccountsByPhone returns the accounts with a contact of this number, at most two: one is an answer, more are none.
	AccountsByPhone(ctx context.Context, e164 string) ([]Account, error)
	// ListAccounts is ordered by account number.
	ListAccounts(ctx context.Context, page AccountPage) ([]Account, error)
}

// MaxPage is the most rows a list returns, and what a limit of zero means.
const MaxPage = 1000

// An AccountPage chooses a part of the accounts.
type AccountPage struct {
	After string // the last account of the page before
	Limit int    // 1 to MaxPage
}

// Attempts count PINs that were tried.
type Attempts interface {
	// ReserveAttempt decides by the rule whether a PIN may be tried, and unless the verdict is Wait it counts the attempt as
	// wrong, before anybody knows whether it is. Reservations for one account or one caller number are made one after the other.
	ReserveAttempt(ctx context.Context, attempt Attempt, rule Lockout) (Reservation, error)
	// SettleAttempt records what an attempt was. Unknown IDs are no error.
	SettleAttempt(ctx context.Context, id string, result Result) error
	// PruneAttempts forgets some thousands of the attempts made before a time and returns how many; 0 when none is left.
	PruneAttempts(ctx context.Context, before time.Time) (int64, error)
}

// An Attempt is a PIN about to be tried. It never holds the PIN, nor what was typed as account when there is no such account.
type Attempt struct {
	ID      string
	At      time.Time
	Account string // empty when there is no such account
	Caller  string // E.164, or empty
	Trunk   string
}

// A Reservation is the answer to an Attempt.
type Reservation struct {
	Verdict Verdict
	Trunk   int // wrong attempts over the trunk within the slow-down's window, with this one
}

// A Result is what became of an attempt.
type Result string

// The results. A pending attempt counts as wrong.
const (
	ResultPending Result = "pending"
	ResultGood    Result = "good"
	ResultWrong   Result = "wrong"
	ResultLocked  Result = "locked" // not tried
)

// Serials give out the right to number tickets.
type Serials interface {
	// LeaseSerials hands out count serials that nobody had before and nobody gets again. It fails with ErrNoNumbers at the end.
	// A count of 0 only tells the store's identity.
	LeaseSerials(ctx context.Context, node string, count int64, at time.Time) (Lease, error)
}

// A Lease is a block of serials that belongs to one node.
type Lease struct {
	Store string // identity of the store it is from
	First int64
	Count int64
}

// Ledger changes tickets.
type Ledger interface {
	// File commits a ticket with its first event and its notices, unless its call filed before, or an earlier ticket may be
	// joined: then that ticket is returned, after Filing.Again has written into its folder. It fails with ErrNumberTaken when
	// another ticket has the number.
	File(ctx context.Context, filing Filing) (Filed, error)
	// Amend takes a ticket out of the store, lets change write into its folder and commits that; when change fails, nothing. It
	// may be run again after a conflict, on a fresh folder. It fails with ErrNotFound.
	Amend(ctx context.Context, number Number, change func(*Folder) error) (Ticket, error)
	// Goodbye ends joining for the ticket of a call. A call without ticket is no error.
	Goodbye(ctx context.Context, callKey string, at time.Time) error
}

// A Filing is a ticket to be committed.
type Filing struct {
	Ticket  Ticket
	Join    Join
	Event   Event   // of the new ticket
	Also    []Event // that come right after it
	Joined  Event   // of the ticket that is joined instead
	Notices []Notice
	HungUp  bool
	At      time.Time // when it is filed

	publish    bool
	transcribe bool
}

// A Join says which earlier ticket a call may join: one of the same key, priority and kind, of a call received between
// From and Until, that did not reach its goodbye. An empty key joins nothing.
type Join struct {
	Key         string
	From, Until time.Time
}

// Filed is what a filing led to.
type Filed struct {
	Ticket Ticket
	New    bool // it was committed just now
	Joined bool // the call joined the ticket of another call
}

// Outbox is what has to be sent.
type Outbox interface {
	// Enqueue adds a notice unless one with its ID is there.
	Enqueue(ctx context.Context, notice Notice) error
	// Notice fails with ErrNotFound.
	Notice(ctx context.Context, id string) (Notice, error)
	// AmendNotice changes one row under its lock. It fails with ErrNotFound.
	AmendNotice(ctx context.Context, id string, change func(*Notice) error) error
	// OpenNotices are the rows that are still to be worked, or those given up, by time due; at most limit (0: MaxPage).
	OpenNotices(ctx context.Context, dead bool, limit int) ([]Notice, error)
	// Notices are the rows of a ticket, or of all when number is empty, by time due; at most limit (0: MaxPage).
	Notices(ctx context.Context, number Number, limit int) ([]Notice, error)
}

// Reader reads tickets.
type Reader interface {
	Ticket(ctx context.Context, number Number) (Ticket, error)
	// TicketByCall is the ticket a call opened or joined.
	TicketByCall(ctx context.Context, callKey string) (Ticket, error)
	// ListTickets is ordered by priority, then time due, then number: the most urgent first.
	ListTickets(ctx context.Context, page TicketPage) ([]Ticket, error)
	// Promises is ordered by receipt, then number.
	Promises(ctx context.Context, page PromisePage) ([]Promise, error)
	// Events of a ticket in the order they happened. It fails with ErrNotFound.
	Events(ctx context.Context, number Number) ([]Event, error)
}

// A TicketPage chooses a part of the tickets.
type TicketPage struct {
	Account string // empty means all
	After   Number // the last ticket of the page before
	Limit   int    // 1 to MaxPage
}

// Calls keep call records.
type Calls interface {
	// PutCalls keeps records, all of them or none, but for those whose ID is there already. The caller bounds their number:
	// what else has to be written waits for them. No records are no error.
	PutCalls(ctx context.Context, records []CallRecord) error
	// ListCalls is ordered by start, the latest first.
	ListCalls(ctx context.Context, page CallPage) ([]CallRecord, error)
	// PruneCalls forgets some thousands of the calls that started before a time and returns how many; 0 when none is left.
	PruneCalls(ctx context.Context, before time.Time) (int64, error)
}

// A CallPage chooses a part of the call records.
type CallPage struct {
	CallKey     string    // empty means all
	Reference   string    // the calls whose key begins so, or with this SIP Call-ID or ticket; of the others only Limit counts then
	Trunk       string    // empty means all
	Disposition string    // empty means all
	Before      time.Time // only calls that started earlier; zero means all
	Limit       int       // 1 to MaxPage
}

// Limit is a limit within 1 to MaxPage.
func Limit(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}
