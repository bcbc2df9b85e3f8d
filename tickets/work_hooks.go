package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// publish makes a row for each program that wants to know of an event, and one for the other ticket system. Rows that are there
// already stay as they are.
func (c *Clerk) publish(ctx context.Context, n Notice) error {
	what, key, now := n.Detail["what"], n.Detail["key"], c.Desk.now()
	for _, hook := range c.Hooks {
		if !hook.Wants(messageType(what)) {
			continue
		}
		err := c.Desk.Store.Enqueue(ctx, Notice{
			ID: fmt.Sprintf("hook:%s:%s:%s", n.Ticket, key, hook.Name()), Kind: Deliver, Ticket: n.Ticket, Account: n.Account, CallID: n.CallID,
			To: hook.Name(), Created: now, Due: now, Detail: map[string]string{"key": key},
		})
		if err != nil {
			return err
		}
	}
	if c.Mirror == nil {
		return nil
	}
	return c.remirror(ctx, n)
}

func messageType(what string) string { return "ticket." + what }

// deliver tells one program of one event. The ticket is as it is now: nothing of it is kept in the outbox, where an erasure would
// not find it.
func (c *Clerk) deliver(ctx context.Context, n Notice) error {
	i := slices.IndexFunc(c.Hooks, func(h Hook) bool { return h.Name() == n.To })
	if i < 0 {
		return fmt.Errorf("%w: no webhook of the name %q is configured", ErrRefused, n.To)
	}
	message, err := c.message(ctx, n)
	if err != nil {
		return err
	}
	return c.lasting(n, c.Hooks[i].Deliver(ctx, message))
}

func (c *Clerk) message(ctx context.Context, n Notice) (Message, error) {
	ticket, events, err := c.history(ctx, n.Ticket)
	if err != nil {
		return Message{}, err
	}
	key := n.Detail["key"]
	i := slices.Index(Keys(events), key)
	if i < 0 {
		return Message{}, fmt.Errorf("%w: the event is not there any more", ErrRefused)
	}
	data, err := json.Marshal(published{Ticket: ticket, Event: events[i].public()})
	if err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return Message{ID: string(n.Ticket) + ":" + key, Type: messageType(events[i].What), At: events[i].At, Data: data}, nil
}

// history is a ticket with all that happened to it.
func (c *Clerk) history(ctx context.Context, number Number) (Ticket, []Event, error) {
	ticket, err := c.Desk.Store.Ticket(ctx, number)
	if err != nil {
		return Ticket{}, nil, err
	}
	events, err := c.Desk.Store.Events(ctx, number)
	return ticket, events, err
}

// published is what other programs read of an event.
type published struct {
	Ticket Ticket `json:"ticket"`
	Event  Event  `json:"event"`
}

// publicDetails are those of an event that hold nothing about a person but what the ticket holds too.
var publicDetails = []string{
	"attestation", "by", "called", "call_id", "confirmed", "due", "from", "how", "hung_up", "incident", "kind", "language", "model", "node", "pressed", "priority", "reason",
	"recording", "score", "status", "trunk", "vouched",
}

// public is the event without the personal data in its details.
func (e Event) public() Event {
	all := e.Detail
	e.Detail = map[string]string{}
	for _, name := range publicDetails {
		if value := all[name]; value != "" {
			e.Detail[name] = value
		}
	}
	return e
}

// lasting makes a failure for good of one that the other side has wanted to be repeated for as long as that makes sense.
func (c *Clerk) lasting(n Notice, err error) error {
	if wait, ok := errors.AsType[*Later](err); ok && c.Desk.now().Sub(n.Created) > n.Kind.life() {
		return fmt.Errorf("%w: %s", ErrRefused, wait.why())
	}
	return err
}
