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
	// there. What the caller is told of it is said by announce, which is called at most once and before anything else is
	// heard. ErrTransferred says that the caller was handed over, so that this call is to end without another word; any
	// other error that no agent was reached and nothing is left of the attempt, or, when ctx is done, its cause. Until it
	// returns it has the Line to itself, but for the keys that come before the two speak.
	Connect(ctx context.Context, ticket tickets.Ticket, announce func(context.Context) error) error
}

// ErrTransferred: the caller was handed over to an agent, and is ours no more.
var ErrTransferred = errors.New("transferred")

// errUnreached: the caller wanted an agent, and goes on without.
var errUnreached = errors.New("no agent was reached")

// ErrStopped ends the wait of a caller who does not want to wait for an agent any more.
var ErrStopped = errors.New("the caller stopped waiting")

// keyStop stops the wait for an agent.
const keyStop Key = '*'

// mayConnect reports whether the caller is offered an agent: a customer who proved to be one, with an urgent ticket.
func (c *conversation) mayConnect() bool {
	return c.unreached < maxUnreached && c.ticket.Verified && (c.agentsFor() || c.engineersFor())
}

func (c *conversation) agentsFor() bool {
	return c.script.Agents != nil && slices.Contains(c.script.AgentsFor, c.ticket.Priority)
}

func (c *conversation) engineersFor() bool {
	return c.script.Engineers != nil && slices.Contains(c.script.EngineersFor, c.ticket.Priority)
}

// connect puts the caller through to an agent, or else to an engineer on call, whom the caller may wait for. The number was
// read before, so whatever happens the ticket is acknowledged.
func (c *conversation) connect(ctx context.Context) error {
	err := errUnreached
	if c.agentsFor() {
		err = c.putThrough(ctx, c.script.Agents, "agent-connecting")
	}
	if c.engineersFor() && errors.Is(err, errUnreached) {
		err = c.putThrough(ctx, c.script.Engineers, "agent-paging")
	}
	switch {
	case errors.Is(err, errUnreached):
		c.unreached++
		c.tell("agent-unavailable")
	case errors.Is(err, ErrStopped):
		c.unreached++
		err = errUnreached
	}
	return err
}

// putThrough has the caller speak with one of some agents. What is pressed then is the agent's business; before, keyStop ends
// the wait.
func (c *conversation) putThrough(ctx context.Context, agents Agents, name string) error {
	announce := func(ctx context.Context) error {
		err := c.play(ctx, c.prompts(name)...)
		if err == nil {
			c.observe(Step{Kind: Connecting})
		}
		return err
	}
	err := c.stoppable(ctx, func(ctx context.Context) error { return agents.Connect(ctx, c.ticket, announce) })
	c.line.DropKeys()
	switch {
	case errors.Is(err, ErrTransferred):
		c.observe(Step{Kind: Connected})
		c.farewell(ctx)
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		c.observe(Step{Kind: Unreached, Err: err})
		if errors.Is(err, ErrStopped) {
			c.pressed(string(keyStop))
			return err
		}
		return errUnreached
	}
	c.observe(Step{Kind: Connected})
	return nil
}

// stoppable does something that a key of the caller ends, with ErrStopped.
func (c *conversation) stoppable(ctx context.Context, work func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	wait := beside(func() {
		for {
			key, err := c.line.ReadKey(working)
			switch {
			case err != nil:
				return
			case key == keyStop:
				stop(ErrStopped)
				return
			}
		}
	})
	defer wait()
	defer stop(nil)
	err := work(working)
	if err != nil && !errors.Is(err, ErrTransferred) && errors.Is(context.Cause(working), ErrStopped) {
		return ErrStopped
	}
	return err
}
