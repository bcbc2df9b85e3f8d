package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"readback/config"
	"readback/tickets"
)

type ticketsCommand struct {
	List ticketsListCommand `cmd:"" help:"List tickets, the most urgent first."`
	Show ticketsShowCommand `cmd:"" help:"Show one ticket with its events and what is still to be sent."`

	Recording   ticketsRecordingCommand   `cmd:"" help:"Fetch what the caller said, as a WAV file."`
	Change      ticketsChangeCommand      `cmd:"" help:"Give a ticket another priority or status, or a note."`
	Accept      ticketsAcceptCommand      `cmd:"" help:"Take a ticket: nobody is paged for it any more."`
	Acknowledge ticketsAcknowledgeCommand `cmd:"" help:"Note that you told the customer that the ticket is registered."`
	Bounced     ticketsBouncedCommand     `cmd:"" help:"Note that the acknowledgement by e-mail came back: the customer is told in another way."`
	Spool       ticketsSpoolCommand       `cmd:"" help:"Tickets that wait for a database that is away."`
	Outbox      outboxCommand             `cmd:"" help:"What has still to be sent, and what could not be."`
	Export      ticketsExportCommand      `cmd:"" help:"Tickets and their events with the proof that nothing was changed, as JSON lines; or hold them against it."`
	SLA         ticketsSLACommand         `cmd:"" name:"sla" help:"How the promise of acknowledgement was kept, for each month, plan and priority."`
	Key         ticketsKeyCommand         `cmd:"" help:"Print the public key by which others verify what this node signs."`
}

type ticketsListCommand struct {
	configFlag
	Account string `help:"Only this account's." placeholder:"NUMBER"`
	Limit   int    `help:"At most this many; 0 is all." default:"0"`
	JSON    bool   `help:"Print JSON."`
}

func (l *ticketsListCommand) Run(ctx context.Context, console *console) error {
	return l.withStore(ctx, func(_ *config.Config, s store) error {
		found, err := allTickets(ctx, s, l.Account, l.Limit)
		if err != nil {
			return err
		}
		if l.JSON {
			return printJSON(console.out, found)
		}
		return printTickets(console.out, found, time.Now())
	})
}

// allTickets reads page by page; limit 0 is no limit. It never returns nil, so that JSON shows a list.
func allTickets(ctx context.Context, s tickets.Reader, account string, limit int) ([]tickets.Ticket, error) {
	all, page := []tickets.Ticket{}, tickets.TicketPage{Account: account}
	for limit == 0 || len(all) < limit {
		page.Limit = tickets.MaxPage
		if limit > 0 {
			page.Limit = min(page.Limit, limit-len(all))
		}
		next, err := s.ListTickets(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, next...)
		if len(next) < page.Limit {
			break
		}
		page.After = next[len(next)-1].Number
	}
	return all, nil
}

func printTickets(w io.Writer, found []tickets.Ticket, now time.Time) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no tickets")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NUMBER\tPRIORITY\tACCOUNT\tCONTACT\tRECEIVED\tACKNOWLEDGED\tDUE")
	for _, t := range found {
		fmt.Fprintf(table, "%s\t%v\t%s\t%s\t%s\t%s\t%s\n", spaced(t.Number), t.Priority, orDash(t.Account), orDash(t.Contact),
			stamp(t.Received), told(t), deadline(t, now))
	}
	return table.Flush()
}

// spaced writes a ticket number as it is said: 4821 5906.
func spaced(n tickets.Number) string {
	groups := n.Groups()
	return groups[0] + " " + groups[1]
}

func told(t tickets.Ticket) string {
	if t.Acknowledged.IsZero() {
		return "not yet"
	}
	return fmt.Sprintf("%s by %s", t.Acknowledged.Sub(t.Received).Round(time.Second), t.AcknowledgedBy)
}

// deadline is what is left of the response window while nobody was told; then, whether it was in time.
func deadline(t tickets.Ticket, now time.Time) string {
	left := t.Due.Sub(now).Round(time.Minute)
	switch {
	case !t.Acknowledged.IsZero() && !t.Acknowledged.After(t.Due):
		return "met"
	case !t.Acknowledged.IsZero():
		return "late by " + t.Acknowledged.Sub(t.Due).Round(time.Second).String()
	case left < 0:
		return "missed by " + (-left).String()
	default:
		return "in " + left.String()
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type ticketsShowCommand struct {
	configFlag
	Number string `arg:"" help:"The ticket's number, with or without the space."`
	JSON   bool   `help:"Print JSON."`
}

// dossier is all there is to know of one ticket.
type dossier struct {
	Ticket tickets.Ticket   `json:"ticket"`
	Events []tickets.Event  `json:"events"`
	Outbox []tickets.Notice `json:"outbox"`
	Survey *tickets.Survey  `json:"survey"`
}

// Help is what the command's own help says.
func (s *ticketsShowCommand) Help() string {
	return "What a machine heard in recordings follows, labelled as a machine transcript. In JSON it is the event \"transcribed\", whose detail " +
		"has recording, language (as the machine took it), model and transcript."
}

func (s *ticketsShowCommand) Run(ctx context.Context, console *console) error {
	number, err := tickets.ParseNumber(strings.ReplaceAll(s.Number, " ", ""))
	if err != nil {
		return err
	}
	return s.withStore(ctx, func(_ *config.Config, store store) error {
		found, err := readDossier(ctx, store, number)
		if err != nil {
			return err
		}
		if s.JSON {
			return printJSON(console.out, found)
		}
		return found.print(console.out)
	})
}

func readDossier(ctx context.Context, store tickets.Store, number tickets.Number) (dossier, error) {
	ticket, err := store.Ticket(ctx, number)
	if err != nil {
		return dossier{}, err
	}
	events, err := store.Events(ctx, number)
	if err != nil {
		return dossier{}, err
	}
	outbox, err := store.Notices(ctx, number, 0)
	if err != nil {
		return dossier{}, err
	}
	survey, err := surveyOf(ctx, store, number)
	return dossier{Ticket: ticket, Events: events, Outbox: outbox, Survey: survey}, err
}

func (d dossier) print(w io.Writer) error {
	t := d.Ticket
	verified := "no"
	if t.Verified {
		verified = "yes"
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"ticket", spaced(t.Number)},
		{"priority", t.Priority.String()},
		{"status", string(t.Status)},
		{"account", strings.TrimSpace(t.Account + " " + t.Plan)},
		{"contact", t.Contact},
		{"call back", t.Callback},
		{"verified", verified},
		{"recording", d.recordings()},
		{"attestation", t.Attestation},
		{"owner", t.Owner},
		{"received", stamp(t.Received)},
		{"work begins", stamp(t.Starts)},
		{"due", stamp(t.Due)},
		{"acknowledged", told(t)},
		{"survey", surveyWords(d.Survey)},
		{"incident", t.Incident},
		{"call", t.CallID},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], orDash(row[1]))
	}
	fmt.Fprintln(table, "\nEVENT\tWHEN\tWHO\tDETAIL")
	for _, event := range d.Events {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", event.What, stamp(event.At), event.Who, details(event))
	}
	fmt.Fprintln(table, "\nOUTBOX\tDUE\tTO\tSTATE")
	for _, notice := range d.Outbox {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", strings.TrimSpace(string(notice.Kind)+" "+notice.Reason), stamp(notice.Due), orDash(notice.To), noticeState(notice, time.Now()))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printTranscripts(w, d.Events)
}

// recordings says what there is to hear, and how.
func (d dossier) recordings() string {
	var lines []string
	for _, one := range recordingsOfTicket(d.Ticket, d.Events) {
		fetch := "readback tickets recording " + string(one.Ticket)
		if one.Note > 0 {
			fetch += fmt.Sprintf(" --note %d", one.Note)
		}
		lines = append(lines, one.Name+" ("+fetch+" -o FILE)")
	}
	return strings.Join(lines, "\n\t")
}

// noticeState says what became of a notice, and what went wrong last.
func noticeState(n tickets.Notice, now time.Time) string {
	state := n.State(now)
	for _, at := range []time.Time{n.Done, n.Cancelled, n.Dead} {
		if !at.IsZero() {
			state += " " + stamp(at)
			break
		}
	}
	if n.Attempts > 0 {
		state += fmt.Sprintf(", failed %d times", n.Attempts)
	}
	if n.Failure != "" {
		state += ": " + n.Failure
	}
	return state
}

// details are those of an event in one line. Long texts follow the table.
func details(e tickets.Event) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if e.What == tickets.EventTranscribed && name == "transcript" {
			continue
		}
		value, _ := json.Marshal(e.Detail[name])
		words = append(words, name+"="+string(value))
	}
	return orDash(strings.Join(words, " "))
}
