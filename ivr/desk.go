package ivr

import (
	"context"

	"readback/tickets"
)

// A Desk is the ticket desk as a conversation needs it; *tickets.Desk is one.
type Desk interface {
	// Recognize returns the account that a vouched caller number belongs to, if it is exactly one.
	Recognize(context.Context, tickets.Caller) (tickets.Account, error)
	// Identify returns the account with this PIN. Wrong account, wrong PIN and locked are one error,
	// tickets.ErrDenied; tickets.ErrUnavailable means that nobody can tell now.
	Identify(ctx context.Context, caller tickets.Caller, account string, pin tickets.PIN) (tickets.Account, error)
	Plan(tickets.Account) tickets.Plan

	// Touching are the incidents that callers of a country's numbers are told of, and HasSound says whether a recording of one can
	// be played. Neither waits.
	Touching(region string) []tickets.Incident
	HasSound(digest string) bool
	// OpenTickets are the tickets of an account that are not resolved, at most tickets.MaxOffered. It answers soon, or fails.
	OpenTickets(ctx context.Context, account string) ([]tickets.Ticket, error)
	// LeaveNote keeps what a customer says about a ticket.
	LeaveNote(context.Context, tickets.Number, tickets.Note) error

	// Open commits a ticket: it is durable when Open returns nil. Opening twice for one call gives the
	// same ticket.
	Open(context.Context, tickets.Request) (tickets.Ticket, error)
	// Acknowledge records that the customer was told. Only the first acknowledgement counts.
	Acknowledge(context.Context, tickets.Number, tickets.Acknowledgement) error

	// HungUp tells that the caller went before the whole number of a ticket was read.
	HungUp(context.Context, tickets.Number) error

	// SendNumber e-mails the number of a ticket, SendLinks the addresses of form and chat.
	SendNumber(context.Context, tickets.Number) error
	SendLinks(ctx context.Context, account tickets.Account, callKey string) error

	// Goodbye tells that the call came to its end: a later call does not join its ticket.
	Goodbye(ctx context.Context, callKey string) error
}
