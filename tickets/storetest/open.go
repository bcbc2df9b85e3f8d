package storetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

func testOpen(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("keeps all a call knows", func(t *testing.T) {
		b := newBench(t, open(t))
		request := b.request()
		b.pass(40 * time.Second)
		got := b.open(request)
		want := tickets.Ticket{
			Number: got.Number, Account: "30471234", Plan: "enterprise", Contact: "Ann Ames", Email: "ann@example.com",
			Caller: "+14155550100", Callback: "+14155550100", CallbackVerified: true, Priority: tickets.P2, Kind: tickets.KindProblem,
			Status: tickets.StatusOpen, Channel: tickets.ChannelPhone, Called: "+18887999666", Trunk: "carrier", Language: "en-US",
			Received: noon, Due: noon.Add(4 * time.Hour), Verified: true, Recording: "rec.wav", Attestation: "B", CallID: request.CallKey,
			Starts: noon,
		}
		read, err := b.Store.Ticket(t.Context(), got.Number)
		byCall, callErr := b.Store.TicketByCall(t.Context(), request.CallKey)
		if err := errors.Join(err, callErr); err != nil {
			t.Fatal(err)
		}
		for name, ticket := range map[string]tickets.Ticket{"opened": got, "read": read, "by call": byCall} {
			if diff := cmp.Diff(want, ticket); diff != "" {
				t.Errorf("%s, want and got:\n%s", name, diff)
			}
		}
		if _, err := tickets.ParseNumber(string(got.Number)); err != nil {
			t.Error(err)
		}
	})
	t.Run("writes the agreed JSON", func(t *testing.T) { testJSON(t, open) })
	t.Run("applies the policy", func(t *testing.T) { testPolicy(t, open) })
	t.Run("bounds what a carrier sent", func(t *testing.T) { testHostile(t, open) })
	t.Run("knows what is not there", func(t *testing.T) {
		b := newBench(t, open(t))
		_, err := b.Store.Ticket(t.Context(), "10000000")
		_, callErr := b.Store.TicketByCall(t.Context(), "no-such-call")
		_, eventsErr := b.Store.Events(t.Context(), "10000000")
		_, openErr := b.Open(t.Context(), tickets.Request{})
		for name, err := range map[string]error{"ticket": err, "call": callErr, "events": eventsErr} {
			if !errors.Is(err, tickets.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", name, err)
			}
		}
		if !errors.Is(openErr, tickets.ErrInvalid) {
			t.Errorf("without a call key: got %v, want ErrInvalid", openErr)
		}
	})
}

func testJSON(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	request := b.request()
	request.CallKey = "a84b4c76e66710@192.0.2.4"
	ticket := b.open(request)
	before, err := json.Marshal(ticket)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback, At: noon.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	told, err := b.Store.Ticket(t.Context(), ticket.Number)
	if err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"number":"NUMBER","account":"30471234","plan":"enterprise","contact":"Ann Ames","callback":"+14155550100",` +
		`"priority":"P2","status":"open","channel":"phone","received_at":"2026-03-04T12:00:00.123456Z","due_at":"2026-03-04T16:00:00.123456Z",` +
		`"acknowledged_at":TOLD,"verified":true,"recording":"rec.wav","attestation":"B","call_id":"a84b4c76e66710@192.0.2.4","starts_at":"2026-03-04T12:00:00.123456Z","owner":""}`
	fill := strings.NewReplacer("NUMBER", string(ticket.Number), "TOLD", `null,"acknowledged_by":""`)
	if diff := cmp.Diff(fill.Replace(want), string(before)); diff != "" {
		t.Errorf("before, want and got:\n%s", diff)
	}
	fill = strings.NewReplacer("NUMBER", string(ticket.Number), "TOLD", `"2026-03-04T12:01:00.123456Z","acknowledged_by":"readback"`)
	if diff := cmp.Diff(fill.Replace(want), string(after)); diff != "" {
		t.Errorf("after, want and got:\n%s", diff)
	}
}

func testPolicy(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	free := acme()
	free.ID, free.Plan = "5", "Basic"
	lost := acme()
	lost.ID, lost.Plan = "6", "platinum"
	for name, test := range map[string]struct {
		change   func(*tickets.Request)
		plan     string
		priority tickets.Priority
		within   time.Duration
	}{
		"P1":                    {func(r *tickets.Request) { r.Priority = tickets.P1 }, "enterprise", tickets.P1, time.Hour},
		"no key":                {func(r *tickets.Request) { r.Priority = 0 }, "enterprise", tickets.P3, 24 * time.Hour},
		"no such priority":      {func(r *tickets.Request) { r.Priority = 9 }, "enterprise", tickets.P3, 24 * time.Hour},
		"free by its alias":     {func(r *tickets.Request) { r.Account, r.Priority = &free, tickets.P1 }, "free", tickets.P1, 24 * time.Hour},
		"unknown plan":          {func(r *tickets.Request) { r.Account, r.Priority = &lost, tickets.P1 }, "platinum", tickets.P1, time.Hour},
		"services":              {func(r *tickets.Request) { r.Kind, r.Priority = tickets.KindServices, tickets.P1 }, "enterprise", tickets.P4, 24 * time.Hour},
		"unverified":            {func(r *tickets.Request) { r.Account, r.Priority = nil, 0 }, "", tickets.P3, 24 * time.Hour},
		"unverified P1":         {func(r *tickets.Request) { r.Account, r.Priority = nil, tickets.P1 }, "", tickets.P1, 24 * time.Hour},
		"named but not proven":  {func(r *tickets.Request) { r.Verified, r.Priority = false, tickets.P2 }, "", tickets.P2, 24 * time.Hour},
		"unverified services":   {func(r *tickets.Request) { r.Account, r.Kind = nil, tickets.KindServices }, "", tickets.P4, 24 * time.Hour},
		"without time received": {func(r *tickets.Request) { r.Received = time.Time{} }, "enterprise", tickets.P2, 4 * time.Hour},
	} {
		b.pass(time.Hour) // nothing joins
		request := b.request()
		test.change(&request)
		got := b.open(request)
		if got.Plan != test.plan || got.Priority != test.priority || got.Due.Sub(got.Received) != test.within {
			t.Errorf("%s: got plan %q, %v within %v, want %q, %v within %v",
				name, got.Plan, got.Priority, got.Due.Sub(got.Received), test.plan, test.priority, test.within)
		}
		if got.Verified != (got.Account != "") {
			t.Errorf("%s: got account %q, verified %v", name, got.Account, got.Verified)
		}
	}
}

// testHostile files what breaks careless stores: NUL bytes, broken UTF-8, quotes, kilobytes.
func testHostile(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	nasty := "\x00\xff'; drop table tickets; --\u202e\r\n" + strings.Repeat("é", 5000)
	request := b.request()
	request.CallKey, request.Recording, request.Language, request.Called, request.Callback = nasty, nasty, nasty, nasty, nasty
	request.Caller = tickets.Caller{Number: nasty, Trunk: nasty, Vouched: true}
	ticket := b.open(request)
	if again := b.open(request); again.Number != ticket.Number {
		t.Errorf("filed again: got %s, want %s", again.Number, ticket.Number)
	}
	read, err := b.Store.Ticket(t.Context(), ticket.Number)
	if diff := cmp.Diff(ticket, read); diff != "" || err != nil {
		t.Errorf("%v, opened and read:\n%s", err, diff)
	}
	if ticket.Caller != "" || ticket.Callback != "" || ticket.CallbackVerified {
		t.Errorf("got caller %q, call-back %q: neither is a number", ticket.Caller, ticket.Callback)
	}
	if len(ticket.Recording) > 1000 || strings.ContainsAny(ticket.Recording, "\x00\r\n\u202e") {
		t.Errorf("recording is not bounded: %.100q", ticket.Recording)
	}
	if err := errors.Join(b.Goodbye(t.Context(), nasty), b.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: nasty, Call: nasty, Evidence: nasty})); err != nil {
		t.Error(err)
	}
	if err := b.Record(t.Context(), tickets.CallRecord{CallKey: nasty, From: nasty, Keys: nasty, Reason: nasty, Ticket: tickets.Number(nasty)}); err != nil {
		t.Error(err)
	}
}
