package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

func testFollowed(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("changed accounts are told in order, each once", func(t *testing.T) {
		b := newBench(t, open(t))
		store := b.Store.(tickets.Followed)
		b.put(acme())
		cursor, err := store.AccountsVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		check := func(want ...string) {
			t.Helper()
			var got []string
			for {
				changed, next, err := store.ChangedAccounts(t.Context(), cursor, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range changed {
					got = append(got, a.ID+" "+a.Name+fmt.Sprint(" ", len(a.Contacts)))
				}
				if cursor = next; len(changed) == 0 {
					break
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("changed accounts are different (-want +got):\n%s", diff)
			}
		}
		check()
		b.put(tickets.Account{ID: "3", Name: "C"}, tickets.Account{ID: "1", Name: "A"}, tickets.Account{ID: "2", Name: "B"})
		check("1 A 0", "2 B 0", "3 C 0")
		check()
		renamed := acme()
		renamed.Name = "Acme & Co"
		b.put(tickets.Account{ID: "2", Name: "BB"})
		b.put(renamed)
		check("2 BB 0", "30471234 Acme & Co 2")
	})
	t.Run("attempts of another store count here", func(t *testing.T) {
		b := customer(t, open)
		store := b.Store.(tickets.Followed)
		var tried []tickets.Tried
		for i := range 5 {
			tried = append(tried, tickets.Tried{
				Attempt: tickets.Attempt{ID: fmt.Sprint("there-", i), At: noon.Add(time.Duration(i) * time.Second), Account: "30471234", Trunk: "t"},
				Result:  tickets.ResultPending,
			})
		}
		if err := store.MergeAttempts(t.Context(), tried); err != nil {
			t.Fatal(err)
		}
		for i := range tried {
			tried[i].Result = tickets.ResultWrong
		}
		for range 2 {
			if err := store.MergeAttempts(t.Context(), tried); err != nil {
				t.Fatal(err)
			}
		}
		b.pass(5 * time.Second)
		if b.try("30471234", rightPIN, "") {
			t.Error("the account is not locked after 5 wrong PINs elsewhere")
		}
		for i := range tried { // what is settled stays so
			tried[i].Result = tickets.ResultGood
		}
		if err := store.MergeAttempts(t.Context(), tried); err != nil {
			t.Fatal(err)
		}
		page, got := tickets.AttemptPage{Since: noon.Add(time.Second), Limit: 2}, 0
		for {
			some, err := store.ListAttempts(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range some {
				got++
				if one.At.Before(noon.Add(time.Second)) || one.Result == tickets.ResultGood || one.Result == tickets.ResultPending {
					t.Errorf("got %+v", one)
				}
			}
			if len(some) == 0 {
				break
			}
			page.Since, page.After = some[len(some)-1].At, some[len(some)-1].ID
		}
		if got != 5 { // four of there and one of here
			t.Errorf("listed %d attempts, want 5", got)
		}
	})
}
