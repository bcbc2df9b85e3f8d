package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Hours is when people work on tickets in a country.
type Hours struct {
	// The time zone, from the IANA list.
	TimeZone string `yaml:"time_zone" jsonschema:"required"`
	// The hours of each day of the week. A day left out is off.
	Week Week `yaml:"week" jsonschema:"required"`
	// Public holidays, which are off: us (federal), gb-eng (England and Wales, also as gb), gb-sct, gb-nir, au (what all states have in common), or those of one state. Left out: none.
	Holidays string `yaml:"holidays,omitempty" jsonschema:"enum=us,enum=gb,enum=gb-eng,enum=gb-sct,enum=gb-nir,enum=au,enum=au-act,enum=au-nsw,enum=au-nt,enum=au-qld,enum=au-sa,enum=au-tas,enum=au-vic,enum=au-wa"`
	// More days that are off, like 2026-12-24.
	Closed []Date `yaml:"closed,omitempty" jsonschema:"maxItems=1000,uniqueItems=true"`
	// Public holidays that are worked all the same.
	Open []Date `yaml:"open,omitempty" jsonschema:"maxItems=1000,uniqueItems=true"`
}

// Week is the hours of each day of the week.
type Week struct {
	// Monday, like 09:00-17:00, or 09:00-12:00,13:00-17:00.
	Mon Opening `yaml:"mon,omitempty"`
	// Tuesday's hours.
	Tue Opening `yaml:"tue,omitempty"`
	// Wednesday's hours.
	Wed Opening `yaml:"wed,omitempty"`
	// Thursday's hours.
	Thu Opening `yaml:"thu,omitempty"`
	// Friday's hours.
	Fri Opening `yaml:"fri,omitempty"`
	// Saturday's hours.
	Sat Opening `yaml:"sat,omitempty"`
	// Sunday's hours.
	Sun Opening `yaml:"sun,omitempty"`
}

// Days are the hours by time.Weekday.
func (w Week) Days() [7]Opening { return [7]Opening{w.Sun, w.Mon, w.Tue, w.Wed, w.Thu, w.Fri, w.Sat} }

// Opening is the hours of a day, in order, each from its first moment until before its second, since midnight. Written
// 09:00-12:00,13:00-17:00; empty is a day off.
type Opening [][2]time.Duration

// UnmarshalText reads the written form.
func (o *Opening) UnmarshalText(text []byte) error {
	const write = "write from and until, like 09:00-17:00 or 09:00-12:00,13:00-17:00"
	*o = nil
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		from, until, ok := strings.Cut(part, "-")
		first, okFirst := clock(from)
		last, okLast := clock(until)
		switch n := len(*o); {
		case !ok || !okFirst || !okLast:
			return &malformed{"is not hours of a day", write}
		case first >= last:
			return &malformed{"ends before it begins", write + "; what goes past midnight belongs to the next day"}
		case n == 10:
			return &malformed{"has more than ten parts", write}
		case n > 0 && first < (*o)[n-1][1]:
			return &malformed{"has hours twice, or not in order", write}
		}
		*o = append(*o, [2]time.Duration{first, last})
	}
	return nil
}

// clock reads 00:00 to 24:00.
func clock(text string) (time.Duration, bool) {
	if text = strings.TrimSpace(text); text == "24:00" {
		return 24 * time.Hour, true
	}
	at, err := time.Parse("15:04", text)
	return at.Sub(time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC)), err == nil && len(text) == len("15:04")
}

// String is the written form.
func (o Opening) String() string {
	parts := make([]string, len(o))
	for i, span := range o {
		parts[i] = fmt.Sprintf("%02d:%02d-%02d:%02d", int(span[0].Hours()), int(span[0].Minutes())%60, int(span[1].Hours()), int(span[1].Minutes())%60)
	}
	return strings.Join(parts, ",")
}

// MarshalText is String.
func (o Opening) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Date is a day, written 2026-12-24.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// UnmarshalText reads the written form.
func (d *Date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return &malformed{"is not a date", "write year, month and day, like 2026-12-24"}
	}
	d.Year, d.Month, d.Day = day.Date()
	return nil
}

// String is the written form.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// hours checks when people work.
func (r *reader) hours() {
	for _, country := range slices.Sorted(maps.Keys(r.config.Policy.Hours)) {
		hours, path := r.config.Policy.Hours[country], join("policy.hours", country)
		if phonenumbers.GetCountryCodeForRegion(country) == 0 {
			r.report(path, quote(country)+" is not a country", "write its ISO 3166 code, like US, GB or AU")
			continue
		}
		if _, err := time.LoadLocation(hours.TimeZone); hours.TimeZone != "" && (err != nil || hours.TimeZone == "Local") {
			r.report(path+".time_zone", r.shown(path+".time_zone")+" is not a time zone", "write its IANA name, like Europe/London")
		}
		days := hours.Week.Days()
		if !slices.ContainsFunc(days[:], func(o Opening) bool { return len(o) > 0 }) {
			r.report(path+".week", "has no hours: work that waits for them would wait for ever", "write hours of at least one day, like mon: 09:00-17:00")
		}
		for i, date := range hours.Open {
			if at := fmt.Sprintf("%s.open[%d]", path, i); slices.Contains(hours.Closed, date) {
				r.report(at, r.shown(at)+" is in closed too", "remove it from one of the two")
			}
		}
	}
}

// warnAboutHours finds numbers whose tickets never have to wait for working hours, because none are known.
func (c *Config) warnAboutHours(warn func(path, message, fix string)) {
	told := map[string]bool{}
	for i, number := range c.Numbers {
		if _, known := c.Policy.Hours[number.Country]; !known && !told[number.Country] {
			told[number.Country] = true
			warn(fmt.Sprintf("numbers[%d].country", i), fmt.Sprintf("no working hours are known in %s: its tickets wait for nobody's morning, and P2 pages nobody at night", number.Country),
				"add policy.hours."+number.Country)
		}
	}
}
