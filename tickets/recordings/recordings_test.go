package recordings_test

import (
	"bytes"
	"context"
	"errors"
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
