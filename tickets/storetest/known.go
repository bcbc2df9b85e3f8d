package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"readback/tickets"
)

func testKnown(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("open tickets, the most urgent and latest first", func(t *testing.T) { testOpenTickets(t, open) })
	t.Run("not while the call may be tried again", func(t *testing.T) {
		b := newBench(t, open(t))
		ticket := b.open(b.request())
		b.pass(30 * time.Second)
		b.offered()
		if err := b.Goodbye(t.Context(), ticket.CallID); err != nil {
			t.Fatal(err)
		}
		b.offered(ticket.Number)
		b.pass(2 * time.Minute)
		left := b.open(b.request())
		b.offered(ticket.Number)
		b.pass(61 * time.Second)
		b.offered(left.Number, ticket.Number)
	})
	t.Run("a note is an event, and answers", func(t *testing.T) { testNote(t, open) })
}

// offered checks what the caller of acme is offered.
func (b *bench) offered(want ...tickets.Number) {
	b.t.Helper()
	found, err := b.OpenTickets(b.t.Context(), acme().ID)
	if err != nil {
		b.t.Fatal(err)
	}
	var got []tickets.Number
	for _, ticket := range found {
		got = append(got, ticket.Number)
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("offered %v, want %v", got, want)
	}
}

func testOpenTickets(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	numbers := map[string]tickets.Number{}
	take := func(name string, priority tickets.Priority, account *tickets.Account) {
		request := b.request()
		request.Priority, request.Account = priority, account
		numbers[name] = b.open(request).Number
		b.pass(2 * time.Minute)
	}
	mine, other := acme(), acme()
	other.ID = "50223344"
	b.offered()
	take("normal", tickets.P3, &mine)
	take("urgent", tickets.P1, &mine)
	take("of nobody", tickets.P1, nil)
	take("of another", tickets.P1, &other)
	take("low", tickets.P4, &mine)
	take("normal, later", tickets.P3, &mine)
	take("resolved", tickets.P1, &mine)
	if _, err := b.Change(t.Context(), numbers["resolved"], tickets.Change{By: "ann", Status: tickets.StatusResolved}); err != nil {
		t.Fatal(err)
	}
	b.offered(numbers["urgent"], numbers["normal, later"], numbers["normal"], numbers["low"])
	take("normal, latest", tickets.P3, &mine)
	take("low, later", tickets.P4, &mine)
	b.offered(numbers["urgent"], numbers["normal, latest"], numbers["normal, later"], numbers["normal"], numbers["low, later"])
}

func testNote(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	number := b.open(b.request()).Number
	note := tickets.Note{CallKey: "call-2", Caller: "+14155550100", Recording: "call-2-note-1.wav"}
	for status, want := range map[tickets.Status]tickets.Status{
		tickets.StatusWaiting: tickets.StatusOpen, tickets.StatusWorking: tickets.StatusWorking,
	} {
		if _, err := b.Change(t.Context(), number, tickets.Change{By: "ann", Status: status}); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Minute)
		if err := b.LeaveNote(t.Context(), number, note); err != nil {
			t.Fatal(err)
		}
		ticket, err := b.Store.Ticket(t.Context(), number)
		if err != nil || ticket.Status != want || !ticket.LastChange().Equal(b.now()) {
			t.Errorf("%s: after a note %s, changed %v, %v; want %s, now", status, ticket.Status, ticket.LastChange(), err, want)
		}
	}
	events, err := b.Store.Events(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	notes := slices.DeleteFunc(events, func(e tickets.Event) bool { return e.What != tickets.EventNote })
	if len(notes) != 2 || notes[0].Who != tickets.WhoCaller || notes[0].Detail["recording"] != note.Recording || notes[0].Detail["call_id"] != "call-2" {
		t.Errorf("got %+v, want two notes with their recording", notes)
	}
	if err := b.LeaveNote(t.Context(), number, tickets.Note{CallKey: "call-3"}); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("a note without a recording: got %v, want ErrInvalid", err)
	}
	if err := b.LeaveNote(t.Context(), "10000000", note); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("a note on no ticket: got %v, want ErrNotFound", err)
	}
}
