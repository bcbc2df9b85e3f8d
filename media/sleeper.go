package media

import (
	"errors"
	"time"
)

// sleeper is a worker's clock. Times are since an epoch of its own, on a steady clock.
type sleeper interface {
	// begin and end frame the worker's life, on its goroutine. begin tells what keeps it from real-time priority.
	begin() (realTime error)
	end()
	now() time.Duration
	sleep(until time.Duration)
}

// fakeable sleeps by the time package, so that it follows the fake clock of a testing/synctest bubble.
type fakeable struct{ epoch time.Time }

func newFakeable() sleeper { return &fakeable{time.Now()} }

func (f *fakeable) begin() error       { return errors.ErrUnsupported }
func (f *fakeable) end()               {}
func (f *fakeable) now() time.Duration { return time.Since(f.epoch) }
func (f *fakeable) sleep(until time.Duration) {
	time.Sleep(until - f.now())
}
