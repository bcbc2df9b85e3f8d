package media

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"readback/media/sdp"
)

const (
	// full is the share of its time above which a worker gets no more sessions while another one is less busy.
	full = 0.6
	// bindTries bounds how many ports another program may hold before Open gives up.
	bindTries = 16
)

// Engine owns the RTP ports and the workers that serve them.
type Engine struct {
	config  Config
	io      string
	ports   *ports
	running sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	workers  []*worker
	sessions map[*Session]struct{}
}

// New checks the configuration. No thread runs before the first session.
func New(config Config) (*Engine, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if config.Workers == 0 {
		config.Workers = runtime.NumCPU()
	}
	way, err := config.way()
	if err != nil {
		return nil, err
	}
	return &Engine{
		config:   config,
		io:       way,
		ports:    newPorts(config.PortMin, config.PortMax, config.Quarantine),
		sessions: map[*Session]struct{}{},
	}, nil
}

// Open gives a call its port: ErrNoPorts, ErrClosed. Close the session when the call is over.
func (e *Engine) Open(options Options) (*Session, error) {
	codecs, err := options.codecs()
	if err != nil {
		return nil, err
	}
	conn, port, err := e.bind()
	if err != nil {
		return nil, err
	}
	s := &Session{
		engine: e, options: options, port: port, rtp: conn,
		endpoint: sdp.Endpoint{Local: netip.AddrPortFrom(e.config.Advertise, port), Codecs: codecs, Policy: options.Encryption.policy()},
		done:     make(chan struct{}), silent: make(chan struct{}), keyed: make(chan struct{}, 1),
	}
	s.out.begin()
	s.out.origin = rand.Uint32()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.Join(ErrClosed, conn.close())
	}
	e.sessions[s] = struct{}{}
	return s, nil
}

// bind opens an even port of the pool. A port that another program holds goes to rest.
func (e *Engine) bind() (packetIO, uint16, error) {
	var last error
	for range bindTries {
		port, ok := e.ports.take()
		if !ok {
			break
		}
		conn, err := e.listen(port)
		if err == nil {
			return conn, port, nil
		}
		e.ports.put(port)
		last = err
	}
	if last != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrNoPorts, last)
	}
	return nil, 0, ErrNoPorts
}

func (e *Engine) listen(port uint16) (packetIO, error) {
	at := netip.AddrPortFrom(e.config.Address, port)
	if e.config.Network == nil {
		return openSocket(at)
	}
	conn, err := e.config.Network(at)
	if err != nil {
		return nil, err
	}
	return &polled{conn: conn}, nil
}

// join gives a session to the worker that is to serve it.
func (e *Engine) join(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.worker().join(s)
}

// worker picks the least busy one, and starts another when even that is full. e.mu is held.
func (e *Engine) worker() *worker {
	var best *worker
	for _, w := range e.workers {
		if best == nil || w.less(best) {
			best = w
		}
	}
	if best != nil && (best.load().Busy < full || len(e.workers) == e.config.Workers) {
		return best
	}
	w := newWorker(e.newSleeper(), e.newCarrier, e.config.Log)
	e.workers = append(e.workers, w)
	e.running.Go(w.run)
	return w
}

// newCarrier is a worker's way to the kernel, opened on its thread.
func (e *Engine) newCarrier(w *worker) carrier {
	if e.io == ioRing {
		u, err := newUring(w, e.ports.size)
		if err == nil {
			return u
		}
		e.config.Log.Warn("media: a worker falls back to plain system calls", "error", err)
	}
	return &plain{w: w}
}

func (e *Engine) newSleeper() sleeper {
	if e.config.Network != nil {
		return newFakeable()
	}
	return newSleeper()
}

// forget takes a closed session off the books.
func (e *Engine) forget(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sessions, s)
}

// Close closes the sessions that are left and waits for the workers.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	workers := e.workers
	var left []*Session
	for s := range e.sessions {
		left = append(left, s)
	}
	e.mu.Unlock()
	for _, s := range left {
		s.Close()
	}
	for _, w := range workers {
		w.stop()
	}
	e.running.Wait()
}

// Load is what a worker does.
type Load struct {
	// Sessions it serves.
	Sessions int
	// RealTime tells that the worker's thread runs at real-time priority.
	RealTime bool
	// Busy is the share of the last second that it worked, 0 to 1.
	Busy float64
	// Late99 and LateMax are how late ticks of the last second began: the 99th percentile, rounded up to 0.5, 1, 2, 5,
	// 10, 20 or 40 ms, and the latest.
	Late99, LateMax time.Duration
}

// Load reports each worker's.
func (e *Engine) Load() []Load {
	e.mu.Lock()
	defer e.mu.Unlock()
	var loads []Load
	for _, w := range e.workers {
		loads = append(loads, w.load())
	}
	return loads
}

// IO is the way packets reach the kernel: "io_uring" or "plain".
func (e *Engine) IO() string { return e.io }

// Sessions is how many are open.
func (e *Engine) Sessions() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.sessions)
}
