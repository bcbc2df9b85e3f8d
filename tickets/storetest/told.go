package storetest

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"readback/tickets"
)

func testTold(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("the first acknowledgement counts", func(t *testing.T) { testAcknowledge(t, open) })
	t.Run("also when many come at once", func(t *testing.T) {
		b := newBench(t, open(t))
		ticket := b.open(b.request())
		ctx := patience(t)
		together(12, func(i int) {
			if err := b.Acknowledge(ctx, ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback, Call: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			if err := b.HungUp(ctx, ticket.Number); err != nil {
				t.Error(err)
			}
		})
		if got := b.count(ticket.Number, tickets.EventAcknowledged); got != 1 {
			t.Errorf("%d events, want 1", got)
		}
	})
	t.Run("a hang-up brings the ladder forward", func(t *testing.T) {
		b := newBench(t, open(t))
		request := b.request()
		ticket := b.open(request)
		b.pass(20 * time.Second)
		request.HungUp = true
		b.open(request)
		b.pass(time.Second)
		if err := b.HungUp(t.Context(), ticket.Number); err != nil {
			t.Fatal(err)
		}
		if got := b.notices(ticket.Number)[tickets.AcknowledgeByEmail].Due; !got.Equal(noon.Add(20 * time.Second)) {
			t.Errorf("due %v, want 20 s after noon", got)
		}
		if got := b.count(ticket.Number, tickets.EventHungUp); got != 1 {
			t.Errorf("%d events, want 1", got)
		}
	})
	t.Run("no ticket, no acknowledgement", func(t *testing.T) {
		b := newBench(t, open(t))
		for name, err := range map[string]error{
			"acknowledge": b.Acknowledge(t.Context(), "10000000", tickets.Acknowledgement{}),
			"hang up":     b.HungUp(t.Context(), "10000000"),
		} {
			if !errors.Is(err, tickets.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", name, err)
			}
		}
		if err := b.Goodbye(t.Context(), "a call without ticket"); err != nil {
			t.Error(err)
		}
	})
}

func testAcknowledge(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	request := b.request()
	noWay(&request)
	request.Priority, request.Account = tickets.P1, nil
	ticket := b.open(request)
	for i, by := range []string{tickets.ByReadback, "email"} {
		a := tickets.Acknowledgement{By: by, At: noon.Add(time.Duration(i+1) * time.Minute), Call: "call-7", Evidence: "8 prompts"}
		if err := b.Acknowledge(t.Context(), ticket.Number, a); err != nil {
			t.Fatal(err)
		}
	}
	read, err := b.Store.Ticket(t.Context(), ticket.Number)
	if err != nil || read.AcknowledgedBy != tickets.ByReadback || !read.Acknowledged.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %s at %v, %v, want readback a minute past noon", read.AcknowledgedBy, read.Acknowledged, err)
	}
	events, err := b.Store.Events(t.Context(), ticket.Number)
	if err != nil || len(events) != 2 {
		t.Fatalf("got events %v, %v, want received and acknowledged", events, err)
	}
	want := map[string]string{"by": "readback", "call_id": "call-7", "evidence": "8 prompts", "priority": "P1", "due": ticket.Due.Format(time.RFC3339Nano)}
	if last := events[1]; last.What != tickets.EventAcknowledged || last.Who != tickets.WhoGateway || !maps.Equal(last.Detail, want) {
		t.Errorf("got %+v, want acknowledged with %v", last, want)
	}
	rows, err := b.Store.Notices(t.Context(), ticket.Number, 0)
	if err != nil || len(rows) != 3 {
		t.Fatalf("got rows %v, %v, want ladder and two alarms", rows, err)
	}
	for _, row := range rows {
		if stays := row.Reason == tickets.ReasonUnverifiedP1; row.Cancelled.IsZero() != stays {
			t.Errorf("%s %s: cancelled %v", row.Kind, row.Reason, row.Cancelled)
		}
	}
	if err := b.HungUp(t.Context(), ticket.Number); err != nil {
		t.Error(err)
	}
	if got := b.count(ticket.Number, tickets.EventHungUp); got != 0 {
		t.Error("a hang-up after the acknowledgement was noted")
	}
}
