package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"readback/config"
	"readback/tickets"
)

type ticketsSLACommand struct {
	configFlag
	From     string           `help:"First month of receipt, like 2026-09; two months before the last one without." placeholder:"MONTH"`
	Until    string           `help:"Last month, with it; this month without." placeholder:"MONTH"`
	Plan     string           `help:"Only this plan's, by name or alias; unverified is callers without an account." placeholder:"PLAN"`
	Priority tickets.Priority `help:"Only this priority's, P1 to P4." placeholder:"P1"`
	Zone     string           `help:"Time zone in which months begin, from the IANA list, like Europe/London." default:"UTC"`
	JSON     bool             `help:"Print JSON."`
	CSV      string           `name:"csv" help:"Write the table as CSV to this file, - for standard output." placeholder:"FILE"`
	SVG      string           `name:"svg" help:"Write a chart of the share told in time to this file, - for standard output." placeholder:"FILE"`
}

// Help says what the words mean.
func (t *ticketsSLACommand) Help() string {
	return "A ticket counts once, in the month its call was received, under the plan it was taken under. A changed priority counts as it was when " +
		"the customer was told, with the response window of then; until then as it is now. " +
		"In time: told inside the response window. Late: told after it. Never: not told, and the window is closed. Open: not told yet, and the window is open; " +
		"such a ticket is in no share. Alarmed: late or never, but agents were alarmed before the window closed. The promise is kept when the customer was told in " +
		"time, or agents were alarmed in time. An acknowledgement by e-mail that came back is none, and ends the alarms before it. " +
		"Times are from receipt until the customer was told, in begun seconds; p50 and p95 are by nearest rank. Shares are cut, not rounded: 100 % is all."
}

// mostMonths is how many a report may have.
const mostMonths = 120

func (t *ticketsSLACommand) Run(ctx context.Context, console *console) error {
	report, err := t.report(time.Now())
	if err != nil {
		return err
	}
	return t.withStore(ctx, func(c *config.Config, s store) error {
		plan, known := policyOf(c).Plan(t.Plan)
		if report.Plan = t.Plan; known {
			report.Plan = plan.Name
		}
		if err := report.Read(ctx, s, progress(console, "reading tickets")); err != nil {
			return err
		}
		if report.Plan != "" && report.Plan != tickets.Unverified && !known && len(report.Rows()) == 0 {
			return fmt.Errorf("%w: there is no plan %q, and no ticket of one", errUsage, t.Plan)
		}
		return t.write(console, report)
	})
}

// report is what is asked for, with nothing counted yet.
func (t *ticketsSLACommand) report(now time.Time) (*tickets.SLA, error) {
	taken := 0
	for _, wanted := range []bool{t.JSON, t.CSV == "-", t.SVG == "-"} {
		if wanted {
			taken++
		}
	}
	if taken > 1 {
		return nil, fmt.Errorf("%w: --json, --csv - and --svg - all want standard output; write to files", errUsage)
	}
	zone, err := time.LoadLocation(t.Zone)
	if err != nil || t.Zone == "" || t.Zone == "Local" {
		return nil, fmt.Errorf("%w: %q is no time zone; use a name of the IANA list, like Europe/London", errUsage, t.Zone)
	}
	s := &tickets.SLA{Zone: zone, Priority: t.Priority, Now: now, Until: tickets.MonthOf(now.In(zone))}
	if s.Until, err = monthOr(t.Until, s.Until); err != nil {
		return nil, err
	}
	if s.From, err = monthOr(t.From, s.Until.Add(-2)); err != nil {
		return nil, err
	}
	switch {
	case s.Until.Before(s.From):
		return nil, fmt.Errorf("%w: %v is before %v", errUsage, s.Until, s.From)
	case !s.Until.Before(s.From.Add(mostMonths)):
		return nil, fmt.Errorf("%w: %v until %v is more than %d months", errUsage, s.From, s.Until, mostMonths)
	}
	return s, nil
}

func monthOr(text string, other tickets.Month) (tickets.Month, error) {
	if text == "" {
		return other, nil
	}
	month, err := tickets.ParseMonth(text)
	if err != nil {
		return month, fmt.Errorf("%w: %w", errUsage, err)
	}
	return month, nil
}

// write writes what was asked for, files first; the table, unless something else goes to standard output.
func (t *ticketsSLACommand) write(console *console, s *tickets.SLA) error {
	printed := t.JSON
	for _, one := range []struct {
		file string
		what func(io.Writer, *tickets.SLA) error
	}{{t.CSV, writeSLA}, {t.SVG, drawSLA}} {
		var err error
		switch one.file {
		case "":
		case "-":
			printed = true
			err = one.what(console.out, s)
		default:
			err = writeWhole(one.file, func(w io.Writer) error { return one.what(w, s) })
		}
		if err != nil {
			return err
		}
	}
	switch {
	case t.JSON:
		return printJSON(console.out, slaOf(s))
	case printed:
		return nil
	}
	return printSLA(console.out, s)
}
