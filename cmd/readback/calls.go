package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"readback/config"
)

type callsCommand struct {
	List callsListCommand `cmd:"" default:"withargs" help:"List calls in progress and the latest ones, or follow them."`
	Show callsShowCommand `cmd:"" help:"Show one call: how it went, why it ended, and its signalling."`
}

type callsListCommand struct {
	configFlag
	Live    bool   `help:"Only calls in progress."`
	Refused bool   `help:"Only refused calls."`
	Trunk   string `help:"Only this trunk's." placeholder:"NAME"`
	Limit   int    `help:"At most this many." default:"25"`
	Follow  bool   `short:"f" help:"Print calls as they begin, are refused and end, until interrupted."`
	JSON    bool   `help:"Print JSON, a line for each call."`
}

func (l *callsListCommand) Run(ctx context.Context, console *console) error {
	if l.Live && l.Refused {
		return fmt.Errorf("%w: --live and --refused exclude each other", errUsage)
	}
	if l.Limit < 1 || l.Limit > 1000 {
		return fmt.Errorf("%w: --limit is from 1 to 1000", errUsage)
	}
	if l.Follow {
		return l.follow(ctx, console)
	}
	return l.withCalls(ctx, console, func(calls callSource) error {
		lines, err := l.find(ctx, calls)
		if err != nil {
			return err
		}
		if l.JSON {
			return printLines(console.out, lines)
		}
		return printCalls(console.out, lines, time.Now())
	})
}

// find are the calls in progress and then the latest of the others, as far as they are asked for.
func (l *callsListCommand) find(ctx context.Context, calls callSource) ([]callLine, error) {
	states := []string{"live", "recent"}
	switch {
	case l.Live:
		states = states[:1]
	case l.Refused:
		states = []string{"refused"}
	}
	lines, seen := []callLine{}, map[string]bool{}
	for _, state := range states {
		some, err := calls.list(ctx, callQuery{State: state, Trunk: l.Trunk, Limit: l.Limit})
		if err != nil {
			return nil, err
		}
		for _, line := range some {
			if !seen[line.CallKey] && len(lines) < l.Limit {
				seen[line.CallKey] = true
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

// A callSource knows calls: the gateway that runs, or else what it has left on disk.
type callSource interface {
	list(ctx context.Context, q callQuery) ([]callLine, error)
	show(ctx context.Context, reference string) (callDetail, error)
}

// withCalls asks the gateway, or reads what is on disk when none runs.
func (f configFlag) withCalls(ctx context.Context, console *console, work func(callSource) error) error {
	c, err := f.load()
	if err != nil {
		return err
	}
	err = work(newControlClient(c))
	if !errors.Is(err, errNotRunning) {
		return err
	}
	fmt.Fprintf(console.err, "the gateway is not running: this is what is on disk in %s\n", c.Data)
	return f.withStore(ctx, func(c *config.Config, s store) error {
		return work(&callBook{store: s, folder: tracesFolder(c), node: c.Node})
	})
}

func printLines[T any](w io.Writer, values []T) error {
	encoder := json.NewEncoder(w)
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			return err
		}
	}
	return nil
}

func printCalls(w io.Writer, lines []callLine, now time.Time) error {
	if len(lines) == 0 {
		_, err := fmt.Fprintln(w, "no calls")
		return err
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tID\tTRUNK\tFROM\tCALLED\tOUTCOME\tSECS\tMOS\tREASON")
	for _, l := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", shortStamp(l.Started, now), shortID(l.CallKey), shown(orDash(l.Trunk)), shown(orDash(l.From)),
			shown(l.number()), l.outcome(), l.seconds(now), mos(l.MOS), shown(l.why()))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printFitted(w, b.String())
}

// printFitted prints a table, each row cut to the terminal.
func printFitted(w io.Writer, table string) error {
	width := terminalWidth(w)
	for row := range strings.Lines(table) {
		if _, err := fmt.Fprintln(w, fit(strings.TrimRight(row, " \n"), width)); err != nil {
			return err
		}
	}
	return nil
}

// shortStamp leaves out the date within a day, and the seconds before.
func shortStamp(t, now time.Time) string {
	if now.Sub(t) < 24*time.Hour {
		return t.UTC().Format("15:04:05Z")
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// shortID is enough of a call's id to find it again.
func shortID(key string) string { return shown(key[:min(len(key), 8)]) }

// number is what was dialled: the number, or of a refused call what stood for it.
func (l *callLine) number() string {
	if l.Called != "" {
		return l.Called
	}
	_, address, _ := strings.Cut(l.Dialled, ":")
	user, _, _ := strings.Cut(address, "@")
	user, _, _ = strings.Cut(user, ";")
	return orDash(user)
}

func (l *callLine) outcome() string {
	if l.State != stateEnded {
		return l.State
	}
	if l.Disposition == "refused" && l.Status > 0 && l.Status != 200 {
		return fmt.Sprintf("refused %d", l.Status)
	}
	return orDash(l.Disposition)
}

func (l *callLine) seconds(now time.Time) string {
	end := l.Ended
	if l.State != stateEnded {
		end = now
	}
	return fmt.Sprintf("%.1f", math.Max(0, end.Sub(l.Started).Seconds()))
}

func mos(m float64) string {
	if m == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", m)
}

// why is the rule and the reason; what a live call is at.
func (l *callLine) why() string {
	switch {
	case l.State != stateEnded:
		return l.Step
	case l.Rule != "" && l.Reason != "":
		return l.Rule + ": " + l.Reason
	}
	return cmp.Or(l.Reason, l.Rule)
}

// follow prints what happens until it is interrupted.
func (l *callsListCommand) follow(ctx context.Context, console *console) error {
	c, err := l.load()
	if err != nil {
		return err
	}
	stream, err := newControlClient(c).open(ctx, "calls/stream", nil)
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	events := json.NewDecoder(stream.Body)
	for {
		var e callEvent
		if err := events.Decode(&e); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("the gateway has ended: %w", err)
		}
		if e.Event == "dropped" {
			return errors.New(e.Text)
		}
		if e.Event == "alive" || l.Trunk != "" && e.Call.Trunk != l.Trunk || l.Refused && e.Event != "refused" {
			continue
		}
		if err := l.printEvent(console.out, e); err != nil {
			return err
		}
	}
}

func (l *callsListCommand) printEvent(w io.Writer, e callEvent) error {
	if l.JSON {
		return json.NewEncoder(w).Encode(e)
	}
	c := e.Call
	at := c.Started
	if !c.Ended.IsZero() {
		at = c.Ended
	}
	text := fmt.Sprintf("%s  %-8s %s  %s: %s -> %s", stamp(at), e.Event, shortID(c.CallKey), shown(orDash(c.Trunk)), shown(orDash(c.From)), shown(c.number()))
	if e.Event != "begins" {
		text += fmt.Sprintf("  %s after %s s", c.outcome(), c.seconds(at))
		if c.MOS > 0 {
			text += ", MOS " + mos(c.MOS)
		}
		if why := c.why(); why != "" {
			text += ": " + shown(why)
		}
	}
	_, err := fmt.Fprintln(w, fit(text, terminalWidth(w)))
	return err
}
