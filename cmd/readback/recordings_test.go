package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
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
