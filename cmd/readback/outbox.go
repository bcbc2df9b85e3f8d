package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"readback/config"
	"readback/tickets"
)

type outboxCommand struct {
	List outboxListCommand `cmd:"" default:"withargs" help:"What has still to be sent, called and raised, by time due."`
	Run  outboxRunCommand  `cmd:"" help:"Try one again now: one that was given up, or that waits."`
}

type outboxListCommand struct {
	configFlag
	Dead  bool `help:"Those that were given up, with what went wrong."`
	Limit int  `help:"At most this many." default:"100"`
	JSON  bool `help:"Print JSON."`
}

func (o *outboxListCommand) Run(ctx context.Context, console *console) error {
	return o.withStore(ctx, func(_ *config.Config, s store) error {
		found, err := s.OpenNotices(ctx, o.Dead, o.Limit)
		if err != nil {
			return err
		}
		if o.JSON {
			return printJSON(console.out, append([]tickets.Notice{}, found...))
		}
		if len(found) == 0 {
			_, err := fmt.Fprintln(console.out, "nothing")
			return err
		}
		return printOutbox(console.out, found, time.Now())
	})
}

func printOutbox(w io.Writer, found []tickets.Notice, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tKIND\tTICKET\tDUE\tTO\tSTATE\tFAILED\tBECAUSE")
	for _, n := range found {
		ticket := "-"
		if n.Ticket != "" {
			ticket = spaced(n.Ticket)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", n.ID, n.Kind, ticket, stamp(n.Due), orDash(n.To), n.State(now), n.Attempts, orDash(n.Failure))
	}
	return table.Flush()
}

type outboxRunCommand struct {
	configFlag
	ID string `arg:"" help:"As the list shows it."`
}

func (o *outboxRunCommand) Run(ctx context.Context, console *console) error {
	return o.withStore(ctx, func(c *config.Config, s store) error {
		desk, err := deskOf(c, s)
		if err != nil {
			return err
		}
		if err := desk.Retry(ctx, o.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.out, "%s is due now\n", o.ID)
		return err
	})
}
