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

// startCalling is a gateway in this process, on real sockets, that calls customers at a port of 127.0.0.2.
func startCalling(t *testing.T, port int) *server {
	t.Helper()
	text := strings.NewReplacer(
		"networks: [127.0.0.0/8]", "networks: [127.0.0.1]",
		"data: data", "data: "+t.TempDir(),
		"numbers:", fmt.Sprintf("  - {name: pstn, networks: [127.0.0.2], address: \"sip:127.0.0.2:%d\"}\nnumbers:", port),
	).Replace(processConfig) + "notify: {callback: {trunk: pstn}}\nrtp: {silence: 2m, overload: {busy: 1, late: 1s}}\n"
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
