// Package calendar is working hours as data: a time zone, hours by day of the week, public holidays, and days that are
// otherwise. It implements tickets.Calendar.
//
// Hours are those of the clock on the wall: a span goes from the first moment its clock shows the beginning, or skips it,
// until it first shows the end.
package calendar

import (
	"fmt"
	"slices"
	"time"

	"readback/tickets"
)

// A Region is where people work, and when.
type Region struct {
	Zone     *time.Location // nil: UTC
	Week     [7][]Span      // by time.Weekday; a day without spans is off
	Holidays string         // name of a set, such as gb-eng (see Sets), or empty
	Closed   []Date         // more days off
	Open     []Date         // days that are worked although the holidays say otherwise
}

// A Span is a part of a day by the wall clock: from From until before Until.
type Span struct{ From, Until time.Duration } // since midnight, at most 24 h

// A Calendar is the working hours of a region. New makes one, and it does not change.
type Calendar struct {
	zone *time.Location
	week [7][]Span
	off  map[Date]bool
}

var _ tickets.Calendar = (*Calendar)(nil)

// horizon is how many days NextWorking looks ahead.
const horizon = 366

// New makes the calendar of a region. It fails with tickets.ErrInvalid when the name of the holidays is unknown, or hours are
// none or overlap.
func New(r Region) (*Calendar, error) {
	off, err := daysOff(r.Holidays)
	if err != nil {
		return nil, err
	}
	c := &Calendar{zone: r.Zone, off: off}
	if c.zone == nil {
		c.zone = time.UTC
	}
	for day, spans := range r.Week {
		c.week[day] = slices.SortedFunc(slices.Values(spans), func(a, b Span) int { return int(a.From - b.From) })
		if err := checkSpans(c.week[day]); err != nil {
			return nil, fmt.Errorf("hours of %v: %w", time.Weekday(day), err)
		}
	}
	for _, date := range r.Closed {
		c.off[date] = true
	}
	for _, date := range r.Open {
		delete(c.off, date)
	}
	return c, nil
}

func checkSpans(spans []Span) error {
	end := time.Duration(0)
	for _, span := range spans {
		switch {
		case span.From < 0 || span.Until > 24*time.Hour || span.From >= span.Until:
			return fmt.Errorf("%w: from %v until %v is no part of a day", tickets.ErrInvalid, span.From, span.Until)
		case span.From < end:
			return fmt.Errorf("%w: %v is in two spans", tickets.ErrInvalid, span.From)
		}
		end = span.Until
	}
	return nil
}

// Working implements tickets.Calendar.
func (c *Calendar) Working(at time.Time) bool {
	next, ok := c.next(at, 1) // a span of tomorrow begins today where clocks skip midnight
	return ok && !next.After(at)
}

// NextWorking implements tickets.Calendar.
func (c *Calendar) NextWorking(at time.Time) time.Time {
	if next, ok := c.next(at, horizon); ok {
		return next
	}
	return at
}

// next is the first working moment from at on, within so many days after its own.
func (c *Calendar) next(at time.Time, days int) (time.Time, bool) {
	today := DateOf(at.In(c.zone))
	for n := range days + 1 {
		date := today.plus(n)
		if c.off[date] {
			continue
		}
		for _, span := range c.week[date.weekday()] {
			from, until := date.at(span.From, c.zone), date.at(span.Until, c.zone)
			if !until.After(at) || !until.After(from) {
				continue // over, or a span that the wall clock skipped
			}
			if from.After(at) {
				return from, true
			}
			return at, true
		}
	}
	return time.Time{}, false
}
