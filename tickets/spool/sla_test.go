package spool_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

// TestReportsCountEachTicketOnce: in the database, in the spool, or in both, when it is told in the spool.
func TestReportsCountEachTicketOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		file := func(key string) tickets.Number {
			r := request(key)
			r.Account, r.Verified, r.Caller.Number = nil, false, ""
			ticket := s.file(r)
			time.Sleep(time.Second)
			return ticket.Number
		}
		from := time.Now()
		there := file("there")
		s.fail(sick) // it takes nothing
		both := file("both")
		parcels, err := s.local.Export(t.Context(), "", 1)
		if err == nil {
			err = s.database.Store.Import(t.Context(), parcels) // the answer of which is lost
		}
		if err != nil {
			t.Fatal(err)
		}
		here := file("here")
		s.tell(both)
		s.tell(here)

		want := map[tickets.Number]string{there: "", both: tickets.ByReadback, here: tickets.ByReadback}
		for _, limit := range []int{1, 2, 3, 0} {
			got := map[tickets.Number]string{}
			for page := (tickets.PromisePage{From: from, Until: from.Add(time.Hour), Limit: limit}); ; {
				some, err := s.spool.Promises(t.Context(), page)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range some {
					if _, twice := got[p.Number]; twice {
						t.Errorf("by %d: %s comes twice", limit, p.Number)
					}
					got[p.Number] = p.AcknowledgedBy
				}
				if len(some) < tickets.Limit(limit) {
					break
				}
				page.After = some[len(some)-1]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %d, want and got:\n%s", limit, diff)
			}
		}
		s.fail(gone)
		if some, err := s.spool.Promises(t.Context(), tickets.PromisePage{From: from, Until: from.Add(time.Hour)}); !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("without the database: %v, %v, want ErrUnavailable", some, err)
		}
		s.fail(well)
	})
}
