package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"

	"readback/tickets"
)

// noticeWorker is River's view of a Worker. What it returns is kept in River's tables, so it says nothing of the notice.
type noticeWorker struct {
	river.WorkerDefaults[tickets.NoticeJob]
	worker Worker
	config Config
}

type noticeJob = river.Job[tickets.NoticeJob]

// Timeout implements river.Worker.
func (w *noticeWorker) Timeout(job *noticeJob) time.Duration {
	return w.config.Queues[job.Queue].Timeout
}

// NextRetry implements river.Worker.
func (w *noticeWorker) NextRetry(job *noticeJob) time.Time {
	pause := backOff(job.Attempt)
	return time.Now().Add(pause*4/5 + rand.N(pause*2/5)) //nolint:gosec // gateways that fail together need not try together
}

// pauses are between attempts; the last one is repeated.
var pauses = [...]time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
}

// backOff is the pause after the nth attempt that failed, from 1.
func backOff(attempt int) time.Duration {
	return pauses[min(max(attempt, 1), len(pauses))-1]
}

var (
	errFailed  = errors.New("it failed; the gateway's log says why")
	errRefused = errors.New("it was refused for good; its notice says why")
)

// Work implements river.Worker.
func (w *noticeWorker) Work(ctx context.Context, job *noticeJob) error {
	err := w.attempt(ctx, job.Args.ID)
	later, isLater := errors.AsType[*tickets.Later](err)
	switch {
	case err == nil:
		w.config.Observe(job.Args.About, OutcomeDone)
		return nil
	case isLater:
		w.config.Observe(job.Args.About, OutcomeLater)
		return river.JobSnooze(max(time.Until(later.At), 0))
	case errors.Is(err, tickets.ErrRefused):
		w.config.Observe(job.Args.About, OutcomeRefused)
		return river.JobCancel(errRefused)
	}
	w.config.Observe(job.Args.About, OutcomeFailed)
	w.config.Log.Warn("a job failed and will be tried again", "notice", job.Args.ID, "kind", job.Args.About, "attempt", job.Attempt, "error", err)
	return errFailed
}

// attempt turns a panic into an error of this job, and of nothing else.
func (w *noticeWorker) attempt(ctx context.Context, id string) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("it failed on our side: %v\n%s", failure, debug.Stack())
		}
	}()
	return w.worker.Work(ctx, id)
}
