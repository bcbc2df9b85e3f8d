package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/media/wav"
	"readback/tickets"
	"readback/tickets/recordings"
)

// Recordings go when their time is over: that of their account, or of all.
func TestOldRecordingsAreRemoved(t *testing.T) {
	const day = config.Duration(24 * time.Hour)
	now := time.Now()
	for name, test := range map[string]struct {
		file string
		days int
		keep config.Recording
		left bool
	}{
		"old":                         {file: "a.wav", days: 31, keep: config.Recording{Keep: 30 * day}},
		"young":                       {file: "a.wav", days: 1, keep: config.Recording{Keep: 30 * day}, left: true},
		"kept for ever":               {file: "a.wav", days: 9999, left: true},
		"encrypted":                   {file: "a.wav.age", days: 31, keep: config.Recording{Keep: 30 * day}},
		"somebody's notes":            {file: "notes.txt", days: 9999, keep: config.Recording{Keep: day}, left: true},
		"an account with less":        {file: "call-1.wav", days: 8, keep: config.Recording{Keep: 30 * day, Accounts: map[string]config.Duration{"30471234": 7 * day}}},
		"its note":                    {file: "call-2-note-1.wav", days: 8, keep: config.Recording{Accounts: map[string]config.Duration{"30471234": 7 * day}}},
		"not over yet":                {file: "call-1.wav", days: 6, keep: config.Recording{Keep: 30 * day, Accounts: map[string]config.Duration{"30471234": 7 * day}}, left: true},
		"an account with more":        {file: "call-1.wav", days: 31, keep: config.Recording{Keep: 30 * day, Accounts: map[string]config.Duration{"30471234": 365 * day}}, left: true},
		"an account for ever":         {file: "call-1.wav", days: 9999, keep: config.Recording{Keep: 30 * day, Accounts: map[string]config.Duration{"30471234": 0}}, left: true},
		"another account":             {file: "call-1.wav", days: 31, keep: config.Recording{Keep: 30 * day, Accounts: map[string]config.Duration{"11111111": 0}}},
		"somebody else, all for ever": {file: "a.wav", days: 31, keep: config.Recording{Accounts: map[string]config.Duration{"30471234": 7 * day}}, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.file)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, now.AddDate(0, 0, -test.days)); err != nil {
				t.Fatal(err)
			}
			var kept tickets.Recordings = recordings.Directory(filepath.Dir(path))
			if strings.HasSuffix(test.file, recordings.Suffix) {
				kept = &recordings.Sealed{In: kept}
			}
			if err := removeRecordings(t.Context(), kept, ledger{}, test.keep, now); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); (err == nil) != test.left {
				t.Errorf("stat says %v; want the file left: %t", err, test.left)
			}
		})
	}
}

// Where it cannot be known whose a recording is, none goes.
func TestNoRecordingIsRemovedWhileTheStoreIsAway(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "call-1.wav")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Time{}, time.Now().AddDate(-1, 0, 0))); err != nil {
		t.Fatal(err)
	}
	keep := config.Recording{Keep: config.Duration(time.Hour), Accounts: map[string]config.Duration{"30471234": 0}}
	if err := removeRecordings(t.Context(), recordings.Directory(folder), ledger{away: true}, keep, time.Now()); !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// A ledger knows one ticket, of account 30471234, with a note.
type ledger struct {
	tickets.Reader
	away bool
}

func (l ledger) ListTickets(_ context.Context, page tickets.TicketPage) ([]tickets.Ticket, error) {
	switch {
	case l.away:
		return nil, tickets.ErrUnavailable
	case page.Account != "30471234":
		return nil, nil
	}
	return []tickets.Ticket{{Number: "48215906", Account: page.Account, Recording: "call-1.wav"}}, nil
}

func (l ledger) Events(context.Context, tickets.Number) ([]tickets.Event, error) {
	return []tickets.Event{
		{What: tickets.EventReceived, Detail: map[string]string{"recording": "call-1.wav", "node": "a"}},
		{What: tickets.EventNote, Detail: map[string]string{"recording": "call-2-note-1.wav"}},
	}, nil
}

// What a killed gateway leaves is a header that knows of no sound, and the sound; or nothing but the header.
func TestRecordingsOfAKilledGatewayAreMended(t *testing.T) {
	folder := t.TempDir()
	put := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	header := wavHeader(t)
	put("A-problem.wav.draft", append(bytes.Clone(header), make([]byte, 16001)...)) // half a sample at the end
	put("A-problem.wav", header)                                                    // an earlier take
	put("B-problem.wav.draft", header)
	put("C-problem.wav.draft", nil)
	put("D-problem.wav.draft", bytes.Repeat([]byte("no sound"), 100))
	var log lockedBuffer
	if err := mendRecordings(folder, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{"A-problem-unfinished.wav", "A-problem.wav", "D-problem.wav.draft"}; !slices.Equal(names, want) {
		t.Errorf("the folder holds %v; want %v; log:\n%s", names, want, &log)
	}
	file, err := os.Open(filepath.Join(folder, "A-problem-unfinished.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if samples, rate, err := wav.Read(file); err != nil || rate != 8000 || len(samples) != 8000 {
		t.Errorf("%d samples at %d Hz, %v; want all 8000", len(samples), rate, err)
	}
	for _, line := range []string{"is kept\" file=" + file.Name(), "cannot be mended"} {
		if !bytes.Contains([]byte(log.String()), []byte(line)) {
			t.Errorf("the log does not say %q:\n%s", line, &log)
		}
	}
}

// wavHeader is that of a recording that has just begun.
func wavHeader(t *testing.T) []byte {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "new.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := wav.NewWriter(file, 8000); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return content
}
