package storetest

import (
	"testing"
	"time"

	"readback/tickets"
)

func testJoin(t *testing.T, open func(*testing.T) tickets.Store) {
	other := acme()
	other.ID = "99"
	for name, test := range map[string]struct {
		first, second func(*tickets.Request)
		goodbye       bool
		after         time.Duration
		want          bool
	}{
		"the same account, a minute later":      {after: time.Minute, want: true},
		"a moment too late":                     {after: time.Minute + time.Microsecond},
		"filed in the other order":              {after: -20 * time.Second, want: true},
		"the first at its goodbye":              {after: time.Second, goodbye: true},
		"another account":                       {after: time.Second, second: func(r *tickets.Request) { r.Account = &other }},
		"another priority":                      {after: time.Second, second: func(r *tickets.Request) { r.Priority = tickets.P1 }},
		"another kind":                          {after: time.Second, second: func(r *tickets.Request) { r.Kind = tickets.KindServices }},
		"the same account from another number":  {after: time.Second, second: func(r *tickets.Request) { r.Caller.Number = "+442079460000" }, want: true},
		"the same number, both unverified":      {unverified, unverified, false, time.Second, true},
		"the same number, only one unverified":  {after: time.Second, second: unverified},
		"both withheld and unverified":          {withheld, withheld, false, time.Second, false},
		"withheld, but the same account proven": {after: time.Second, second: func(r *tickets.Request) { r.Caller.Number = "" }, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			request := b.request()
			change(&request, test.first)
			first := b.open(request)
			if test.goodbye {
				if err := b.Goodbye(t.Context(), request.CallKey); err != nil {
					t.Fatal(err)
				}
			}
			again := b.request()
			again.Received = again.Received.Add(test.after)
			again.Recording = "second.wav"
			change(&again, test.second)
			second := b.open(again)
			if got := second.Number == first.Number; got != test.want {
				t.Fatalf("joined: %v, want %v", got, test.want)
			}
			b.checkJoined(first, again, test.want)
		})
	}
	t.Run("calls that race make one ticket", func(t *testing.T) { testJoinRace(t, open) })
}

func unverified(r *tickets.Request) { r.Account, r.Verified = nil, false }

func withheld(r *tickets.Request) {
	unverified(r)
	r.Caller.Number = ""
}

func change(r *tickets.Request, how func(*tickets.Request)) {
	if how != nil {
		how(r)
	}
}

// checkJoined looks for what the second call brought along, and that it can be asked for its ticket.
func (b *bench) checkJoined(first tickets.Ticket, second tickets.Request, want bool) {
	b.t.Helper()
	if got := b.count(first.Number, tickets.EventJoined); got != map[bool]int{true: 1}[want] {
		b.t.Errorf("%d events joined", got)
	}
	if !want {
		return
	}
	if again := b.open(second); again.Number != first.Number {
		b.t.Errorf("the second call files again: got %s, want %s", again.Number, first.Number)
	}
	events, err := b.Store.Events(b.t.Context(), first.Number)
	if err != nil {
		b.t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Detail["recording"] != "second.wav" || last.Detail["call_id"] != second.CallKey {
		b.t.Errorf("the event has %v, want the second call's recording and key", last.Detail)
	}
	read, err := b.Store.TicketByCall(b.t.Context(), second.CallKey)
	if err != nil || read != first {
		b.t.Errorf("by the second call: got %+v, %v, want %+v", read, err, first)
	}
}

func testJoinRace(t *testing.T, open func(*testing.T) tickets.Store) {
	store := open(t)
	nodes := []*bench{newBench(t, store), newBench(t, store)}
	const times = 16
	numbers := make([]tickets.Number, times)
	ctx := patience(t)
	together(times, func(i int) {
		request := nodes[0].request()
		request.Received = noon.Add(time.Duration(i) * time.Second)
		ticket, err := nodes[i%2].Open(ctx, request)
		if err != nil {
			t.Error(err)
		}
		numbers[i] = ticket.Number
	})
	for _, number := range numbers {
		if number != numbers[0] {
			t.Fatalf("got tickets %v, want one", numbers)
		}
	}
	received, joined := nodes[0].count(numbers[0], tickets.EventReceived), nodes[0].count(numbers[0], tickets.EventJoined)
	if received != 1 || joined != times-1 {
		t.Errorf("received %d, joined %d, want 1 and %d", received, joined, times-1)
	}
}
