package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"readback/config"
	"readback/tickets"
)

type incidentsCommand struct {
	List    incidentsListCommand    `cmd:"" help:"List incidents, the latest first."`
	Show    incidentsShowCommand    `cmd:"" help:"Show one incident, with the tickets of its customers."`
	Declare incidentsDeclareCommand `cmd:"" help:"Have callers told of a problem: a new one, or one that was proposed."`
	Update  incidentsUpdateCommand  `cmd:"" help:"Change an incident; with --tell, its customers are told."`
	Attach  incidentsAttachCommand  `cmd:"" help:"Add a ticket to an incident."`
	Resolve incidentsResolveCommand `cmd:"" help:"End an incident and tell everyone attached; or turn a proposed one down."`
}

type incidentsListCommand struct {
	configFlag
	All  bool `help:"Resolved ones too."`
	JSON bool `help:"Print JSON."`
}

func (l *incidentsListCommand) Run(ctx context.Context, console *console) error {
	return l.withStore(ctx, func(_ *config.Config, s store) error {
		found, err := s.ListIncidents(ctx, l.All)
		if err != nil {
			return err
		}
		if l.JSON {
			return printJSON(console.out, append([]tickets.Incident{}, found...))
		}
		return printIncidents(console.out, found)
	})
}

func printIncidents(w io.Writer, found []tickets.Incident) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no incidents")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INCIDENT\tSTATE\tPRIORITY\tREGIONS\tCHANGED\tBY\tTEXT")
	for _, i := range found {
		fmt.Fprintf(table, "%s\t%s\t%v\t%s\t%s\t%s\t%s\n", i.ID, i.State, i.Priority, regionsOf(i), stamp(i.Changed), i.By, orDash(oneLine(i.Written("en"))))
	}
	return table.Flush()
}

func regionsOf(i tickets.Incident) string {
	if len(i.Regions) == 0 {
		return "all"
	}
	return strings.Join(i.Regions, " ")
}

// oneLine is the beginning of a text.
func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return line
}

type incidentArg struct {
	configFlag
	ID string `arg:"" help:"The incident, like inc-k7q2mzab."`
}

type incidentsShowCommand struct {
	incidentArg
	JSON bool `help:"Print JSON."`
}

// incidentFile is all there is to know of an incident.
type incidentFile struct {
	Incident tickets.Incident `json:"incident"`
	Attached []tickets.Ticket `json:"attached"`
}

func (c *incidentsShowCommand) Run(ctx context.Context, console *console) error {
	return c.withStore(ctx, func(_ *config.Config, s store) error {
		all, err := s.ListIncidents(ctx, true)
		if err != nil {
			return err
		}
		incident, err := tickets.FindIncident(all, c.ID)
		if err != nil {
			return err
		}
		attached, err := s.TicketsOfIncident(ctx, incident.ID, "", 0)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(console.out, incidentFile{incident, append([]tickets.Ticket{}, attached...)})
		}
		return printIncident(console.out, incident, attached)
	})
}

func printIncident(w io.Writer, i tickets.Incident, attached []tickets.Ticket) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows := [][2]string{
		{"incident", i.ID},
		{"state", string(i.State)},
		{"priority", i.Priority.String()},
		{"regions", regionsOf(i)},
		{"products", strings.Join(i.Products, " ")},
		{"created", stamp(i.Created)},
		{"changed", stamp(i.Changed) + " by " + i.By},
	}
	for _, language := range slices.Sorted(maps.Keys(i.Text)) {
		rows = append(rows, [2]string{"text " + language, oneLine(i.Text[language])})
	}
	for _, language := range slices.Sorted(maps.Keys(i.Sounds)) {
		rows = append(rows, [2]string{"sound " + language, "recorded"})
	}
	for _, language := range slices.Sorted(maps.Keys(i.Resolution)) {
		rows = append(rows, [2]string{"resolution " + language, oneLine(i.Resolution[language])})
	}
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\n", row[0], orDash(row[1]))
	}
	if i.State == tickets.IncidentProposed {
		fmt.Fprintln(table, "\nTICKET (it was proposed for)")
		for _, number := range i.Tickets {
			fmt.Fprintln(table, spaced(number))
		}
	}
	if len(attached) > 0 {
		fmt.Fprintln(table, "\nTICKET\tACCOUNT\tCONTACT\tSTATUS")
	}
	for _, t := range attached {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", spaced(t.Number), orDash(t.Account), orDash(t.Contact), t.Status)
	}
	return table.Flush()
}

// incidentFlags say what is known.
type incidentFlags struct {
	By       string            `help:"Who says so." placeholder:"NAME" env:"USER" required:""`
	Priority tickets.Priority  `help:"P1 to P4: of the tickets of those who attach themselves." placeholder:"P2"`
	Region   []string          `help:"Countries of the numbers whose callers are told, ISO 3166; none: all." placeholder:"US"`
	Product  []string          `help:"Products touched, for people." placeholder:"NAME"`
	Text     map[string]string `help:"What is known, by language, for letters." placeholder:"en-US=TEXT" mapsep:"none"`
	Sound    map[string]string `help:"A recording of it that callers hear, by language: WAV or FLAC, mono, 8 or 16 kHz, a minute at most; no file takes it away." placeholder:"en-US=FILE" mapsep:"none"`
}

func (f *incidentFlags) change() (tickets.IncidentChange, error) {
	change := tickets.IncidentChange{By: f.By, Priority: f.Priority, Regions: f.Region, Products: f.Product, Text: f.Text, WAV: map[string][]byte{}}
	for language, path := range f.Sound {
		if path == "" {
			change.WAV[language] = nil
			continue
		}
		data, err := readAnnouncement(path)
		if err != nil {
			return change, err
		}
		change.WAV[language] = data
	}
	return change, nil
}

// readAnnouncement reads a recording that can be played.
func readAnnouncement(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, tickets.MaxSound+1))
	if err != nil {
		return nil, err
	}
	if _, err := decodeAnnouncement(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

type incidentsDeclareCommand struct {
	configFlag
	ID string `arg:"" optional:"" help:"One that was proposed."`
	incidentFlags
	JSON bool `help:"Print JSON."`
}

func (d *incidentsDeclareCommand) Run(ctx context.Context, console *console) error {
	return atIncident(ctx, d.configFlag, console, d.JSON, func(desk *tickets.Desk) (tickets.Incident, error) {
		change, err := d.change()
		if err != nil {
			return tickets.Incident{}, err
		}
		return desk.Declare(ctx, d.ID, change)
	})
}

type incidentsUpdateCommand struct {
	incidentArg
	incidentFlags
	Tell bool `help:"Tell everyone attached what is known now."`
	JSON bool `help:"Print JSON."`
}

func (u *incidentsUpdateCommand) Run(ctx context.Context, console *console) error {
	return atIncident(ctx, u.configFlag, console, u.JSON, func(desk *tickets.Desk) (tickets.Incident, error) {
		change, err := u.change()
		if err != nil {
			return tickets.Incident{}, err
		}
		change.Tell = u.Tell
		return desk.UpdateIncident(ctx, u.ID, change)
	})
}

type incidentsResolveCommand struct {
	incidentArg
	By      string            `help:"Who says so." placeholder:"NAME" env:"USER" required:""`
	Text    map[string]string `help:"What there is to say about it, by language." placeholder:"en-US=TEXT" mapsep:"none"`
	Tickets bool              `help:"Resolve the tickets attached, too."`
	JSON    bool              `help:"Print JSON."`
}

func (r *incidentsResolveCommand) Run(ctx context.Context, console *console) error {
	return atIncident(ctx, r.configFlag, console, r.JSON, func(desk *tickets.Desk) (tickets.Incident, error) {
		return desk.Resolve(ctx, r.ID, tickets.Resolution{By: r.By, Text: r.Text, Tickets: r.Tickets})
	})
}

// atIncident lets a command work at a desk with the configured policy, tells the incident's customers what they are to be told,
// and prints the incident.
func atIncident(ctx context.Context, flags configFlag, console *console, inJSON bool, work func(*tickets.Desk) (tickets.Incident, error)) error {
	return flags.withStore(ctx, func(c *config.Config, s store) error {
		desk, err := deskOf(c, s)
		if err != nil {
			return err
		}
		incident, err := work(desk)
		if err != nil {
			return err
		}
		told, err := desk.Spread(ctx, incident.ID)
		if err != nil {
			return fmt.Errorf("incident %s is %s; not everyone was told yet, the gateway goes on with it: %w", incident.ID, incident.State, err)
		}
		if inJSON {
			return printJSON(console.out, incident)
		}
		_, err = fmt.Fprintf(console.out, "incident %s is %s; customers told: %d\n", incident.ID, incident.State, told)
		return err
	})
}

type incidentsAttachCommand struct {
	incidentArg
	Number string `arg:"" help:"The ticket's number, with or without the space."`
	By     string `help:"Who does it." placeholder:"NAME" env:"USER" required:""`
}

func (a *incidentsAttachCommand) Run(ctx context.Context, console *console) error {
	number := ticketArg{configFlag: a.configFlag, Number: a.Number, By: a.By}
	return number.atDesk(ctx, func(desk *tickets.Desk, number tickets.Number) error {
		if err := desk.Attach(ctx, number, a.ID, a.By); err != nil {
			return err
		}
		_, err := fmt.Fprintf(console.out, "ticket %s belongs to incident %s\n", spaced(number), a.ID)
		return err
	})
}
