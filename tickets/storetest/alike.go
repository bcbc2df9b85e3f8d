package storetest

import (
	"testing"

	"readback/tickets"
)

// testAlike compares what an attempt asks of the store: the same, in the same order, whatever is wrong.
func testAlike(t *testing.T, open func(*testing.T) tickets.Store) {
	b := customer(t, open)
	diary := &diary{Store: b.Store}
	b.Store = diary
	asked := map[string]string{}
	for _, test := range []struct{ name, account, pin string }{
		{"right", "30471234", rightPIN}, {"wrong", "30471234", wrongPIN}, {"unknown", "99", rightPIN}, {"no account", "x", rightPIN}, {"no PIN", "30471234", ""},
	} {
		b.try(test.account, test.pin, "+14155550111")
		asked[test.name] = diary.tear()
	}
	for range 5 {
		b.try("30471234", wrongPIN, "")
	}
	diary.tear()
	b.try("30471234", rightPIN, "")
	asked["locked"] = diary.tear()
	for name, got := range asked {
		if want := "Account ReserveAttempt SettleAttempt "; got != want {
			t.Errorf("%s: asked %q, want %q", name, got, want)
		}
	}
}

// diary writes down what is asked.
type diary struct {
	tickets.Store
	asked string
}

func (d *diary) tear() string {
	page := d.asked
	d.asked = ""
	return page
}

func (d *diary) Account(ctx ctxt, id string) (tickets.Account, error) {
	d.asked += "Account "
	return d.Store.Account(ctx, id)
}

func (d *diary) ReserveAttempt(ctx ctxt, a tickets.Attempt, rule tickets.Lockout) (tickets.Reservation, error) {
	d.asked += "ReserveAttempt "
	return d.Store.ReserveAttempt(ctx, a, rule)
}

func (d *diary) SettleAttempt(ctx ctxt, id string, result tickets.Result) error {
	d.asked += "SettleAttempt "
	return d.Store.SettleAttempt(ctx, id, result)
}
