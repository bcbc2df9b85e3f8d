package recordings

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
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
	Log  *slog.Logger // nil: silent

	mu   sync.Mutex
	busy map[string]bool // calls in progress
	more chan struct{}
}

var _ tickets.Recordings = (*Shipper)(nil)

// again is the pause after which what could not be moved is tried again.
const again = 15 * time.Second

// NewShipper makes a shipper; Run runs it.
func NewShipper(from Directory, to tickets.Recordings, log *slog.Logger) *Shipper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shipper{From: from, To: to, Log: log, busy: map[string]bool{}, more: make(chan struct{}, 1)}
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

// Run moves recordings as they come, until ctx ends.
func (s *Shipper) Run(ctx context.Context) {
	ticker := time.NewTicker(again)
	defer ticker.Stop()
	for {
		if _, err := s.Ship(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("recordings could not be moved to where they are kept; they will be later", "error", err)
		}
		select {
		case <-s.more:
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Ship moves what there is now, and returns how many recordings that were. One that fails does not hold up the others, unless
// ctx ends.
func (s *Shipper) Ship(ctx context.Context) (moved int, err error) {
	var problems []error
	err = s.From.List(ctx, time.Now().Add(time.Hour), func(name string, _ time.Time) error {
		if s.held(name) || strings.HasSuffix(name, sealedSuffix) {
			return nil
		}
		if err := s.ship(ctx, name); err != nil {
			problems = append(problems, err)
			return ctx.Err()
		}
		moved++
		return nil
	})
	return moved, errors.Join(append(problems, err)...)
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

// Waiting is how many recordings are still to be moved, and since when the oldest of them waits.
func (s *Shipper) Waiting(ctx context.Context) (count int, oldest time.Time, err error) {
	err = s.From.List(ctx, time.Now().Add(time.Hour), func(name string, kept time.Time) error {
		if strings.HasSuffix(name, sealedSuffix) {
			return nil
		}
		if count++; oldest.IsZero() || kept.Before(oldest) {
			oldest = kept
		}
		return nil
	})
	return count, oldest, err
}

// Put implements tickets.Recordings.
func (s *Shipper) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	return s.To.Put(ctx, name, from)
}

// Open implements tickets.Recordings.
func (s *Shipper) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	here, err := s.From.Open(ctx, name)
	if errors.Is(err, tickets.ErrNotFound) {
		return s.To.Open(ctx, name)
	}
	return here, err
}

// Delete implements tickets.Recordings. The first copy goes first: it can no longer be moved then.
func (s *Shipper) Delete(ctx context.Context, name string) error {
	return errors.Join(s.From.Delete(ctx, name), s.To.Delete(ctx, name))
}

// List implements tickets.Recordings.
func (s *Shipper) List(ctx context.Context, before time.Time, visit func(string, time.Time) error) error {
	return s.To.List(ctx, before, visit)
}
