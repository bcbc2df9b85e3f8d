package postgres_test

import (
	"errors"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres/pgtest"
)

// While somebody holds the tables, callers hear of the incidents that were read before, and go on without their open tickets.
func TestHeldTablesHoldUpNoCall(t *testing.T) {
	address := pgtest.Database(t, migrate)
	desk := &tickets.Desk{Store: store(t, address)}
	incident, err := desk.Declare(t.Context(), "", tickets.IncidentChange{By: "ann"})
	if err == nil {
		err = desk.ReadIncidents(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	other := connect(t, address)
	for _, statement := range []string{"begin", "lock table tickets, incidents in access exclusive mode"} {
		if _, err := other.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if _, err := desk.OpenTickets(t.Context(), "30471234"); !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("OpenTickets = %v, want ErrUnavailable", err)
	}
	if known := desk.Touching("US"); len(known) != 1 || known[0].ID != incident.ID {
		t.Errorf("callers are told of %+v, want what was read before", known)
	}
	if waited := time.Since(began); waited > time.Second {
		t.Errorf("the call waited %v, want a second at most", waited)
	}
	if err := desk.ReadIncidents(t.Context()); !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("ReadIncidents = %v, want ErrUnavailable", err)
	}
	if _, err := other.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if open, err := desk.OpenTickets(t.Context(), "30471234"); err != nil || len(open) != 0 {
		t.Errorf("afterwards OpenTickets = %v, %v", open, err)
	}
}
