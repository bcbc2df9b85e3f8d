package ivr

import "context"

// goodbye ends the conversation on the script's side. From here on no later call joins the ticket.
func (c *conversation) goodbye(ctx context.Context) error {
	c.farewell(ctx)
	return c.play(ctx, c.prompts("goodbye")...)
}

// farewell has the desk know that the call comes to its end.
func (c *conversation) farewell(ctx context.Context) {
	if c.ticket.Number == "" {
		return
	}
	err := c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.Goodbye(ctx, c.call.Key)
	})
	if err != nil {
		c.trouble("say goodbye", err)
	}
}

// part ends a conversation that came to no ticket, for a reason that the caller knows by now.
func (c *conversation) part(ctx context.Context, reason error) (Outcome, error) {
	if err := c.goodbye(ctx); err != nil {
		return c.outcome(err), err
	}
	return c.outcome(reason), nil
}
