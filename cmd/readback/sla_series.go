package main

import (
	"fmt"
	"strings"

	"readback/tickets"
)

// A slaSeries is a priority through the months of a report.
type slaSeries struct {
	priority tickets.Priority
	shares   []tickets.Share // told in time
}

// seriesOf are the priorities that have tickets.
func seriesOf(s *tickets.SLA) []slaSeries {
	var all []slaSeries
	for priority := tickets.P1; priority <= tickets.P4; priority++ {
		if s.Sum(func(r tickets.SLARow) bool { return r.Priority == priority }).Received == 0 {
			continue
		}
		one := slaSeries{priority: priority}
		for _, month := range s.Months() {
			sum := s.Sum(func(r tickets.SLARow) bool { return r.Priority == priority && r.Month == month })
			one.shares = append(one.shares, sum.InTimeShare())
		}
		all = append(all, one)
	}
	return all
}

// floorOf is the percent at which the axis begins: as high as shows all shares.
func floorOf(series []slaSeries) int {
	lowest := 100
	for _, one := range series {
		for _, share := range one.shares {
			if percent, ok := share.Of(100); ok {
				lowest = min(lowest, percent)
			}
		}
	}
	for _, floor := range []int{90, 75, 50} {
		if lowest >= floor {
			return floor
		}
	}
	return 0
}

// A chartStyle is how a priority is drawn: its colour, its dashes and its mark each tell it from the others.
type chartStyle struct{ Class, Dashes, Mark string }

func styleOf(p tickets.Priority) chartStyle {
	style := map[tickets.Priority]chartStyle{
		tickets.P1: {Dashes: "none", Mark: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"}, // a circle
		tickets.P2: {Dashes: "8 4", Mark: "M-4.5-4.5h9v9h-9z"},                     // a square
		tickets.P3: {Dashes: "2 3", Mark: "M0-5.8L5.4 4.2H-5.4z"},                  // a triangle
		tickets.P4: {Dashes: "9 3 2 3", Mark: "M0-6L6 0L0 6L-6 0z"},                // a diamond
	}[p]
	style.Class = strings.ToLower(p.String())
	return style
}

func priorityName(p tickets.Priority) string {
	return p.String() + " " + map[tickets.Priority]string{tickets.P1: "urgent", tickets.P2: "high", tickets.P3: "normal", tickets.P4: "low"}[p]
}

func scopeOf(s *tickets.SLA) string {
	plan := "All plans"
	if s.Plan != "" {
		plan = "Plan " + fit(shown(s.Plan), planColumns)
	}
	if s.Plan == tickets.Unverified {
		plan = "Callers without an account"
	}
	months := s.From.String()
	if s.From != s.Until {
		months += " to " + s.Until.String()
	}
	return fmt.Sprintf("%s, tickets received %s (months in %s)", plan, months, s.Zone)
}

func verdictOf(s *tickets.SLA) string {
	all := s.Sum(everything)
	if all.Decided() == 0 {
		return "No response window is closed"
	}
	return fmt.Sprintf("Promise kept (told in time, or agents alarmed in time): %s of %s", spacedPercent(all.KeptShare()), ticketsInWords(all.Decided()))
}

func ticketsInWords(n int) string {
	if n == 1 {
		return "1 ticket"
	}
	return fmt.Sprintf("%d tickets", n)
}

// roundPercent is 100 for all and 0 for none, without the decimal.
func roundPercent(s tickets.Share) string {
	if s.Part == 0 || s.Part == s.Whole {
		return strings.TrimSuffix(percent(s), ".0")
	}
	return percent(s)
}

func spacedPercent(s tickets.Share) string {
	return roundPercent(s) + " %"
}

// describe is the chart for those who cannot see it.
func describe(s *tickets.SLA, series []slaSeries) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %s.", scopeOf(s), verdictOf(s))
	for i, month := range s.Months() {
		var shares []string
		for _, one := range series {
			if one.shares[i].Whole > 0 {
				shares = append(shares, fmt.Sprintf("%v %s of %d", one.priority, spacedPercent(one.shares[i]), one.shares[i].Whole))
			}
		}
		if len(shares) == 0 {
			shares = []string{"none"}
		}
		fmt.Fprintf(&b, " %v: %s.", month, strings.Join(shares, ", "))
	}
	return b.String()
}
