package storetest

import (
	"testing"
	"time"

	"readback/tickets"
)

func testOnce(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("one call makes one ticket, however often it files", func(t *testing.T) {
		b := newBench(t, open(t))
		request := b.request()
		first := b.open(request)
		b.pass(10 * time.Minute)
		request.Priority = tickets.P1 // the first filing counts
		if second := b.open(request); second != first {
			t.Errorf("got %+v, want %+v", second, first)
		}
		if got := b.count(first.Number, tickets.EventReceived); got != 1 {
			t.Errorf("%d times received, want once", got)
		}
	})
	t.Run("also on many nodes at once", func(t *testing.T) {
		store := open(t)
		nodes := []*bench{newBench(t, store), newBench(t, store), newBench(t, store)}
		request := nodes[0].request()
		const times = 24
		numbers := make([]tickets.Number, times)
		ctx := patience(t)
		together(times, func(i int) {
			ticket, err := nodes[i%len(nodes)].Open(ctx, request)
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
		if got := nodes[0].count(numbers[0], tickets.EventReceived); got != 1 {
			t.Errorf("%d times received, want once", got)
		}
		if rows := nodes[0].notices(numbers[0]); len(rows) != 2 {
			t.Errorf("outbox %v, want ladder and alarm", rows)
		}
	})
	t.Run("calls at once get different numbers", func(t *testing.T) {
		b := newBench(t, open(t))
		const times = 40
		numbers := make([]tickets.Number, times)
		ctx := patience(t)
		together(times, func(i int) {
			request := b.request()
			request.Received = noon.Add(time.Duration(i) * time.Hour) // too far apart to join
			ticket, err := b.Open(ctx, request)
			if err != nil {
				t.Error(err)
			}
			numbers[i] = ticket.Number
		})
		seen := map[tickets.Number]bool{}
		for _, number := range numbers {
			if seen[number] {
				t.Errorf("number %s was given out twice", number)
			}
			seen[number] = true
		}
	})
}
