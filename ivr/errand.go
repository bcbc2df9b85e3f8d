package ivr

import (
	"cmp"
	"log/slog"

	"readback/tickets"
)

// An Errand is what the conversations of calls that we make have in common.
type Errand struct {
	Ticket   tickets.Ticket // what it is about
	Key      string         // of the call
	Locale   string
	Patience Patience
	Observe  func(Step) // as that of a Script
	Log      *slog.Logger
}

// maxSilent is how often somebody who answered a call of ours and presses nothing is told what it is about.
const maxSilent = 2

func (e *Errand) begin(line Line) *conversation {
	return &conversation{
		script:   &Script{Observe: e.Observe},
		patience: e.Patience.withDefaults(),
		log:      cmp.Or(e.Log, slog.New(slog.DiscardHandler)),
		line:     line,
		call:     Call{Key: e.Key},
		locale:   e.Locale,
		facts:    facts{kind: e.Ticket.Kind, ticket: e.Ticket},
	}
}
