package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/jobs"
	"readback/tickets/postgres"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/sqlite"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		fmt.Fprintln(os.Stderr, "gateway:", workForever(text))
		os.Exit(1)
	}
	os.Exit(pgtest.Main(m))
}

// store is what both databases have.
type store interface {
	tickets.Store
	jobs.Outbox
	Backlog(ctx context.Context, now time.Time) (tickets.Backlog, error)
	Close() error
}

// onEach runs a test on every kind of store.
func onEach(t *testing.T, test func(t *testing.T, s store)) {
	for name, open := range map[string]func(t *testing.T) store{
		"sqlite":   func(t *testing.T) store { return lite(t, filepath.Join(t.TempDir(), "tickets.db")) },
		"memory":   func(t *testing.T) store { return lite(t, sqlite.Memory) },
		"postgres": func(t *testing.T) store { return postgresAt(t, pgtest.Database(t, migrate)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func lite(t testing.TB, path string) store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func postgresAt(t testing.TB, address string) store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func migrate(ctx context.Context, address string) error {
	s, err := postgres.Open(ctx, address)
	if err != nil {
		return err
	}
	_, err = s.Migrate(ctx)
	return errors.Join(err, s.Close())
}

func runner(t testing.TB, s store, w jobs.Worker, c jobs.Config) *jobs.Runner {
	t.Helper()
	c.Node = "test"
	if c.Poll == 0 {
		c.Poll = 50 * time.Millisecond
	}
	r, err := newRunner(s, w, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRunner(s store, w jobs.Worker, c jobs.Config) (*jobs.Runner, error) {
	if s, ok := s.(*sqlite.Store); ok {
		return jobs.New(s.River(), s, w, c)
	}
	return jobs.New(s.(*postgres.Store).River(), s, w, c)
}

// run works jobs until the test or stop ends it.
func run(t testing.TB, r *jobs.Runner) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

type workerFunc func(ctx context.Context, id string) error

func (f workerFunc) Work(ctx context.Context, id string) error { return f(ctx, id) }

func put(t testing.TB, s tickets.Store, kind tickets.NoticeKind, id string, due time.Time) {
	t.Helper()
	if err := s.Enqueue(t.Context(), tickets.Notice{ID: id, Kind: kind, Created: time.Now(), Due: due}); err != nil {
		t.Fatal(err)
	}
}

const patience = 30 * time.Second

func take[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case one := <-from:
		return one
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestNoticesAreWorkedWhenTheyAreDue(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		worked := make(chan string, 10)
		due := time.Now().Add(2 * time.Second)
		put(t, s, tickets.NumberByEmail, "later", due)
		put(t, s, tickets.Alarm, "now", time.Now())
		run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
			worked <- id
			return nil
		}), jobs.Config{Sweep: time.Hour}))
		if got := take(t, worked); got != "now" {
			t.Errorf("first %s was worked", got)
		}
		put(t, s, tickets.Page, "meanwhile", time.Now())
		if got := take(t, worked); got != "meanwhile" {
			t.Errorf("then %s was worked", got)
		}
		if got := take(t, worked); got != "later" || time.Now().Before(due) {
			t.Errorf("then %s was worked, %v before it was due", got, time.Until(due))
		}
	})
}

// A notice whose due time is brought forward is worked then, and need not be at its first one.
func TestADueTimeThatChanges(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		worked := make(chan string, 10)
		put(t, s, tickets.AcknowledgeByCallback, "ladder", time.Now().Add(time.Hour))
		run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
			worked <- id
			return nil
		}), jobs.Config{Sweep: time.Hour}))
		err := s.AmendNotice(t.Context(), "ladder", func(n *tickets.Notice) error {
			n.Due = time.Now()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		take(t, worked)
	})
}

func TestWhatBecomesOfAnAttempt(t *testing.T) {
	for _, test := range []struct {
		name  string
		fails func(attempt int) error
		want  string // outcomes
	}{
		{"done", func(int) error { return nil }, "done"},
		{"refused", func(int) error { return fmt.Errorf("no such box: %w", tickets.ErrRefused) }, "refused"},
		{"later", func(attempt int) error {
			if attempt == 1 {
				return &tickets.Later{At: time.Now().Add(100 * time.Millisecond), Reason: "busy"}
			}
			return nil
		}, "later done"},
		{"failed", func(attempt int) error {
			if attempt == 1 {
				return errors.New("the relay hung up on ada@example.com")
			}
			return nil
		}, "failed done"},
		{"panic", func(attempt int) error {
			if attempt == 1 {
				panic("out of range")
			}
			return nil
		}, "failed done"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, s store) {
				outcomes := make(chan string, 10)
				var attempts atomic.Int32
				stop := run(t, runner(t, s, workerFunc(func(context.Context, string) error { return test.fails(int(attempts.Add(1))) }), jobs.Config{
					Sweep: time.Hour,
					Observe: func(kind tickets.NoticeKind, outcome string) {
						if kind != tickets.Alarm {
							t.Errorf("kind %q, want alarm", kind)
						}
						outcomes <- outcome
					},
				}))
				put(t, s, tickets.Alarm, "a", time.Now())
				for _, want := range strings.Fields(test.want) {
					if got := take(t, outcomes); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
				if len(outcomes) > 0 {
					t.Errorf("then %s", <-outcomes)
				}
			})
		})
	}
}

// What a worker says of a person is in no table of River's.
func TestNobodysDataIsInTheJobs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.db")
	s := lite(t, path)
	failed := make(chan string, 10)
	stop := run(t, runner(t, s, workerFunc(func(context.Context, string) error { return errors.New("no box ada@example.com") }), jobs.Config{
		Sweep: time.Hour, Observe: func(_ tickets.NoticeKind, outcome string) { failed <- outcome },
	}))
	if err := s.Enqueue(t.Context(), tickets.Notice{ID: "n", Kind: tickets.NumberByEmail, To: "bob@example.com", Created: time.Now(), Due: time.Now()}); err != nil {
		t.Fatal(err)
	}
	take(t, failed)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	rows := raw(t, path, "select json(args) || json(metadata) || coalesce(json(errors), '') from river_job")
	if len(rows) != 1 || !strings.Contains(rows[0], "the gateway's log says why") || strings.Contains(rows[0], "example.com") {
		t.Errorf("got %q", rows)
	}
}

// A telephone that nobody answers holds up no letter.
func TestASlowQueueHoldsUpOnlyItself(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		letters, rings := make(chan string, 10), make(chan string, 10)
		queues := jobs.DefaultQueues()
		queues[tickets.QueuePhone] = jobs.Queue{Workers: 2, Timeout: time.Minute}
		for i := range 4 {
			put(t, s, tickets.AcknowledgeByCallback, fmt.Sprint("ring", i), time.Now())
		}
		hangUp := make(chan struct{})
		run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
			if !strings.HasPrefix(id, "ring") {
				letters <- id
				return nil
			}
			rings <- id
			<-hangUp
			return nil
		}), jobs.Config{Queues: queues, Sweep: time.Hour}))
		take(t, rings)
		take(t, rings)
		put(t, s, tickets.NumberByEmail, "letter", time.Now())
		take(t, letters)
		if len(rings) > 0 {
			t.Error("three telephones rang, two were allowed")
		}
		close(hangUp)
		take(t, rings)
		take(t, rings)
	})
}

func TestAnAttemptHasATimeLimit(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		ended := make(chan error, 10)
		put(t, s, tickets.Publish, "hook", time.Now())
		run(t, runner(t, s, workerFunc(func(ctx context.Context, _ string) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}), jobs.Config{Sweep: time.Hour, Queues: map[string]jobs.Queue{tickets.QueueHook: {Workers: 1, Timeout: 100 * time.Millisecond}}}))
		if err := take(t, ended); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the time limit", err)
		}
	})
}

func TestStopIsSoftThenHard(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		begun, finish, outcomes := make(chan string, 10), make(chan struct{}), make(chan string, 10)
		r := runner(t, s, workerFunc(func(ctx context.Context, id string) error {
			begun <- id
			if id == "soft" {
				<-finish
				return ctx.Err()
			}
			<-ctx.Done()
			return &tickets.Later{At: time.Now(), Reason: "the gateway stops"}
		}), jobs.Config{Sweep: time.Hour, Grace: 500 * time.Millisecond, Observe: func(_ tickets.NoticeKind, outcome string) { outcomes <- outcome }})
		stop := run(t, r)
		put(t, s, tickets.NumberByEmail, "soft", time.Now())
		take(t, begun)
		stopped := make(chan error)
		go func() { stopped <- stop() }()
		close(finish)
		if err := take(t, stopped); err != nil {
			t.Error(err)
		}
		if got := take(t, outcomes); got != jobs.OutcomeDone {
			t.Errorf("what was under way is %s, want done", got)
		}

		stop = run(t, r)
		put(t, s, tickets.NumberByEmail, "hard", time.Now())
		take(t, begun)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := take(t, outcomes); got != jobs.OutcomeLater {
			t.Errorf("what did not end is %s, want later", got)
		}
		stop = run(t, r)
		if got := take(t, begun); got != "hard" {
			t.Errorf("after the next start %s is worked, want what was cancelled", got)
		}
		_ = stop()
	})
}

// TestLostJobsAreMadeAgain: the outbox was restored without its jobs.
func TestLostJobsAreMadeAgain(t *testing.T) {
	onEach(t, func(t *testing.T, s store) {
		past := time.Now().Add(-time.Minute)
		for _, id := range []string{"lost", "done", "cancelled", "dead", "held"} {
			put(t, s, tickets.Alarm, id, past)
		}
		put(t, s, tickets.Alarm, "future", time.Now().Add(time.Hour))
		// Every job is worked by somebody who doesn't know what a notice is.
		worked := make(chan string, 100)
		stop := run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
			worked <- id
			return nil
		}), jobs.Config{Sweep: time.Hour}))
		for range 5 {
			take(t, worked)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		for id, change := range map[string]func(*tickets.Notice){
			"done":      func(n *tickets.Notice) { n.Done = time.Now() },
			"cancelled": func(n *tickets.Notice) { n.Cancelled = time.Now() },
			"dead":      func(n *tickets.Notice) { n.Dead = time.Now() },
			"held":      func(n *tickets.Notice) { n.Working = time.Now().Add(time.Minute) },
		} {
			if err := s.AmendNotice(t.Context(), id, func(n *tickets.Notice) error { change(n); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Backlog(t.Context(), time.Now()); err != nil || got.Waiting != 2 || got.Oldest.Sub(past).Abs() > time.Microsecond {
			t.Errorf("got %+v, %v, want lost and held, from %v", got, err, past)
		}
		if woken, err := s.Wake(t.Context(), time.Now(), 100); woken != 1 || err != nil {
			t.Errorf("woken %d, %v, want 1", woken, err)
		}
		if woken, err := s.Wake(t.Context(), time.Now(), 100); woken != 0 || err != nil {
			t.Errorf("again: woken %d, %v, want 0: it has a job", woken, err)
		}
		run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
			worked <- id
			return nil
		}), jobs.Config{Sweep: time.Hour}))
		if got := take(t, worked); got != "lost" {
			t.Errorf("got %s, want lost", got)
		}
	})
}

// TestTheStoreMayBeAway: a gateway starts while its database has no tables yet.
func TestTheStoreMayBeAway(t *testing.T) {
	address := pgtest.Database(t, nil)
	s := postgresAt(t, address)
	said := make(chan string, 100)
	worked := make(chan string, 1)
	run(t, runner(t, s, workerFunc(func(_ context.Context, id string) error {
		worked <- id
		return nil
	}), jobs.Config{Log: slog.New(slog.NewTextHandler(lines(said), nil)), Sweep: time.Hour}))
	for !strings.Contains(take(t, said), "wait for the ticket store") {
		continue
	}
	if err := migrate(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	put(t, s, tickets.Alarm, "a", time.Now())
	take(t, worked)
}

// lines sends what is written where a test waits for it.
type lines chan<- string

func (l lines) Write(text []byte) (int, error) {
	select {
	case l <- string(text):
	default:
	}
	return len(text), nil
}
