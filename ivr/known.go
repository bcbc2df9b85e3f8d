package ivr

import (
	"context"
	"errors"
	"strconv"
	"time"

	"readback/ivr/say"
	"readback/tickets"
)

// The keys of a caller who has open tickets.
const (
	keyStatus     Key = '1'
	keyNewProblem Key = '2'
)

var (
	// errAnother: the caller calls about something new after all.
	errAnother = errors.New("the caller has a new problem")
	// errInformed: the caller called about a ticket that there is, and knows what there is to know.
	errInformed = errors.New("the caller was told about a ticket")
)

// known offers a customer the status of open tickets before a new one is opened: one problem is one ticket. Who did not give
// the PIN until now is asked for it before anything is told.
func (c *conversation) known(ctx context.Context) error {
	open := c.openTickets(ctx)
	if len(open) == 0 {
		return errNothing
	}
	for {
		key, err := c.ask(ctx, string(keyStatus)+string(keyNewProblem), c.openChoices(len(open)))
		if err != nil || key == keyNewProblem {
			return err
		}
		c.rated = false // whoever goes now has no new problem
		err = c.aboutTickets(ctx, open)
		if errors.Is(err, errAnother) {
			c.informed = tickets.Ticket{}
			return nil
		}
		if !errors.Is(err, errBack) {
			return err
		}
	}
}

func (c *conversation) openChoices(count int) []Prompt {
	switch {
	case !c.pin:
		return c.prompts("open-choices")
	case count == 1:
		return c.prompts("open-ticket", "open-choices")
	}
	return c.prompts("open-tickets", "open-choices")
}

// openTickets are those of a known account. When the desk cannot tell, the call goes on as if there were none.
func (c *conversation) openTickets(ctx context.Context) (open []tickets.Ticket) {
	if c.account == nil {
		return nil
	}
	err := c.atDesk(ctx, func(ctx context.Context) (err error) {
		open, err = c.script.Desk.OpenTickets(ctx, c.account.ID)
		return err
	})
	if err != nil {
		c.trouble("read open tickets", err)
		return nil
	}
	return open
}

// aboutTickets tells of one ticket after the other, as the caller likes.
func (c *conversation) aboutTickets(ctx context.Context, open []tickets.Ticket) error {
	if err := c.prove(ctx); err != nil {
		return err
	}
	for {
		ticket, err := c.which(ctx, open)
		if err != nil {
			return err
		}
		err = c.status(ctx, ticket, len(open) > 1)
		if !errors.Is(err, errBack) || len(open) == 1 {
			return err
		}
	}
}

// prove asks for the PIN of an account that only a telephone number named. It ends in errAnother for a caller who does not
// know it, or when nobody can tell: a ticket can be opened all the same.
func (c *conversation) prove(ctx context.Context) error {
	for !c.pin {
		if !c.mayTry() {
			return errAnother
		}
		pin, err := c.askPIN(ctx)
		if err != nil {
			return err
		}
		_, err = c.check(ctx, c.account.ID, pin)
		switch {
		case errors.Is(err, tickets.ErrDenied):
			c.deny()
		case errors.Is(err, errUnidentifiable):
			c.tell("identify-unavailable")
			return errAnother
		case err != nil:
			return err
		default:
			c.accept(*c.account, true)
		}
	}
	return nil
}

// which has the caller choose one of several tickets, by a key each.
func (c *conversation) which(ctx context.Context, open []tickets.Ticket) (tickets.Ticket, error) {
	if len(open) == 1 {
		return open[0], nil
	}
	var question []Prompt
	var keys string
	for i, ticket := range open {
		key := strconv.Itoa(i + 1)
		number, err := say.TicketNumber(c.locale, string(ticket.Number))
		if err != nil {
			return tickets.Ticket{}, err
		}
		keys += key
		question = append(question, c.prompts("open-which")...)
		question = append(question, c.spoken(number)...)
		question = append(question, c.prompts("open-key")...)
		question = append(question, c.spoken(say.Digits(c.locale, key))...)
		question = append(question, Prompt{Gap: say.BetweenGroups})
	}
	key, err := c.ask(ctx, keys, question)
	if err != nil {
		return tickets.Ticket{}, err
	}
	return open[key-'1'], nil
}

// status tells where a ticket stands and what can be done about it. Back is errBack.
func (c *conversation) status(ctx context.Context, ticket tickets.Ticket, others bool) error {
	if err := c.sayKnown(ctx, ticket); err != nil {
		return err
	}
	c.lead = append(c.prompts("status-"+string(ticket.Status), "priority-"+string('0'+rune(ticket.Priority)), "status-changed"),
		c.spoken(say.Ago(c.locale, time.Since(ticket.LastChange())))...)
	for {
		keys, choices := c.statusChoices(others)
		key, err := c.offer(ctx, keys, choices, c.patience.Menu)
		switch {
		case errors.Is(err, errNoInput), errors.Is(err, errKeyless), err == nil && key == keyEnd:
			if err := c.goodbye(ctx); err != nil {
				return err
			}
			return errInformed
		case err != nil:
			return err
		case key == keyAnotherTicket:
			return errBack
		case key == keyNew:
			return errAnother
		}
		if err := c.leaveNote(ctx, ticket); err != nil {
			return err
		}
	}
}

// sayKnown says the number to its end. A customer who was not told of it until now is told by that.
func (c *conversation) sayKnown(ctx context.Context, ticket tickets.Ticket) error {
	number, err := say.TicketNumber(c.locale, string(ticket.Number))
	if err != nil {
		return err
	}
	if err := c.play(ctx, append(c.prompts("status-ticket"), c.spoken(number)...)...); err != nil {
		return err
	}
	c.informed = ticket
	c.observe(Step{Kind: Informed, Ticket: ticket.Number})
	if ticket.Acknowledged.IsZero() {
		c.acknowledgeTicket(ctx, ticket.Number)
	}
	return nil
}

// The keys after the status of a ticket.
const (
	keyNote          Key = '1'
	keyAnotherTicket Key = '2'
	keyNew           Key = '3'
)

func (c *conversation) statusChoices(others bool) (keys string, offer []Prompt) {
	keys, names := string(keyNote), []string{"status-note"}
	if others {
		keys, names = keys+string(keyAnotherTicket), append(names, "status-another")
	}
	return keys + string(keyNew) + string(keyEnd), c.prompts(append(names, "status-new", "choice-end")...)
}
