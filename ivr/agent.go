package ivr

import (
	"context"
	"errors"
	"slices"

	"readback/tickets"
)

// keyAgent asks for an agent.
const keyAgent Key = '3'

// maxUnreached is how often no agent may be reached before the caller is offered one no more.
const maxUnreached = 2

// Agents are those who work on tickets, and can be spoken to.
type Agents interface {
	// Connect calls an agent for the caller and returns when the two have spoken: nil, and the caller may still be
	// there. ErrTransferred says that the caller was handed over, so that this call is to end without another word; any
	// other error that no agent was reached and nothing is left of the attempt, or, when ctx is done, its cause. Until it
	// returns it has the Line to itself.
	Connect(ctx context.Context, ticket tickets.Ticket) error
}

// ErrTransferred: the caller was handed over to an agent, and is ours no more.
var ErrTransferred = errors.New("transferred")

// errUnreached: the caller wanted an agent, and goes on without.
var errUnreached = errors.New("no agent was reached")

// mayConnect reports whether the caller is offered an agent: a customer who proved to be one, with an urgent ticket.
func (c *conversation) mayConnect() bool {
	s := c.script
	return s.Agents != nil && c.unreached < maxUnreached && c.ticket.Verified && slices.Contains(s.AgentsFor, c.ticket.Priority)
}

// connect puts the caller through. The number was read before, so whatever happens the ticket is acknowledged. What is
// pressed meanwhile is the agent's business, or nobody's.
func (c *conversation) connect(ctx context.Context) error {
	if err := c.play(ctx, c.prompts("agent-connecting")...); err != nil {
		return err
	}
	c.observe(Step{Kind: Connecting})
	err := c.script.Agents.Connect(ctx, c.ticket)
	c.line.DropKeys()
	switch {
	case errors.Is(err, ErrTransferred):
		c.observe(Step{Kind: Connected})
		c.farewell(ctx)
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		c.unreached++
		c.observe(Step{Kind: Unreached, Err: err})
		c.tell("agent-unavailable")
		return errUnreached
	}
	c.observe(Step{Kind: Connected})
	return nil
}
