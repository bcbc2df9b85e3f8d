package ivr

import (
	"context"
	"time"

	"readback/tickets"
)

// file opens the ticket from what is known. It outlives the caller: a hang-up after the last key must
// not lose the ticket.
func (c *conversation) file(ctx context.Context) error {
	request := c.request(ctx.Err() != nil)
	err := c.atDesk(ctx, func(ctx context.Context) (err error) {
		c.ticket, err = c.script.Desk.Open(ctx, request)
		return err
	})
	if err != nil {
		c.ticket, c.failure = tickets.Ticket{}, err
		c.trouble("open a ticket", err)
		return err
	}
	c.joined = c.openedBefore()
	c.observe(Step{Kind: Registered, Ticket: c.ticket.Number})
	return nil
}

// request is what the conversation knows, in the desk's terms. A caller who was not asked where to be
// reached is called back at the number that the call came from.
func (c *conversation) request(hungUp bool) tickets.Request {
	callback, verified := c.callback, c.callbackVerified
	if callback == "" {
		callback = c.call.Caller.Number
		verified = c.mayCall(callback, false)
	}
	recording := c.recording.Name
	if c.recording.Speech == 0 {
		recording = "" // nobody is to listen to silence
	}
	return tickets.Request{
		CallKey:          c.call.Key,
		Account:          c.account,
		Verified:         c.account != nil,
		Caller:           c.call.Caller,
		Called:           c.call.Called,
		Kind:             c.kind,
		Priority:         c.priority,
		Confirmed:        c.confirmed,
		Callback:         callback,
		CallbackVerified: verified,
		Recording:        recording,
		Language:         c.locale,
		Received:         c.call.Received,
		Incident:         c.attached.ID,
		HungUp:           hungUp,
	}
}

// openedBefore reports whether the ticket is that of an earlier call, which this one joins. The desk may
// keep a long call key as a digest, so a ticket received at the very time of this call is its own.
func (c *conversation) openedBefore() bool {
	own := c.ticket.Received.Equal(c.call.Received.Truncate(time.Microsecond))
	return c.ticket.CallID != c.call.Key && !own
}
