package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"readback/config"
	"readback/media"
)

const (
	// admissionPace is how often the load is looked at; a worker measures itself over a second.
	admissionPace = 500 * time.Millisecond
	// calm is how long there must be no overload before it counts as over in the log: near its limit a gateway goes
	// in and out of it every second.
	calm = 10 * time.Second
)

// An admission refuses new calls while those there are need the machine for their sound. One worker above a limit is
// enough, also when another could still take calls, or be started: workers share the machine with each other and with
// signalling, and a call cannot leave the worker that it is on.
type admission struct {
	limits config.Overload
	load   func() []media.Load
	log    *slog.Logger

	reason  atomic.Pointer[string] // why calls are refused now; nil while they are taken
	refused atomic.Int64           // calls and OPTIONS in this spell of overload
	since   time.Time              // the spell's beginning; zero between two
	last    time.Time              // when there was overload last
}

// run looks at the load until ctx ends.
func (a *admission) run(ctx context.Context) {
	ticker := time.NewTicker(admissionPace)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			a.look(now)
		case <-ctx.Done():
			return
		}
	}
}

// look decides whether calls are taken from now on.
func (a *admission) look(now time.Time) {
	reason := a.overload()
	if reason == "" {
		a.reason.Store(nil)
		a.rest(now)
		return
	}
	a.reason.Store(&reason)
	a.last = now
	if a.since.IsZero() {
		a.since = now
		a.log.Warn("new calls are refused until there is less to do; calls in progress go on", "reason", reason, "retry_after", a.limits.RetryAfter)
	}
}

// rest ends a spell of overload once it has been calm.
func (a *admission) rest(now time.Time) {
	if a.since.IsZero() || now.Sub(a.last) < calm {
		return
	}
	a.log.Info("new calls are taken again", "overload_seconds", a.last.Sub(a.since).Seconds(), "refused", a.refused.Swap(0))
	a.since = time.Time{}
}

// overload names the first worker that is above a limit, and the limit; empty when none is.
func (a *admission) overload() string {
	for i, worker := range a.load() {
		switch {
		case worker.Busy > float64(a.limits.Busy):
			return fmt.Sprintf("media worker %d with %d calls is busy for %.3g %% of its time, over the %.3g %% of rtp.overload.busy",
				i, worker.Sessions, 100*worker.Busy, 100*a.limits.Busy)
		case worker.Late99 > a.limits.Late.D():
			return fmt.Sprintf("media worker %d with %d calls is %v late, over the %v of rtp.overload.late",
				i, worker.Sessions, worker.Late99, a.limits.Late)
		}
	}
	return ""
}

// refuse is sip.Config.Overload.
func (a *admission) refuse() (reason string, retry time.Duration) {
	now := a.reason.Load()
	if now == nil {
		return "", 0
	}
	a.refused.Add(1)
	return *now, a.limits.RetryAfter.D()
}

// overloaded is why calls are refused now; empty while they are taken.
func (a *admission) overloaded() string {
	if now := a.reason.Load(); now != nil {
		return *now
	}
	return ""
}
