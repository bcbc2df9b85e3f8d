package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

func testCalls(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("come back as they were kept, once", func(t *testing.T) {
		b := newBench(t, open(t))
		want := tickets.CallRecord{
			ID: "r1", CallKey: "k1", Direction: tickets.DirectionOutgoing, SIPCallID: "a84b4c76e66710@pc33.example.com", Trunk: "carrier", From: "+14155550100", Called: "+18887999666", Disposition: tickets.DispositionCompleted,
			Reason: "goodbye", Status: 200, Ticket: "48215906", Account: "30471234", Language: "en-US", Keys: "2 ••••••• 1 1",
			Node: "node-a", Rule: "glare", EndedBy: tickets.EndedByCarrier, EndReason: `Q.850;cause=102;text="Recovery on timer expiry"`,
			Origin: tickets.Origin{
				Source: "198.51.100.7:5060", Transport: "tcp", Dialled: "sip:+18887999666@192.0.2.1", OriginalCalled: "+16503976096",
				Attestation: "B", AttestationReason: "the carrier knows its customer, not the number",
			},
			Started: noon, Answered: noon.Add(time.Second), Ended: noon.Add(time.Minute),
			Sound: tickets.Sound{
				Codec: "G722", Encryption: "AEAD_AES_256_GCM", IO: "io_uring", Ptime: 30 * time.Millisecond,
				Sent: 4000, Received: 3990, Lost: 10, Reordered: 3, Gaps: 1, Jitter: 2 * time.Millisecond,
				RemoteLost: 7, RemoteJitter: 3 * time.Millisecond, RoundTrip: 80 * time.Millisecond, MOS: 4.385, OneWay: true,
			},
		}
		for range 2 {
			if err := b.Record(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.Store.ListCalls(t.Context(), tickets.CallPage{})
		if diff := cmp.Diff([]tickets.CallRecord{want}, got); diff != "" || err != nil {
			t.Errorf("%v, want and got:\n%s", err, diff)
		}
	})
	t.Run("are found by what people have of them", func(t *testing.T) { testCallsByReference(t, open) })
	t.Run("come together, each once", func(t *testing.T) {
		b := newBench(t, open(t))
		var many []tickets.CallRecord
		for i := range 100 {
			many = append(many, tickets.CallRecord{CallKey: fmt.Sprintf("call-%02d", i), Disposition: tickets.DispositionCompleted, Started: noon})
		}
		many[7].MOS = math.NaN()
		for name, some := range map[string][]tickets.CallRecord{
			"none": nil, "some": many[:60], "the same twice": {many[3], many[3]}, "old and new ones": many,
		} {
			if err := b.Record(t.Context(), some...); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		got := b.calls(tickets.CallPage{})
		if len(got) != len(many) || !slices.IsSorted(got) || len(slices.Compact(got)) != len(many) {
			t.Errorf("got %v, want each of %d once", got, len(many))
		}
	})
	t.Run("come together or not at all", func(t *testing.T) {
		b := newBench(t, open(t))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		good := tickets.CallRecord{CallKey: "good", Started: noon}
		if err := b.Record(t.Context(), good, tickets.CallRecord{}); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("a record without key: got %v, want ErrInvalid", err)
		}
		if err := b.Record(ended, good); !errors.Is(err, tickets.ErrUnavailable) {
			t.Errorf("out of time: got %v, want ErrUnavailable", err)
		}
		if got := b.calls(tickets.CallPage{}); len(got) != 0 {
			t.Errorf("got %v, want none", got)
		}
	})
	t.Run("are listed and forgotten by age", func(t *testing.T) {
		b := newBench(t, open(t))
		for i := range 6 {
			record := tickets.CallRecord{CallKey: fmt.Sprint("call-", i), Trunk: fmt.Sprint("trunk-", i%3), Disposition: tickets.DispositionRefused, Started: noon.Add(-time.Duration(i) * time.Hour)}
			if i%2 == 0 {
				record.Disposition = tickets.DispositionAbandoned
			}
			if err := b.Record(t.Context(), record); err != nil {
				t.Fatal(err)
			}
		}
		for name, test := range map[string]struct {
			page tickets.CallPage
			want []string
		}{
			"all":         {tickets.CallPage{}, []string{"call-0", "call-1", "call-2", "call-3", "call-4", "call-5"}},
			"latest":      {tickets.CallPage{Limit: 2}, []string{"call-0", "call-1"}},
			"before":      {tickets.CallPage{Before: noon.Add(-3 * time.Hour)}, []string{"call-4", "call-5"}},
			"disposition": {tickets.CallPage{Disposition: tickets.DispositionRefused}, []string{"call-1", "call-3", "call-5"}},
			"key":         {tickets.CallPage{CallKey: "call-3"}, []string{"call-3"}},
			"trunk":       {tickets.CallPage{Trunk: "trunk-1"}, []string{"call-1", "call-4"}},
			"trunk, key":  {tickets.CallPage{Trunk: "trunk-1", CallKey: "call-3"}, nil},
		} {
			if got := b.calls(test.page); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
		}
		if gone, err := b.Tidy(t.Context(), 150*time.Minute); gone != 3 || err != nil {
			t.Errorf("tidied %d, %v, want 3", gone, err)
		}
		if got := b.calls(tickets.CallPage{}); len(got) != 3 {
			t.Errorf("left %v, want 3", got)
		}
	})
}

func testCallsByReference(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	for i, record := range []tickets.CallRecord{
		{CallKey: "ABCD2", SIPCallID: "one@example.com", Ticket: "48215906"},
		{CallKey: "ABCE3", SIPCallID: "two@example.com"},
		{CallKey: "ABC_4", SIPCallID: "ABCD"},
		{CallKey: "B%2", SIPCallID: "two@example.com"},
	} {
		record.Started = noon.Add(-time.Duration(i) * time.Minute)
		if err := b.Record(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	for reference, want := range map[string][]string{
		"ABCD2": {"ABCD2"}, "abcd2": {"ABCD2"}, "ABC": {"ABCD2", "ABCE3", "ABC_4"}, "ABCD": {"ABCD2", "ABC_4"}, "48215906": {"ABCD2"},
		"two@example.com": {"ABCE3", "B%2"}, "B": {"B%2"}, "%": nil, "ABC_": {"ABC_4"}, "ZZ": nil, "4821590": nil,
	} {
		if got := b.calls(tickets.CallPage{Reference: reference}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", reference, got, want)
		}
	}
	if got := b.calls(tickets.CallPage{Reference: "ABC", Limit: 2}); !slices.Equal(got, []string{"ABCD2", "ABCE3"}) {
		t.Errorf("two of them: got %v, want the latest", got)
	}
}

func (b *bench) calls(page tickets.CallPage) []string {
	b.t.Helper()
	records, err := b.Store.ListCalls(b.t.Context(), page)
	if err != nil {
		b.t.Fatal(err)
	}
	var keys []string
	for _, record := range records {
		keys = append(keys, record.CallKey)
	}
	return keys
}

func testList(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	other := acme()
	other.ID = "99"
	var all []tickets.Ticket
	for i := range 9 {
		request := b.request()
		request.Priority = tickets.Priority(i%4 + 1)
		if i >= 6 {
			request.Account = &other
		}
		all = append(all, b.open(request))
		b.pass(2 * time.Minute)
	}
	slices.SortFunc(all, func(x, y tickets.Ticket) int {
		if x.Priority != y.Priority {
			return int(x.Priority - y.Priority)
		}
		return x.Due.Compare(y.Due)
	})
	for _, account := range []string{"", "99"} {
		want := slices.DeleteFunc(slices.Clone(all), func(t tickets.Ticket) bool { return account != "" && t.Account != account })
		var got []tickets.Ticket
		page := tickets.TicketPage{Account: account, Limit: 2}
		for {
			some, err := b.Store.ListTickets(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			if len(some) == 0 {
				break
			}
			got = append(got, some...)
			page.After = some[len(some)-1].Number
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("account %q, want and got:\n%s", account, diff)
		}
	}
}
