package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

// testPromises: what a report reads of tickets is what became of them.
func testPromises(t *testing.T, open func(*testing.T) tickets.Store) {
	const day = 24 * time.Hour
	told := func(by string) func(*office, tickets.Number) {
		return func(o *office, number tickets.Number) {
			o.check(o.Desk.Acknowledge(o.t.Context(), number, tickets.Acknowledgement{By: by}))
		}
	}
	changed := func(c tickets.Change) func(*office, tickets.Number) {
		return func(o *office, number tickets.Number) {
			c.By = "dana"
			_, err := o.Change(o.t.Context(), number, c)
			o.check(err)
		}
	}
	down := func(o *office) { o.mail, o.calls = []error{errDown}, []error{nobody} }
	for name, test := range map[string]struct {
		change func(*tickets.Request)
		world  func(*office)
		steps  []step
		until  time.Duration
		want   tickets.Promise // but for number and times of receipt
		due    time.Duration
		told   time.Duration // 0: never
		alarm  time.Duration // 0: none
	}{
		"the number was heard": {
			steps: []step{{time.Minute, told(tickets.ByReadback)}}, until: day,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2, AcknowledgedBy: tickets.ByReadback}, due: 4 * time.Hour, told: time.Minute,
		},
		"nobody proved an account": {
			change: func(r *tickets.Request) { r.Account, r.Verified, r.Priority = nil, false, 0 },
			steps:  []step{{time.Minute, told(tickets.ByReadback)}}, until: day,
			want: tickets.Promise{Priority: tickets.P3, AcknowledgedBy: tickets.ByReadback}, due: day, told: time.Minute,
		},
		"the caller hung up": {
			change: func(r *tickets.Request) { r.HungUp = true }, until: time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2, AcknowledgedBy: tickets.ByEmail}, due: 4 * time.Hour, told: time.Nanosecond,
		},
		"nothing succeeds: agents are alarmed": {
			world: down, until: 5 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2}, due: 4 * time.Hour, alarm: 3 * time.Hour,
		},
		"an agent tells, too late": {
			world: down, steps: []step{{5 * time.Hour, told(tickets.ByAgent)}}, until: day,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2, AcknowledgedBy: tickets.ByAgent}, due: 4 * time.Hour, told: 5 * time.Hour, alarm: 3 * time.Hour,
		},
		"raised before: it counts as raised, and the alarm comes at once": {
			world: down, steps: []step{{2 * time.Hour, changed(tickets.Change{Priority: tickets.P1})}}, until: 3 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P1}, due: time.Hour, alarm: 2 * time.Hour,
		},
		"raised afterwards: it counts as it was": {
			steps: []step{
				{time.Minute, changed(tickets.Change{Priority: tickets.P3})},
				{2 * time.Hour, told(tickets.ByAgent)},
				{3 * time.Hour, changed(tickets.Change{Priority: tickets.P1, Status: tickets.StatusResolved})},
			},
			world: down, until: 4 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P3, AcknowledgedBy: tickets.ByAgent}, due: day, told: 2 * time.Hour,
		},
		"lowered afterwards: it was late all the same": {
			world: down,
			steps: []step{{5 * time.Hour, told(tickets.ByAgent)}, {6 * time.Hour, changed(tickets.Change{Priority: tickets.P4, At: noon.Add(time.Hour)})}}, until: 7 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2, AcknowledgedBy: tickets.ByAgent}, due: 4 * time.Hour, told: 5 * time.Hour, alarm: 3 * time.Hour,
		},
		"a letter came back in time": {
			world: func(o *office) { o.calls = []error{nobody} },
			steps: []step{{10 * time.Minute, bounce}}, until: 5 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2}, due: 4 * time.Hour, alarm: 3 * time.Hour,
		},
		"a letter came back too late: the alarm before it had been ended": {
			world: func(o *office) { o.mail, o.calls = []error{errDown}, []error{nobody} },
			steps: []step{
				{3*time.Hour + 10*time.Minute, func(o *office, _ tickets.Number) { o.mail = nil }},
				{5 * time.Hour, bounce},
			}, until: 6 * time.Hour,
			want: tickets.Promise{Plan: "enterprise", Priority: tickets.P2}, due: 4 * time.Hour, alarm: 5 * time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, open(t))
			if test.world != nil {
				test.world(o)
			}
			o.clerk.Pagers = []tickets.Pager{siren{o}}
			request := o.request()
			change(&request, test.change)
			ticket := o.open(request)
			for _, s := range test.steps {
				o.until(s.after)
				s.do(o, ticket.Number)
			}
			o.until(test.until)
			want := test.want
			want.Number, want.Received, want.Due = ticket.Number, ticket.Received, ticket.Received.Add(test.due)
			if test.told > 0 {
				want.Acknowledged = ticket.Received.Add(test.told.Truncate(time.Microsecond))
			}
			if test.alarm > 0 {
				want.Alarmed = ticket.Received.Add(test.alarm)
			}
			got, err := o.Store.Promises(t.Context(), tickets.PromisePage{From: noon, Until: noon.Add(time.Second)})
			if diff := cmp.Diff([]tickets.Promise{want}, got); diff != "" || err != nil {
				t.Errorf("%v, want and got:\n%s", err, diff)
			}
		})
	}
	t.Run("pages", func(t *testing.T) { testPromisePages(t, open) })
}

// A step is done to a ticket so long after noon.
type step struct {
	after time.Duration
	do    func(*office, tickets.Number)
}

func bounce(o *office, number tickets.Number) {
	o.check(o.Bounced(o.t.Context(), number, "550 5.1.1 no such user"))
}

func (o *office) check(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// testPromisePages: every ticket of the time is on one page, also when many came at one moment; calls that joined are none.
func testPromisePages(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	received := map[tickets.Number]time.Time{}
	for i := range 9 {
		request := b.request()
		request.Account, request.Verified, request.Caller.Number = nil, false, ""
		ticket := b.open(request)
		if i > 0 {
			received[ticket.Number] = ticket.Received
		}
		if i%3 != 1 {
			b.pass(time.Second)
		}
	}
	first := b.open(b.request())
	if second := b.open(b.request()); second.Number != first.Number {
		t.Fatalf("the second call has ticket %s, want it to join %s", second.Number, first.Number)
	}
	got := map[tickets.Number]time.Time{}
	page := tickets.PromisePage{From: noon.Add(time.Second), Until: first.Received, Limit: 2}
	for {
		some, err := b.Store.Promises(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range some {
			if _, twice := got[p.Number]; twice || p.Received.Before(page.After.Received) {
				t.Errorf("%s comes twice, or out of order", p.Number)
			}
			got[p.Number] = p.Received
		}
		if len(some) == 0 {
			break
		}
		page.After = some[len(some)-1]
	}
	if diff := cmp.Diff(received, got); diff != "" {
		t.Errorf("want and got:\n%s", diff)
	}
	joined, err := b.Store.Promises(t.Context(), tickets.PromisePage{From: first.Received, Until: first.Received.Add(time.Microsecond)})
	if err != nil || len(joined) != 1 || joined[0].Number != first.Number {
		t.Errorf("got %v, %v, want %s once", joined, err, first.Number)
	}
}
