package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"readback/tickets"
)

// slaHeader are the columns of the CSV. Programs rely on them: new ones are added at the end.
var slaHeader = []string{
	"month", "zone", "plan", "priority", "received", "in_time", "late", "never", "open", "alarmed_in_time", "in_time_share", "kept_share",
	"told", "p50_seconds", "p95_seconds", "max_seconds", "by_readback", "by_email", "by_callback", "by_agent", "by_other",
}

// writeSLA writes a row for each month, plan and priority that has tickets, as RFC 4180 has it. What is not known is empty.
func writeSLA(w io.Writer, s *tickets.SLA) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(slaHeader) // Error tells
	for _, r := range s.Rows() {
		cells := []string{r.Month.String(), s.Zone.String(), csvCell(shown(r.Plan)), r.Priority.String()}
		for _, n := range []int{r.Received, r.InTime, r.Late, r.Never, r.Waiting, r.Alarmed} {
			cells = append(cells, fmt.Sprint(n))
		}
		for _, share := range []tickets.Share{r.InTimeShare(), r.KeptShare()} {
			cells = append(cells, fraction(share))
		}
		cells = append(cells, fmt.Sprint(r.Told()))
		for _, rank := range []int{50, 95, 100} {
			cells = append(cells, wholeSeconds(r.Delay(rank)))
		}
		for _, way := range tickets.Ways() {
			cells = append(cells, fmt.Sprint(r.By(way)))
		}
		_ = out.Write(cells)
	}
	out.Flush()
	return out.Error()
}

// csvCell is text that no spreadsheet takes for a formula.
func csvCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

// fraction is a share of 1 with four decimals, cut.
func fraction(s tickets.Share) string {
	part, ok := s.Of(10_000)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d.%04d", part/10_000, part%10_000)
}

func wholeSeconds(d time.Duration, known bool) string {
	if !known {
		return ""
	}
	return fmt.Sprint(int(d / time.Second))
}

// slaJSON is the report as programs read it.
type slaJSON struct {
	From   tickets.Month  `json:"from"`
	Until  tickets.Month  `json:"until"`
	Zone   string         `json:"zone"`
	Made   time.Time      `json:"made_at"`
	Rows   []slaCellJSON  `json:"rows"`   // of a month, plan and priority each
	Months []slaMonthJSON `json:"months"` // all, also without tickets
	Total  slaCountJSON   `json:"total"`
}

type slaCellJSON struct {
	Month    tickets.Month    `json:"month"`
	Plan     string           `json:"plan"`
	Priority tickets.Priority `json:"priority"`
	slaCountJSON
}

type slaMonthJSON struct {
	Month tickets.Month `json:"month"`
	slaCountJSON
}

type slaCountJSON struct {
	Received int            `json:"received"`
	InTime   int            `json:"in_time"`
	Late     int            `json:"late"`
	Never    int            `json:"never"`
	Open     int            `json:"open"`
	Alarmed  int            `json:"alarmed_in_time"`
	Share    *float64       `json:"in_time_share"` // 0 to 1, cut to four decimals; null when no window is closed
	Kept     *float64       `json:"kept_share"`
	P50      *int           `json:"p50_seconds"` // null when nobody was told
	P95      *int           `json:"p95_seconds"`
	Longest  *int           `json:"max_seconds"`
	By       map[string]int `json:"by"`
}

func slaOf(s *tickets.SLA) slaJSON {
	out := slaJSON{From: s.From, Until: s.Until, Zone: s.Zone.String(), Made: s.Now.UTC().Truncate(time.Second), Rows: []slaCellJSON{}}
	for _, r := range s.Rows() {
		out.Rows = append(out.Rows, slaCellJSON{r.Month, r.Plan, r.Priority, slaCount(r.Kept)})
	}
	for _, month := range s.Months() {
		sum := s.Sum(func(r tickets.SLARow) bool { return r.Month == month })
		out.Months = append(out.Months, slaMonthJSON{month, slaCount(sum)})
	}
	out.Total = slaCount(s.Sum(everything))
	return out
}

func slaCount(k *tickets.Kept) slaCountJSON {
	out := slaCountJSON{
		Received: k.Received, InTime: k.InTime, Late: k.Late, Never: k.Never, Open: k.Waiting, Alarmed: k.Alarmed,
		Share: fractionOf(k.InTimeShare()), Kept: fractionOf(k.KeptShare()),
		P50: secondsOf(k.Delay(50)), P95: secondsOf(k.Delay(95)), Longest: secondsOf(k.Delay(100)), By: map[string]int{},
	}
	for _, way := range tickets.Ways() {
		out.By[way] = k.By(way)
	}
	return out
}

func fractionOf(s tickets.Share) *float64 {
	part, ok := s.Of(10_000)
	if !ok {
		return nil
	}
	fraction := float64(part) / 10_000
	return &fraction
}

func secondsOf(d time.Duration, known bool) *int {
	if !known {
		return nil
	}
	seconds := int(d / time.Second)
	return &seconds
}
