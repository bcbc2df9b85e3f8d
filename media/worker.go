package media

import (
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
	clock  sleeper
	wake   chan struct{} // has a token when joining or quit changed
	visits [visitEvery]queue
	sends  [slots]int // sessions that send in a slot
	gauge  gauge

	// Scratch of whatever session is served.
	in  [maxPacket]byte
	out [headerSize + maxFrame]byte
	pcm [maxPacket]int16

	mu      sync.Mutex
	joining []*Session
	quit    bool
}

// queue holds sessions, linked through Session.next.
type queue struct{ head, tail *Session }

func (q *queue) push(s *Session) {
	s.next = nil
	if q.tail == nil {
		q.head = s
	} else {
		q.tail.next = s
	}
	q.tail = s
}

func newWorker(clock sleeper) *worker {
	return &worker{clock: clock, wake: make(chan struct{}, 1)}
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
	w.clock.begin()
	defer w.clock.end()
	next := tickAfter(w.clock.now())
	for {
		if w.idle() {
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

func tickAfter(t time.Duration) int64 { return int64(t/tickTime) + 1 }

// skipped is how many ticks a worker that is late leaves out: whole rounds, so that every session keeps its slot.
func skipped(late time.Duration) int64 {
	if late <= behind {
		return 0
	}
	return int64(late/round) * slots
}

func (w *worker) idle() bool {
	for i := range w.visits {
		if w.visits[i].head != nil {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.joining) == 0 && !w.quit
}

// adopt places the sessions that have come, each in the emptiest slot. It returns false when the worker is to end.
func (w *worker) adopt(tick int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, s := range w.joining {
		due := tick
		for n := tick + 1; n < tick+slots; n++ {
			if w.sends[n%slots] < w.sends[due%slots] {
				due = n
			}
		}
		s.begin(due)
		w.sends[due%slots]++
		w.visits[due%visitEvery].push(s)
		w.joining[i] = nil
	}
	w.joining = w.joining[:0]
	return !w.quit
}

// serve visits the sessions of a tick.
func (w *worker) serve(tick int64) {
	q := &w.visits[tick%visitEvery]
	s := q.head
	*q = queue{}
	for s != nil {
		next := s.next
		if slot, stays := s.visit(w, tick, w.clock.now()); stays {
			q.push(s)
		} else {
			s.next = nil
			w.sends[slot]--
			w.gauge.sessions.Add(-1)
		}
		s = next
	}
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
