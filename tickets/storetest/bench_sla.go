package storetest

import (
	"testing"
	"time"

	"readback/tickets"
)

// ManyTickets are how many a benchmark of reports reads: three months of a busy desk.
const ManyTickets = 100_000

// BenchmarkSLA measures a report over all tickets of a store, which has many of the first three months of 2026.
func BenchmarkSLA(b *testing.B, store tickets.Store, many int) {
	b.ReportAllocs()
	for b.Loop() {
		s := tickets.SLA{From: tickets.Month{Year: 2026, Month: 1}, Until: tickets.Month{Year: 2026, Month: 3}, Now: time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)}
		if err := s.Read(b.Context(), store, nil); err != nil {
			b.Fatal(err)
		}
		if got := s.Sum(func(tickets.SLARow) bool { return true }).Received; got != many {
			b.Fatalf("counted %d tickets, want %d", got, many)
		}
	}
	b.ReportMetric(float64(many)*float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}
