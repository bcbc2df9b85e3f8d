package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

func testAccounts(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("come back as they were put", func(t *testing.T) {
		b := newBench(t, open(t))
		lone := tickets.Account{ID: "7", Name: "Ünï \"quoted\"; drop table accounts --", Plan: "free", PINHash: "$x$"}
		b.put(acme(), lone)
		for _, want := range []tickets.Account{acme(), lone} {
			got, err := b.Store.Account(t.Context(), want.ID)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("account %s: %v, want and got:\n%s", want.ID, err, diff)
			}
		}
	})
	t.Run("are replaced with their contacts", func(t *testing.T) {
		b := newBench(t, open(t))
		b.put(acme())
		changed := acme()
		changed.Plan, changed.Contacts = "free", changed.Contacts[1:]
		b.put(changed)
		got, err := b.Store.Account(t.Context(), changed.ID)
		if diff := cmp.Diff(changed, got); diff != "" || err != nil {
			t.Errorf("%v, want and got:\n%s", err, diff)
		}
	})
	t.Run("are all kept or none", func(t *testing.T) {
		b := newBench(t, open(t))
		bad := acme()
		bad.ID = "letters"
		if err := b.Store.PutAccounts(t.Context(), []tickets.Account{acme(), bad}); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
		if _, err := b.Store.Account(t.Context(), acme().ID); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("are listed in pages", func(t *testing.T) {
		b := newBench(t, open(t))
		var want []string
		for i := range 7 {
			account := acme()
			account.ID = fmt.Sprint(1000 + i)
			want = append(want, account.ID)
			b.put(account)
		}
		var got []string
		for page := (tickets.AccountPage{Limit: 3}); ; page.After = got[len(got)-1] {
			some, err := b.Store.ListAccounts(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			for _, account := range some {
				got = append(got, account.ID)
				if len(account.Contacts) != 2 {
					t.Errorf("account %s has %d contacts, want 2", account.ID, len(account.Contacts))
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("are recognized by number", func(t *testing.T) { testRecognize(t, open) })
}

func testRecognize(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	other := acme()
	other.ID, other.Contacts = "99", []tickets.Contact{{Phone: "+442079460000"}, {Email: "no@number.example"}}
	b.put(acme(), other)
	for name, test := range map[string]struct {
		caller tickets.Caller
		want   string
		err    error
	}{
		"one account":          {tickets.Caller{Number: "+14155550100", Vouched: true}, "30471234", nil},
		"nobody vouches":       {tickets.Caller{Number: "+14155550100"}, "", tickets.ErrNotFound},
		"two accounts":         {tickets.Caller{Number: "+442079460000", Vouched: true}, "", tickets.ErrNotFound},
		"none":                 {tickets.Caller{Number: "+15005550000", Vouched: true}, "", tickets.ErrNotFound},
		"withheld":             {tickets.Caller{Vouched: true}, "", tickets.ErrNotFound},
		"a pattern, no number": {tickets.Caller{Number: "+1415555%", Vouched: true}, "", tickets.ErrNotFound},
	} {
		got, err := b.Recognize(t.Context(), test.caller)
		if got.ID != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: got %q, %v, want %q, %v", name, got.ID, err, test.want, test.err)
		}
	}
}
