package storetest

import (
	"crypto/rand"
	"testing"
	"time"

	"readback/tickets"
)

// BenchmarkOpen measures what a call waits for: one ticket with its event and its outbox row, durable. Compare it with a
// bare commit in the same database.
func BenchmarkOpen(b *testing.B, store tickets.Store) {
	open := opener(b, store)
	b.ReportAllocs()
	for b.Loop() {
		open()
	}
}

// opener opens tickets that don't join.
func opener(b *testing.B, store tickets.Store) func() tickets.Ticket {
	b.Helper()
	numbers := tickets.NewNumbers("bench", store, nil)
	if err := numbers.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := numbers.Close(); err != nil {
			b.Error(err)
		}
	})
	desk := &tickets.Desk{Store: store, Numbers: numbers, Mail: true}
	account := acme()
	received := noon
	return func() tickets.Ticket {
		received = received.Add(time.Hour)
		ticket, err := desk.Open(b.Context(), tickets.Request{
			CallKey: rand.Text(), Account: &account, Verified: true, Caller: tickets.Caller{Number: "+14155550100", Trunk: "carrier"},
			Called: "+18887999666", Priority: tickets.P2, Callback: "+14155550100", Recording: "rec.wav", Language: "en-US", Received: received,
		})
		if err != nil {
			b.Fatal(err)
		}
		return ticket
	}
}

// BenchmarkChain measures what the proof of a ticket costs: its events are sealed and chained once more, beside what it took to open
// it.
func BenchmarkChain(b *testing.B, store tickets.Store) {
	limits := ReadLimits(b).Chain
	open := opener(b, store)
	var filing, chaining time.Duration
	var allocations float64
	for b.Loop() {
		for range limits.Tickets {
			began := time.Now()
			ticket := open()
			filing += time.Since(began)
			events, err := store.Events(b.Context(), ticket.Number)
			if err != nil {
				b.Fatal(err)
			}
			began = time.Now()
			chain(events)
			chaining += time.Since(began)
			if allocations == 0 {
				allocations = testing.AllocsPerRun(100, func() { chain(events) })
			}
		}
	}
	all := float64(b.N * limits.Tickets)
	b.ReportMetric(float64(filing.Microseconds())/all, "filing-µs")
	b.ReportMetric(float64(chaining.Microseconds())/all, "chaining-µs")
	b.ReportMetric(allocations, "chaining-allocs")
	WantAtMost(b, chaining.Seconds()/filing.Seconds(), limits.Share, "share")
	b.ReportMetric(0, "ns/op")
}

func chain(events []tickets.Event) (head tickets.Digest) {
	for _, e := range events {
		head = tickets.Seal(e, e.At).After(head)
	}
	return head
}
