package ivr

import (
	"context"
	"errors"
)

// salvage opens a ticket for a caller who is gone, if enough is known, and otherwise leaves it at the
// call record. The cause is what ended the call.
func (c *conversation) salvage(ctx context.Context, cause error) (Outcome, error) {
	if !c.worthTicket() {
		return c.outcome(cause), cause
	}
	if err := c.file(ctx); err != nil {
		return c.outcome(err), errors.Join(cause, err)
	}
	c.leave(ctx)
	return c.outcome(cause), cause
}

// worthTicket reports whether somebody needs help who does not say so any more: a known customer who
// pressed a key for the priority, or anybody who described a problem for a second at least.
func (c *conversation) worthTicket() bool {
	return c.spoke || c.account != nil && c.rated
}

// leave tells the desk that the caller went before hearing the number.
func (c *conversation) leave(ctx context.Context) {
	err := c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.HungUp(ctx, c.ticket.Number)
	})
	if err != nil {
		c.trouble("note a hang-up", err)
	}
}
