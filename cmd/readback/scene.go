package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A scene prints a conversation as it happens, a line each: the time, the SIP messages at the margin,
// who says or presses what. Digits said one after another share a line.
type scene struct {
	out   io.Writer
	start time.Time

	mu       sync.Mutex
	digits   []string // said, not yet printed
	firstAt  time.Time
	farewell []string // lines from BYE on: what was said last is recognised after it
}

// margin is the width of the column of SIP messages.
const margin = 20

func newScene(out io.Writer) *scene { return &scene{out: out, start: time.Now()} }

// begin sets the clock to zero.
func (s *scene) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start = time.Now()
}

// message prints a SIP message; arrow is ">" for one that leaves the caller and "<" for one that comes.
func (s *scene) message(arrow, first string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := format(time.Since(s.start), arrow+" "+first, "", "")
	if first == "BYE" || len(s.farewell) > 0 {
		s.farewell = append(s.farewell, line)
		return
	}
	s.flush()
	fmt.Fprintln(s.out, line)
}

// says prints a prompt that was heard from its start at.
func (s *scene) says(at time.Time, name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isSnippet(name) {
		if len(s.digits) == 0 {
			s.firstAt = at
		}
		s.digits = append(s.digits, text)
		return
	}
	s.flush()
	s.line(at, "Readback", text)
}

// does prints what the caller does.
func (s *scene) does(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	s.line(time.Now(), "caller", what)
}

// end prints what is still held back.
func (s *scene) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	for _, line := range s.farewell {
		fmt.Fprintln(s.out, line)
	}
	s.farewell = nil
}

func (s *scene) flush() {
	if len(s.digits) > 0 {
		s.line(s.firstAt, "Readback", strings.Join(s.digits, " "))
		s.digits = nil
	}
}

func (s *scene) line(at time.Time, who, text string) {
	fmt.Fprintln(s.out, format(at.Sub(s.start), "", who, text))
}

func format(at time.Duration, sip, who, text string) string {
	line := fmt.Sprintf("%7.1f s  %-*s %-9s %s", at.Seconds(), margin, sip, who, text)
	return strings.TrimRight(line, " ")
}

func isSnippet(name string) bool {
	kind, _, found := strings.Cut(name, "-")
	return found && (kind == "digit" || kind == "number" || kind == "letter")
}
