package tickets

import "time"

// A Calendar knows when people work somewhere. It may be used from many goroutines at once.
type Calendar interface {
	// Working reports whether somebody works at that moment.
	Working(at time.Time) bool
	// NextWorking is the first moment from at on when somebody works: at itself in working hours. It is also at itself when
	// nobody works in the year that follows, so that nothing waits for ever.
	NextWorking(at time.Time) time.Time
}

// Calendars are working hours by the number that was called (E.164). Where none are known there are no nights: work waits for
// nothing.
type Calendars map[string]Calendar

var _ Hours = Calendars(nil)

// Working implements Hours.
func (c Calendars) Working(called string, at time.Time) bool {
	calendar, known := c[called]
	return !known || calendar.Working(at)
}

// Next implements Hours.
func (c Calendars) Next(called string, at time.Time) time.Time {
	if calendar, known := c[called]; known {
		return calendar.NextWorking(at)
	}
	return at
}
