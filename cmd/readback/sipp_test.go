package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres/pgtest"
)

// sippMedia is where SIPp finds the digits it plays: the package sip-tester brings them.
const sippMedia = "/usr/share/sip-tester"

// sipp runs a scenario of testdata/interop/sipp against the gateway: calls at once, all of which must succeed. It
// returns what SIPp counted.
func (p *process) sipp(scenario, number string, more ...string) string {
	p.t.Helper()
	return sipp(p.t, p.sip, scenario, number, more...)
}

func sipp(t testing.TB, gateway netip.AddrPort, scenario, number string, more ...string) string {
	t.Helper()
	sipp := tool(t, "sipp", "sip-tester")
	file, err := filepath.Abs(filepath.Join("../../testdata/interop/sipp", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	errors := filepath.Join(t.TempDir(), "errors.log")
	args := append([]string{
		gateway.String(), "-sf", file, "-s", number, "-i", gateway.Addr().String(), "-m", "1", "-nostdin",
		"-p", strconv.Itoa(int(loopback(t, gateway.Addr().String()).Port())),
		"-timeout", "80", "-timeout_error", "-trace_err", "-error_file", errors,
	}, more...)
	out, err := within(t, 90*time.Second, sippMedia, sipp, args...)
	if err != nil {
		said, _ := os.ReadFile(errors)
		t.Fatalf("sipp %s: %v\n%s\n%s", scenario, err, said, lastLines(out, 30))
	}
	return out
}

// repeats checks how often SIPp saw the answer again of a scenario without ACK or PRACK: after 0.5 s, 1 s more, 2 s more,
// then, for a 200, each 4 s.
func repeats(t *testing.T, out, status string, want int) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\s*` + status + ` <-+\s+(?:\D\S*\s+)?1\s+(\d+)\s`).FindStringSubmatch(out)
	if found == nil || found[1] != strconv.Itoa(want) {
		t.Errorf("the %s was repeated %v times; want %d\n%s", status, found, want, lastLines(out, 30))
	}
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// wantTicket checks the one ticket of a call that answered everything.
func wantTicket(t *testing.T, found []tickets.Ticket) {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("%d tickets; want 1", len(found))
	}
	got := found[0]
	if got.Account != "30471234" || got.Priority != tickets.P2 || got.AcknowledgedBy != tickets.ByReadback ||
		!got.Verified || got.Callback != "+14155559999" {
		t.Errorf("the ticket is %+v; want account 30471234, P2, verified, read back, call back +14155559999", got)
	}
}

func TestSIPpDigitsByRFC4733(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	p.sipp("dtmf-rfc4733", "+18887999666")
	wantTicket(t, p.tickets())
}

func TestSIPpDigitsByINFO(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	p.sipp("dtmf-info", "+18887999666")
	wantTicket(t, p.tickets())
}

func TestSIPpOverTCP(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	p.sip = p.tcp
	p.sipp("dtmf-info", "+18887999666", "-t", "t1")
	wantTicket(t, p.tickets())
}

// TestSIPpOnPostgreSQL has the whole gateway and the command line on the other database.
func TestSIPpOnPostgreSQL(t *testing.T) {
	t.Parallel() // mostly it waits
	url := pgtest.Database(t, nil)
	p := startGateway(t, fmt.Sprintf("store: {url: %q}\n", url))
	p.sipp("dtmf-info", "+18887999666")
	wantTicket(t, p.tickets())
}

// TestSIPpSignalling plays the scenarios that are about signalling alone against one gateway.
func TestSIPpSignalling(t *testing.T) {
	t.Parallel() // mostly it waits
	p := startGateway(t, "")
	for _, test := range []struct {
		scenario, number string
		repeats          int
	}{
		{scenario: "options", number: "+18887999666"},
		{scenario: "unknown-number", number: "+14155550000"},
		{scenario: "hold-resume", number: "+18887999666"},
		{scenario: "delayed-offer", number: "+18887999666"},
		{scenario: "cancel", number: "+16503976096"},
		{scenario: "lost-ack", number: "+18887999666", repeats: 2},
		{scenario: "no-ack", number: "+18887999666", repeats: 10},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			q := *p
			q.t = t
			out := q.sipp(test.scenario, test.number)
			if test.repeats > 0 {
				repeats(t, out, "200", test.repeats)
			}
		})
	}
	if found := p.tickets(); len(found) != 0 {
		t.Errorf("%d tickets from calls that told nothing; want none", len(found))
	}
}

// TestSIPpManyCallsAtOnce holds as many calls as a busy hour brings.
func TestSIPpManyCallsAtOnce(t *testing.T) {
	const calls = 50
	p := startGateway(t, "")
	p.sipp("hold-long", "+18887999666", "-m", strconv.Itoa(calls), "-r", "25", "-l", strconv.Itoa(calls))
}
