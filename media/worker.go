package media

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// tickTime is the pace of the wheel. A session sends in one of four slots of a round of 20 ms; it is visited every
	// second tick, so that what has come is read half way between: a key is answered 10 to 30 ms after it came.
	tickTime   = 5 * time.Millisecond
	slots      = 4
	round      = slots * tickTime
	visitEvery = 2
	// behind is how late a worker may be and still send everything that is due; later, whole rounds are left out.
	behind = 40 * time.Millisecond
)

// worker serves its sessions from one goroutine: it reads their sockets and sends their packets.
type worker struct {
	clock    sleeper
	wake     chan struct{} // has a token when joining or quit changed
	sessions [slots][]*Session
	open     func(*worker) carrier
	carrier  carrier
	gauge    gauge
	log      *slog.Logger

	// Scratch of whatever session is served.
	report [maxPacket]byte

	// The tick that is served: its number, its beginning on the worker's clock, and by the wall clock.
	tick int64
	now  time.Duration
	wall time.Duration

	adopting []*Session // the other half of joining: the two take turns

	mu      sync.Mutex
	joining []*Session
	quit    bool
}

func newWorker(clock sleeper, open func(*worker) carrier, log *slog.Logger) *worker {
	return &worker{clock: clock, open: open, log: log, wake: make(chan struct{}, 1)}
}

func (w *worker) join(s *Session) {
	w.mu.Lock()
	w.joining = append(w.joining, s)
	w.mu.Unlock()
	w.gauge.sessions.Add(1)
	w.notify()
}

func (w *worker) stop() {
	w.mu.Lock()
	w.quit = true
	w.mu.Unlock()
	w.notify()
}

func (w *worker) notify() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run turns the wheel until stop. Without sessions it waits for one instead.
func (w *worker) run() {
	w.gauge.realTime.Store(w.begin())
	defer w.clock.end()
	w.carrier = w.open(w)
	defer w.leave()
	next := tickAfter(w.clock.now())
	for {
		if w.idle() {
			w.gauge.rest()
			<-w.wake
			next = tickAfter(w.clock.now())
		}
		due := time.Duration(next) * tickTime
		w.clock.sleep(due)
		now := w.clock.now()
		next += skipped(now - due)
		if !w.adopt(next) {
			return
		}
		w.serve(next)
		w.gauge.tick(now-due, w.clock.now()-now)
		next++
	}
}

// begin takes the thread, and reports whether it has real-time priority.
func (w *worker) begin() (realTime bool) {
	err := w.clock.begin()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		w.log.Info("media: no real-time priority for packets; give the program CAP_SYS_NICE or an RTPRIO limit of 1", "reason", err)
	}
	return err == nil
}

// leave lets go of all sessions; they are closed.
func (w *worker) leave() {
	for _, sessions := range append(w.sessions[:], w.joining) {
		for _, s := range sessions {
			w.release(s)
		}
	}
	w.carrier.close()
}

func tickAfter(t time.Duration) int64 { return int64(t/tickTime) + 1 }

// skipped is how many ticks a worker that is late leaves out: whole rounds, so that every session keeps its slot.
func skipped(late time.Duration) int64 {
	if late <= behind {
		return 0
	}
	return int64(late/round) * slots
}

func (w *worker) idle() bool {
	for _, sessions := range w.sessions {
		if len(sessions) > 0 {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.joining) == 0 && !w.quit
}

// adopt places the sessions that have come, each in the emptiest slot. It returns false when the worker is to end.
func (w *worker) adopt(tick int64) bool {
	joined, quit := w.takeJoined()
	for i, s := range joined {
		due := tick
		for n := tick + 1; n < tick+slots; n++ {
			if len(w.sessions[n%slots]) < len(w.sessions[due%slots]) {
				due = n
			}
		}
		s.begin(due)
		w.sessions[due%slots] = append(w.sessions[due%slots], s)
		w.carrier.adopt(s)
		joined[i] = nil
	}
	return !quit
}

// takeJoined empties joining. Its lock is not held while sessions are placed: each has a lock of its own, which whoever
// closes it holds while it waits for the engine's, and whoever joins has that while it waits for ours.
func (w *worker) takeJoined() (joined []*Session, quit bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	joined = w.joining
	w.joining, w.adopting = w.adopting[:0], joined
	return joined, w.quit
}

// serve visits the sessions of a tick: those of the slot, which send, and then those half a round away, which are read.
func (w *worker) serve(tick int64) {
	w.tick, w.now, w.wall = tick, w.clock.now(), wall()
	w.visit(tick % slots)
	w.visit((tick + slots/2) % slots)
	w.carrier.flush()
}

func (w *worker) visit(slot int64) {
	sessions := w.sessions[slot]
	for i := 0; i < len(sessions); {
		w.carrier.ready()
		if sessions[i].visit(w) {
			i++
			continue
		}
		w.release(sessions[i])
		last := len(sessions) - 1
		sessions[i], sessions[last] = sessions[last], nil
		sessions = sessions[:last]
	}
	w.sessions[slot] = sessions
}

// release lets go of a session that is closed.
func (w *worker) release(s *Session) {
	w.carrier.release(s)
	s.release()
	w.gauge.sessions.Add(-1)
}

func (w *worker) load() Load { return w.gauge.read() }

// less reports whether w has less to do than other.
func (w *worker) less(other *worker) bool {
	a, b := w.load(), other.load()
	if (a.Busy < full) != (b.Busy < full) {
		return a.Busy < full
	}
	return a.Sessions < b.Sessions
}
