package ivr

import (
	"context"
	"errors"
	"fmt"

	"readback/ivr/say"
	"readback/tickets"
)

// The keys of a page.
const (
	keyAccept   Key = '1'
	keyTellOver Key = '2'
	keyPass     Key = '3'
	keySpeak    Key = '1'
)

// A Page is the conversation of a call to an engineer on call: what is wrong and whose problem it is, and a key that accepts
// the ticket.
type Page struct {
	Errand
	Recording string // what the caller said, if that can be played
	// Accepted is told once, as soon as the engineer has accepted the ticket. It must not block. It gives the way to the
	// caller who waits on the line to speak with an engineer, or nil when nobody does: it returns when the two have
	// spoken, or with an error when the caller went before. Until then it has the Line to itself.
	Accepted func() (speak func(context.Context) error)
}

// Run has the conversation. It returns nil when the ticket was accepted, whatever came then; tickets.ErrNobody when it was
// not; and the cause of ctx when the call ended before. Run does not hang up.
func (p *Page) Run(ctx context.Context, line Line) (Outcome, error) {
	c := p.begin(line)
	err := p.tell(ctx, c)
	if err == nil {
		p.accepted(ctx, c)
	}
	return c.outcome(err), err
}

// Taken tells an engineer whose Run was ended by tickets.ErrTaken that nobody is needed any more.
func (p *Page) Taken(ctx context.Context, line Line) error {
	c := p.begin(line)
	return c.play(ctx, c.prompts("page-taken")...)
}

func (p *Page) tell(ctx context.Context, c *conversation) error {
	what, err := p.what(c)
	if err != nil {
		return err
	}
	reason := "no key was pressed"
	for silent := 0; silent < maxSilent; {
		key, err := c.offer(ctx, string(keyAccept)+string(keyTellOver)+string(keyPass), what, c.patience.Menu)
		switch {
		case errors.Is(err, errNoInput): // somebody who has just been woken up
			silent++
		case errors.Is(err, errKeyless):
			silent = maxSilent
		case errors.Is(err, errBack), err == nil && key == keyTellOver:
			silent = 0
		case err != nil:
			return err
		case key == keyPass:
			reason, silent = "it was passed on", maxSilent
		default:
			return nil
		}
	}
	if err := c.play(ctx, c.prompts("page-passed")...); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", tickets.ErrNobody, reason)
}

// what is what an engineer is told.
func (p *Page) what(c *conversation) ([]Prompt, error) {
	number, err := say.TicketNumber(c.locale, string(c.ticket.Number))
	if err != nil {
		return nil, err
	}
	severity := "page-high"
	if c.ticket.Priority == tickets.P1 {
		severity = "page-urgent"
	}
	prompts := c.prompts("page-hello", severity, "page-ticket")
	prompts = append(prompts, c.spoken(number)...)
	if c.ticket.Account == "" || !c.ticket.Verified {
		prompts = append(prompts, c.prompts("page-unverified")...)
	} else {
		prompts = append(prompts, c.prompts("page-account")...)
		prompts = append(prompts, c.spoken(say.Digits(c.locale, c.ticket.Account))...)
	}
	if p.Recording != "" {
		prompts = append(prompts, c.prompts("page-message")...)
		prompts = append(prompts, Prompt{Recording: p.Recording})
	}
	return append(prompts, c.prompts("page-accept")...), nil
}

// accepted goes on with an engineer who has the ticket: the caller may be waiting.
func (p *Page) accepted(ctx context.Context, c *conversation) {
	c.told = true
	c.observe(Step{Kind: Accepted, Ticket: c.ticket.Number})
	speak := p.Accepted()
	c.tell("page-accepted")
	if speak == nil {
		_ = c.play(ctx)
		return
	}
	key, err := c.ask(ctx, string(keySpeak)+string(keyEnd), c.prompts("page-bridge"))
	if err != nil || key != keySpeak {
		return
	}
	c.observe(Step{Kind: Connecting})
	if err := speak(ctx); err != nil {
		c.observe(Step{Kind: Unreached, Err: err})
		return
	}
	c.observe(Step{Kind: Connected})
}
