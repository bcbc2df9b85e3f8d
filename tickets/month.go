package tickets

import (
	"fmt"
	"time"
)

// A Month is one of a calendar, in no zone yet.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf is the month of a time, in the zone of the time.
func MonthOf(t time.Time) Month { return Month{t.Year(), t.Month()} }

// ParseMonth reads what String writes.
func ParseMonth(text string) (Month, error) {
	t, err := time.Parse("2006-01", text)
	if err != nil {
		return Month{}, fmt.Errorf("%.20q is no month; write it like 2026-11: %w", text, ErrInvalid)
	}
	return MonthOf(t), nil
}

// String is like 2026-11.
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// MarshalText writes String.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads it.
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMonth(string(text))
	return err
}

// Add is the month so many later.
func (m Month) Add(months int) Month {
	return MonthOf(time.Date(m.Year, m.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC))
}

// Before reports whether m is earlier.
func (m Month) Before(other Month) bool {
	return m.Year < other.Year || m.Year == other.Year && m.Month < other.Month
}

// Start is the first instant of the month in a zone. Where clocks go forward at that midnight, it is one o'clock.
func (m Month) Start(zone *time.Location) time.Time {
	t := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, zone)
	for MonthOf(t).Before(m) {
		t = t.Add(15 * time.Minute) // to which all zones keep
	}
	return t
}
