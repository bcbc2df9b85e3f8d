package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"readback/tickets"
)

const (
	rightPIN = "246801"
	wrongPIN = "135790"
)

// customer has Acme in its store, with its PIN.
func customer(t *testing.T, open func(*testing.T) tickets.Store) *bench {
	t.Helper()
	return stock(newBench(t, open(t)))
}

func stock(b *bench) *bench {
	t := b.t
	t.Helper()
	hash, err := b.Hash(t.Context(), pin(t, rightPIN))
	if err != nil {
		t.Fatal(err)
	}
	account := acme()
	account.PINHash = hash
	b.put(account)
	return b
}

func pin(t *testing.T, digits string) tickets.PIN {
	t.Helper()
	made, err := tickets.NewPIN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// try identifies from a number and reports whether it was let in.
func (b *bench) try(account, digits, from string) bool {
	b.t.Helper()
	var typed tickets.PIN
	if digits != "" {
		typed = pin(b.t, digits)
	}
	found, err := b.Identify(b.t.Context(), tickets.Caller{Number: from, Trunk: "carrier"}, account, typed)
	switch {
	case err == nil && found.ID == account:
		return true
	case errors.Is(err, tickets.ErrDenied):
		return false
	}
	b.t.Fatalf("identify: got %q, %v", found.ID, err)
	return false
}

func testIdentify(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("account and PIN", func(t *testing.T) {
		b := customer(t, open)
		for name, test := range map[string]struct {
			account, pin string
			want         bool
		}{
			"right":           {"30471234", rightPIN, true},
			"wrong PIN":       {"30471234", wrongPIN, false},
			"no PIN":          {"30471234", "", false},
			"unknown account": {"30471235", rightPIN, false},
			"not an account":  {"3047'; --", rightPIN, false},
			"nothing":         {"", rightPIN, false},
		} {
			if got := b.try(test.account, test.pin, ""); got != test.want {
				t.Errorf("%s: let in %v, want %v", name, got, test.want)
			}
		}
	})
	t.Run("unknown, wrong and locked look alike", func(t *testing.T) { testAlike(t, open) })
	t.Run("five wrong lock the account, longer each time", func(t *testing.T) { testAccountLock(t, open) })
	t.Run("ten wrong block a caller number", func(t *testing.T) { testCallerLock(t, open) })
	t.Run("wrong ones are forgotten after a day", func(t *testing.T) {
		b := customer(t, open)
		for range 4 {
			b.try("30471234", wrongPIN, "")
		}
		b.pass(24 * time.Hour)
		b.try("30471234", wrongPIN, "")
		if !b.try("30471234", rightPIN, "") {
			t.Error("locked by wrong PINs of yesterday")
		}
	})
	t.Run("a right one forgives none", func(t *testing.T) {
		b := customer(t, open)
		for range 4 {
			b.try("30471234", wrongPIN, "")
		}
		if !b.try("30471234", rightPIN, "") {
			t.Error("locked after four")
		}
		b.try("30471234", wrongPIN, "")
		if b.try("30471234", rightPIN, "") {
			t.Error("let in after five wrong ones")
		}
	})
	t.Run("in parallel no more are tried than one after the other", func(t *testing.T) { testParallel(t, open) })
	t.Run("many right at once are all let in", func(t *testing.T) {
		b := customer(t, open)
		ctx := patience(t)
		together(12, func(int) {
			if _, err := b.Identify(ctx, tickets.Caller{Trunk: "carrier"}, "30471234", pin(t, rightPIN)); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("a trunk is slowed and reported, never locked", func(t *testing.T) { testTrunk(t, open) })
	t.Run("attempts are forgotten", func(t *testing.T) {
		b := customer(t, open)
		b.try("30471234", wrongPIN, "")
		b.pass(72 * time.Hour)
		b.try("30471234", wrongPIN, "")
		for _, want := range []int64{1, 0} {
			if got, err := b.Store.PruneAttempts(t.Context(), b.now().Add(-48*time.Hour)); got != want || err != nil {
				t.Errorf("pruned %d, %v, want %d", got, err, want)
			}
		}
	})
}

func testAccountLock(t *testing.T, open func(*testing.T) tickets.Store) {
	b := customer(t, open)
	for i := range 5 {
		b.try("30471234", wrongPIN, fmt.Sprintf("+1415555010%d", i))
	}
	for _, length := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour} {
		b.pass(length - time.Microsecond)
		if b.try("30471234", rightPIN, "") {
			t.Fatalf("let in before %v were over", length)
		}
		b.pass(time.Microsecond)
		if !b.try("30471234", rightPIN, "") {
			t.Fatalf("not let in after %v: attempts on a locked account must not prolong it", length)
		}
		b.try("30471234", wrongPIN, "")
	}
}

func testCallerLock(t *testing.T, open func(*testing.T) tickets.Store) {
	b := customer(t, open)
	for i := range 10 {
		b.try(fmt.Sprint(1000+i), wrongPIN, "+14155550111")
	}
	if b.try("30471234", rightPIN, "+14155550111") {
		t.Error("let in from a blocked number")
	}
	if !b.try("30471234", rightPIN, "+14155550112") || !b.try("30471234", rightPIN, "") {
		t.Error("another number is blocked too")
	}
	b.pass(15 * time.Minute)
	if !b.try("30471234", rightPIN, "+14155550111") {
		t.Error("not let in after 15 minutes")
	}
}

func testParallel(t *testing.T, open func(*testing.T) tickets.Store) {
	b := customer(t, open)
	ctx := patience(t)
	together(30, func(int) {
		if _, err := b.Identify(ctx, tickets.Caller{Trunk: "carrier"}, "30471234", pin(t, wrongPIN)); !errors.Is(err, tickets.ErrDenied) {
			t.Errorf("got %v, want ErrDenied", err)
		}
	})
	if b.saw[tickets.SawWrong] != 5 || b.saw[tickets.SawLocked] != 25 {
		t.Errorf("tried %d, locked %d, want 5 and 25", b.saw[tickets.SawWrong], b.saw[tickets.SawLocked])
	}
}

func testTrunk(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	b.Policy = tickets.DefaultPolicy()
	b.Policy.Lockout.Trunk = tickets.Slowdown{Limit: 3, Within: time.Hour, Delay: time.Millisecond}
	stock(b)
	for i := range 5 {
		b.try(fmt.Sprint(1000+i), wrongPIN, "")
	}
	if !b.try("30471234", rightPIN, "") {
		t.Error("a trunk was locked")
	}
	if b.saw[tickets.SawSlowed] == 0 {
		t.Error("nobody was told")
	}
	rows, err := b.Store.Notices(t.Context(), "", 0)
	if err != nil || summary(rows) != "alarm trunk-slowedcarrier" {
		t.Errorf("got %q, %v, want one alarm", summary(rows), err)
	}
}
