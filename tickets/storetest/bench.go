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
	numbers := tickets.NewNumbers("bench", store, nil)
	if err := numbers.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	desk := &tickets.Desk{Store: store, Numbers: numbers, Mail: true}
	account := acme()
	received := noon
	b.ReportAllocs()
	for b.Loop() {
		received = received.Add(time.Hour) // nothing joins
		request := tickets.Request{
			CallKey: rand.Text(), Account: &account, Verified: true, Caller: tickets.Caller{Number: "+14155550100", Trunk: "carrier"},
			Called: "+18887999666", Priority: tickets.P2, Callback: "+14155550100", Recording: "rec.wav", Language: "en-US", Received: received,
		}
		if _, err := desk.Open(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := numbers.Close(); err != nil {
		b.Fatal(err)
	}
}
