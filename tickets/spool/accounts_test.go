package spool_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
)

// bubble runs a test with a site on a clock of its own.
func bubble(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	if _, err := migrated(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.start()
		s.settle()
		test(t, s)
		s.stop()
	})
}

func (s *site) put(accounts ...tickets.Account) {
	s.t.Helper()
	if err := s.spool.PutAccounts(s.t.Context(), accounts); err != nil {
		s.t.Fatal(err)
	}
}

func TestAccountsAreLookedUpInTheCopy(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		other := tickets.Account{ID: "99", Name: "Other"}
		s.put(acme(), other)
		s.settle()
		renamed := acme()
		renamed.Name = "Acme & Co"
		s.put(renamed) // after the first copy, so by its change
		s.settle()
		copied := s.spool.Stats().Accounts
		s.fail(gone)
		if err := s.spool.PutAccounts(t.Context(), []tickets.Account{other}); !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("changing an account: got %v, want ErrUnavailable", err)
		}
		got, err := s.spool.Account(t.Context(), "30471234")
		if err != nil || got.Name != "Acme & Co" || len(got.Contacts) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
		if found, err := s.spool.AccountsByPhone(t.Context(), "+14155550100"); err != nil || len(found) != 1 {
			t.Errorf("by number: got %v, %v", found, err)
		}
		if _, err := s.spool.Account(t.Context(), "1"); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("an account that there is not: got %v, want ErrNotFound", err)
		}
		time.Sleep(time.Minute)
		if now := s.spool.Stats().Accounts; !now.Equal(copied) || time.Since(now) < time.Minute {
			t.Errorf("the copy is said to be as of %v, it is of %v", now, copied)
		}
	})
}

func TestAccountsThatAreGoneLeaveTheCopy(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.put(acme(), tickets.Account{ID: "99", Name: "Other"})
		s.settle()
		if err := s.database.DropAccounts(t.Context(), []string{"99"}); err != nil { // past the desk
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		s.settle()
		s.fail(gone)
		if _, err := s.spool.Account(t.Context(), "99"); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if _, err := s.spool.Account(t.Context(), "30471234"); err != nil {
			t.Errorf("the other one: %v", err)
		}
	})
}

// TestWithoutACopyNobodyKnows, and a ticket can be taken all the same.
func TestWithoutACopyNobodyKnows(t *testing.T) {
	if _, err := migrated(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		if err := s.shelf.Save(tickets.Stock{Store: "s", Spans: []tickets.Span{{Next: 0, End: 1000}}}); err != nil {
			t.Fatal(err)
		}
		s.fail(gone)
		s.start()
		_, err := s.desk.Recognize(t.Context(), tickets.Caller{Number: "+14155550100", Vouched: true})
		if !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		r := request("call")
		r.Account, r.Verified = nil, false
		if ticket := s.file(r); ticket.Verified || ticket.Number == "" {
			t.Errorf("got %+v", ticket)
		}
		s.stop()
	})
}

// TestALockHolds over the beginning of an outage, and over its end.
func TestALockHolds(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		account := acme()
		right, err := tickets.NewPIN("246810")
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := tickets.NewPIN("000000")
		if err != nil {
			t.Fatal(err)
		}
		if account.PINHash, err = s.desk.Hash(t.Context(), right); err != nil {
			t.Fatal(err)
		}
		s.put(account)
		s.settle()
		try := func(pin tickets.PIN) error {
			_, err := s.desk.Identify(t.Context(), tickets.Caller{Trunk: "carrier"}, account.ID, pin)
			return err
		}
		if err := try(right); err != nil {
			t.Fatal(err)
		}
		for i := range 5 { // three before, two while it is away
			if i == 3 {
				s.fail(gone)
			}
			if err := try(wrong); !errors.Is(err, tickets.ErrDenied) {
				t.Errorf("attempt %d: got %v, want ErrDenied", i, err)
			}
		}
		if err := try(right); !errors.Is(err, tickets.ErrDenied) {
			t.Errorf("while the database is away: got %v, want the account to be locked", err)
		}
		s.fail(well)
		s.settle()
		if err := try(right); !errors.Is(err, tickets.ErrDenied) {
			t.Errorf("when it is back: got %v, want the account to be locked", err)
		}
		time.Sleep(15 * time.Minute)
		if err := try(right); err != nil {
			t.Errorf("after 15 minutes: %v", err)
		}
	})
}

// TestCallRecordsAndNoticesWait in the spool, each once.
func TestCallRecordsAndNoticesWait(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(mute)
		if err := s.desk.Record(t.Context(), tickets.CallRecord{CallKey: "a"}); err != nil {
			t.Fatal(err)
		}
		s.fail(gone)
		if err := s.desk.Record(t.Context(), tickets.CallRecord{CallKey: "b"}, tickets.CallRecord{CallKey: "c"}); err != nil {
			t.Fatal(err)
		}
		if err := s.desk.SendLinks(t.Context(), acme(), "a"); err != nil {
			t.Fatal(err)
		}
		if found, err := s.spool.ListCalls(t.Context(), tickets.CallPage{}); err != nil || len(found) != 3 {
			t.Errorf("while it is away: %d records, %v, want 3", len(found), err)
		}
		s.fail(well)
		s.settle()
		if stats := s.spool.Stats(); stats.Calls != 0 {
			t.Errorf("%d records are left in the spool", stats.Calls)
		}
		if found, err := s.database.ListCalls(t.Context(), tickets.CallPage{}); err != nil || len(found) != 3 {
			t.Errorf("the database has %d records, %v, want 3", len(found), err)
		}
		if found, err := s.database.Notices(t.Context(), "", 0); err != nil || len(found) != 1 || found[0].Kind != tickets.LinksByEmail {
			t.Errorf("its outbox is %+v, %v", found, err)
		}
		if left, err := s.local.LooseNotices(t.Context(), 0); err != nil || len(left) != 0 {
			t.Errorf("the spool's outbox is %+v, %v", left, err)
		}
	})
}

// TestNothingIsPromisedWithoutDatabaseAndDisk.
func TestNothingIsPromisedWithoutDatabaseAndDisk(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(gone)
		if err := s.local.Close(); err != nil {
			t.Fatal(err)
		}
		if ticket, err := s.desk.Open(t.Context(), request("call")); !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("got %s, %v, want ErrUnavailable", ticket.Number, err)
		}
	})
}

// TestWorkGoesOn: a notice that somebody works keeps its ticket here until that is over.
func TestWorkGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, s *site) {
		s.fail(gone)
		ticket := s.file(request("call"))
		id := "acknowledge:" + string(ticket.Number)
		claim := func(until time.Time) {
			t.Helper()
			if err := s.spool.AmendNotice(t.Context(), id, func(n *tickets.Notice) error { n.Working = until; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		claim(time.Now().Add(time.Minute))
		s.fail(well)
		s.settle()
		if stats := s.spool.Stats(); stats.Tickets != 1 || !stats.Away.IsZero() {
			t.Errorf("while somebody is at it: %+v, want the ticket in the spool", stats)
		}
		claim(time.Time{})
		s.settle()
		if stats := s.spool.Stats(); stats.Tickets != 0 {
			t.Errorf("afterwards: %+v", stats)
		}
		if n, err := s.database.Notice(t.Context(), id); err != nil || !n.Open() {
			t.Errorf("the notice in the database: %+v, %v", n, err)
		}
	})
}
