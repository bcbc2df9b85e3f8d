package main

import (
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/sqlite"
)

// The demo can be run again where it was run before: its caller then has open tickets, and perhaps an incident to pass.
func TestDemoGoesPastWhatIsKnown(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &server{config: config.Default(), desk: &tickets.Desk{Store: store}}
	const before, after = "menu-support:2 account:30471234# pin:246810# ", "severity-2:2 tone:speak record-keep:1 callback-right:1 choice-end:9"
	presses := func(known string) {
		t.Helper()
		if got, err := s.demoScript(t.Context()); err != nil || got != before+known+after {
			t.Errorf("the caller presses %q, %v, want %q in between", got, err, known)
		}
	}
	presses("")
	account := tickets.Account{ID: demoAccount, Plan: "enterprise"}
	request := tickets.Request{CallKey: "before", Account: &account, Verified: true, Received: time.Now().Add(-time.Hour)}
	if _, err := s.desk.Open(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	presses("open-choices:2 ")
	if _, err := s.desk.Declare(t.Context(), "", tickets.IncidentChange{By: "ann"}); err != nil {
		t.Fatal(err)
	}
	presses("incident-choices:2 open-choices:2 ")
}
