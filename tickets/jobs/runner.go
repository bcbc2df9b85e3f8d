package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"

	"readback/tickets"
)

// River keeps what is over this long; the outbox is what is kept.
const (
	keepDone    = time.Minute
	keepRefused = time.Hour
)

// ErrStuck: a job went on although it was cancelled.
var ErrStuck = errors.New("a job does not end")

// A Runner works the jobs of one store. Make it with New.
type Runner struct {
	config Config
	outbox Outbox
	client func() (client, error) // a client that failed to start is not started again
}

// client is the part of river.Client that has no type parameter.
type client interface {
	Start(ctx context.Context) error
	Stopped() <-chan struct{}
}

// New makes a runner of jobs in a database; the stores give the driver. It connects to nothing yet.
func New[Tx any](driver riverdriver.Driver[Tx], outbox Outbox, worker Worker, config Config) (*Runner, error) {
	config = config.withDefaults()
	fresh := func() (client, error) { return newClient(driver, worker, config) }
	if _, err := fresh(); err != nil {
		return nil, fmt.Errorf("jobs: %w: %w", tickets.ErrInvalid, err)
	}
	return &Runner{config: config, outbox: outbox, client: fresh}, nil
}

func newClient[Tx any](driver riverdriver.Driver[Tx], worker Worker, config Config) (*river.Client[Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &noticeWorker{worker: worker, config: config}); err != nil {
		return nil, err
	}
	queues := map[string]river.QueueConfig{}
	for name, queue := range config.Queues {
		queues[name] = river.QueueConfig{MaxWorkers: queue.Workers}
	}
	lite := driver.DatabaseName() == riverdriver.DatabaseNameSQLite
	settings := &river.Config{
		ID:     config.Node + "-" + rand.Text(), // a gateway that was started again is another one
		Queues: queues, Workers: workers, Logger: slog.New(quiet{config.Log.Handler()}),
		FetchCooldown: min(river.FetchCooldownDefault, config.Poll), FetchPollInterval: config.Poll,
		PollOnly:   lite, // listening to SQLite is asking it twenty times a second
		JobTimeout: config.longest(), RescueStuckJobsAfter: config.longest() + time.Minute,
		CompletedJobRetentionPeriod: keepDone, CancelledJobRetentionPeriod: keepRefused, DiscardedJobRetentionPeriod: keepRefused,
		SoftStopTimeout: config.Grace,
		JobStuckHandler: func(context.Context, river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: true} // what ignores its time limit must not block its queue
		},
	}
	if lite {
		settings.ReindexerIndexNames = []string{} // it would hold the file while tickets wait
	}
	return river.NewClient(driver, settings)
}

// Run works jobs until ctx ends: then it takes no more, waits for those under way, cancels them when the grace is over, and
// waits as long again. It fails only with ErrStuck, then. A database that is away is tried again until it is there.
func (r *Runner) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	running := r.start(ctx)
	if running == nil {
		return nil
	}
	group.Go(func() { r.sweep(ctx) })
	<-ctx.Done()
	select {
	case <-running.Stopped():
		return nil
	case <-time.After(2 * r.config.Grace):
		return ErrStuck
	}
}

// start returns nil when ctx ended first.
func (r *Runner) start(ctx context.Context) client {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		client, err := r.client()
		if err == nil {
			err = client.Start(ctx)
		}
		if err == nil {
			return client
		}
		if ctx.Err() == nil {
			r.config.Log.Warn("jobs wait for the ticket store", "attempt", attempt, "error", err)
		}
		pause(ctx, min(backOff(attempt), time.Minute/2))
	}
	return nil
}

func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
