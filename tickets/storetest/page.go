package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"readback/tickets"
)

// nights are hours of engineers who are never at work before two days have passed.
type nights struct{}

func (nights) Working(string, time.Time) bool        { return false }
func (nights) Next(_ string, at time.Time) time.Time { return at.Add(48 * time.Hour) }

func testPage(t *testing.T, open func(*testing.T) tickets.Store) {
	urgent := func(r *tickets.Request) { r.Priority = tickets.P1 }
	for name, test := range map[string]struct {
		change func(*tickets.Request)
		world  func(*office)
		want   []string
		owner  string
		starts time.Duration
	}{
		"a P1 pages until somebody accepts": {
			change: urgent,
			world:  func(o *office) { o.pages["Eve"] = []error{nobody}; o.pages["Ian"] = []error{nobody, nil} },
			want:   []string{"0s raise page", "0s page Eve", "0s page Ian", "1m0s page Eve", "1m0s page Ian", "1m0s clear page"}, owner: "Ian",
		},
		"the first one accepts": {change: urgent, want: []string{"0s raise page", "0s page Eve", "0s clear page"}, owner: "Eve"},
		"a pager that is down is told later, engineers are phoned all the same": {
			change: urgent,
			world: func(o *office) {
				o.raises = []error{errDown, nil}
				o.pages["Eve"] = []error{errDown, nil}
				o.pages["Ian"] = []error{nobody}
			},
			want: []string{"0s raise page", "0s page Eve", "0s page Ian", "1m0s raise page", "1m0s page Eve", "1m0s clear page"}, owner: "Eve",
		},
		"a P2 by night":                   {world: func(o *office) { o.Policy.PageP2 = true }, want: []string{"0s raise page", "0s page Eve", "0s clear page"}, owner: "Eve"},
		"a P2 by night, without a policy": {starts: 48 * time.Hour},
		"a P3 waits":                      {change: func(r *tickets.Request) { r.Priority = tickets.P3 }, starts: 48 * time.Hour},
		"nobody is woken for a stranger":  {change: func(r *tickets.Request) { unverified(r); r.Priority = tickets.P1 }, want: []string{"0s raise unverified-p1"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, open(t))
			o.Policy = tickets.DefaultPolicy()
			o.Paging, o.Hours = true, nights{}
			o.clerk.Engineers, o.clerk.Pagers = []tickets.Engineer{{Name: "Eve"}, {Name: "Ian"}}, []tickets.Pager{siren{o}}
			if test.world != nil {
				test.world(o)
			}
			request := o.request()
			change(&request, test.change)
			ticket := o.open(request)
			if err := o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
				t.Fatal(err)
			}
			o.until(30 * time.Minute)
			if got := o.done(); !slices.Equal(got, test.want) {
				t.Errorf("done %q, want %q", got, test.want)
			}
			read, err := o.Store.Ticket(t.Context(), ticket.Number)
			if err != nil || read.Owner != test.owner || read.Starts.Sub(noon) != test.starts {
				t.Errorf("owner %q, begins after %v, %v, want %q and %v", read.Owner, read.Starts.Sub(noon), err, test.owner, test.starts)
			}
		})
	}
	t.Run("a ringing call ends when somebody else accepts", func(t *testing.T) { testTaken(t, open) })
}

func testTaken(t *testing.T, open func(*testing.T) tickets.Store) {
	o := newOffice(t, open(t))
	o.Paging = true
	o.clerk.Engineers = []tickets.Engineer{{Name: "Eve"}, {Name: "Ian"}}
	o.pages["Eve"] = []error{nobody}
	request := o.request()
	request.Priority = tickets.P1
	ticket := o.open(request)
	var cause error
	o.onPage = func(ctx context.Context) {
		if _, err := o.Accept(ctx, ticket.Number, "Zoe", "console"); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		cause = context.Cause(ctx)
	}
	o.until(time.Minute)
	if !errors.Is(cause, tickets.ErrTaken) {
		t.Errorf("the call ended because of %v, want ErrTaken", cause)
	}
	if got := o.done(); len(got) != 1 {
		t.Errorf("done %q, want one call", got)
	}
	if read, err := o.Store.Ticket(t.Context(), ticket.Number); err != nil || read.Owner != "Zoe" {
		t.Errorf("owner %q, %v, want Zoe", read.Owner, err)
	}
}
