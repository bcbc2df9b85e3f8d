package media

import (
	"context"
	"slices"
	"time"
)

// clock is a session's time, which stands still while the call is on hold.
type clock struct {
	time  time.Duration
	last  time.Duration // on the worker's clock
	begun bool
	held  bool
}

func (c *clock) advance(now time.Duration) {
	if c.begun && !c.held {
		c.time += now - c.last
	}
	c.begun, c.last = true, now
}

// Held reports whether the peer does not listen (RFC 3264 section 8.4): prompts and all patience stand still.
func (s *Session) Held() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.held
}

// setHold begins or ends a hold. s.mu is held.
func (s *Session) setHold(held bool) {
	if held == s.clock.held {
		return
	}
	s.clock.held = held
	if s.bridged != nil {
		s.bridged.tellHold()
	}
	for _, w := range s.waits {
		w.setHold(held)
	}
}

// Patience is context.WithTimeoutCause on a clock that stands still while the call is on hold.
func (s *Session) Patience(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &wait{left: d, fire: func() { cancel(cause) }}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.waits = append(s.waits, w)
		w.setHold(s.clock.held)
	}
	return ctx, func() {
		cancel(context.Canceled)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits.remove(w)
	}
}

// wait is one Patience that runs.
type wait struct {
	timer *time.Timer // nil on hold
	since time.Time
	left  time.Duration
	fire  func()
}

func (w *wait) setHold(held bool) {
	switch {
	case !held:
		w.since = time.Now()
		w.timer = time.AfterFunc(w.left, w.fire)
	case w.timer != nil:
		w.timer.Stop()
		w.timer = nil
		w.left -= time.Since(w.since)
	}
}

// waits are the patience of a session.
type waits []*wait

func (ws *waits) remove(w *wait) {
	if w.timer != nil {
		w.timer.Stop()
	}
	*ws = slices.DeleteFunc(*ws, func(other *wait) bool { return other == w })
}

func (ws *waits) stop() {
	for _, w := range *ws {
		if w.timer != nil {
			w.timer.Stop()
		}
	}
	*ws = nil
}
