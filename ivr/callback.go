package ivr

import (
	"context"
	"errors"
	"fmt"
	"time"

	"readback/ivr/say"
	"readback/tickets"
)

// The keys of a call back.
const (
	keyHeard     Key = '1'
	keyHearAgain Key = '2'
)

// A Callback is the conversation of a call that tells a customer that the ticket is registered, because the caller went before
// hearing its number. Somebody else may answer, so that it says the number and what was promised, and nothing more.
type Callback struct {
	Errand
	// Told is given the evidence once, as soon as there is one: somebody pressed a key after the whole number was played,
	// which no answering machine does. It must not block.
	Told func(tickets.Acknowledgement)
}

// Run has the conversation. It returns nil when the number was confirmed, also by somebody who hangs up then; tickets.ErrNobody
// when it was not; and the cause of ctx when the call ended before. Run does not hang up.
func (b *Callback) Run(ctx context.Context, line Line) (Outcome, error) {
	c := b.begin(line)
	err := b.tell(ctx, c)
	return c.outcome(err), err
}

func (b *Callback) tell(ctx context.Context, c *conversation) error {
	number, err := say.TicketNumber(c.locale, string(c.ticket.Number))
	if err != nil {
		return err
	}
	c.tell("callback-hello")
	for silent := 0; silent < maxSilent; {
		key, heard, err := b.hearing(ctx, c, number)
		switch {
		case errors.Is(err, errNoInput):
			silent++
		case errors.Is(err, errKeyless):
			silent = maxSilent
		case errors.Is(err, errBack), err == nil && key == keyHearAgain:
			silent = 0
		case err != nil:
			return err
		default:
			b.confirmed(c, heard)
			_ = c.play(ctx, c.prompts("callback-thanks")...) // who hangs up has heard the number all the same
			return nil
		}
	}
	if err := c.play(ctx, c.prompts("callback-no-key")...); err != nil {
		return err
	}
	return fmt.Errorf("%w: no key was pressed", tickets.ErrNobody)
}

// hearing says the number and asks for a key. Only what is pressed after the whole number counts.
func (b *Callback) hearing(ctx context.Context, c *conversation, number []say.Token) (key Key, heard time.Time, err error) {
	if err := c.play(ctx, append(c.prompts("ticket-registered"), c.spoken(number)...)...); err != nil {
		return 0, heard, err
	}
	heard = time.Now()
	c.line.DropKeys()
	again := append([]Prompt{{Gap: beforeRepeat}}, c.prompts("ticket-repeat")...)
	again = append(again, c.spoken(number)...)
	again = append(again, c.promise()...)
	key, err = c.offer(ctx, string(keyHeard)+string(keyHearAgain), append(again, c.prompts("callback-confirm")...), c.patience.Menu)
	return key, heard, err
}

func (b *Callback) confirmed(c *conversation, heard time.Time) {
	now := time.Now()
	c.told = true
	c.observe(Step{Kind: Confirmed, Ticket: c.ticket.Number})
	b.Told(tickets.Acknowledgement{
		By: tickets.ByCallback, At: now, Call: b.Key,
		Evidence: fmt.Sprintf("key %c was pressed %.1f s after the whole number had been played", keyHeard, now.Sub(heard).Seconds()),
	})
}
