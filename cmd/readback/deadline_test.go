package main

import (
	"testing"
	"time"

	"readback/tickets"
)

func TestDeadline(t *testing.T) {
	received := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	due := received.Add(4 * time.Hour)
	for _, test := range []struct {
		name      string
		told, now time.Duration // since receipt; told 0: nobody was
		want      string
	}{
		{"nobody was told yet", 0, time.Hour, "in 3h0m0s"},
		{"nobody was told", 0, 5 * time.Hour, "missed by 1h0m0s"},
		{"told at the last moment", 4 * time.Hour, 9 * time.Hour, "met"},
		{"told too late", 4*time.Hour + 90*time.Second, 9 * time.Hour, "late by 1m30s"},
	} {
		ticket := tickets.Ticket{Received: received, Due: due}
		if test.told > 0 {
			ticket.Acknowledged = received.Add(test.told)
		}
		if got := deadline(ticket, received.Add(test.now)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
