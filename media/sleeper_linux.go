package media

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nanosleeper sleeps in the kernel until absolute times, on a thread of its own. The Go scheduler is not told: a
// worker keeps its place in GOMAXPROCS while it sleeps, and need not wait for one when it wakes. Everything else in the
// program is given another in exchange, without which it would stand still together with the worker.
type nanosleeper struct {
	epoch time.Time     // by Go's clock, which is CLOCK_MONOTONIC
	zero  time.Duration // CLOCK_MONOTONIC at epoch
}

func newSleeper() sleeper {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return newFakeable()
	}
	return &nanosleeper{epoch: time.Now(), zero: time.Duration(ts.Nano())}
}

// places guards GOMAXPROCS, of which the workers of all engines take their share.
var places sync.Mutex

func addPlaces(n int) {
	places.Lock()
	defer places.Unlock()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}

func (n *nanosleeper) begin() {
	runtime.LockOSThread()
	addPlaces(1)
}

func (n *nanosleeper) end() {
	addPlaces(-1)
	runtime.UnlockOSThread()
}

func (n *nanosleeper) now() time.Duration { return time.Since(n.epoch) }

func (n *nanosleeper) sleep(until time.Duration) {
	ts := unix.NsecToTimespec(int64(n.zero + until))
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}
