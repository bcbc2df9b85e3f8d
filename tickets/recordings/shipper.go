package recordings

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"readback/tickets"
)

// A Shipper moves recordings from the directory in which they are made to where they are kept, and finds them in both. The
// directory is the only list of what has to be moved: a file is removed from it when its copy is confirmed, and not before.
type Shipper struct {
	From Directory
	To   tickets.Recordings
	Log  *slog.Logger

	inPlace bool // they are encrypted, and stay in the directory
	more    chan struct{}
	mu      sync.Mutex
	busy    map[string]bool // calls in progress
	failing time.Time
	because error
	moved   int
}

var _ tickets.Recordings = (*Shipper)(nil)

const (
	again    = 15 * time.Second // the pause after which what could not be moved is tried again
	farewell = 10 * time.Second // for what is left when the gateway stops
	lanes    = 3                // recordings that are moved at once
	hopeless = 5                // failures in a row that end an attempt: the other side is away
)

// NewShipper makes a shipper; Run runs it. A nil log is silent. Where recordings are encrypted in the directory in which they are
// made, only the plain ones have to be moved.
func NewShipper(from Directory, to tickets.Recordings, log *slog.Logger) *Shipper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	sealed, ok := to.(*Sealed)
	return &Shipper{
		From: from, To: to, Log: log, inPlace: ok && sealed.In == tickets.Recordings(from),
		busy: map[string]bool{}, more: make(chan struct{}, 1),
	}
}

// Hold keeps the recordings of a call, whose names begin with its key and a dash, in the directory until release is called: they may
// be made again, or thrown away.
func (s *Shipper) Hold(call string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[call] = true
	return func() {
		s.mu.Lock()
		delete(s.busy, call)
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default: // it will look anyway
		}
	}
}

func (s *Shipper) held(name string) bool {
	call, _, _ := strings.Cut(name, "-")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy[call]
}

// Run moves recordings as they come, until ctx ends; then those that are left, if that is quick.
func (s *Shipper) Run(ctx context.Context) {
	ticker := time.NewTicker(again)
	defer ticker.Stop()
	for {
		_, err := s.Ship(ctx)
		if ctx.Err() == nil {
			s.note(err)
		}
		select {
		case <-s.more:
		case <-ticker.C:
		case <-ctx.Done():
			s.last(context.WithoutCancel(ctx))
			return
		}
	}
}

func (s *Shipper) last(ctx context.Context) {
	if s.failing.IsZero() {
		ctx, cancel := context.WithTimeoutCause(ctx, farewell, errors.New("the gateway stops"))
		defer cancel()
		_, err := s.Ship(ctx)
		s.note(err)
	}
}

// note remembers how it goes, and tells when that changes.
func (s *Shipper) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch failing := !s.failing.IsZero(); {
	case err != nil && !failing:
		s.failing = time.Now()
		s.Log.Warn("recordings cannot be moved to where they are kept; they wait in the data directory", "error", err)
	case err == nil && failing:
		s.Log.Info("recordings are moved again", "after", time.Since(s.failing))
		s.failing = time.Time{}
	}
	s.because = err
}

// A State is how moving goes.
type State struct {
	Waiting int       // recordings of calls that are over
	Oldest  time.Time // when the first of them was made; zero without any
	Failing time.Time // since when not all could be moved; zero: they can
	Because error     // what failed last
	Moved   int       // since the start
}

// State looks at what waits.
func (s *Shipper) State(ctx context.Context) (State, error) {
	s.mu.Lock()
	state := State{Failing: s.failing, Because: s.because, Moved: s.moved}
	s.mu.Unlock()
	err := s.waiting(ctx, whenever(), func(name string, made time.Time) error {
		if s.held(name) {
			return nil
		}
		if state.Waiting++; state.Oldest.IsZero() || made.Before(state.Oldest) {
			state.Oldest = made
		}
		return nil
	})
	return state, err
}

// whenever is later than any recording.
func whenever() time.Time { return time.Unix(1<<40, 0) }

// waiting lists what is not where it is kept yet.
func (s *Shipper) waiting(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	return s.From.List(ctx, before, func(name string, made time.Time) error {
		if s.inPlace && strings.HasSuffix(name, Suffix) {
			return nil
		}
		return visit(name, made)
	})
}

// Ship moves what there is now, and returns how many recordings that were. One that fails does not hold up the others, until
// there is no hope.
func (s *Shipper) Ship(ctx context.Context) (moved int, err error) {
	var names []string
	err = s.waiting(ctx, whenever(), func(name string, _ time.Time) error {
		if !s.held(name) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	// The same one must not always be first: it may be the one that never works.
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var t tally
	var group sync.WaitGroup
	work := make(chan string)
	for range min(lanes, len(names)) {
		group.Go(func() {
			for name := range work {
				t.count(s.ship(ctx, name))
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil || t.over() {
			break
		}
		work <- name
	}
	close(work)
	group.Wait()
	s.mu.Lock()
	s.moved += t.moved
	s.mu.Unlock()
	return t.moved, t.err(ctx)
}

// A tally is what came of an attempt.
type tally struct {
	mu     sync.Mutex
	moved  int
	failed int
	inARow int
	first  error
}

func (t *tally) count(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.moved, t.inARow = t.moved+1, 0
		return
	}
	t.failed++
	if errors.Is(err, tickets.ErrUnavailable) {
		t.inARow++
	}
	if t.first == nil {
		t.first = err
	}
}

func (t *tally) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inARow >= hopeless
}

func (t *tally) err(ctx context.Context) error {
	switch {
	case t.failed > 1:
		return fmt.Errorf("%w (and %d more)", t.first, t.failed-1)
	case t.failed == 1:
		return t.first
	}
	return context.Cause(ctx)
}

func (s *Shipper) ship(ctx context.Context, name string) error {
	file, err := s.From.open(name)
	if errors.Is(err, tickets.ErrNotFound) {
		return nil // erased just now
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := s.To.Put(ctx, name, file); err != nil {
		return err
	}
	err = os.Remove(file.Name())
	if errors.Is(err, fs.ErrNotExist) { // erased meanwhile, perhaps by another process
		return s.To.Delete(ctx, name)
	}
	return err
}
