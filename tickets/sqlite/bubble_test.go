package sqlite_test

import (
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
	"readback/tickets/sqlite"
)

// TestOnAFakeClock: whole calls are tested in a bubble, with a real store under them.
func TestOnAFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := open(t, sqlite.Memory)
		desk := &tickets.Desk{Store: store, Pepper: []byte("pepper"), Cost: tickets.Cost{Memory: 8, Passes: 1}}
		pin, err := tickets.NewPIN("246801")
		if err != nil {
			t.Fatal(err)
		}
		hash, err := desk.Hash(t.Context(), pin)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.PutAccounts(t.Context(), []tickets.Account{{ID: "7", Plan: "enterprise", PINHash: hash}}); err != nil {
			t.Fatal(err)
		}
		account, err := desk.Identify(t.Context(), tickets.Caller{}, "7", pin)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second) // of the bubble
		ticket, err := desk.Open(t.Context(), tickets.Request{CallKey: "a", Account: &account, Verified: true, Priority: tickets.P1})
		if err != nil {
			t.Fatal(err)
		}
		if got := ticket.Received.Format(time.DateTime); got != "2000-01-01 00:00:40" {
			t.Errorf("received at %s, want the bubble's time", got)
		}
	})
}
