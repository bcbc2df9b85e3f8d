package sip

import (
	"context"
	"maps"
	"slices"
	"time"
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

// closing refuses what is new while the gateway drains, for the time that is left; nil while it does not.
func (u *UserAgent) closing() *verdict {
	until := u.draining.Load()
	if until == nil {
		return nil
	}
	return comeBack("draining", "the gateway is closing", time.Until(*until))
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
