package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newTracelog(t *testing.T, log *lockedBuffer) *tracelog {
	t.Helper()
	l, err := openTracelog(filepath.Join(t.TempDir(), "calls"), config.Default().Calls, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entryOf(key string, at time.Time, size int) traceEntry {
	e := traceEntry{CallKey: key, SIPCallID: key + "@example.com", Stored: at, Record: tickets.CallRecord{CallKey: key, Ended: at}}
	e.add(ladderMessage{At: at, Line: "INVITE", Text: strings.Repeat("x", size)})
	return e
}

// keys are those of the calls in a folder, in the order in which they are found.
func keysIn(t *testing.T, folder string) []string {
	t.Helper()
	var keys []string
	if err := readSegments(folder, []string{""}, time.Time{}, func(e traceEntry) bool { keys = append(keys, e.CallKey); return true }); err != nil {
		t.Error(err)
	}
	return keys
}

func TestSegmentsAreClosedBySizeAndByTime(t *testing.T) {
	var log lockedBuffer
	l := newTracelog(t, &log)
	l.segment = 3000
	for i, at := range []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 40 * time.Hour} {
		if err := l.write(entryOf(fmt.Sprint("call-", i), noon.Add(at), 500), noon.Add(at)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := segmentsIn(l.folder)
	if err != nil || len(found) < 3 || !found[0].open || found[1].open || found[0].from != noon.Add(40*time.Hour) {
		t.Errorf("segments %+v, %v; want three or more, the last one open", found, err)
	}
	l.close()
	if got := keysIn(t, l.folder); len(got) != 6 || got[0] != "call-5" {
		t.Errorf("got %v, want six calls, the latest file first", got)
	}
	if log.String() != "" {
		t.Errorf("the log has %s", &log)
	}
}

func TestOldSegmentsAreRemovedByAgeAndBySize(t *testing.T) {
	for name, test := range map[string]struct {
		keep time.Duration
		size int64
		want []string
	}{
		"all":  {time.Hour, 1 << 20, []string{"call-3", "call-2", "call-1", "call-0"}},
		"age":  {150 * time.Minute, 1 << 20, []string{"call-3", "call-2"}},
		"size": {1000 * time.Hour, 1 + 2*2000, []string{"call-3", "call-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTracelog(t, new(lockedBuffer))
			for i := range 4 {
				at := noon.Add(time.Duration(i) * time.Hour)
				line, err := marshalLine(entryOf(fmt.Sprint("call-", i), at, 1000))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(segmentPath(l.folder, at, at.Add(time.Minute)), line, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l.keep, l.size, l.segment = test.keep, test.size, 1
			now := noon.Add(4 * time.Hour)
			if name == "all" {
				now = noon.Add(time.Hour)
			}
			l.tidy(now)
			if got := keysIn(t, l.folder); !slices.Equal(got, test.want) {
				t.Errorf("left %v, want %v", got, test.want)
			}
		})
	}
}

// TestWhatAKilledGatewayLeftIsRead: a file without its end, with half a line at its end.
func TestWhatAKilledGatewayLeftIsRead(t *testing.T) {
	l := newTracelog(t, new(lockedBuffer))
	if err := l.write(entryOf("whole", noon, 10), noon); err != nil {
		t.Fatal(err)
	}
	if _, err := l.file.WriteString(`{"call_id":"torn","sip_ca`); err != nil {
		t.Fatal(err)
	}
	if got := keysIn(t, l.folder); !slices.Equal(got, []string{"whole"}) {
		t.Errorf("after the kill: %v, want the whole one", got)
	}
	after, err := openTracelog(l.folder, config.Default().Calls, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := after.write(entryOf("later", noon.Add(time.Hour), 10), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	found, _ := segmentsIn(l.folder)
	if got := keysIn(t, l.folder); !slices.Equal(got, []string{"later", "whole"}) || len(found) != 2 || found[1].open {
		t.Errorf("after the next start: %v in %+v, want both, the first closed", got, found)
	}
}

func TestCallsAreFoundInTheFilesOfTheirTime(t *testing.T) {
	l := newTracelog(t, new(lockedBuffer))
	for i := range 3 {
		at := noon.Add(time.Duration(i) * time.Hour)
		line, err := marshalLine(entryOf("same", at, i))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(segmentPath(l.folder, at, at.Add(time.Minute)), line, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var found []time.Time
	err := readSegments(l.folder, []string{"same"}, noon.Add(time.Hour), func(e traceEntry) bool { found = append(found, e.Stored); return true })
	if err != nil || len(found) != 1 || !found[0].Equal(noon.Add(time.Hour)) {
		t.Errorf("found %v, %v; want the one of its time", found, err)
	}
}

// TestAFullDiskLosesTracesAndNothingElse writes to a device that is always full, and then to a good one.
func TestAFullDiskLosesTracesAndNothingElse(t *testing.T) {
	var log lockedBuffer
	l := newTracelog(t, &log)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.file, l.name, l.began = full, filepath.Join(l.folder, "full"), noon
	for i := range 3 {
		if err := l.write(entryOf("lost", noon, 10), noon.Add(time.Duration(i)*time.Millisecond)); err == nil {
			t.Error("a full disk takes a line")
		}
	}
	if got := strings.Count(log.String(), "cannot be stored now"); got != 1 {
		t.Errorf("the log tells %d times, want once:\n%s", got, &log)
	}
	if err := l.write(entryOf("kept", noon, 10), noon.Add(2*diskPause)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	l.close()
	if got := keysIn(t, l.folder); !slices.Equal(got, []string{"kept"}) || !strings.Contains(log.String(), "is stored again") {
		t.Errorf("kept %v; the log has\n%s", got, &log)
	}
}
