package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"readback/media/wav"
)

func TestOldRecordingsAreRemoved(t *testing.T) {
	now := time.Now()
	for name, test := range map[string]struct {
		file string
		age  time.Duration
		keep time.Duration
		left bool
	}{
		"old":              {file: "a.wav", age: 31 * 24 * time.Hour, keep: 30 * 24 * time.Hour},
		"young":            {file: "a.wav", age: time.Hour, keep: 30 * 24 * time.Hour, left: true},
		"kept for ever":    {file: "a.wav", age: 9999 * time.Hour, left: true},
		"somebody's notes": {file: "notes.txt", age: 9999 * time.Hour, keep: time.Hour, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.file)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, now.Add(-test.age)); err != nil {
				t.Fatal(err)
			}
			if err := removeRecordings(filepath.Dir(path), test.keep, now); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); (err == nil) != test.left {
				t.Errorf("stat says %v; want the file left: %t", err, test.left)
			}
		})
	}
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
