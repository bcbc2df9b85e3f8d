package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"readback/tickets"
)

// planColumns is how much of a plan's name is printed.
const planColumns = 14

// printSLA prints two tables: how the promise was kept, and how soon and in which way customers were told.
func printSLA(w io.Writer, s *tickets.SLA) error {
	kept := slaTable{{"MONTH", "PLAN", "PRIORITY", "RECEIVED", "IN TIME", "LATE", "NEVER", "OPEN", "ALARMED", "IN TIME%", "KEPT%"}}
	told := slaTable{{"MONTH", "PLAN", "PRIORITY", "P50", "P95", "MAX", "READ-BACK", "E-MAIL", "CALL BACK", "AGENT", "OTHER"}}
	for _, line := range slaLines(s) {
		head := []string{line.month, fit(shown(line.plan), planColumns), line.priority}
		kept = append(kept, append(head[:3:3], keptCells(line.Kept)...))
		told = append(told, append(head[:3:3], toldCells(line.Kept)...))
	}
	if s.Sum(everything).By(tickets.ByOther) == 0 {
		told.cutLast()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, as of %s\n\n", scopeOf(s), stamp(s.Now))
	kept.print(&b)
	b.WriteByte('\n')
	told.print(&b)
	b.WriteString("\nALARMED: late or never, but agents were alarmed before the window closed. KEPT: in time or alarmed.\n" +
		"OPEN tickets are in no share. readback tickets sla --help says the rest.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// A slaLine is a row of the table: of a plan and priority, of a month, or of all.
type slaLine struct {
	month, plan, priority string
	*tickets.Kept
}

// slaLines are the rows with sums below them: of each month that has several, and of all months. A month without tickets has a
// row too.
func slaLines(s *tickets.SLA) []slaLine {
	rows := s.Rows()
	var lines []slaLine
	for _, month := range s.Months() {
		first := len(lines)
		for len(rows) > 0 && rows[0].Month == month {
			lines = append(lines, slaLine{month.String(), rows[0].Plan, rows[0].Priority.String(), rows[0].Kept})
			rows = rows[1:]
		}
		if len(lines)-first != 1 {
			lines = append(lines, slaLine{month.String(), "all", "all", s.Sum(func(r tickets.SLARow) bool { return r.Month == month })})
		}
	}
	if s.From != s.Until {
		lines = append(lines, slaLine{"all", "all", "all", s.Sum(everything)})
	}
	return lines
}

func everything(tickets.SLARow) bool { return true }

func keptCells(k *tickets.Kept) []string {
	cells := make([]string, 0, 8)
	for _, n := range []int{k.Received, k.InTime, k.Late, k.Never, k.Waiting, k.Alarmed} {
		cells = append(cells, fmt.Sprint(n))
	}
	return append(cells, percent(k.InTimeShare()), percent(k.KeptShare()))
}

func toldCells(k *tickets.Kept) []string {
	var cells []string
	for _, rank := range []int{50, 95, 100} {
		cells = append(cells, short(k.Delay(rank)))
	}
	for _, way := range tickets.Ways() {
		cells = append(cells, fmt.Sprint(k.By(way)))
	}
	return cells
}

// percent is a share in percent with one decimal, cut.
func percent(s tickets.Share) string {
	thousandths, ok := s.Of(1000)
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%d.%d", thousandths/10, thousandths%10)
}

// short is a delay in its two largest units: 42s, 3m05s, 1h00m.
func short(d time.Duration, known bool) string {
	seconds := int(d / time.Second)
	switch {
	case !known:
		return "-"
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%dh%02dm", seconds/3600, seconds/60%60)
}

// A slaTable has a head, then rows; the first three columns are words, the others numbers.
type slaTable [][]string

// cutLast takes the last column away.
func (t slaTable) cutLast() {
	for i, row := range t {
		t[i] = row[:len(row)-1]
	}
}

func (t slaTable) print(b *strings.Builder) {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range t {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-columns(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < 3 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
