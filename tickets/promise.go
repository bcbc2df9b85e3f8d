package tickets

import (
	"fmt"
	"strings"
	"time"
)

// A Promise is what became of the promise to acknowledge one ticket inside its response window: what a report needs of it.
type Promise struct {
	Number         Number
	Plan           string // empty without an account
	Priority       Priority
	Received       time.Time
	Due            time.Time
	Acknowledged   time.Time // zero until the customer was told
	AcknowledgedBy string
	// Alarmed is when agents were first alarmed that the customer does not know; zero: never, or nobody has to know. An alarm from
	// before a letter came back does not count: it had been ended.
	Alarmed time.Time
}

// A PromisePage chooses a part of the tickets, by when they were received.
type PromisePage struct {
	From, Until time.Time // From with, Until without
	After       Promise   // the last one of the page before; zero: the first page
	Limit       int       // 1 to MaxPage
}

// Start is for stores: the page has what comes after this time and number, in the order of both.
func (p PromisePage) Start() (time.Time, Number) {
	if p.After.Number == "" {
		return p.From, ""
	}
	return p.After.Received, p.After.Number
}

// Recall is for stores: the priority and the end of the response window go back to what they were when the customer was told, as
// the acknowledgement noted them, like "P2 2026-11-25T10:00:00.5Z". An empty text changes nothing.
func (p *Promise) Recall(noted string) error {
	if noted == "" {
		return nil
	}
	priority, due, _ := strings.Cut(noted, " ")
	at, err := time.Parse(time.RFC3339Nano, due)
	if err == nil {
		err = p.Priority.UnmarshalText([]byte(priority))
	}
	if err != nil {
		return fmt.Errorf("the acknowledgement of ticket %s: %w: %w", p.Number, ErrInvalid, err)
	}
	p.Due = at.UTC()
	return nil
}

// An Outcome is how a promise was kept.
type Outcome int

// The outcomes. The last instant of the response window is inside it.
const (
	Waiting Outcome = iota // the window is open, and the customer was not told yet
	InTime                 // told inside the window
	Late                   // told after it
	Never                  // not told, and the window is closed
)

// Outcome is how the promise stands at a time.
func (p Promise) Outcome(now time.Time) Outcome {
	switch {
	case p.Acknowledged.IsZero() && !now.After(p.Due):
		return Waiting
	case p.Acknowledged.IsZero():
		return Never
	case p.Acknowledged.After(p.Due):
		return Late
	}
	return InTime
}

// AlarmedInTime reports whether agents were alarmed before the window closed.
func (p Promise) AlarmedInTime() bool { return !p.Alarmed.IsZero() && !p.Alarmed.After(p.Due) }
