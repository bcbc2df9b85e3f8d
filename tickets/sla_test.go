package tickets_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UTC()
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestMonthsBeginAtMidnightOfTheirZone(t *testing.T) {
	for _, test := range []struct{ month, zone, want string }{
		{"2026-03", "UTC", "2026-03-01T00:00:00Z"},
		{"2026-03", "Europe/London", "2026-03-01T00:00:00Z"},
		{"2026-04", "Europe/London", "2026-03-31T23:00:00Z"},       // summer time since 29 March
		{"2026-11", "Europe/London", "2026-11-01T00:00:00Z"},       // and no more since 25 October
		{"2026-11", "America/Los_Angeles", "2026-11-01T07:00:00Z"}, // clocks go back two hours later
		{"2026-12", "America/Los_Angeles", "2026-12-01T08:00:00Z"},
		{"2026-10", "Australia/Sydney", "2026-09-30T14:00:00Z"},
		{"2026-11", "Australia/Sydney", "2026-10-31T13:00:00Z"},
		{"2023-10", "America/Asuncion", "2023-10-01T04:00:00Z"}, // clocks go forward at that midnight: it begins at one o'clock
		{"2026-01", "Asia/Kathmandu", "2025-12-31T18:15:00Z"},
	} {
		month, err := tickets.ParseMonth(test.month)
		if err != nil {
			t.Fatal(err)
		}
		start := month.Start(zone(t, test.zone))
		if got := start.UTC().Format(time.RFC3339); got != test.want {
			t.Errorf("%s in %s begins at %s, want %s", test.month, test.zone, got, test.want)
		}
		if before := tickets.MonthOf(start.Add(-time.Microsecond)); before != month.Add(-1) {
			t.Errorf("%s in %s: the instant before it is in %v", test.month, test.zone, before)
		}
	}
	for _, text := range []string{"", "2026", "2026-13", "2026-1", "26-01", "2026-01-01", "-001-01"} {
		if month, err := tickets.ParseMonth(text); err == nil {
			t.Errorf("%q was read as %v", text, month)
		}
	}
	if got := fmt.Sprint(tickets.Month{Year: 2026, Month: time.January}.Add(-13), tickets.Month{Year: 2026, Month: time.December}.Add(1)); got != "2024-12 2027-01" {
		t.Errorf("got %s", got)
	}
}

// A ticket counts in the month of its receipt, in the zone of the report.
func TestMonthBordersOfAReport(t *testing.T) {
	const name = "America/Los_Angeles"
	for received, want := range map[string]string{
		"2026-10-01T06:59:59.999999Z": "",
		"2026-10-01T07:00:00Z":        "2026-10",
		"2026-11-01T06:59:59.999999Z": "2026-10",
		"2026-11-01T07:00:00Z":        "2026-11",
		"2026-11-01T09:30:00Z":        "2026-11", // half past one, for the second time
		"2026-12-01T07:59:59.999999Z": "2026-11",
		"2026-12-01T08:00:00Z":        "",
	} {
		s := tickets.SLA{From: tickets.Month{Year: 2026, Month: 10}, Until: tickets.Month{Year: 2026, Month: 11}, Zone: zone(t, name)}
		s.Add(tickets.Promise{Priority: tickets.P1, Received: at(t, received)})
		got := ""
		for _, row := range s.Rows() {
			got += row.Month.String()
		}
		if got != want {
			t.Errorf("%s counts in %q, want %q", received, got, want)
		}
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	received := at(t, "2026-03-04T12:00:00.123456Z")
	due := received.Add(4 * time.Hour)
	after := func(d time.Duration) time.Time { return received.Add(d) }
	const hair = time.Microsecond
	type counts struct{ Waiting, InTime, Late, Never, Alarmed int }
	for name, test := range map[string]struct {
		told, alarm, now time.Time
		want             counts
	}{
		"told":                                    {told: after(time.Minute), want: counts{InTime: 1}},
		"told in the last instant":                {told: due, want: counts{InTime: 1}},
		"told an instant too late":                {told: due.Add(hair), want: counts{Late: 1}},
		"told too late, alarmed before":           {told: due.Add(hair), alarm: after(3 * time.Hour), want: counts{Late: 1, Alarmed: 1}},
		"told too late, alarmed at the end":       {told: due.Add(hair), alarm: due, want: counts{Late: 1, Alarmed: 1}},
		"told too late, alarmed too late":         {told: due.Add(time.Hour), alarm: due.Add(hair), want: counts{Late: 1}},
		"alarmed, and then told in time":          {told: due, alarm: after(3 * time.Hour), want: counts{InTime: 1}},
		"not yet":                                 {now: after(time.Minute), want: counts{Waiting: 1}},
		"not yet, alarmed":                        {now: after(3 * time.Hour), alarm: after(3 * time.Hour), want: counts{Waiting: 1}},
		"not yet in the last instant":             {now: due, want: counts{Waiting: 1}},
		"never":                                   {now: due.Add(hair), want: counts{Never: 1}},
		"never, alarmed":                          {now: due.Add(hair), alarm: due, want: counts{Never: 1, Alarmed: 1}},
		"never, alarmed when it was over already": {now: due.Add(time.Hour), alarm: due.Add(hair), want: counts{Never: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			month := tickets.MonthOf(received)
			s := tickets.SLA{From: month, Until: month, Now: test.now}
			if s.Now.IsZero() {
				s.Now = due.Add(24 * time.Hour)
			}
			s.Add(tickets.Promise{Plan: "api", Priority: tickets.P2, Received: received, Due: due, Acknowledged: test.told, AcknowledgedBy: "email", Alarmed: test.alarm})
			k := s.Sum(func(tickets.SLARow) bool { return true })
			if got := (counts{k.Waiting, k.InTime, k.Late, k.Never, k.Alarmed}); got != test.want || k.Received != 1 {
				t.Errorf("%d received, %+v, want 1 and %+v", k.Received, got, test.want)
			}
		})
	}
}

func TestSharesAndDelays(t *testing.T) {
	received := at(t, "2026-03-04T12:00:00Z")
	month := tickets.MonthOf(received)
	s := tickets.SLA{From: month, Until: month, Now: received.Add(48 * time.Hour)}
	add := func(told time.Duration, by string, change func(*tickets.Promise)) {
		p := tickets.Promise{Plan: "api", Priority: tickets.P1, Received: received, Due: received.Add(time.Hour), AcknowledgedBy: by}
		if told != 0 {
			p.Acknowledged = received.Add(told)
		}
		if change != nil {
			change(&p)
		}
		s.Add(p)
	}
	for i := range 20 {
		add(time.Duration(i+1)*time.Minute-time.Duration(i)*time.Millisecond, tickets.ByReadback, nil)
	}
	add(2*time.Hour, tickets.ByEmail, nil)
	add(3*time.Hour, tickets.ByCallback, func(p *tickets.Promise) { p.Alarmed = received.Add(45 * time.Minute) })
	add(0, "", nil)
	add(-time.Second, "carrier pigeon", func(p *tickets.Promise) { p.Plan, p.Priority = "", tickets.P3 })
	add(0, "", func(p *tickets.Promise) { p.Plan, p.Priority, p.Due = "", tickets.P3, s.Now })

	var got []string
	for _, row := range s.Rows() {
		share, ok := row.InTimeShare().Of(10_000)
		promise, _ := row.KeptShare().Of(10_000)
		p50, _ := row.Delay(50)
		p95, told := row.Delay(95)
		most, _ := row.Delay(100)
		by := ""
		for _, way := range tickets.Ways() {
			by += fmt.Sprint(" ", row.By(way))
		}
		got = append(got, fmt.Sprintf("%v %s %v: %d received, %d %d %t, %v %v %v %t, by%s", row.Month, row.Plan, row.Priority, row.Received, share, promise, ok, p50, p95, most, told, by))
	}
	want := []string{
		"2026-03 api P1: 23 received, 8695 9130 true, 11m0s 2h0m0s 3h0m0s true, by 20 1 1 0 0",
		"2026-03 unverified P3: 2 received, 10000 10000 true, 0s 0s 0s true, by 0 0 0 0 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want and got:\n%s", diff)
	}
	all := s.Sum(func(tickets.SLARow) bool { return true })
	if p50, _ := all.Delay(50); all.Received != 25 || all.Told() != 23 || all.Decided() != 24 || p50 != 11*time.Minute {
		t.Errorf("all: %+v, half of them told within %v", all, p50)
	}
	none := s.Sum(func(tickets.SLARow) bool { return false })
	_, shared := none.InTimeShare().Of(100)
	_, promised := none.KeptShare().Of(100)
	if _, told := none.Delay(50); shared || promised || told {
		t.Error("of no tickets there is a share, or a delay")
	}
}

// Percentiles are by nearest rank: the smallest value that so many of a hundred do not exceed.
func TestDelaysByNearestRank(t *testing.T) {
	received := at(t, "2026-03-04T12:00:00Z")
	month := tickets.MonthOf(received)
	for n, want := range map[int][3]int{1: {1, 1, 1}, 2: {1, 2, 2}, 3: {2, 3, 3}, 20: {10, 19, 20}, 100: {50, 95, 100}, 101: {51, 96, 101}} {
		s := tickets.SLA{From: month, Until: month, Now: received}
		for i := range n {
			s.Add(tickets.Promise{Received: received, Due: received.Add(time.Hour), Acknowledged: received.Add(time.Duration(n-i) * time.Second)})
		}
		k := s.Sum(func(tickets.SLARow) bool { return true })
		for i, percent := range []int{50, 95, 100} {
			if got, ok := k.Delay(percent); !ok || got != time.Duration(want[i])*time.Second {
				t.Errorf("of %d, the %d. percentile is %v, want %d s", n, percent, got, want[i])
			}
		}
	}
}

func TestAReportOfOnePlanOrPriority(t *testing.T) {
	month := tickets.Month{Year: 2026, Month: 3}
	for name, test := range map[string]struct {
		plan     string
		priority tickets.Priority
		want     int
	}{
		"all": {"", 0, 12}, "a plan": {"API", 0, 4}, "callers without": {"unverified", 0, 4}, "a priority": {"", tickets.P2, 3}, "both": {"pro", tickets.P4, 1}, "none": {"gold", 0, 0},
	} {
		s := tickets.SLA{From: month, Until: month, Plan: test.plan, Priority: test.priority}
		for _, plan := range []string{"", "api", "pro"} {
			for priority := tickets.P1; priority <= tickets.P4; priority++ {
				s.Add(tickets.Promise{Plan: plan, Priority: priority, Received: month.Start(time.UTC)})
			}
		}
		if got := len(s.Rows()); got != test.want {
			t.Errorf("%s: %d rows, want %d", name, got, test.want)
		}
	}
}

// A shelfOfPromises is a store that has nothing else.
type shelfOfPromises struct {
	tickets.Reader
	all   []tickets.Promise
	pages []tickets.PromisePage
}

func (s *shelfOfPromises) Promises(_ context.Context, page tickets.PromisePage) ([]tickets.Promise, error) {
	s.pages = append(s.pages, page)
	at, number := page.Start()
	var found []tickets.Promise
	for _, p := range s.all {
		after := p.Received.After(at) || p.Received.Equal(at) && p.Number > number
		if after && p.Received.Before(page.Until) && len(found) < page.Limit {
			found = append(found, p)
		}
	}
	return found, nil
}

// A report reads page by page, of exactly its months.
func TestAReportReadsPages(t *testing.T) {
	sydney := zone(t, "Australia/Sydney")
	s := tickets.SLA{From: tickets.Month{Year: 2026, Month: 3}, Until: tickets.Month{Year: 2026, Month: 4}, Zone: sydney, Now: at(t, "2026-06-01T00:00:00Z")}
	var shelf shelfOfPromises
	start, end := at(t, "2026-02-28T13:00:00Z"), at(t, "2026-04-30T14:00:00Z") // summer time ends on 5 April
	for _, received := range []time.Time{start.Add(-time.Microsecond), end} {
		shelf.all = append(shelf.all, tickets.Promise{Number: "1", Received: received})
	}
	for i := range 2*tickets.MaxPage + 1 {
		shelf.all = append(shelf.all, tickets.Promise{Number: tickets.Number(fmt.Sprintf("%08d", i)), Received: start.Add(time.Duration(i/3) * time.Hour)})
	}
	told := 0
	if err := s.Read(t.Context(), &shelf, func() { told++ }); err != nil {
		t.Fatal(err)
	}
	if got := s.Sum(func(tickets.SLARow) bool { return true }).Received; got != 2*tickets.MaxPage+1 || told != got || len(shelf.pages) != 3 {
		t.Errorf("counted %d tickets, told %d times, on %d pages, want %d and 3", got, told, len(shelf.pages), 2*tickets.MaxPage+1)
	}
	if first := shelf.pages[0]; !first.From.Equal(start) || !first.Until.Equal(end) {
		t.Errorf("read from %v until %v, want %v and %v", first.From.UTC(), first.Until.UTC(), start, end)
	}
	if got := fmt.Sprint(s.Months()); got != "[2026-03 2026-04]" {
		t.Errorf("months %s", got)
	}
}

func TestAnAcknowledgementRemembersItsPromise(t *testing.T) {
	now := tickets.Promise{Number: "10000004", Priority: tickets.P1, Due: at(t, "2026-03-04T13:00:00Z")}
	then := now
	then.Priority, then.Due = tickets.P3, at(t, "2026-03-05T12:00:00.123456Z")
	for noted, want := range map[string]tickets.Promise{"": now, "P3 2026-03-05T12:00:00.123456Z": then} {
		p := now
		if err := p.Recall(noted); err != nil || p != want {
			t.Errorf("%q: %+v, %v, want %+v", noted, p, err, want)
		}
	}
	for _, noted := range []string{"P3", "P9 2026-03-05T12:00:00Z", "P3 yesterday", " "} {
		p := now
		if err := p.Recall(noted); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("%q was read as %+v, %v", noted, p, err)
		}
	}
}
