package calendar

import "time"

// A Date is a day by the wall clock.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the date of a moment in its own zone.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

func (d Date) plus(days int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+days, 12, 0, 0, 0, time.UTC))
}

func (d Date) weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// at is the first moment of the date when the wall clock of a zone shows clock or, where it skips that, the moment it is put
// forward. time.Date leaves open which of two moments it gives.
func (d Date) at(clock time.Duration, zone *time.Location) time.Time {
	wanted := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Add(clock)
	t := time.Date(wanted.Year(), wanted.Month(), wanted.Day(), wanted.Hour(), wanted.Minute(), wanted.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch shown := wall(t); {
	case shown.After(wanted):
		return start
	case shown.Before(wanted):
		return end
	case start.IsZero():
		return t
	}
	_, before := start.Add(-time.Second).Zone()
	_, now := t.Zone()
	earlier := t.Add(-time.Duration(before-now) * time.Second)
	if earlier.Before(start) && wall(earlier).Equal(wanted) {
		return earlier
	}
	return t
}

// wall is what the clock on the wall shows, as if it were UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
