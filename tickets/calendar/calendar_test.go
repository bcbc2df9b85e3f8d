package calendar_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"readback/tickets"
	"readback/tickets/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// office is Monday to Friday, 9 to 17.
func office(z *time.Location, holidays string) calendar.Region {
	r := calendar.Region{Zone: z, Holidays: holidays}
	for day := time.Monday; day <= time.Friday; day++ {
		r.Week[day] = []calendar.Span{{From: 9 * time.Hour, Until: 17 * time.Hour}}
	}
	return r
}

func calendarOf(t testing.TB, r calendar.Region) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNextWorking(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, test := range map[string]struct {
		zone, holidays, at, want string
	}{
		"in working hours":                        {"Europe/London", "gb-eng", "2026-07-01T12:00:00+01:00", "2026-07-01T12:00:00+01:00"},
		"the first moment":                        {"Europe/London", "gb-eng", "2026-07-01T09:00:00+01:00", "2026-07-01T09:00:00+01:00"},
		"before the first":                        {"Europe/London", "gb-eng", "2026-07-01T08:59:59+01:00", "2026-07-01T09:00:00+01:00"},
		"after the last":                          {"Europe/London", "gb-eng", "2026-07-01T17:00:00+01:00", "2026-07-02T09:00:00+01:00"},
		"over a weekend":                          {"Europe/London", "gb-eng", "2026-07-03T17:00:00+01:00", "2026-07-06T09:00:00+01:00"},
		"over Easter":                             {"Europe/London", "gb-eng", "2026-04-02T18:00:00+01:00", "2026-04-07T09:00:00+01:00"},
		"over Easter in Scotland":                 {"Europe/London", "gb-sct", "2026-04-02T18:00:00+01:00", "2026-04-06T09:00:00+01:00"},
		"over Christmas with substitutes":         {"Europe/London", "gb-eng", "2027-12-24T18:00:00Z", "2027-12-29T09:00:00Z"},
		"New Year on a Saturday, observed before": {"America/Los_Angeles", "us", "2027-12-30T18:00:00-08:00", "2028-01-03T09:00:00-08:00"},
		"clocks go forward in the UK":             {"Europe/London", "gb-eng", "2026-03-27T17:30:00Z", "2026-03-30T09:00:00+01:00"},
		"clocks go back in the UK":                {"Europe/London", "gb-eng", "2026-10-23T17:30:00+01:00", "2026-10-26T09:00:00Z"},
		"clocks go forward in the US":             {"America/Los_Angeles", "us", "2026-03-06T17:30:00-08:00", "2026-03-09T09:00:00-07:00"},
		"clocks go back in the US":                {"America/Los_Angeles", "us", "2026-10-30T17:30:00-07:00", "2026-11-02T09:00:00-08:00"},
		"clocks go back in Australia":             {"Australia/Sydney", "au-nsw", "2027-04-02T17:30:00+11:00", "2027-04-05T09:00:00+10:00"},
		"forward in Australia, on Labour Day":     {"Australia/Sydney", "au-nsw", "2026-10-02T17:30:00+10:00", "2026-10-06T09:00:00+11:00"},
		"no daylight saving in Brisbane":          {"Australia/Brisbane", "au-qld", "2026-10-02T17:30:00+10:00", "2026-10-06T09:00:00+10:00"},
		"another zone's clock":                    {"Australia/Sydney", "au-nsw", "2026-07-01T22:59:00Z", "2026-07-01T23:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			c := calendarOf(t, office(zone(t, test.zone), test.holidays))
			if got := c.NextWorking(at(test.at)); !got.Equal(at(test.want)) {
				t.Errorf("next working after %s is %s, want %s", test.at, got.Format(time.RFC3339), test.want)
			}
			if got, want := c.Working(at(test.at)), test.at == test.want; got != want {
				t.Errorf("working at %s: %v, want %v", test.at, got, want)
			}
		})
	}
}

func TestOwnDaysComeBeforeHolidays(t *testing.T) {
	r := office(time.UTC, "gb")
	r.Closed = []calendar.Date{{Year: 2026, Month: time.July, Day: 1}}
	r.Open = []calendar.Date{{Year: 2026, Month: time.April, Day: 3}} // Good Friday
	c := calendarOf(t, r)
	if c.Working(time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)) {
		t.Error("worked on a day that is closed")
	}
	if !c.Working(time.Date(2026, time.April, 3, 12, 0, 0, 0, time.UTC)) {
		t.Error("off on a day that is open")
	}
}

// Spans at night meet the clock changes themselves.
func TestSpansWhereClocksChange(t *testing.T) {
	night := func(from, until time.Duration) (r calendar.Region) {
		for day := range r.Week {
			r.Week[day] = []calendar.Span{{From: from, Until: until}}
		}
		return r
	}
	for name, test := range map[string]struct {
		zone        string
		from, until time.Duration
		at          string // the moment looked from
		start       string // of the span
		worked      time.Duration
	}{
		"London skips an hour":            {"Europe/London", time.Hour / 2, 3 * time.Hour, "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z", 90 * time.Minute},
		"London skips the beginning":      {"Europe/London", 90 * time.Minute, 3 * time.Hour, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", time.Hour},
		"London skips the end":            {"Europe/London", time.Hour / 2, 90 * time.Minute, "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z", 30 * time.Minute},
		"London skips all of it":          {"Europe/London", 70 * time.Minute, 100 * time.Minute, "2026-03-29T00:00:00Z", "2026-03-30T00:10:00Z", 30 * time.Minute},
		"London has an hour twice":        {"Europe/London", time.Hour / 2, 3 * time.Hour, "2026-10-25T00:00:00+01:00", "2026-10-25T00:30:00+01:00", 210 * time.Minute},
		"London begins in the first":      {"Europe/London", 90 * time.Minute, 3 * time.Hour, "2026-10-25T00:00:00+01:00", "2026-10-25T01:30:00+01:00", 150 * time.Minute},
		"Sydney begins in the first":      {"Australia/Sydney", 150 * time.Minute, 4 * time.Hour, "2026-04-05T00:00:00+11:00", "2026-04-05T02:30:00+11:00", 150 * time.Minute},
		"Sydney skips the beginning":      {"Australia/Sydney", 150 * time.Minute, 4 * time.Hour, "2026-10-04T00:00:00+10:00", "2026-10-04T03:00:00+11:00", time.Hour},
		"Los Angeles has an hour twice":   {"America/Los_Angeles", time.Hour, 3 * time.Hour, "2026-11-01T00:00:00-07:00", "2026-11-01T01:00:00-07:00", 3 * time.Hour},
		"Cairo skips midnight":            {"Africa/Cairo", 0, 2 * time.Hour, "2026-04-23T23:00:00+02:00", "2026-04-24T01:00:00+03:00", time.Hour},
		"Lord Howe has half an hour less": {"Australia/Lord_Howe", time.Hour, 3 * time.Hour, "2026-10-04T00:00:00+10:30", "2026-10-04T01:00:00+10:30", 90 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			r := night(test.from, test.until)
			r.Zone = zone(t, test.zone)
			c := calendarOf(t, r)
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			next := c.NextWorking(at)
			if got := next.Format(time.RFC3339); !next.Equal(mustParse(t, test.start)) {
				t.Errorf("begins at %s, want %s", got, test.start)
			}
			worked := time.Duration(0)
			for c.Working(next.Add(worked)) {
				worked += time.Minute
			}
			if worked != test.worked {
				t.Errorf("worked for %v, want %v", worked, test.worked)
			}
		})
	}
}

func mustParse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Working and NextWorking say the same, over years with every clock change, and office hours are those of the wall clock.
func TestNextWorkingIsTheFirst(t *testing.T) {
	zones := []*time.Location{
		zone(t, "Europe/London"), zone(t, "America/Los_Angeles"), zone(t, "Australia/Sydney"), zone(t, "Australia/Lord_Howe"),
		zone(t, "Africa/Cairo"), zone(t, "America/Santiago"), time.UTC,
	}
	sets := append(calendar.Sets(), "")
	rapid.Check(t, func(t *rapid.T) {
		r := calendar.Region{Zone: rapid.SampledFrom(zones).Draw(t, "zone"), Holidays: rapid.SampledFrom(sets).Draw(t, "holidays")}
		for day := range r.Week {
			from := rapid.IntRange(0, 24*4).Draw(t, "from")
			until := rapid.IntRange(0, 24*4).Draw(t, "until")
			if from < until {
				r.Week[day] = []calendar.Span{{From: time.Duration(from) * 15 * time.Minute, Until: time.Duration(until) * 15 * time.Minute}}
			}
		}
		c, err := calendar.New(r)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1704067200, 1924905600).Draw(t, "at"), 0) // 2024 to 2030
		next := c.NextWorking(at)
		if next.Before(at) {
			t.Fatalf("next working after %v is %v, earlier", at, next)
		}
		if next.Equal(at) {
			return
		}
		if !c.Working(next) {
			t.Fatalf("nobody works at %v, said to be the next working moment after %v", next, at)
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at)-1)).Draw(t, "between")))
		if c.Working(between) {
			t.Fatalf("somebody works at %v, before %v, the next working moment after %v", between, next, at)
		}
	})
}

// Clocks change at night, so by day the hours are simply those of the wall clock.
func TestOfficeHoursAreThoseOfTheWallClock(t *testing.T) {
	for _, name := range []string{"Europe/London", "America/Los_Angeles", "Australia/Sydney"} {
		z := zone(t, name)
		c := calendarOf(t, office(z, ""))
		rapid.Check(t, func(t *rapid.T) {
			at := time.Unix(rapid.Int64Range(1704067200, 1924905600).Draw(t, "at"), 0)
			local := at.In(z)
			want := local.Weekday() != time.Saturday && local.Weekday() != time.Sunday && local.Hour() >= 9 && local.Hour() < 17
			if got := c.Working(at); got != want {
				t.Fatalf("working at %v: %v, want %v", local, got, want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	span := func(spans ...calendar.Span) calendar.Region {
		return calendar.Region{Week: [7][]calendar.Span{spans}}
	}
	for name, region := range map[string]calendar.Region{
		"unknown holidays": {Holidays: "atlantis"},
		"backwards":        span(calendar.Span{From: 17 * time.Hour, Until: 9 * time.Hour}),
		"empty":            span(calendar.Span{From: 9 * time.Hour, Until: 9 * time.Hour}),
		"past midnight":    span(calendar.Span{From: 9 * time.Hour, Until: 25 * time.Hour}),
		"before midnight":  span(calendar.Span{From: -time.Hour, Until: 9 * time.Hour}),
		"overlapping":      span(calendar.Span{From: 12 * time.Hour, Until: 17 * time.Hour}, calendar.Span{From: 9 * time.Hour, Until: 13 * time.Hour}),
	} {
		if _, err := calendar.New(region); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestNobodyEverWorks(t *testing.T) {
	c := calendarOf(t, calendar.Region{})
	at := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	if c.Working(at) {
		t.Error("somebody works where there are no hours")
	}
	if got := c.NextWorking(at); !got.Equal(at) {
		t.Errorf("next working is %v, want %v: nothing may wait for ever", got, at)
	}
}
