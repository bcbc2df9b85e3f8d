package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"readback/config"
	"readback/sip"
)

type trunkCommand struct {
	List   trunkListCommand   `cmd:"" help:"List the trunks of the running gateway: are they up, how busy, what was refused."`
	Doctor trunkDoctorCommand `cmd:"" help:"Play carriers against the running gateway, and say what works and what does not."`
}

type trunkListCommand struct {
	configFlag
	JSON bool `help:"Print JSON, a line for each trunk."`
}

func (l *trunkListCommand) Run(ctx context.Context, console *console) error {
	c, err := l.load()
	if err != nil {
		return err
	}
	lines, err := newControlClient(c).trunks(ctx)
	if err != nil {
		return err
	}
	if l.JSON {
		return printLines(console.out, lines)
	}
	return printTrunks(console.out, lines, time.Now())
}

// A trunkLine is a trunk as it is now.
type trunkLine struct {
	Name          string            `json:"name"`
	Networks      []string          `json:"networks"` // where it calls from, by address or name
	Places        []trunkPlace      `json:"places,omitempty"`
	Registrations []trunkRegistered `json:"registrations,omitempty"`
	Calls         int               `json:"calls"`
	MaxCalls      int               `json:"max_calls"`
	Connections   int               `json:"connections"`
	Refusals      map[string]uint64 `json:"refusals,omitempty"` // by rule, since the gateway began
}

// A trunkPlace is an address where calls to the trunk go.
type trunkPlace struct {
	Address     string    `json:"address"`
	State       string    `json:"state"` // up, down or unknown
	Since       time.Time `json:"since,omitzero"`
	Reason      string    `json:"reason,omitempty"`
	RoundTripMS float64   `json:"round_trip_ms,omitempty"`
}

// A trunkRegistered is a registration of ours at the trunk.
type trunkRegistered struct {
	Registrar string    `json:"registrar"`
	AOR       string    `json:"aor"`
	Until     time.Time `json:"until,omitzero"` // zero when there is none
	Reason    string    `json:"reason,omitempty"`
}

func trunkLineOf(s sip.TrunkStatus, c *config.Config) trunkLine {
	l := trunkLine{Name: s.Name, Networks: networksOf(c, s.Name), Calls: s.Calls, MaxCalls: s.MaxCalls, Connections: s.Connections, Refusals: s.Refusals}
	for _, t := range s.Targets {
		l.Places = append(l.Places, trunkPlace{
			Address: t.Network + " " + t.Address.String(), State: string(t.State), Since: t.Since, Reason: t.Reason, RoundTripMS: inMS(t.RoundTrip),
		})
	}
	for _, r := range s.Registrations {
		l.Registrations = append(l.Registrations, trunkRegistered{Registrar: r.Registrar, AOR: r.AOR, Until: r.Until, Reason: r.Reason})
	}
	return l
}

func networksOf(c *config.Config, name string) []string {
	networks := []string{}
	for _, trunk := range c.Trunks {
		if trunk.Name == name {
			for _, network := range trunk.Networks {
				networks = append(networks, network.String())
			}
		}
	}
	return networks
}

// state is up when every place that is asked answers and every registration holds, partly when some do, and else down.
func (l *trunkLine) state() (state string, since time.Time, why []string) {
	unknown := false
	for _, p := range l.Places {
		switch p.State {
		case string(sip.TargetDown):
			why = append(why, p.Address+": "+cmp.Or(p.Reason, "no answer"))
		case string(sip.TargetUnknown):
			unknown = true
		}
		if p.Since.After(since) {
			since = p.Since
		}
	}
	for _, r := range l.Registrations {
		if r.Until.IsZero() {
			why = append(why, "not registered at "+r.Registrar+": "+cmp.Or(r.Reason, "not yet"))
		}
	}
	switch all := len(l.Places) + len(l.Registrations); {
	case all == 0:
		return "not asked", since, nil
	case len(why) == all:
		return "down", since, why
	case len(why) > 0:
		return "partly", since, why
	case unknown:
		return "unknown", since, nil
	}
	return "up", since, nil
}

func printTrunks(w io.Writer, lines []trunkLine, now time.Time) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TRUNK\tNETWORKS\tSTATE\tSINCE\tREGISTERED\tCALLS\tREFUSED\tWHY")
	for _, l := range lines {
		state, since, why := l.state()
		stamp := "-"
		if !since.IsZero() {
			stamp = shortStamp(since, now)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d/%d\t%s\t%s\n", shown(l.Name), shown(orDash(strings.Join(l.Networks, " "))), state, stamp,
			l.registered(), l.Calls, l.MaxCalls, l.refused(), shown(strings.Join(why, "; ")))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printFitted(w, b.String())
}

func (l *trunkLine) registered() string {
	if len(l.Registrations) == 0 {
		return "-"
	}
	held := 0
	for _, r := range l.Registrations {
		if !r.Until.IsZero() {
			held++
		}
	}
	return fmt.Sprintf("%d/%d", held, len(l.Registrations))
}

// refused are how many requests each rule has refused.
func (l *trunkLine) refused() string {
	var words []string
	for _, rule := range slices.Sorted(maps.Keys(l.Refusals)) {
		words = append(words, fmt.Sprintf("%s:%d", shown(rule), l.Refusals[rule]))
	}
	return orDash(strings.Join(words, " "))
}

// A trunkList is the answer to GET /api/v1/trunks.
type trunkList struct {
	Trunks []trunkLine `json:"trunks"`
}

func (c *controlClient) trunks(ctx context.Context) ([]trunkLine, error) {
	var answer trunkList
	err := c.get(ctx, "trunks", nil, &answer)
	if errors.Is(err, errNotRunning) {
		err = fmt.Errorf("%w: the state of trunks is known to it alone", err)
	}
	return answer.Trunks, err
}
