package tickets

import "errors"

// The kinds of failure code decides on. Adapters wrap them, with what was tried and the cause.
var (
	// ErrNotFound: there is no such account, ticket or call record.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the account is unknown, the PIN is wrong, or one of both is locked; which one is not told.
	ErrDenied = errors.New("account and PIN do not match")
	// ErrUnavailable: the store cannot be reached, is too slow, or the outcome of a commit is unknown.
	ErrUnavailable = errors.New("the ticket store is not available")
	// ErrNoNumbers: no ticket number is left to give out, so nothing can be promised.
	ErrNoNumbers = errors.New("no ticket number left")
	// ErrInvalid: what was given breaks a rule; trying again cannot help.
	ErrInvalid = errors.New("invalid")
	// ErrNumberTaken: another ticket has this number already (a lease file that belongs to another store).
	ErrNumberTaken = errors.New("ticket number is taken")
)
