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

// Calendars are working hours by the number that was called (E.164).
type Calendars map[string]Calendar

// Of is the calendar of a ticket: that of the number called. Where no hours are known there are no nights: work waits for
// nothing.
func (c Calendars) Of(t Ticket) Calendar {
	if calendar, ok := c[t.Called]; ok && calendar != nil {
		return calendar
	}
	return always{}
}

// always is a calendar without nights.
type always struct{}

func (always) Working(time.Time) bool             { return true }
func (always) NextWorking(at time.Time) time.Time { return at }
