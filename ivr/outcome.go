package ivr

import (
	"strings"

	"readback/tickets"
)

// An Outcome is what came of a conversation, for the call record.
type Outcome struct {
	Disposition string // one of tickets.Disposition…
	Reason      string // why it was not completed
	Ticket      tickets.Ticket
	Joined      bool     // the ticket is that of an earlier call
	Account     string   // that the caller proved to belong to
	Language    string   // locale in which the conversation ended
	Keys        string   // that were taken as answers, entry by entry; secret ones as •
	Notes       []string // recordings that the caller made for tickets that there were
}

// outcome sums up. A call is completed when its caller heard the whole number, wherever it ended then: that of a new
// ticket, or of one that was called about.
func (c *conversation) outcome(err error) Outcome {
	outcome := Outcome{
		Disposition: tickets.DispositionAbandoned,
		Ticket:      c.ticket,
		Joined:      c.joined,
		Language:    c.locale,
		Keys:        strings.Join(c.keys, " "),
		Notes:       c.notes,
	}
	if c.account != nil {
		outcome.Account = c.account.ID
	}
	switch {
	case c.ticket.Number == "" && c.informed.Number != "":
		outcome.Ticket, outcome.Disposition = c.informed, tickets.DispositionCompleted
	case c.told:
		outcome.Disposition = tickets.DispositionCompleted
	case c.failure != nil:
		outcome.Disposition, err = tickets.DispositionFailed, c.failure
	case c.refused:
		outcome.Disposition, err = tickets.DispositionRefused, errRefused
	}
	if err != nil {
		outcome.Reason = err.Error()
	}
	return outcome
}
