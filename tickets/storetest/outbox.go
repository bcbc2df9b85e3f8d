package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

func testOutbox(t *testing.T, open func(*testing.T) tickets.Store) {
	ladderAt := noon.Add(90 * time.Second)
	for name, test := range map[string]struct {
		change func(*tickets.Request)
		desk   func(*tickets.Desk)
		want   string // kinds, reasons and addresses
		due    time.Time
	}{
		"by e-mail":           {want: "acknowledge-by-email ann@example.com, alarm unacknowledged", due: ladderAt},
		"the caller is gone":  {change: func(r *tickets.Request) { r.HungUp = true }, want: "acknowledge-by-email ann@example.com, alarm unacknowledged", due: noon.Add(10 * time.Second)},
		"a long call":         {change: func(r *tickets.Request) { r.Received = noon.Add(-3 * time.Minute) }, want: "acknowledge-by-email ann@example.com, alarm unacknowledged", due: noon.Add(40 * time.Second)},
		"by call back":        {change: noEmail, want: "acknowledge-by-callback +14155550100, alarm unacknowledged", due: ladderAt},
		"no way":              {change: noWay, want: "acknowledge-by-agent, alarm no-way-to-acknowledge", due: ladderAt},
		"number not verified": {change: func(r *tickets.Request) { noEmail(r); r.CallbackVerified = false }, want: "acknowledge-by-agent, alarm no-way-to-acknowledge", due: ladderAt},
		"no channel configured": {
			desk: func(d *tickets.Desk) { d.Mail, d.CallBack = false, false },
			want: "acknowledge-by-email ann@example.com, alarm no-way-to-acknowledge", due: ladderAt,
		},
		"unverified P1": {
			change: func(r *tickets.Request) { r.Account, r.Priority = nil, tickets.P1 },
			want:   "acknowledge-by-callback +14155550100, alarm unacknowledged, alarm unverified-p1", due: ladderAt,
		},
		"unverified P1, no way": {
			change: func(r *tickets.Request) { withheld(r); r.Priority, r.Callback = tickets.P1, "" },
			want:   "acknowledge-by-agent, alarm no-way-to-acknowledge, alarm unverified-p1", due: ladderAt,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			if test.desk != nil {
				test.desk(b.Desk)
			}
			request := b.request()
			change(&request, test.change)
			b.pass(10 * time.Second)
			ticket := b.open(request)
			rows, err := b.Store.Notices(t.Context(), ticket.Number, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(rows); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for _, row := range rows {
				if row.Kind.Ladder() && !row.Due.Equal(test.due) {
					t.Errorf("the ladder is due %v, want %v", row.Due, test.due)
				}
				if row.Ticket != ticket.Number || row.Account != ticket.Account || row.CallID != ticket.CallID || row.Language != ticket.Language {
					t.Errorf("row %+v does not belong to %+v", row, ticket)
				}
			}
		})
	}
	t.Run("sends a number once", func(t *testing.T) { testSendNumber(t, open) })
	t.Run("sends links once a call", func(t *testing.T) { testSendLinks(t, open) })
}

func noEmail(r *tickets.Request) {
	account := acme()
	account.Contacts[0].Email = ""
	r.Account = &account
}

func noWay(r *tickets.Request) {
	noEmail(r)
	r.Callback = ""
}

func summary(rows []tickets.Notice) string {
	var parts []string
	for _, row := range rows {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s%s", row.Kind, row.Reason, row.To)))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func testSendNumber(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	ticket := b.open(b.request())
	for range 2 {
		if err := b.SendNumber(t.Context(), ticket.Number); err != nil {
			t.Fatal(err)
		}
	}
	if row := b.notices(ticket.Number)[tickets.NumberByEmail]; row.To != "ann@example.com" || !row.Due.Equal(noon) {
		t.Errorf("got row %+v, want one to ann@example.com, due now", row)
	}
	b.pass(time.Hour)
	request := b.request()
	noEmail(&request)
	silent := b.open(request)
	if err := b.SendNumber(t.Context(), silent.Number); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("without address: got %v, want ErrInvalid", err)
	}
	if err := b.SendNumber(t.Context(), "10000000"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("without ticket: got %v, want ErrNotFound", err)
	}
}

func testSendLinks(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	for range 2 {
		if err := b.SendLinks(t.Context(), acme(), "call-1"); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := b.Store.Notices(t.Context(), "", 0)
	if err != nil || summary(rows) != "links-by-email ann@example.com" {
		t.Errorf("got %q, %v, want one row of links", summary(rows), err)
	}
	if err := b.SendLinks(t.Context(), tickets.Account{ID: "1"}, "call-2"); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("without address: got %v, want ErrInvalid", err)
	}
}
