package ivr

import (
	"context"
	"errors"
	"time"

	"readback/ivr/say"
	"readback/tickets"
)

// The keys after the ticket number.
const (
	keyRepeat Key = '1'
	keyMail   Key = '2'
	keyEnd    Key = '9'
)

// beforeRepeat is the pause before the number is said a second time.
const beforeRepeat = 500 * time.Millisecond

// readBack tells the ticket number twice and what happens next, offers to say it again, and says
// goodbye. The first complete playing of the number is the acknowledgement. When the caller goes before
// that, the desk is told to acknowledge in another way.
func (c *conversation) readBack(ctx context.Context) error {
	err := c.readTicket(ctx)
	if err != nil && !c.told {
		c.leave(ctx)
	}
	return err
}

func (c *conversation) readTicket(ctx context.Context) error {
	number, err := say.TicketNumber(c.locale, string(c.ticket.Number))
	if err != nil {
		return err
	}
	if c.joined {
		c.tell("ticket-joined")
	}
	if err := c.sayNumber(ctx, "ticket-registered", number); err != nil {
		return err
	}
	c.lead = []Prompt{{Gap: beforeRepeat}}
	if err := c.sayNumber(ctx, "ticket-repeat", number); err != nil {
		return err
	}
	if c.attached.ID != "" && c.ticket.Incident == c.attached.ID {
		c.tell("incident-attached")
	}
	c.lead = append(c.lead, c.promise()...)
	return c.offerAgain(ctx, number)
}

// sayNumber says the whole number, which no key cuts short, and has the desk know it.
func (c *conversation) sayNumber(ctx context.Context, introduction string, number []say.Token) error {
	if err := c.play(ctx, append(c.prompts(introduction), c.spoken(number)...)...); err != nil {
		return err
	}
	c.told = true
	c.acknowledge(ctx)
	return nil
}

// acknowledge tells the desk, once, that the customer was told; also when the caller hangs up on the
// last digit. Should the desk fail, the next complete playing tries again, and after the last one the
// customer is told once more by other means.
func (c *conversation) acknowledge(ctx context.Context) {
	if c.acknowledged {
		return
	}
	c.acknowledged = c.acknowledgeTicket(ctx, c.ticket.Number)
}

func (c *conversation) acknowledgeTicket(ctx context.Context, number tickets.Number) (done bool) {
	told := tickets.Acknowledgement{
		By: tickets.ByReadback, At: time.Now(), Call: c.call.Key, Evidence: "the whole number was played on an up dialog",
	}
	err := c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.Acknowledge(ctx, number, told)
	})
	if err != nil {
		c.trouble("acknowledge", err)
		return false
	}
	c.observe(Step{Kind: Acknowledged, Ticket: number})
	return true
}

// promise is what is said of the ticket: its priority, or when an unverified one is looked at.
func (c *conversation) promise() []Prompt {
	if c.ticket.Verified || c.ticket.Kind == enquiry {
		return c.prompts("priority-" + string('0'+rune(c.ticket.Priority)))
	}
	prompts := c.prompts("unverified")
	within, err := say.Within(c.locale, c.ticket.Due.Sub(c.ticket.Received))
	if err != nil {
		return prompts // an odd window is not recorded: better no time than a wrong one
	}
	return append(prompts, c.spoken(within)...)
}

// offerAgain says the number as often as the caller likes, and puts through whoever may and wants to speak with an
// agent. Who presses nothing has heard enough.
func (c *conversation) offerAgain(ctx context.Context, number []say.Token) error {
	mail := c.script.Mail && c.ticket.Email != ""
	for {
		keys, choices := c.choices(mail)
		key, err := c.offer(ctx, keys, choices, c.patience.Menu)
		switch {
		case errors.Is(err, errNoInput), errors.Is(err, errKeyless), err == nil && key == keyEnd:
			return c.goodbye(ctx)
		case errors.Is(err, errBack), err == nil && key == keyRepeat:
			err = c.sayNumber(ctx, "ticket-registered", number)
		case err == nil && key == keyMail:
			mail = false
			err = c.mailNumber(ctx, number)
		case err == nil && key == keyAgent:
			err = c.connect(ctx)
			if err == nil {
				return c.goodbye(ctx)
			}
		}
		if err != nil && !errors.Is(err, errUnreached) {
			return err
		}
	}
}

// choices are the keys after the ticket number, and what offers them.
func (c *conversation) choices(mail bool) (keys string, offer []Prompt) {
	choose := func(key Key, name string) {
		keys += string(key)
		offer = append(offer, c.prompts(name)...)
	}
	choose(keyRepeat, "choice-again")
	if mail {
		choose(keyMail, "choice-email")
	}
	if c.mayConnect() {
		choose(keyAgent, "choice-agent")
	}
	choose(keyEnd, "choice-end")
	return keys, offer
}

// mailNumber sends the number by e-mail. Where that fails the caller hears it once more, to write it down.
func (c *conversation) mailNumber(ctx context.Context, number []say.Token) error {
	err := c.atDesk(ctx, func(ctx context.Context) error {
		return c.script.Desk.SendNumber(ctx, c.ticket.Number)
	})
	if err != nil {
		c.trouble("send the number", err)
		return c.sayNumber(ctx, "ticket-registered", number)
	}
	c.tell("email-sent")
	return nil
}
