package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/spool"
)

// TestTheDatabaseIsAwayDuringCalls: real calls over SIP while PostgreSQL is paused and killed, and the gateway as well.
func TestTheDatabaseIsAwayDuringCalls(t *testing.T) {
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := startGateway(t, fmt.Sprintf("store: {url: %q}\n", server.URL("postgres")))
	p.await("the copy of the accounts", func() bool { return !p.spool().Stats.Accounts.IsZero() })

	first := p.call("menu-support:2 severity-2:2", func() { // between two keys
		if err := server.Pause(); err != nil {
			t.Error(err)
		}
	})
	if text := p.get("readyz"); !strings.Contains(text, "the database is away") {
		t.Errorf("ready says %q", text)
	}
	if held := p.spool(); len(held.Tickets) != 1 || held.Tickets[0].Number != first || held.Stats.Away.IsZero() {
		t.Errorf("told %s; the spool holds %+v", first, held)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	p.await("the first ticket to be forwarded", func() bool { return p.spool().Stats.Tickets == 0 })

	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	second := p.call("menu-support:2 severity-2:2", func() {})
	p.kill() // and it has to start without the database
	p.start()
	if held := p.spool(); len(held.Tickets) != 1 || held.Tickets[0].Number != second {
		t.Errorf("told %s; after a kill the spool holds %+v", second, held)
	}
	if text := p.get("metrics"); !strings.Contains(text, "readback_spool_tickets 1") {
		t.Error("the metrics do not count the ticket in the spool")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.await("the second ticket to be forwarded", func() bool { return p.spool().Stats.Tickets == 0 })
	found := p.tickets()
	for _, ticket := range found {
		if ticket.Number != first && ticket.Number != second || ticket.AcknowledgedBy != "readback" || ticket.Account == "" {
			t.Errorf("the database has %+v", ticket)
		}
	}
	if len(found) != 2 {
		t.Errorf("told %s and %s; the database has %d tickets", first, second, len(found))
	}
}

// call has a known customer press keys, then something happens, and the rest of the call follows. It returns the number that was heard.
func (p *process) call(keys string, happens func()) (number tickets.Number) {
	p.t.Helper()
	sounds, err := loadSounds(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	t, ok := p.t.(*testing.T)
	if !ok {
		p.t.Fatal("calls are for tests")
	}
	phone, call, show := p.phoneIn(t, sounds)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, script := range []string{keys, "record-notice:2 callback-right:1"} {
		cues, err := parseCues(script)
		if err != nil {
			t.Fatal(err)
		}
		if err := show.follow(ctx, cues); err != nil {
			t.Fatalf("%v; heard %+v; log:\n%s", err, show.report.Heard, p.log)
		}
		if script == keys {
			happens()
		}
	}
	if err := show.await(ctx, "ticket-repeat"); err != nil {
		t.Fatalf("%v; heard %+v; log:\n%s", err, show.report.Heard, p.log)
	}
	number = show.report.ticketNumber()
	call.close()
	if err := phone.close(); err != nil {
		t.Error(err)
	}
	return number
}

// spool asks for what the spool holds, through the command line.
func (p *process) spool() (report spoolReport) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.run("tickets", "spool", "--json", "-c", p.config)), &report); err != nil {
		p.t.Fatal(err)
	}
	return report
}

func (p *process) get(path string) string {
	p.t.Helper()
	response, err := http.Get("http://" + p.http + "/" + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		p.t.Errorf("%s: %s, %v:\n%s", path, response.Status, err, text)
	}
	return string(text)
}

// await asks until it is so.
func (p *process) await(what string, so func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited a minute for %s; log:\n%s", what, p.log)
		}
	}
}

func TestSpoolReport(t *testing.T) {
	for name, test := range map[string]struct {
		report spoolReport
		want   string
	}{
		"away": {
			spoolReport{Running: true, Stats: spool.Stats{
				Tickets: 3, Oldest: noon.Add(-4 * time.Minute), Misfits: 1, Calls: 2, Away: noon.Add(-5 * time.Minute), Because: "connection refused", Accounts: noon.Add(-5 * time.Minute),
			}}, `database      away since 2026-03-04 11:55:00Z: connection refused
tickets       3, the oldest for 4m0s; 1 that the database will not take, see the gateway's log
call records  2
accounts      copy of 2026-03-04 11:55:00Z, 5m0s old
`,
		},
		"there": {spoolReport{Running: true, Stats: spool.Stats{Accounts: noon}}, `database      there
tickets       0
call records  0
accounts      copy of 2026-03-04 12:00:00Z, 0s old
`},
		"not running": {spoolReport{}, `database      not asked: the gateway is not running
tickets       0
call records  0
accounts      no copy
`},
	} {
		var out strings.Builder
		if err := test.report.print(&console{out: &out}, noon); err != nil || out.String() != test.want {
			t.Errorf("%s: got, %v:\n%s\nwant:\n%s", name, err, &out, test.want)
		}
	}
}
