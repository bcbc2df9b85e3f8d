package recordings_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"readback/tickets"
	"readback/tickets/recordings"
)

func put(t *testing.T, r tickets.Recordings, name, text string) {
	t.Helper()
	if err := r.Put(t.Context(), name, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r tickets.Recordings, name string) string {
	t.Helper()
	from, err := r.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(from)
	if err := errors.Join(err, from.Close()); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, r tickets.Recordings, before time.Time) (all []string) {
	t.Helper()
	err := r.List(t.Context(), before, func(name string, kept time.Time) error {
		if since := time.Since(kept); since < -time.Minute || since > time.Hour {
			t.Errorf("%s was kept at %v, want now", name, kept)
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// sealed encrypts for an identity of its own, and for an auditor's.
func sealed(t *testing.T, in tickets.Recordings) *recordings.Sealed {
	t.Helper()
	var recipients []string
	file := filepath.Join(t.TempDir(), "identity")
	for range 2 {
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		recipients = append(recipients, identity.Recipient().String())
		if err := os.WriteFile(file, []byte("# made by age-keygen\n"+identity.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := recordings.NewSealed(in, recipients, file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRecordings is what every place must do.
func TestRecordings(t *testing.T) {
	for name, open := range map[string]func(*testing.T) tickets.Recordings{
		"directory":        func(t *testing.T) tickets.Recordings { return recordings.Directory(t.TempDir()) },
		"bucket":           func(t *testing.T) tickets.Recordings { return startGateway(t).bucket(t, "", 0) },
		"prefix":           func(t *testing.T) tickets.Recordings { return startGateway(t).bucket(t, "/some/where", 0) },
		"sealed directory": func(t *testing.T) tickets.Recordings { return sealed(t, recordings.Directory(t.TempDir())) },
		"sealed bucket":    func(t *testing.T) tickets.Recordings { return sealed(t, startGateway(t).bucket(t, "", 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			long := strings.Repeat("RIFF", 300_000)
			put(t, r, "A-problem.wav", "first take")
			put(t, r, "A-problem.wav", long)
			put(t, r, "B-note-1.wav", "")
			if got := read(t, r, "A-problem.wav"); got != long {
				t.Errorf("got %d bytes back, want %d", len(got), len(long))
			}
			if got := read(t, r, "B-note-1.wav"); got != "" {
				t.Errorf("got %q back, want nothing", got)
			}
			if got, want := names(t, r, time.Now().Add(time.Minute)), []string{"A-problem.wav", "B-note-1.wav"}; !slices.Equal(got, want) {
				t.Errorf("listed %v, want %v", got, want)
			}
			if got := names(t, r, time.Now().Add(-time.Minute)); len(got) != 0 {
				t.Errorf("%v are listed as old", got)
			}
			stop := errors.New("enough")
			if err := r.List(t.Context(), time.Now().Add(time.Minute), func(string, time.Time) error { return stop }); !errors.Is(err, stop) {
				t.Errorf("a list that was stopped: %v", err)
			}
			for range 2 {
				if err := r.Delete(t.Context(), "A-problem.wav"); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
			if _, err := r.Open(t.Context(), "A-problem.wav"); !errors.Is(err, tickets.ErrNotFound) {
				t.Errorf("open what is deleted: %v, want ErrNotFound", err)
			}
			for _, odd := range []string{"", ".", "..", "../a.wav", "a/b.wav", ".hidden.wav", "a\x00.wav", strings.Repeat("a", 300)} {
				_, opened := r.Open(t.Context(), odd)
				for what, err := range map[string]error{"put": r.Put(t.Context(), odd, strings.NewReader("x")), "open": opened, "delete": r.Delete(t.Context(), odd)} {
					if !errors.Is(err, tickets.ErrInvalid) {
						t.Errorf("%s %q: %v, want ErrInvalid", what, odd, err)
					}
				}
			}
		})
	}
}

func TestSealedRecordingsAreNotInTheClear(t *testing.T) {
	dir := t.TempDir()
	s := sealed(t, recordings.Directory(dir))
	put(t, s, "A-problem.wav", "the secret of the caller")
	data, err := os.ReadFile(filepath.Join(dir, "A-problem.wav.age"))
	if err != nil || !bytes.HasPrefix(data, []byte("age-encryption.org/v1\n")) || bytes.Contains(data, []byte("secret")) {
		t.Fatalf("kept as %.40q, %v", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v, want one file", entries, err)
	}
	stranger := sealed(t, recordings.Directory(dir))
	nobody := &recordings.Sealed{In: recordings.Directory(dir), Recipients: s.Recipients}
	for who, r := range map[string]*recordings.Sealed{"another's identity": stranger, "no identity": nobody} {
		if _, err := r.Open(t.Context(), "A-problem.wav"); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("with %s: %v, want ErrInvalid", who, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "A-problem.wav.age"), data[:len(data)-3], 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := s.Open(t.Context(), "A-problem.wav")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(from); err == nil {
		t.Error("a recording that was cut off is read to its end")
	}
	if err := from.Close(); err != nil {
		t.Error(err)
	}
	put(t, recordings.Directory(dir), "B-problem.wav", "from before")
	if got := read(t, s, "B-problem.wav"); got != "from before" {
		t.Errorf("a recording from before is %q", got)
	}
}

func TestNewSealedRefuses(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "identity")
	if err := os.WriteFile(odd, []byte("AGE-SECRET-KEY-1NONSENSE"), 0o600); err != nil {
		t.Fatal(err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	good := identity.Recipient().String()
	for name, test := range map[string]struct {
		recipients []string
		file       string
	}{
		"no recipient":    {nil, ""},
		"an odd one":      {[]string{"age1abc"}, ""},
		"no file":         {[]string{good}, odd + ".not"},
		"an odd identity": {[]string{good}, odd},
	} {
		if _, err := recordings.NewSealed(recordings.Directory(""), test.recipients, test.file); err == nil || strings.Contains(err.Error(), "NONSENSE") {
			t.Errorf("%s: %v, want an error without the secret", name, err)
		}
	}
}

func TestADirectoryHoldsWholeRecordingsOnly(t *testing.T) {
	dir := t.TempDir()
	d := recordings.Directory(dir)
	put(t, d, "A-problem.wav", "whole")
	broken := io.NewSectionReader(failing{}, 0, 100)
	if err := d.Put(t.Context(), "A-problem.wav", broken); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want what failed", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Put(ctx, "A-problem.wav", strings.NewReader("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if got := read(t, d, "A-problem.wav"); got != "whole" {
		t.Errorf("the recording is %q, want the one from before", got)
	}
	for _, name := range []string{"notes.txt", "C-problem.wav.draft"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, d, time.Now().Add(time.Minute)); !slices.Equal(got, []string{"A-problem.wav"}) {
		t.Errorf("listed %v, want the recording alone", got)
	}
	info, err := os.Stat(filepath.Join(dir, "A-problem.wav"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it has mode %v, %v, want 0600", info.Mode(), err)
	}
}

var errBroken = errors.New("broken")

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// unreliable fails as long as it is told to.
type unreliable struct {
	tickets.Recordings
	fail func(name string) error
	put  []string
}

func (u *unreliable) Put(ctx context.Context, name string, from io.ReadSeeker) error {
	if err := u.fail(name); err != nil {
		return err
	}
	u.put = append(u.put, name)
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
	if count, oldest, err := s.Waiting(t.Context()); count != 3 || time.Since(oldest) > time.Hour || err != nil {
		t.Errorf("%d wait since %v, %v, want 3", count, oldest, err)
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
