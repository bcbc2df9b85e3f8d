package ivr

import (
	"context"
	"errors"
	"fmt"

	"readback/tickets"
)

// leaveNote takes down what the caller has to say about a ticket. It is kept also when the caller hangs up meanwhile; a caller
// who does not want to speak after all, or says nothing, leaves none.
func (c *conversation) leaveNote(ctx context.Context, ticket tickets.Ticket) error {
	_, err := c.offer(ctx, "", c.prompts("note-describe"), c.patience.Notice)
	switch {
	case errors.Is(err, errBack), errors.Is(err, errKeyless):
		return nil
	case !errors.Is(err, errNoInput):
		return err
	}
	recording, err := c.tape(ctx, fmt.Sprintf("note-%d", len(c.notes)+1))
	switch {
	case errors.Is(err, errUnrecordable):
		c.tell("note-failed")
		return nil
	case recording.Speech >= minSpeech:
		c.keepNote(ctx, ticket, recording)
	default:
		c.tell("record-empty")
	}
	return err
}

// keepNote hands a note to the desk, and tells the caller what came of it.
func (c *conversation) keepNote(ctx context.Context, ticket tickets.Ticket, recording Recording) {
	c.notes = append(c.notes, recording.Name) // also when the desk fails: somebody said something
	note := tickets.Note{CallKey: c.call.Key, Caller: c.call.Caller.Number, Recording: recording.Name}
	err := c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.LeaveNote(ctx, ticket.Number, note)
	})
	if err != nil {
		c.trouble("leave a note", err)
		c.tell("note-failed")
		return
	}
	c.observe(Step{Kind: Noted, Ticket: ticket.Number, Recording: recording})
	c.tell("note-saved")
}
