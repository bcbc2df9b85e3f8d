package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"readback/tickets"
)

// An office is a bench with a clerk, and the world outside by script: each way answers with what was put there for it, in order,
// and with the last one for ever.
type office struct {
	*bench
	clerk *tickets.Clerk

	mu      sync.Mutex
	mail    []error
	calls   []error
	pages   map[string][]error // by engineer
	raises  []error
	record  []string        // what was done, in order
	letters map[string]bool // IDs
	onPage  func(ctx context.Context)
}

var (
	errDown  = errors.New("connection refused")
	nobody   = tickets.ErrNobody
	errNever = fmt.Errorf("no such address: %w", tickets.ErrRefused)
)

func newOffice(t *testing.T, store tickets.Store) *office {
	o := &office{bench: newBench(t, store), letters: map[string]bool{}, pages: map[string][]error{}}
	o.clerk = &tickets.Clerk{Desk: o.Desk, Mailer: o, Phone: o}
	return o
}

// take is the next answer of a script.
func (o *office) take(script *[]error, format string, args ...any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.record = append(o.record, fmt.Sprintf("%s %s", o.now().Sub(noon), fmt.Sprintf(format, args...)))
	if len(*script) == 0 {
		return nil
	}
	answer := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	return answer
}

func (o *office) Mail(_ context.Context, l tickets.Letter) error {
	o.letters[l.ID] = true
	return o.take(&o.mail, "mail %s %s", l.Kind, l.To)
}

func (o *office) Acknowledge(_ context.Context, t tickets.Ticket) (tickets.Acknowledgement, error) {
	err := o.take(&o.calls, "call %s", t.Callback)
	return tickets.Acknowledgement{Call: "call-back-1", Evidence: "key 1"}, err
}

func (o *office) Page(ctx context.Context, e tickets.Engineer, _ tickets.Ticket) error {
	if o.onPage != nil {
		o.onPage(ctx)
	}
	script := o.pages[e.Name]
	err := o.take(&script, "page %s", e.Name)
	o.pages[e.Name] = script
	return err
}

// A siren is a pager of an office.
type siren struct{ *office }

func (s siren) Name() string { return "siren" }

func (s siren) Raise(_ context.Context, a tickets.Alert) error {
	return s.take(&s.raises, "raise %s", a.Reason)
}

func (s siren) Clear(_ context.Context, a tickets.Alert) error {
	var fine []error
	return s.take(&fine, "clear %s", a.Reason)
}

// until works what falls due, in order, until a time after noon.
func (o *office) until(after time.Duration) {
	o.t.Helper()
	end := noon.Add(after)
	for range 5000 {
		open, err := o.Store.OpenNotices(o.t.Context(), false, 1)
		if err != nil {
			o.t.Fatal(err)
		}
		if len(open) == 0 || open[0].Due.After(end) {
			o.set(end)
			return
		}
		o.set(open[0].Due)
		if err := o.clerk.Work(o.t.Context(), open[0].ID); err != nil {
			o.t.Fatalf("work %s: %v", open[0].ID, err)
		}
	}
	o.t.Fatal("the outbox never comes to rest")
}

// set moves the clock on, never back.
func (o *office) set(at time.Time) {
	if wait := at.Sub(o.now()); wait > 0 {
		o.pass(wait)
	}
}

func (o *office) done() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.record
}
