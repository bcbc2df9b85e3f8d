package spool_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/spool"
)

// behind is a fresh PostgreSQL that keeps what it is told.
func behind(b *testing.B) (*pgtest.Server, *postgres.Store) {
	b.Helper()
	server, err := pgtest.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	})
	store, err := postgres.Open(b.Context(), server.URL("postgres"))
	if err != nil {
		b.Fatal(err)
	}
	return server, store
}

// BenchmarkForward moves 10,000 spooled tickets to PostgreSQL.
func BenchmarkForward(b *testing.B) {
	const depth = 10_000
	for b.Loop() {
		b.StopTimer()
		_, database := behind(b)
		local := openStore(b)
		desk := &tickets.Desk{Store: local, Mail: true}
		var group sync.WaitGroup
		for worker := range 8 {
			group.Go(func() {
				for i := range depth / 8 {
					r := request(fmt.Sprint(worker, "-", i))
					r.Account.ID = fmt.Sprint(worker*depth + i)
					if _, err := desk.Open(b.Context(), r); err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		store, err := spool.Open(b.Context(), database, local, spool.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if got := store.Stats().Tickets; got != depth {
			b.Fatalf("the spool holds %d tickets", got)
		}
		b.StartTimer()
		stop := run(store)
		for store.Stats().Tickets > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		b.StopTimer()
		stop()
		if err := store.Close(); err != nil {
			b.Error(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(depth*float64(b.N)/b.Elapsed().Seconds(), "tickets/s")
}

func run(store *spool.Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { store.Run(ctx) })
	return func() { cancel(); group.Wait() }
}

// BenchmarkAway is what callers wait whose database hangs: the first one, and the longest of a hundred after it, each with an
// account looked up, a ticket and its acknowledgement.
func BenchmarkAway(b *testing.B) {
	for b.Loop() {
		server, database := behind(b)
		store, err := spool.Open(b.Context(), database, openStore(b), spool.Options{})
		if err != nil {
			b.Fatal(err)
		}
		stop := run(store)
		numbers := tickets.NewNumbers("a", store, nil)
		desk := &tickets.Desk{Store: store, Mail: true, Numbers: numbers}
		if err := numbers.Prepare(b.Context()); err != nil {
			b.Fatal(err)
		}
		for store.Stats().Accounts.IsZero() {
			time.Sleep(10 * time.Millisecond)
		}
		if err := server.Pause(); err != nil {
			b.Fatal(err)
		}
		var waits []time.Duration
		for i := range 101 {
			began := time.Now()
			_, _ = desk.Recognize(b.Context(), tickets.Caller{Number: "+14155550100", Vouched: true})
			r := request(fmt.Sprint(i))
			r.Account.ID = fmt.Sprint(i)
			ticket, err := desk.Open(b.Context(), r)
			if err != nil {
				b.Fatal(err)
			}
			if err := desk.Acknowledge(b.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
				b.Fatal(err)
			}
			waits = append(waits, time.Since(began))
		}
		longest := time.Duration(0)
		for _, wait := range waits[1:] {
			longest = max(longest, wait)
		}
		b.ReportMetric(float64(waits[0].Milliseconds()), "first-ms")
		b.ReportMetric(float64(longest.Milliseconds()), "later-max-ms")
		if err := server.Resume(); err != nil {
			b.Fatal(err)
		}
		stop()
		if err := numbers.Close(); err != nil {
			b.Error(err)
		}
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}
}
