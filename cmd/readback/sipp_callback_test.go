package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
)

// TestSIPpIsCalledBack has SIPp answer as the customer, who presses 1 when the number was said, and as an answering machine,
// which speaks and presses nothing.
func TestSIPpIsCalledBack(t *testing.T) {
	for scenario, want := range map[string]error{"callback": nil, "callback-machine": tickets.ErrNobody} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			port := int(loopback(t, "127.0.0.2").Port())
			s := startCalling(t, port)
			ended := sippAnswers(t, scenario, port)
			ticket := anOutage
			ticket.Priority = tickets.P2
			proof, err := s.phone.Acknowledge(t.Context(), ticket)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("the acknowledgement is %v, want %v", err, want)
			}
			if problem := <-ended; problem != "" {
				t.Errorf("sipp: %s", problem)
			}
			seconds := regexp.MustCompile(`^key 1 was pressed (\d+)\.\d s after the whole number had been played$`).FindStringSubmatch(proof.Evidence)
			if want == nil && (proof.By != tickets.ByCallback || seconds == nil || proof.Call == "") {
				t.Errorf("the evidence is %+v", proof)
			}
		})
	}
}

// sippAnswers has SIPp take one call at a port of 127.0.0.2. What went wrong comes at the end; nothing is empty.
func sippAnswers(t *testing.T, scenario string, port int) <-chan string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("../../testdata/interop/sipp", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan string, 1)
	go func() {
		out, err := within(t, 150*time.Second, sippMedia, tool(t, "sipp", "sip-tester"), "-sf", file, "-i", "127.0.0.2", "-p", strconv.Itoa(port),
			"-m", "1", "-nostdin", "-mp", strconv.Itoa(port+2), "-timeout", "140", "-timeout_error")
		if err == nil {
			out = ""
		}
		ended <- lastLines(out, 30)
	}()
	return ended
}

// TestACallerWhoHungUpIsCalledBack goes the whole way: a caller who goes before the number is read, the row of the outbox, River's
// job, the clerk, and the call that SIPp answers.
func TestACallerWhoHungUpIsCalledBack(t *testing.T) {
	t.Parallel() // mostly it waits
	port := int(loopback(t, "127.0.0.2").Port())
	s := startCalling(t, port)
	if err := s.store.PutAccounts(t.Context(), sampleAccounts(t)); err != nil {
		t.Fatal(err)
	}
	ended := sippAnswers(t, "callback", port)
	phone := newTestPhone(t)
	defer func() {
		if err := phone.close(); err != nil {
			t.Error(err)
		}
	}()
	session, err := phone.lift()
	if err != nil {
		t.Fatal(err)
	}
	call, err := phone.dial(t.Context(), session, fmt.Sprintf("sip:+18887999666;ext=2@%s", s.agent.Addrs()[0]), "+14155550100")
	if err != nil {
		t.Fatal(err)
	}
	defer call.close()
	if err := call.press(t.Context(), "221"); err != nil { // P2, no recording, this number
		t.Fatal(err)
	}
	number := s.firstTicket(t, func(tickets.Ticket) bool { return true }).Number
	if err := call.hangup(t.Context()); err != nil { // its number is being read
		t.Fatal(err)
	}
	if problem := <-ended; problem != "" {
		t.Errorf("sipp: %s", problem)
	}
	told := s.firstTicket(t, func(ticket tickets.Ticket) bool { return !ticket.Acknowledged.IsZero() })
	if told.Number != number || told.AcknowledgedBy != tickets.ByCallback {
		t.Errorf("ticket %s is acknowledged by %q, want %s, by %q", told.Number, told.AcknowledgedBy, number, tickets.ByCallback)
	}
}

// firstTicket waits for a ticket like that.
func (s *server) firstTicket(t *testing.T, like func(tickets.Ticket) bool) tickets.Ticket {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if found, err := s.store.ListTickets(t.Context(), tickets.TicketPage{}); err == nil && len(found) > 0 && like(found[0]) {
			return found[0]
		}
	}
	t.Fatal("there is no such ticket")
	return tickets.Ticket{}
}

// startCalling is a gateway in this process, on real sockets, that calls customers at a port of 127.0.0.2.
func startCalling(t *testing.T, port int) *server {
	t.Helper()
	text := strings.NewReplacer(
		"networks: [127.0.0.0/8]", "networks: [127.0.0.1]",
		"data: data", "data: "+t.TempDir(),
		"numbers:", fmt.Sprintf("  - {name: pstn, networks: [127.0.0.2], address: \"sip:127.0.0.2:%d\"}\nnumbers:", port),
	).Replace(processConfig) + "notify: {callback: {trunk: pstn}}\nidentify: {pepper: \"" + testPepper + "\"}\nrtp: {silence: 2m, overload: {busy: 1, late: 1s}}\n"
	c, err := config.Parse("readback.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return serving(t, c, parts{noHTTP: true})
}

// serving is a gateway in this process, on real sockets, until the test ends.
func serving(t *testing.T, c *config.Config, with parts) *server {
	t.Helper()
	s, err := newServer(t.Context(), c, slog.New(slog.DiscardHandler), with)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, s.close()); err != nil {
			t.Error(err)
		}
	})
	return s
}
