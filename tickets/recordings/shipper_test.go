package recordings_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
	"readback/tickets/recordings"
)

// unreliable fails as long as it is told to.
type unreliable struct {
	tickets.Recordings
	fail func(name string) error
	mu   sync.Mutex
	put  []string
}

func (u *unreliable) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	if err := u.fail(name); err != nil {
		return err
	}
	u.mu.Lock()
	u.put = append(u.put, name)
	u.mu.Unlock()
	return u.Recordings.Put(ctx, name, from)
}

func TestShipperLosesNothing(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	away := fmt.Errorf("%w: the bucket is away", tickets.ErrUnavailable)
	far := &unreliable{Recordings: to, fail: func(string) error { return away }}
	s := recordings.NewShipper(from, far, nil)
	put(t, from, "A-problem.wav", "one")
	put(t, from, "B-problem.wav", "two")
	release := s.Hold("C")
	put(t, from, "C-problem.wav", "still talking")

	if moved, err := s.Ship(t.Context()); moved != 0 || !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("moved %d, %v, want none and why", moved, err)
	}
	if got := read(t, s, "A-problem.wav"); got != "one" {
		t.Errorf("a recording that waits is %q", got)
	}
	if state, err := s.State(t.Context()); state.Waiting != 2 || time.Since(state.Oldest) > time.Hour || err != nil {
		t.Errorf("got %+v, %v, want 2 that wait", state, err)
	}
	if got, want := names(t, s, time.Now().Add(time.Minute)), []string{"A-problem.wav", "B-problem.wav", "C-problem.wav"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	far.fail = func(name string) error {
		if name == "A-problem.wav" {
			return away
		}
		return nil
	}
	if moved, err := s.Ship(t.Context()); moved != 1 || !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("moved %d, %v, want one: a failure holds up no other", moved, err)
	}
	far.fail = func(string) error { return nil }
	if moved, err := s.Ship(t.Context()); moved != 1 || err != nil {
		t.Errorf("moved %d, %v, want one", moved, err)
	}
	if want := []string{"B-problem.wav", "A-problem.wav"}; !slices.Equal(far.put, want) {
		t.Errorf("moved %v, want %v: a call in progress keeps its recordings", far.put, want)
	}
	release()
	if moved, err := s.Ship(t.Context()); moved != 1 || err != nil {
		t.Errorf("moved %d, %v, want the last", moved, err)
	}
	if left := names(t, from, time.Now().Add(time.Minute)); len(left) != 0 {
		t.Errorf("left here: %v", left)
	}
	if got, want := names(t, s, time.Now().Add(time.Minute)), []string{"A-problem.wav", "B-problem.wav", "C-problem.wav"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for name, want := range map[string]string{"A-problem.wav": "one", "B-problem.wav": "two", "C-problem.wav": "still talking"} {
		if got := read(t, s, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A recording that is erased while it is moved is gone in the end.
func TestErasedWhileItIsMoved(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	s := recordings.NewShipper(from, nil, nil)
	s.To = &unreliable{Recordings: to, fail: func(name string) error {
		return errors.Join(from.Delete(t.Context(), name), to.Delete(t.Context(), name))
	}}
	put(t, from, "A-problem.wav", "one")
	if _, err := s.Ship(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "A-problem.wav"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// Where recordings are encrypted in the directory in which they are made, the plain ones are what has to be moved.
func TestShipperEncryptsInPlace(t *testing.T) {
	dir := recordings.Directory(t.TempDir())
	s := recordings.NewShipper(dir, sealed(t, dir), nil)
	put(t, dir, "A-problem.wav", "one")
	for _, want := range []int{1, 0} {
		if moved, err := s.Ship(t.Context()); moved != want || err != nil {
			t.Errorf("moved %d, %v, want %d", moved, err, want)
		}
	}
	if got := names(t, dir, time.Now().Add(time.Minute)); !slices.Equal(got, []string{"A-problem.wav.age"}) {
		t.Errorf("the directory holds %v, want the encrypted recording alone", got)
	}
	if got := read(t, s, "A-problem.wav"); got != "one" {
		t.Errorf("it reads %q", got)
	}
	if err := s.Delete(t.Context(), "A-problem.wav"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s, time.Now().Add(time.Minute)); len(got) != 0 {
		t.Errorf("%v are left", got)
	}
}

// Where recordings were encrypted in the directory, and a bucket is added later, they go there as they are.
func TestShipperMovesEncryptedOnes(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	before := sealed(t, from)
	after := &recordings.Sealed{In: to, Recipients: before.Recipients, Identities: before.Identities}
	s := recordings.NewShipper(from, after, nil)
	put(t, before, "A-problem.wav", "one")
	put(t, before, "B-problem.wav", "two")
	if err := s.Delete(t.Context(), "B-problem.wav"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, s, time.Now().Add(time.Minute)); !slices.Equal(got, []string{"A-problem.wav"}) {
		t.Errorf("listed %v, want the one that is left", got)
	}
	if moved, err := s.Ship(t.Context()); moved != 1 || err != nil {
		t.Errorf("moved %d, %v, want one", moved, err)
	}
	if got := read(t, s, "A-problem.wav"); got != "one" {
		t.Errorf("it reads %q", got)
	}
}

func TestShipperRunsUntilItIsStopped(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	arrived := make(chan string, 10)
	s := recordings.NewShipper(from, &unreliable{Recordings: to, fail: func(name string) error {
		arrived <- name
		return nil
	}}, nil)
	release := s.Hold("A")
	put(t, from, "A-problem.wav", "one")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	release()
	if got := <-arrived; got != "A-problem.wav" {
		t.Errorf("moved %s", got)
	}
	cancel()
	<-done
}

// While the other side is away, an attempt does not take a time limit for each of the recordings, and the log says it once.
func TestShipperDoesNotInsist(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	for i := range 100 {
		put(t, from, fmt.Sprintf("C%d-problem.wav", i), "sound")
	}
	var tries atomic.Int32
	var away atomic.Bool
	away.Store(true)
	var log bytes.Buffer
	far := &unreliable{Recordings: to, fail: func(string) error {
		tries.Add(1)
		if away.Load() {
			return fmt.Errorf("%w: no answer", tickets.ErrUnavailable)
		}
		return nil
	}}
	synctest.Test(t, func(t *testing.T) {
		s := recordings.NewShipper(from, far, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.Run(ctx) })
		synctest.Wait()
		if got := tries.Load(); got < 5 || got > 10 {
			t.Errorf("tried %d times at first, want some", got)
		}
		time.Sleep(10 * time.Minute) // of the fake clock
		if got := tries.Load(); got < 5*40 || got > 10*41 {
			t.Errorf("tried %d times in 10 minutes, want some every 15 s", got)
		}
		if state, err := s.State(ctx); err != nil || state.Waiting != 100 || time.Since(state.Failing) != 10*time.Minute || !errors.Is(state.Because, tickets.ErrUnavailable) {
			t.Errorf("got %+v, %v, want 100 that wait, for 10 minutes", state, err)
		}
		away.Store(false)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if state, err := s.State(ctx); err != nil || state.Waiting != 0 || !state.Failing.IsZero() || state.Because != nil {
			t.Errorf("got %+v, %v, want all moved", state, err)
		}
		stop()
		running.Wait()
	})
	if got := strings.Count(log.String(), "\n"); got != 2 || !strings.Contains(log.String(), "cannot be moved") || !strings.Contains(log.String(), "moved again") {
		t.Errorf("want a line for each change, got:\n%s", log.String())
	}
	if got := len(far.put); got != 100 {
		t.Errorf("moved %d, want each once", got)
	}
}

// A recording that can never be moved holds up none of the others.
func TestShipperPassesWhatIsRefused(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	for i := range 20 {
		put(t, from, fmt.Sprintf("A%d-odd.wav", i), "sound")
	}
	put(t, from, "B-problem.wav", "sound")
	s := recordings.NewShipper(from, &unreliable{Recordings: to, fail: func(name string) error {
		if strings.Contains(name, "odd") {
			return tickets.ErrInvalid
		}
		return nil
	}}, nil)
	moved, err := s.Ship(t.Context())
	if moved != 1 || !errors.Is(err, tickets.ErrInvalid) || !strings.Contains(err.Error(), "19 more") {
		t.Errorf("moved %d, %v, want one, and why not the 20", moved, err)
	}
}

// What was recorded last is moved before the gateway stops.
func TestShipperMovesWhatIsLeft(t *testing.T) {
	from, to := recordings.Directory(t.TempDir()), recordings.Directory(t.TempDir())
	put(t, from, "A-problem.wav", "one")
	synctest.Test(t, func(t *testing.T) {
		s := recordings.NewShipper(from, to, nil)
		release := s.Hold("A")
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.Run(ctx) })
		synctest.Wait()
		stop()
		release()
		running.Wait()
	})
	if got := names(t, to, time.Now().Add(time.Minute)); !slices.Equal(got, []string{"A-problem.wav"}) {
		t.Errorf("moved %v, want the last one", got)
	}
}
