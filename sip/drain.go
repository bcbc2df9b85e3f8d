package sip

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// goodbyeTime is how long the last BYEs of a drain may wait for their answers.
const goodbyeTime = 2 * time.Second

// Drain takes no more calls (503 with Retry-After, also to OPTIONS) and waits for the running ones.
// Those that are still up when ctx ends are hung up, and its error is returned.
func (u *UserAgent) Drain(ctx context.Context) error {
	until, _ := ctx.Deadline()
	u.draining.CompareAndSwap(nil, &until)
	ended := u.idle()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	u.hangUpAll(ErrDrain)
	select {
	case <-ended:
	case <-time.After(goodbyeTime):
		u.stop()
		<-ended
	}
	return context.Cause(ctx)
}

// retryAfterDrain is the time left of a drain, and whether there is one.
func (u *UserAgent) retryAfterDrain() (sipgo.Header, bool) {
	until := u.draining.Load()
	if until == nil {
		return nil, false
	}
	seconds := max(1, int(time.Until(*until).Round(time.Second).Seconds()))
	return header("Retry-After", strconv.Itoa(seconds)), true
}

func (u *UserAgent) hangUpAll(cause error) {
	u.mu.Lock()
	calls := slices.Collect(maps.Keys(u.all))
	u.mu.Unlock()
	for _, c := range calls {
		c.end(cause)
	}
}

// idle is closed when there is no call left.
func (u *UserAgent) idle() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	idle := make(chan struct{})
	if u.active == 0 {
		close(idle)
	} else {
		u.idlers = append(u.idlers, idle)
	}
	return idle
}
