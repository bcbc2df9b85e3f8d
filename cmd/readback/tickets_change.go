package main

import (
	"context"
	"fmt"
	"strings"

	"readback/config"
	"readback/tickets"
)

// ticketArg is the ticket that a command is about, and who gives it.
type ticketArg struct {
	configFlag
	Number string `arg:"" help:"The ticket's number, with or without the space."`
	By     string `help:"Who does it." placeholder:"NAME" env:"USER" required:""`
}

// atDesk lets a command work on its ticket at a desk with the configured policy.
func (a ticketArg) atDesk(ctx context.Context, work func(desk *tickets.Desk, number tickets.Number) error) error {
	number, err := tickets.ParseNumber(strings.ReplaceAll(a.Number, " ", ""))
	if err != nil {
		return err
	}
	return a.withStore(ctx, func(c *config.Config, s store) error {
		desk, err := deskOf(c, s)
		if err != nil {
			return err
		}
		return work(desk, number)
	})
}

type ticketsChangeCommand struct {
	ticketArg
	Priority tickets.Priority `help:"P1 to P4. Another priority has another response window, from receipt, and may page engineers." placeholder:"P2"`
	Status   tickets.Status   `help:"open, working, waiting or resolved." placeholder:"STATUS"`
	Note     string           `help:"What there is to say about it; kept with the ticket." placeholder:"TEXT"`
}

func (t *ticketsChangeCommand) Run(ctx context.Context, console *console) error {
	if t.Priority == 0 && t.Status == "" && t.Note == "" {
		return fmt.Errorf("%w: nothing to change: give --priority, --status or --note", errUsage)
	}
	return t.atDesk(ctx, func(desk *tickets.Desk, number tickets.Number) error {
		after, err := desk.Change(ctx, number, tickets.Change{By: t.By, Priority: t.Priority, Status: t.Status, Note: t.Note})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.out, "ticket %s is %v, %s, due %s\n", spaced(number), after.Priority, after.Status, stamp(after.Due))
		return err
	})
}

type ticketsAcceptCommand struct{ ticketArg }

func (t *ticketsAcceptCommand) Run(ctx context.Context, console *console) error {
	return t.atDesk(ctx, func(desk *tickets.Desk, number tickets.Number) error {
		after, err := desk.Accept(ctx, number, t.By, "command line")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.out, "ticket %s is %s's since %s\n", spaced(number), after.Owner, stamp(after.Accepted))
		return err
	})
}

type ticketsAcknowledgeCommand struct {
	ticketArg
	How string `help:"How the customer was told." placeholder:"TEXT" required:""`
}

func (t *ticketsAcknowledgeCommand) Run(ctx context.Context, console *console) error {
	return t.atDesk(ctx, func(desk *tickets.Desk, number tickets.Number) error {
		told := tickets.Acknowledgement{By: tickets.ByAgent, Evidence: t.By + ": " + t.How}
		if err := desk.Acknowledge(ctx, number, told); err != nil {
			return err
		}
		after, err := desk.Store.Ticket(ctx, number)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.out, "ticket %s is acknowledged by %s since %s\n", spaced(number), after.AcknowledgedBy, stamp(after.Acknowledged))
		return err
	})
}

type ticketsBouncedCommand struct {
	ticketArg
	Because string `help:"What the bounce said." placeholder:"TEXT" required:""`
}

func (t *ticketsBouncedCommand) Run(ctx context.Context, console *console) error {
	return t.atDesk(ctx, func(desk *tickets.Desk, number tickets.Number) error {
		if err := desk.Bounced(ctx, number, t.Because); err != nil {
			return err
		}
		after, err := desk.Store.Ticket(ctx, number)
		if err != nil {
			return err
		}
		text := "the customer is told in another way"
		if !after.Acknowledged.IsZero() {
			text = "it was acknowledged by " + after.AcknowledgedBy + " and stays so"
		}
		_, err = fmt.Fprintf(console.out, "ticket %s: %s\n", spaced(number), text)
		return err
	})
}
