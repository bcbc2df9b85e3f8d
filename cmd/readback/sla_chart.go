package main

import (
	_ "embed" // the drawing
	"fmt"
	"html/template"
	"io"

	"readback/tickets"
)

//go:embed sla_chart.svg
var slaDrawing string

// Where things are in the chart, in its pixels.
const (
	chartMargin = 24
	chartLeft   = 150 // of the plot, beside the names of the table
	chartTop    = 120 // of the plot: 100 %
	chartPlot   = 240 // its height
	chartBreak  = 18  // below it, when the axis does not begin at 0
	chartLeast  = 580 // its width
	chartMonth  = 38  // least width of a month: room for 99.9
	chartRow    = 24  // height of a row of the table
)

// A slaChart is the drawing with everything in its place: the share told in time of each priority, month by month, and the same
// in numbers below.
type slaChart struct {
	Title, Scope, Verdict, Description, Empty string
	Width, Height, Left, Right, Top, LabelX   int
	PromiseY, MonthY, YearY, MiddleX, MiddleY int
	Axis                                      string
	Ticks, Notes                              []chartText
	Months                                    []chartMonthName
	Lines                                     []chartLine
	Table                                     []chartTableRow

	floor int // percent at the bottom of the plot
	step  float64
}

type chartText struct {
	Y, TextY int
	Text     string
}

type chartMonthName struct{ X, Name, Year string }

type chartPoint struct{ X, Y string }

type chartLine struct {
	chartStyle
	Path   string
	Points []chartPoint
}

type chartTableRow struct {
	chartStyle
	Name                  string
	RuleY, MiddleY, TextY int
	Cells                 []chartCell
}

type chartCell struct {
	X, Text, Class string
	Y              int
}

// drawSLA draws the share of tickets acknowledged in time as an SVG that stands alone, for light and dark pages.
func drawSLA(w io.Writer, s *tickets.SLA) error {
	drawing, err := template.New("chart").Parse(slaDrawing)
	if err != nil {
		return err
	}
	return drawing.Execute(w, chartOf(s))
}

func chartOf(s *tickets.SLA) *slaChart {
	months, series := s.Months(), seriesOf(s)
	plot := max(chartLeast, chartMonth*len(months))
	c := &slaChart{
		Title: "Acknowledged in time, by priority", Scope: scopeOf(s), Verdict: verdictOf(s), Description: describe(s, series),
		Width: chartLeft + plot + chartMargin, Left: chartLeft, Right: chartLeft + plot, Top: chartTop, LabelX: chartLeft - 10,
		PromiseY: chartTop - 11, MiddleX: chartLeft + plot/2, MiddleY: chartTop + chartPlot/2,
		floor: floorOf(series), step: float64(plot) / float64(len(months)),
	}
	base := chartTop + chartPlot
	c.Axis = fmt.Sprintf("M%d %dV%d", chartLeft, chartTop, base)
	if c.floor > 0 {
		c.Axis += "l-5 4l10 5l-5 4"
		base += chartBreak
		c.Axis += fmt.Sprintf("V%d", base)
	}
	c.Axis += fmt.Sprintf("H%d", c.Right)
	for i := range len(months) + 1 {
		c.Axis += fmt.Sprintf("M%.1f %dv5", chartLeft+c.step*float64(i), base)
	}
	c.MonthY, c.YearY = base+20, base+37
	c.ticks()
	for i, month := range months {
		name := chartMonthName{X: c.x(i, 0), Name: month.Month.String()[:3]}
		if i == 0 || month.Month == 1 {
			name.Year = fmt.Sprint(month.Year)
		}
		c.Months = append(c.Months, name)
	}
	for i, one := range series {
		c.Lines = append(c.Lines, c.line(one, float64(i)-float64(len(series)-1)/2))
	}
	if len(series) == 0 {
		c.Empty = "no ticket was received in these months"
	}
	end := c.table(s, series, base+48)
	c.notes(s, end)
	return c
}

// ticks are the lines of the percents but for 100, which is the promise.
func (c *slaChart) ticks() {
	every := map[int]int{90: 2, 75: 5, 50: 10, 0: 20}[c.floor]
	for percent := c.floor; percent <= 100; percent += every {
		y := chartTop + chartPlot*(100-percent)/(100-c.floor)
		c.Ticks = append(c.Ticks, chartText{Y: y, TextY: y + 4, Text: fmt.Sprintf("%d %%", percent)})
	}
}

// x is the middle of a month, or beside it, so that marks in one place show beside one another.
func (c *slaChart) x(month int, beside float64) string {
	return fmt.Sprintf("%.1f", chartLeft+c.step*(float64(month)+0.5)+beside*min(9, c.step/5))
}

func (c *slaChart) y(s tickets.Share) string {
	percent := 100 * float64(s.Part) / float64(s.Whole)
	return fmt.Sprintf("%.1f", chartTop+chartPlot*(100-percent)/float64(100-c.floor))
}

// line joins the months of a priority. One without a closed window is a gap.
func (c *slaChart) line(one slaSeries, beside float64) chartLine {
	line := chartLine{chartStyle: styleOf(one.priority)}
	joined := false
	for i, share := range one.shares {
		if share.Whole == 0 {
			joined = false
			continue
		}
		at := chartPoint{c.x(i, beside), c.y(share)}
		line.Points = append(line.Points, at)
		line.Path += map[bool]string{false: "M", true: "L"}[joined] + at.X + " " + at.Y
		joined = true
	}
	return line
}

// table puts the numbers below their months, and returns where it ends.
func (c *slaChart) table(s *tickets.SLA, series []slaSeries, y int) int {
	row := func(name string, style chartStyle) *chartTableRow {
		c.Table = append(c.Table, chartTableRow{chartStyle: style, Name: name, RuleY: y, MiddleY: y + chartRow/2, TextY: y + chartRow/2 + 5})
		y += chartRow
		return &c.Table[len(c.Table)-1]
	}
	for _, one := range series {
		r := row(priorityName(one.priority), styleOf(one.priority))
		for i, share := range one.shares {
			cell := chartCell{X: c.x(i, 0), Y: r.TextY, Text: roundPercent(share), Class: "quiet"}
			if share.Part < share.Whole {
				cell.Class = "below"
			}
			r.Cells = append(r.Cells, cell)
		}
	}
	r := row("tickets", chartStyle{})
	for i, month := range s.Months() {
		decided := s.Sum(func(r tickets.SLARow) bool { return r.Month == month }).Decided()
		r.Cells = append(r.Cells, chartCell{X: c.x(i, 0), Y: r.TextY, Text: thousands(decided), Class: "quiet"})
	}
	return y
}

func thousands(n int) string {
	switch {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 10_000_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprintf("%dM", n/1_000_000)
}

func (c *slaChart) notes(s *tickets.SLA, y int) {
	for _, text := range []string{
		fmt.Sprintf("Percent of tickets with a closed response window; the axis begins at %d %%.", c.floor),
		"Shares are cut, not rounded: 100 is all. As of " + stamp(s.Now) + ".",
	} {
		y += 20
		c.Notes = append(c.Notes, chartText{Y: y, Text: text})
	}
	c.Height = y + chartMargin - 4
}
