package storetest

import (
	"slices"
	"testing"
	"time"

	"readback/tickets"
)

func testLadder(t *testing.T, open func(*testing.T) tickets.Store) {
	const mail, call = "mail acknowledge-by-email ann@example.com", "call +14155550100"
	for name, test := range map[string]struct {
		change      func(*tickets.Request)
		world       func(*office)
		told        bool // by the caller's own ears, at 60 s
		until       time.Duration
		want        []string // first of what is done
		by          string   // acknowledged
		alarms      []string
		afterWindow bool // acknowledged only then
	}{
		"the number was heard":            {told: true, until: 5 * time.Hour, by: tickets.ByReadback},
		"a letter":                        {until: 5 * time.Hour, want: []string{"1m30s " + mail}, by: tickets.ByEmail},
		"at once after a hang-up":         {change: func(r *tickets.Request) { r.HungUp = true }, until: time.Hour, want: []string{"0s " + mail}, by: tickets.ByEmail},
		"a call when there is no address": {change: noEmail, until: time.Hour, want: []string{"1m30s " + call}, by: tickets.ByCallback},
		"a call when the relay is down": {
			world: func(o *office) { o.mail = []error{errDown} }, until: time.Hour,
			want: []string{"1m30s " + mail, "1m30s " + call}, by: tickets.ByCallback,
		},
		"a machine answers, the relay comes back": {
			world: func(o *office) { o.mail, o.calls = []error{errDown, errDown, nil}, []error{nobody} }, until: time.Hour,
			want: []string{"1m30s " + mail, "1m30s " + call, "1m46s " + mail, "2m18s " + mail}, by: tickets.ByEmail,
		},
		"nobody answers for a while": {
			change: noEmail, world: func(o *office) { o.calls = []error{nobody, nobody, nil} }, until: time.Hour,
			want: []string{"1m30s " + call, "11m30s " + call, "21m30s " + call}, by: tickets.ByCallback,
		},
		"a refused address is not tried again": {
			world: func(o *office) { o.mail, o.calls = []error{errNever}, []error{nobody, nil} }, until: time.Hour,
			want: []string{"1m30s " + mail, "1m30s " + call, "11m30s " + call}, by: tickets.ByCallback,
		},
		"nothing succeeds: an alarm at three quarters of the window": {
			world:  func(o *office) { o.mail, o.calls = []error{errDown}, []error{nobody} },
			until:  4 * time.Hour,
			alarms: []string{"3h0m0s " + tickets.ReasonUnacknowledged},
		},
		"everything is refused: an alarm at once": {
			world: func(o *office) { o.mail, o.calls = []error{errNever}, []error{errNever} }, until: 4 * time.Hour,
			want: []string{"1m30s " + mail, "1m30s " + call}, alarms: []string{"1m30s " + tickets.ReasonNoWay, "3h0m0s " + tickets.ReasonUnacknowledged},
		},
		"a late letter is better than none": {
			world: func(o *office) { o.mail, o.calls = []error{errDown}, []error{errNever} }, until: 6 * time.Hour, afterWindow: true,
			alarms: []string{"3h0m0s " + tickets.ReasonUnacknowledged}, by: tickets.ByEmail,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, open(t))
			if test.world != nil {
				test.world(o)
			}
			request := o.request()
			change(&request, test.change)
			ticket := o.open(request)
			if test.told {
				o.pass(time.Minute)
				if err := o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
					t.Fatal(err)
				}
			}
			if test.afterWindow {
				o.until(5 * time.Hour)
				o.mail = nil
			}
			o.until(test.until)
			done := o.done()
			if len(test.want) > 0 && !slices.Equal(done[:min(len(done), len(test.want))], test.want) || test.by != "" && !test.afterWindow && len(done) != len(test.want) {
				t.Errorf("done %q, want %q", done, test.want)
			}
			read, err := o.Store.Ticket(t.Context(), ticket.Number)
			if err != nil || read.AcknowledgedBy != test.by {
				t.Errorf("acknowledged by %q, %v, want %q", read.AcknowledgedBy, err, test.by)
			}
			if got := o.alarms(ticket.Number); !slices.Equal(got, test.alarms) {
				t.Errorf("alarms %q, want %q", got, test.alarms)
			}
			if len(o.letters) > 1 {
				t.Errorf("letters %v, want one ID for all attempts", o.letters)
			}
		})
	}
	t.Run("a letter that comes back", func(t *testing.T) { testBounce(t, open) })
}

// alarms are when agents were alarmed about a ticket, and why.
func (o *office) alarms(number tickets.Number) []string {
	o.t.Helper()
	events, err := o.Store.Events(o.t.Context(), number)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		if e.What == tickets.EventAlarmed {
			all = append(all, e.At.Sub(noon).String()+" "+e.Detail["reason"])
		}
	}
	return all
}

func testBounce(t *testing.T, open func(*testing.T) tickets.Store) {
	o := newOffice(t, open(t))
	ticket := o.open(o.request())
	o.until(10 * time.Minute)
	if err := o.Bounced(t.Context(), ticket.Number, "550 5.1.1 no such user"); err != nil {
		t.Fatal(err)
	}
	o.until(time.Hour)
	want := []string{"1m30s mail acknowledge-by-email ann@example.com", "10m0s call +14155550100"}
	if got := o.done(); !slices.Equal(got, want) {
		t.Errorf("done %q, want %q", got, want)
	}
	read, err := o.Store.Ticket(t.Context(), ticket.Number)
	if err != nil || read.AcknowledgedBy != tickets.ByCallback {
		t.Errorf("acknowledged by %q, %v, want callback", read.AcknowledgedBy, err)
	}
}
