package tickets_test

import (
	"context"
	"fmt"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// A call takes a ticket, and its number is told once it exists.
func ExampleDesk() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	if _, err := store.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	desk := &tickets.Desk{Store: store}
	account := tickets.Account{ID: "30471234", Plan: "business", Contacts: []tickets.Contact{{Name: "Ann"}}}

	ticket, err := desk.Open(ctx, tickets.Request{
		CallKey: "a84b4c76e66710", Account: &account, Verified: true, Priority: tickets.P1,
		Received: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err) // nothing may be promised
		return
	}
	fmt.Println("say", ticket.Number.Groups(), ticket.Priority, "by", ticket.Due.Format(time.Kitchen))

	// The whole number was sent while the caller was there.
	err = desk.Acknowledge(ctx, ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback, Call: ticket.CallID})
	fmt.Println("acknowledged", err)
	// Output:
	// say [1000 0004] P1 by 1:00PM
	// acknowledged <nil>
}
