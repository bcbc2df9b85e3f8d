package tickets_test

import (
	"context"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// TestDeskUnderAnotherPolicy: a reload changes what is promised from then on; numbers go on where they were, and a call
// keeps the number that was reserved for it.
func TestDeskUnderAnotherPolicy(t *testing.T) {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	desk := &tickets.Desk{Store: store}
	received := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	open := func(d *tickets.Desk, call string) tickets.Ticket {
		t.Helper()
		ticket, err := d.Open(ctx, tickets.Request{CallKey: call, Priority: tickets.P3, Received: received})
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	before := open(desk, "call-1")
	policy := tickets.DefaultPolicy()
	policy.Unverified.Respond = 2 * time.Hour
	policy.JoinWithin = 0
	other := desk.With(policy)
	after, again := open(other, "call-2"), open(other, "call-1")
	if got := after.Due.Sub(received); got != 2*time.Hour {
		t.Errorf("a ticket under the new policy is due after %v; want 2 h", got)
	}
	if got := before.Due.Sub(received); got != 24*time.Hour {
		t.Errorf("the ticket of before is due after %v; want 24 h", got)
	}
	if after.Number == before.Number {
		t.Errorf("both tickets have the number %s", after.Number)
	}
	if again.Number != before.Number {
		t.Errorf("the call filed again as %s; want its first number %s", again.Number, before.Number)
	}
	if got := open(desk, "call-3").Due.Sub(received); got != 24*time.Hour {
		t.Errorf("the desk of before promises %v; want 24 h as ever", got)
	}
}
