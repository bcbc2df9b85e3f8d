package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"readback/config"
	"readback/tickets"
)

// Signalling is kept for calls.keep and up to calls.size, whichever comes first, in files of segmentSize or a
// segmentTime.
const (
	segmentSize = 8 << 20
	segmentTime = 24 * time.Hour
	// fewestSegments make up calls.size, however small, so that little goes at once.
	fewestSegments = 4
	// diskPause is how long nothing is written after the disk has failed.
	diskPause = time.Second
	// longestEntry is more than what a ladder can come to in JSON.
	longestEntry = 1 << 20
)

const (
	segmentEnd   = ".jsonl"
	segmentStamp = "20060102T150405.000000Z"
)

// A traceEntry is one line of a segment: a call that is over.
type traceEntry struct {
	CallKey   string             `json:"call_id"`
	SIPCallID string             `json:"sip_call_id"`
	Stored    time.Time          `json:"stored_at"`
	Record    tickets.CallRecord `json:"record"`
	ladder
}

// A tracelog keeps the signalling of calls in files that are only ever added to, and removes old ones. It belongs to one
// goroutine. What the disk does not take is lost; nobody waits for it.
type tracelog struct {
	folder  string
	keep    time.Duration
	size    int64
	segment int64
	log     *slog.Logger

	file    *os.File // nil before the first line, and after trouble
	name    string
	began   time.Time
	written int64
	failed  time.Time // when the disk failed last
	ill     bool      // the log has told of it
}

func tracesFolder(c *config.Config) string { return filepath.Join(c.Data, "calls") }

// openTracelog gives the segments that a killed gateway left open their end, and removes the old ones.
func openTracelog(folder string, limits config.Calls, log *slog.Logger) (*tracelog, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("signalling of calls: %w", err)
	}
	found, err := segmentsIn(folder)
	if err != nil {
		return nil, fmt.Errorf("signalling of calls: %w", err)
	}
	for _, s := range found {
		if s.open {
			_ = os.Rename(s.path, segmentPath(folder, s.from, s.until)) // it is read under either name
		}
	}
	l := &tracelog{folder: folder, keep: limits.Keep.D(), size: int64(limits.Size), log: log}
	l.segment = min(segmentSize, l.size/fewestSegments)
	l.tidy(time.Now())
	return l, nil
}

// write adds a line, in a new file when the old one is large or old.
func (l *tracelog) write(entry traceEntry, now time.Time) error {
	if now.Sub(l.failed) < diskPause {
		return fs.ErrInvalid
	}
	line, err := marshalLine(entry)
	if err != nil {
		return err
	}
	if l.file != nil && (l.written+int64(len(line)) > l.segment || now.Sub(l.began) > segmentTime) {
		l.close()
		l.tidy(now)
	}
	if err := errors.Join(l.open(now), l.add(line)); err != nil {
		l.close()
		l.failed = now
		if !l.ill {
			l.ill = true
			l.log.Error("signalling of calls cannot be stored now, calls go on", "error", err)
		}
		return err
	}
	if l.ill {
		l.ill = false
		l.log.Info("signalling of calls is stored again")
	}
	return nil
}

func marshalLine(entry traceEntry) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(entry)
	if b.Len() > longestEntry {
		return nil, fmt.Errorf("the signalling of call %s has %d bytes", entry.CallKey, b.Len())
	}
	return b.Bytes(), err
}

func (l *tracelog) open(now time.Time) (err error) {
	if l.file != nil {
		return nil
	}
	l.name = filepath.Join(l.folder, now.UTC().Format(segmentStamp)+segmentEnd)
	l.began, l.written = now, 0
	l.file, err = os.OpenFile(l.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	return err
}

// add writes a line with one system call, so that a killed process leaves it whole. Half a line is taken back.
func (l *tracelog) add(line []byte) error {
	if l.file == nil {
		return nil // open has failed
	}
	if _, err := l.file.Write(line); err != nil {
		return errors.Join(err, l.file.Truncate(l.written))
	}
	l.written += int64(len(line))
	return nil
}

// close ends the segment: its name tells from then on when its calls were stored.
func (l *tracelog) close() {
	if l.file == nil {
		return
	}
	err := errors.Join(l.file.Sync(), l.file.Close())
	l.file = nil
	if l.written == 0 {
		err = errors.Join(err, os.Remove(l.name))
	} else {
		err = errors.Join(err, os.Rename(l.name, segmentPath(l.folder, l.began, time.Now())))
	}
	if err != nil {
		l.log.Warn("a file with the signalling of calls could not be closed", "error", err)
	}
}

// tidy removes what is too old, and then the oldest while there is too much.
func (l *tracelog) tidy(now time.Time) {
	found, err := segmentsIn(l.folder)
	total := l.segment // the one that is open, or will be
	for _, s := range found {
		if s.open && s.path == l.name {
			continue
		}
		if total += s.size; total > l.size || now.Sub(s.until) > l.keep {
			err = errors.Join(err, os.Remove(s.path))
		}
	}
	if err != nil {
		l.log.Warn("old signalling of calls could not be removed", "error", err)
	}
}

// A segment is a file with the calls that were stored in a time.
type segment struct {
	path        string
	from, until time.Time
	size        int64
	open        bool // until is when it was last written
}

func segmentPath(folder string, from, until time.Time) string {
	return filepath.Join(folder, from.UTC().Format(segmentStamp)+"_"+until.UTC().Format(segmentStamp)+segmentEnd)
}

// segmentsIn are the segments of a folder, the latest first. Other files are none of ours.
func segmentsIn(folder string) ([]segment, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found []segment
	for _, entry := range entries {
		name, ours := strings.CutSuffix(entry.Name(), segmentEnd)
		first, last, closed := strings.Cut(name, "_")
		info, statErr := entry.Info()
		from, fromErr := time.Parse(segmentStamp, first)
		if !ours || statErr != nil || fromErr != nil {
			continue
		}
		s := segment{path: filepath.Join(folder, entry.Name()), from: from, until: info.ModTime(), size: info.Size(), open: !closed}
		if until, err := time.Parse(segmentStamp, last); closed && err == nil {
			s.until = until
		}
		found = append(found, s)
	}
	slices.SortFunc(found, func(a, b segment) int { return cmp.Compare(b.path, a.path) })
	return found, err
}

// readSegments gives every line that holds one of the texts to take, the latest file first, until it has had enough. When
// the call is known to have ended at a time, only the files of that time are read. Torn lines are passed over.
func readSegments(folder string, texts []string, ended time.Time, take func(traceEntry) (more bool)) error {
	found, err := segmentsIn(folder)
	for _, s := range found {
		const slack = time.Minute
		if !ended.IsZero() && (s.from.After(ended.Add(slack)) || !s.open && s.until.Before(ended.Add(-slack))) {
			continue
		}
		more, readErr := readSegment(s.path, texts, take)
		if err = errors.Join(err, readErr); !more {
			break
		}
	}
	return err
}

func readSegment(path string, texts []string, take func(traceEntry) bool) (more bool, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) { // it was removed just now, or has got its end
		closed, _ := filepath.Glob(strings.TrimSuffix(path, segmentEnd) + "_*" + segmentEnd)
		if len(closed) == 0 {
			return true, nil
		}
		file, err = os.Open(closed[0])
	}
	if err != nil {
		return true, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 64<<10), longestEntry)
	for lines.Scan() {
		var entry traceEntry
		holds := func(text string) bool { return bytes.Contains(lines.Bytes(), []byte(text)) }
		if !slices.ContainsFunc(texts, holds) || json.Unmarshal(lines.Bytes(), &entry) != nil {
			continue
		}
		if !take(entry) {
			return false, nil
		}
	}
	return true, lines.Err()
}
