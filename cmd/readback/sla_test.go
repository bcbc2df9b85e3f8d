package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres/pgtest"
)

// reportUntil is the last month of the reports here.
var reportUntil = tickets.Month{Year: 2026, Month: time.November}

// A reportYear makes up tickets of so many months: mostly in time, each priority in its own way. Month 3 of each year has none.
func reportYear(months int, lateEvery int) *tickets.SLA {
	s := &tickets.SLA{From: reportUntil.Add(1 - months), Until: reportUntil, Zone: time.UTC, Now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)}
	windows := map[tickets.Priority]time.Duration{tickets.P1: time.Hour, tickets.P2: 4 * time.Hour, tickets.P3: 24 * time.Hour, tickets.P4: 24 * time.Hour}
	n := 0
	for i, month := range s.Months() {
		if month.Month == time.March {
			continue
		}
		for _, plan := range []string{"enterprise", ""} {
			for priority := tickets.P1; priority <= tickets.P4; priority++ {
				for j := range 40 * int(priority) {
					n++
					received := month.Start(time.UTC).Add(time.Duration(j) * 3 * time.Hour)
					p := tickets.Promise{Plan: plan, Priority: priority, Received: received, Due: received.Add(windows[priority])}
					p.Acknowledged, p.AcknowledgedBy = received.Add(time.Duration(70+n%60)*time.Second), tickets.Ways()[min(n%9, 4)%4]
					switch {
					case n%(lateEvery+7*i%5) == 0:
						p.Acknowledged = p.Due.Add(time.Minute)
						p.Alarmed = p.Due.Add(-time.Duration(n%3) * time.Minute)
					case n%997 == 0:
						p.Acknowledged, p.AcknowledgedBy = time.Time{}, ""
						p.Alarmed = p.Due.Add(-10 * time.Minute)
					}
					if p.Received.After(s.Now) {
						continue
					}
					if p.Acknowledged.After(s.Now) {
						p.Acknowledged, p.AcknowledgedBy = time.Time{}, ""
					}
					s.Add(p)
				}
			}
		}
	}
	return s
}

// reports are those whose pages are kept.
func reports() map[string]*tickets.SLA {
	one := func(month time.Month) *tickets.SLA {
		return &tickets.SLA{From: tickets.Month{Year: 2026, Month: month}, Until: tickets.Month{Year: 2026, Month: month}, Zone: time.UTC, Now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)}
	}
	low := reportYear(6, 4)
	hostile := one(time.November)
	hostile.Plan = `=</svg>"&` + "\u202e\x01"
	hostile.Add(tickets.Promise{Plan: hostile.Plan, Priority: tickets.P1, Received: hostile.Now.Add(-time.Hour), Due: hostile.Now.Add(-time.Minute)})
	return map[string]*tickets.SLA{
		"three-months": reportYear(3, 60), "one-month": reportYear(1, 60), "two-years": reportYear(24, 60), "low": low, "none": one(time.March), "hostile": hostile,
	}
}

func TestReportsLookAsTheyShould(t *testing.T) {
	for name, s := range reports() {
		t.Run(name, func(t *testing.T) {
			for suffix, print := range map[string]func(io.Writer, *tickets.SLA) error{".txt": printSLA, ".svg": drawSLA} {
				var out bytes.Buffer
				if err := print(&out, s); err != nil {
					t.Fatal(err)
				}
				if name == "three-months" || suffix == ".svg" && (name == "two-years" || name == "hostile") {
					matchGolden(t, filepath.Join("testdata", "sla", name+suffix), out.String())
				}
				if suffix == ".svg" {
					checkSVG(t, out.String())
					continue
				}
				for line := range strings.Lines(out.String()) {
					if columns(strings.TrimSuffix(line, "\n")) > 100 {
						t.Errorf("a line has %d columns: %s", columns(line), line)
					}
				}
			}
		})
	}
}

// checkSVG: it is well-formed, loads and runs nothing, and has a title and a description.
func checkSVG(t *testing.T, text string) {
	t.Helper()
	seen := map[string]int{}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		seen[start.Name.Local]++
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "src" {
				t.Errorf("%s has %s=%q", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
	if seen["script"]+seen["image"]+seen["use"]+seen["foreignObject"] > 0 || seen["title"] != 1 || seen["desc"] != 1 {
		t.Errorf("it has the elements %v", seen)
	}
	for _, bad := range []string{"url(", "@import", "NaN", "Inf", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("it has %q", bad)
		}
	}
}

// slaDesk is an office with tickets of February and March 2025, and of an instant that is March in Sydney only.
func slaDesk(t *testing.T, more string) office {
	o := newOffice(t, more)
	clock := time.Date(2025, 2, 10, 9, 0, 0, 0, time.UTC)
	o.desk.Now = func() time.Time { return clock }
	account := tickets.Account{ID: "30471234", Name: "Acme", Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann", Phone: "+14155550100"}}}
	odd := tickets.Account{ID: "30471235", Name: "Odd", Plan: "=cmd()", Contacts: account.Contacts}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(o.desk.Store.PutAccounts(t.Context(), []tickets.Account{account, odd}))
	open := func(of *tickets.Account, priority tickets.Priority) tickets.Number {
		t.Helper()
		ticket, err := o.desk.Open(t.Context(), tickets.Request{
			CallKey: clock.String() + priority.String(), Account: of, Verified: of != nil, Caller: tickets.Caller{Number: "+14155550100"}, Priority: priority, Received: clock,
		})
		check(err)
		return ticket.Number
	}
	tell := func(number tickets.Number, after time.Duration, by string) {
		t.Helper()
		check(o.desk.Acknowledge(t.Context(), number, tickets.Acknowledgement{By: by, At: clock.Add(after)}))
	}
	tell(open(&account, tickets.P1), 70*time.Second, tickets.ByReadback)
	clock = clock.Add(time.Hour)
	tell(open(&account, tickets.P1), time.Hour, tickets.ByEmail) // the last instant
	clock = clock.Add(time.Hour)
	late := open(&account, tickets.P1)
	clerk := tickets.Clerk{Desk: o.desk}
	clock = clock.Add(45 * time.Minute)
	check(clerk.Work(t.Context(), "alarm:"+string(late)+":"+tickets.ReasonNoWay))
	tell(late, 16*time.Minute, tickets.ByAgent)
	clock = time.Date(2025, 2, 28, 13, 30, 0, 0, time.UTC)
	tell(open(nil, 0), 90*time.Second, tickets.ByReadback)
	clock = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
	changed := open(&odd, tickets.P3)
	tell(changed, 2*time.Hour, tickets.ByAgent)
	_, err := o.desk.Change(t.Context(), changed, tickets.Change{By: "dana", Priority: tickets.P1})
	check(err)
	return o
}

func TestTheReportOfAStore(t *testing.T) {
	for name, more := range map[string]func(*testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": func(t *testing.T) string { return fmt.Sprintf("store: {url: %q}\n", pgtest.Database(t, nil)) },
	} {
		t.Run(name, func(t *testing.T) { testReportOfAStore(t, slaDesk(t, more(t))) })
	}
}

func testReportOfAStore(t *testing.T, o office) {
	sla := func(args ...string) string {
		t.Helper()
		out, err := o.run(append([]string{"tickets", "sla", "--from", "2025-02", "--until", "2025-04"}, args...)...)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	const header = "month,zone,plan,priority,received,in_time,late,never,open,alarmed_in_time,in_time_share,kept_share,told,p50_seconds,p95_seconds,max_seconds,by_readback,by_email,by_callback,by_agent,by_other\r\n"
	const enterprise = "2025-02,%s,enterprise,P1,3,2,1,0,0,1,0.6666,1.0000,3,3600,3660,3660,1,1,0,1,0\r\n"
	const odd = "2025-03,%s,'=cmd(),P3,1,1,0,0,0,0,1.0000,1.0000,1,7200,7200,7200,0,0,0,1,0\r\n"
	const unverified = "%s,%s,unverified,P3,1,1,0,0,0,0,1.0000,1.0000,1,90,90,90,1,0,0,0,0\r\n"
	utc := header + fmt.Sprintf(enterprise, "UTC") + fmt.Sprintf(unverified, "2025-02", "UTC") + fmt.Sprintf(odd, "UTC")
	sydney := header + fmt.Sprintf(enterprise, "Australia/Sydney") + fmt.Sprintf(odd, "Australia/Sydney") + fmt.Sprintf(unverified, "2025-03", "Australia/Sydney")
	for want, args := range map[string][]string{
		utc:                                     nil,
		sydney:                                  {"--zone", "Australia/Sydney"},
		header + fmt.Sprintf(enterprise, "UTC"): {"--plan", "Business"},
		header + fmt.Sprintf(unverified, "2025-02", "UTC"): {"--plan", "unverified", "--priority", "P3"},
		header + fmt.Sprintf(odd, "UTC"):                   {"--plan", "=cmd()"},
		header:                                             {"--plan", "education"},
	} {
		if got := sla(append(args, "--csv", "-")...); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", args, got, want)
		}
	}
	if rows, err := csv.NewReader(strings.NewReader(sla("--csv=-"))).ReadAll(); err != nil || len(rows) != 4 || !slices.Equal(rows[0], slaHeader) {
		t.Errorf("read as CSV: %v, %v", rows, err)
	}

	dir := t.TempDir()
	files := map[string]string{"csv": filepath.Join(dir, "sla.csv"), "svg": filepath.Join(dir, "sla.svg")}
	table := sla("--csv", files["csv"], "--svg", files["svg"])
	if !strings.Contains(table, "2025-02  enterprise  P1               3        2     1      0     0        1      66.6  100.0\n") ||
		!strings.Contains(table, "2025-04  all         all              0        0     0      0     0        0         -      -\n") {
		t.Errorf("the table is\n%s", table)
	}
	for kind, want := range map[string]string{"csv": utc, "svg": "2025-02: P1 66.6 % of 3, P3 100 % of 1. 2025-03: P3 100 % of 1. 2025-04: none.</desc>"} {
		if got, err := os.ReadFile(files[kind]); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v, %s, want %s", kind, err, got, want)
		}
	}
	var read slaJSON
	if err := json.Unmarshal([]byte(sla("--json")), &read); err != nil || len(read.Rows) != 3 || len(read.Months) != 3 || read.Total.Received != 5 ||
		*read.Total.Share != 0.8 || *read.Total.Kept != 1 || read.Months[2].Share != nil || read.Rows[0].By[tickets.ByEmail] != 1 {
		t.Errorf("JSON: %+v, %v", read, err)
	}
	if out, err := o.run("tickets", "sla"); err != nil || strings.Contains(out, "2025") {
		t.Errorf("the last three months: %v, %s", err, out)
	}
}

func TestReportsThatCannotBe(t *testing.T) {
	o := newOffice(t, "")
	for _, args := range [][]string{
		{"--from", "2025-13"},
		{"--until", "March"},
		{"--from", "2025-03", "--until", "2025-02"},
		{"--from", "2015-01", "--until", "2025-01"},
		{"--zone", "Local"},
		{"--zone", ""},
		{"--zone", "Mars/Olympus"},
		{"--priority", "P5"},
		{"--plan", "gold"},
		{"--json", "--csv", "-"},
		{"--svg", "-", "--csv", "-"},
	} {
		if out, err := o.run(append([]string{"tickets", "sla"}, args...)...); status(err) != 2 {
			t.Errorf("%v: %v, want a usage error; %s", args, err, out)
		}
	}
	if out, err := o.run("tickets", "sla", "--svg", filepath.Join(o.Data, "nowhere", "x.svg")); status(err) != 1 || out != "" {
		t.Errorf("no such directory: %v, %s", err, out)
	}
}

// Without the database there is no report, of the spool alone least of all.
func TestNoReportWithoutTheDatabase(t *testing.T) {
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	o := newOffice(t, fmt.Sprintf("store: {url: %q}\n", server.URL("postgres")))
	stop()
	if out, err := o.run("tickets", "sla"); status(err) != 1 || !errors.Is(err, tickets.ErrUnavailable) || out != "" {
		t.Errorf("got %v, %s", err, out)
	}
}
