package ivr

import "context"

// goodbye ends the conversation on the script's side. From here on no later call joins the ticket.
func (c *conversation) goodbye(ctx context.Context) error {
	if c.ticket.Number != "" {
		err := c.atDesk(ctx, func(ctx context.Context) error {
			return c.script.Desk.Goodbye(ctx, c.call.Key)
		})
		if err != nil {
			c.trouble("say goodbye", err)
		}
	}
	return c.play(ctx, c.prompts("goodbye")...)
}

// part ends a conversation that came to no ticket, for a reason that the caller knows by now.
func (c *conversation) part(ctx context.Context, reason error) (Outcome, error) {
	if err := c.goodbye(ctx); err != nil {
		return c.outcome(err), err
	}
	return c.outcome(reason), nil
}
