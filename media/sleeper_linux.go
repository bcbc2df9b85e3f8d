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

// realTimePriority is the least that is above everything without one: packets go first, but not before the kernel's own.
const realTimePriority = 1

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

// begin takes the thread for good: it ends with the goroutine, and its priority with it.
func (n *nanosleeper) begin() (realTime error) {
	runtime.LockOSThread()
	addPlaces(1)
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // at worst the kernel rounds each sleep by 50 µs
	return unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: realTimePriority, Flags: unix.SCHED_FLAG_RESET_ON_FORK,
	}, 0)
}

func (n *nanosleeper) end() { addPlaces(-1) }

func (n *nanosleeper) now() time.Duration { return time.Since(n.epoch) }

// insistent is how many signals within how long are not the scheduler's routine: whoever stops the world, to collect
// garbage, repeats them each 100 µs or sooner until it is heard.
const (
	insistent = 3
	patience  = 400 * time.Microsecond
)

// sleep is pinned, until somebody insists.
func (n *nanosleeper) sleep(until time.Duration) {
	ts := unix.NsecToTimespec(int64(n.zero + until))
	pin()
	signals := insistence{}
	for nanosleep(&ts) == unix.EINTR {
		if signals.count(n.now()) {
			procUnpin()
			giveWay(&ts)
			return
		}
	}
	unpin()
}

// giveWay sleeps on while it lets everybody interrupt.
func giveWay(until *unix.Timespec) {
	checkpoint()
	for nanosleep(until) == unix.EINTR {
		checkpoint()
	}
}

func nanosleep(until *unix.Timespec) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, uintptr(unsafe.Pointer(until)), 0, 0, 0)
	return errno
}

// insistence counts signals that follow one another closely.
type insistence struct {
	first time.Duration
	n     int
}

func (i *insistence) count(now time.Duration) (insists bool) {
	if i.n == 0 || now-i.first > patience {
		*i = insistence{first: now}
	}
	i.n++
	return i.n >= insistent
}
