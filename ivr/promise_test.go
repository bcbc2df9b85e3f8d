package ivr_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readback/ivr"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// The promise: whenever the caller hangs up, and whatever is broken outside, a ticket is acknowledged inside its response window,
// or agents were alarmed before it closed; over both changes of daylight saving time in California, with mail relays, telephones
// and agents that behave in turn in all the ways there are. Plans, priorities and seasons share the moments of a call among them, a
// quarter of a second apart; with READBACK_FAULTS set each of them tries every tenth of a second.
func TestThePromise(t *testing.T) {
	offset := time.Duration(0)
	clocks := map[string]time.Time{
		"spring": time.Date(2026, 3, 8, 8, 30, 0, 0, time.UTC), // the clocks go forward at 10:00 UTC
		"autumn": time.Date(2026, 11, 1, 7, 30, 0, 0, time.UTC),
	}
	for season, start := range clocks {
		for _, plan := range tickets.DefaultPolicy().Plans {
			for priority := tickets.P1; priority <= tickets.P4; priority++ {
				first, step := offset+moment, shares*moment
				if os.Getenv("READBACK_FAULTS") != "" {
					first, step = moment/5*2, moment/5*2
				}
				t.Run(fmt.Sprintf("%s/%s/%v", season, plan.Name, priority), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						time.Sleep(time.Until(start))
						keepsPromise(t, plan, priority, first, step)
					})
				})
				if plan.Phone {
					offset += moment
				}
			}
		}
	}
}

const (
	moment = 250 * time.Millisecond
	shares = 24 // three plans with telephone, four priorities, two seasons
)

func keepsPromise(t *testing.T, plan tickets.Plan, priority tickets.Priority, first, step time.Duration) {
	store := newStore(t)
	desk := newRealDesk(t, store)
	desk.CallBack, desk.Paging = true, true
	if err := store.PutAccounts(t.Context(), []tickets.Account{customerOf(plan)}); err != nil {
		t.Fatal(err)
	}
	for i, at := 0, first; ; i, at = i+1, at+step {
		w := newWorld(t, desk, i)
		cut, ticket := w.call(plan, priority, at, fmt.Sprintf("call-%d", i))
		if ticket.Number != "" {
			w.rest(ticket, i)
			w.check(ticket, at)
		}
		if !cut {
			break
		}
		time.Sleep(2 * time.Minute) // no call joins the ticket of the one before
	}
}

func customerOf(plan tickets.Plan) tickets.Account {
	return tickets.Account{
		ID: "77", Name: "Customer", Plan: plan.Name,
		Contacts: []tickets.Contact{{Name: "Cleo", Phone: "+14155550177", Email: "cleo@example.com"}},
	}
}

// A world is what is outside of the gateway: what it does is decided by a number.
type world struct {
	t     *testing.T
	desk  *tickets.Desk
	clerk *tickets.Clerk
	mail  []error // in turn, the last one for ever
	phone []error

	mu      sync.Mutex
	letters int
	calls   []time.Time
}

var errRelay = errors.New("connection refused")

func newWorld(t *testing.T, desk *tickets.Desk, i int) *world {
	refused := fmt.Errorf("no: %w", tickets.ErrRefused)
	mails := [][]error{{nil}, {errRelay}, {refused}, {errRelay, errRelay, errRelay, nil}, {errRelay, refused}}
	phones := [][]error{{tickets.ErrNobody}, {nil}, {tickets.ErrNobody, tickets.ErrNobody, nil}, {refused}, {errRelay, nil}, {errRelay}, {tickets.ErrNobody, refused}}
	w := &world{t: t, desk: desk, mail: mails[i%len(mails)], phone: phones[i%len(phones)]}
	w.clerk = &tickets.Clerk{Desk: desk, Mailer: w, Phone: w}
	return w
}

func turn(script *[]error) error {
	answer := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	return answer
}

func (w *world) Mail(context.Context, tickets.Letter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letters++
	return turn(&w.mail)
}

func (w *world) Acknowledge(ctx context.Context, _ tickets.Ticket) (tickets.Acknowledgement, error) {
	w.mu.Lock()
	w.calls = append(w.calls, time.Now())
	answer := turn(&w.phone)
	w.mu.Unlock()
	_ = sleep(ctx, 40*time.Second) // as long as a call takes
	return tickets.Acknowledgement{Call: "back", Evidence: "key 1"}, answer
}

func (w *world) Page(context.Context, tickets.Engineer, tickets.Ticket) error {
	return tickets.ErrNobody
}

// call has a conversation that the caller leaves at a time, unless it ends before: then cut is false. The clerk is at work
// meanwhile.
func (w *world) call(plan tickets.Plan, priority tickets.Priority, at time.Duration, key string) (cut bool, ticket tickets.Ticket) {
	ctx, hangUp := context.WithCancelCause(w.t.Context())
	defer hangUp(nil)
	confirm := ""
	if priority == tickets.P1 {
		confirm = "hears confirm-urgent\npresses 1\n"
	}
	play := fmt.Sprintf("hears welcome\npresses 2\nhears recognized severity\npresses %d\n%shears describe\npresses 2\nhears callback-is\npresses 1\n", priority, confirm)
	if !plan.Phone {
		play = "hears welcome\npresses 2\n"
	}
	phone := newPhone(w.t, "en-US", play, hangUp)
	store := w.desk.Store.(*sqlite.Store)
	phone.exists = func(number string) bool {
		_, err := store.Ticket(w.t.Context(), tickets.Number(number))
		return err == nil
	}
	in := scene{caller: tickets.Caller{Number: "+14155550177", Vouched: true, CallKey: key}}.call()
	in.Key = key
	done := make(chan struct{})
	go func() {
		defer close(done)
		script := ivr.Script{Desk: w.desk, Numbering: numbering{}}
		_, _ = script.Run(ctx, phone, in) // what it led to is in the store
	}()
	leaves := time.NewTimer(at)
	defer leaves.Stop()
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		case <-leaves.C:
			cut = true
			hangUp(errHungUp)
		case <-clock.C:
			w.work(time.Now())
		}
	}
	ticket, err := w.desk.Store.TicketByCall(w.t.Context(), key)
	if err != nil && !errors.Is(err, tickets.ErrNotFound) {
		w.t.Fatal(err)
	}
	if heard := len(phone.numbers) > 0; heard != (ticket.AcknowledgedBy == tickets.ByReadback) {
		w.t.Errorf("left at %v: the whole number was heard: %v, but acknowledged by %q", at, heard, ticket.AcknowledgedBy)
	}
	return cut, ticket
}

// work does what is due by a time, and returns when the next row is.
func (w *world) work(by time.Time) (next time.Time) {
	for range 1000 {
		open, err := w.desk.Store.OpenNotices(w.t.Context(), false, 1)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(open) == 0 {
			return time.Time{}
		}
		if open[0].Due.After(by) {
			return open[0].Due
		}
		if err := w.clerk.Work(w.t.Context(), open[0].ID); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("the outbox never comes to rest")
	return time.Time{}
}

// rest lets time pass until the window of a ticket is closed and nothing is left to do. Some agents give it another priority
// meanwhile.
func (w *world) rest(ticket tickets.Ticket, i int) {
	if i%4 == 3 {
		time.Sleep(5 * time.Minute)
		w.work(time.Now())
		other := tickets.Priority(1 + i/4%4)
		if _, err := w.desk.Change(w.t.Context(), ticket.Number, tickets.Change{By: "eve", Priority: other}); err != nil {
			w.t.Fatal(err)
		}
	}
	for {
		next := w.work(time.Now())
		if next.IsZero() {
			return
		}
		time.Sleep(time.Until(next))
	}
}

// check looks at what became of a ticket.
func (w *world) check(ticket tickets.Ticket, left time.Duration) {
	w.t.Helper()
	after, err := w.desk.Store.Ticket(w.t.Context(), ticket.Number)
	if err != nil {
		w.t.Fatal(err)
	}
	events, err := w.desk.Store.Events(w.t.Context(), ticket.Number)
	if err != nil {
		w.t.Fatal(err)
	}
	told, alarmed := 0, false
	var history strings.Builder
	for _, e := range events {
		fmt.Fprintf(&history, "\n%s %s %v", e.At.Sub(after.Received), e.What, e.Detail)
		switch {
		case e.What == tickets.EventAcknowledged:
			told++
		case e.What == tickets.EventAlarmed && !e.At.After(after.Due):
			alarmed = true
		}
	}
	inTime := !after.Acknowledged.IsZero() && !after.Acknowledged.After(after.Due)
	if !inTime && !alarmed {
		w.t.Errorf("left at %v: neither told nor alarmed within %v:%s", left, after.Due.Sub(after.Received), history.String())
	}
	if told > 1 || told == 1 != !after.Acknowledged.IsZero() {
		w.t.Errorf("left at %v: %d acknowledgements, the ticket says %v:%s", left, told, after.Acknowledged, history.String())
	}
	if after.AcknowledgedBy == tickets.ByReadback && w.letters+len(w.calls) > 0 {
		w.t.Errorf("left at %v: the number was heard, and the customer got %d letters and %d calls", left, w.letters, len(w.calls))
	}
	for i, at := range w.calls {
		if !at.Before(after.Due) && after.Priority == ticket.Priority || i > 0 && at.Sub(w.calls[i-1]) < 10*time.Minute {
			w.t.Errorf("left at %v: the customer was called at %v", left, w.calls)
		}
	}
}
