package spool_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/spool"
	"readback/tickets/storetest"
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

// BenchmarkForward moves spooled tickets to PostgreSQL.
func BenchmarkForward(b *testing.B) {
	limits := storetest.ReadLimits(b).Forward
	depth := limits.Tickets
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
	each := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(depth)/each, "tickets/s")
	storetest.WantAtMost(b, each, limits.Within.Seconds(), "s")
}

func run(store *spool.Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { store.Run(ctx) })
	return func() { cancel(); group.Wait() }
}

// BenchmarkAway is what callers wait whose database hangs, each with an account looked up, a ticket and its acknowledgement: the
// first one, and the longest of those after it, beside the median of as many whose database is there.
func BenchmarkAway(b *testing.B) {
	limits := storetest.ReadLimits(b).Away
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
		there := waits(b, desk, "there", limits.Calls)
		slices.Sort(there)
		usual := there[len(there)/2]
		if err := server.Pause(); err != nil {
			b.Fatal(err)
		}
		away := waits(b, desk, "away", limits.Calls)
		b.ReportMetric(milliseconds(usual), "usual-ms")
		b.ReportMetric(milliseconds(slices.Max(away[1:])), "later-max-ms")
		b.ReportMetric(milliseconds(away[0]), "first-ms")
		storetest.WantAtMost(b, milliseconds(slices.Max(away)-usual), milliseconds(limits.Longer), "longer-ms")
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
	b.ReportMetric(0, "ns/op")
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// waits are how long callers wait, one after the other.
func waits(b *testing.B, desk *tickets.Desk, key string, calls int) (all []time.Duration) {
	b.Helper()
	for i := range calls {
		began := time.Now()
		_, _ = desk.Recognize(b.Context(), tickets.Caller{Number: "+14155550100", Vouched: true})
		r := request(fmt.Sprint(key, i))
		r.Account.ID = r.CallKey
		ticket, err := desk.Open(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		if err := desk.Acknowledge(b.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	return all
}
