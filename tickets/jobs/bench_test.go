package jobs_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
	"readback/tickets/jobs"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/storetest"
)

// relay takes every letter at once.
type relay struct{}

func (relay) Mail(context.Context, tickets.Letter) error { return nil }

// benchDesk is a desk on a store, whose tickets are acknowledged by letters.
func benchDesk(b *testing.B, s tickets.Store, node string) *tickets.Desk {
	b.Helper()
	numbers := tickets.NewNumbers(node, s, nil)
	if err := numbers.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = numbers.Close() })
	return &tickets.Desk{Store: s, Numbers: numbers, Node: node, Mail: true}
}

// abandoned is a call whose caller is gone: its letter is due at once.
func abandoned() tickets.Request {
	account := tickets.Account{ID: rand.Text()[:8], Plan: "enterprise", Contacts: []tickets.Contact{{Name: "Ann", Email: "ann@example.com"}}}
	return tickets.Request{
		CallKey: rand.Text(), Account: &account, Verified: true, Caller: tickets.Caller{Number: "+14155550100", Trunk: "carrier"},
		Called: "+18887999666", Priority: tickets.P2, Recording: "rec.wav", Language: "en-US", Received: time.Now(), HungUp: true,
	}
}

// BenchmarkTicketsAtFifty opens fifty tickets a second while River works their letters, and between each two of them commits one bare
// row on the same file system: how long the slowest hundredth of both takes.
func BenchmarkTicketsAtFifty(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		folder := b.TempDir()
		bare, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = bare.Close() }()
		bare.SetMaxOpenConns(1)
		if _, err := bare.Exec("create table bare (id integer primary key, text text)"); err != nil {
			b.Fatal(err)
		}
		atFifty(b, lite(b, filepath.Join(folder, "tickets.db")), func() error {
			_, err := bare.Exec("insert into bare (text) values ('48215906')")
			return err
		})
	})
	b.Run("postgres", func(b *testing.B) {
		address := durable(b)
		conn, err := pgx.Connect(b.Context(), address)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(b.Context())) }()
		if _, err := conn.Exec(b.Context(), "create table bare (id bigserial primary key, text text)"); err != nil {
			b.Fatal(err)
		}
		atFifty(b, postgresAt(b, address), func() error {
			_, err := conn.Exec(b.Context(), "insert into bare (text) values ('48215906')")
			return err
		})
	})
}

func atFifty(b *testing.B, s store, commit func() error) {
	limits := storetest.ReadLimits(b).Fifty
	desk := benchDesk(b, s, "bench")
	stop := run(b, runner(b, s, &tickets.Clerk{Desk: desk, Mailer: relay{}}, jobs.Config{Poll: time.Second}))
	pace := time.NewTicker(time.Second / time.Duration(2*limits.PerSecond))
	defer pace.Stop()
	var bare, opened []time.Duration
	for b.Loop() {
		for range limits.Tickets {
			<-pace.C
			bare = append(bare, timed(b, commit))
			<-pace.C
			opened = append(opened, timed(b, func() error {
				_, err := desk.Open(b.Context(), abandoned())
				return err
			}))
		}
	}
	if err := stop(); err != nil {
		b.Error(err)
	}
	rows, err := s.Notices(b.Context(), "", 0)
	if err != nil || !slices.ContainsFunc(rows, func(n tickets.Notice) bool { return !n.Done.IsZero() }) {
		b.Fatalf("River was not at work: %v", err)
	}
	b.ReportMetric(percentile(bare, 50), "bare-p50-ms")
	b.ReportMetric(percentile(bare, 99), "bare-p99-ms")
	b.ReportMetric(percentile(opened, 50), "ticket-p50-ms")
	b.ReportMetric(percentile(opened, 99), "ticket-p99-ms")
	storetest.WantAtMost(b, percentile(opened, 99)/percentile(bare, 99), limits.Ratio, "p99-ratio")
	b.ReportMetric(0, "ns/op")
}

func timed(b *testing.B, work func() error) time.Duration {
	b.Helper()
	began := time.Now()
	if err := work(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// percentile is in milliseconds.
func percentile(all []time.Duration, p int) float64 {
	slices.Sort(all)
	return float64(all[len(all)*p/100]) / 1e6
}

// BenchmarkTicketsOfManyGateways has gateways file as fast as they can into one PostgreSQL.
func BenchmarkTicketsOfManyGateways(b *testing.B) {
	limits := storetest.ReadLimits(b).Gateways
	address := durable(b)
	var desks []*tickets.Desk
	for i := range limits.Count {
		desks = append(desks, benchDesk(b, postgresAt(b, address), fmt.Sprintf("gateway-%d", i)))
	}
	var opened []time.Duration
	var mu sync.Mutex
	began := time.Now()
	for b.Loop() {
		var group sync.WaitGroup
		for i := range limits.Count * limits.Writers {
			group.Go(func() {
				var own []time.Duration
				for range limits.Tickets {
					began := time.Now()
					if _, err := desks[i%limits.Count].Open(b.Context(), abandoned()); err != nil {
						b.Error(err)
						return
					}
					own = append(own, time.Since(began))
				}
				mu.Lock()
				defer mu.Unlock()
				opened = append(opened, own...)
			})
		}
		group.Wait()
	}
	storetest.WantAtLeast(b, float64(len(opened))/time.Since(began).Seconds(), limits.PerSecond, "tickets/s")
	b.ReportMetric(percentile(opened, 99), "ticket-p99-ms")
	b.ReportMetric(0, "ns/op")
}

// durable starts a server that syncs, unlike the one of the tests, with the desk's tables.
func durable(b *testing.B) string {
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
	address := server.URL("postgres")
	if err := migrate(b.Context(), address); err != nil {
		b.Fatal(err)
	}
	return address
}
