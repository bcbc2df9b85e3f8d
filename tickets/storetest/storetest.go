// Package storetest is the behaviour every ticket store must show, with a desk in front of it.
package storetest

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"readback/tickets"
)

// Run tests a store. Open returns a fresh, migrated one that is closed at the end of the test.
func Run(t *testing.T, open func(t *testing.T) tickets.Store) {
	t.Helper()
	suites := map[string]func(*testing.T, func(*testing.T) tickets.Store){
		"Accounts": testAccounts, "Open": testOpen, "Once": testOnce, "Join": testJoin, "Outbox": testOutbox,
		"Told": testTold, "Known": testKnown, "Ladder": testLadder, "Page": testPage, "Change": testChange, "Clerk": testClerk, "Identify": testIdentify, "Numbers": testNumbers, "Calls": testCalls, "Surveys": testSurveys, "List": testList, "Faults": testFaults,
		"Promises": testPromises, "Proof": testProof, "Incidents": testIncidents, "Pagers": testPagers, "Publish": testPublish, "Mirror": testMirror, "Transcripts": testTranscripts,
	}
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		t.Run(name, func(t *testing.T) { suites[name](t, open) })
	}
}

// cheap makes hashing quick: what is tested here is not the hash.
var cheap = tickets.Cost{Memory: 8, Passes: 1}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

// A bench is a desk on a store, with a clock that is moved by hand.
type bench struct {
	*tickets.Desk
	t     *testing.T
	mu    sync.Mutex
	clock time.Time
	saw   map[tickets.SightingKind]int
}

func newBench(t *testing.T, store tickets.Store) *bench {
	t.Helper()
	b := &bench{t: t, clock: noon, saw: map[tickets.SightingKind]int{}}
	numbers := tickets.NewNumbers("node-a", store, nil)
	t.Cleanup(func() {
		if err := numbers.Close(); err != nil {
			t.Error(err)
		}
	})
	b.Desk = &tickets.Desk{
		Store: store, Pepper: []byte("pepper for tests"), Cost: cheap, Node: "node-a", Numbers: numbers, Mail: true, CallBack: true,
		Now: b.now, Observe: b.observe,
	}
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

func (b *bench) observe(s tickets.Sighting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saw[s.Kind]++
}

// acme is a customer with two contacts.
func acme() tickets.Account {
	return tickets.Account{
		ID: "30471234", Name: "Acme", Plan: "enterprise", Language: "en-US",
		Contacts: []tickets.Contact{
			{Name: "Ann Ames", Phone: "+14155550100", Email: "ann@example.com"},
			{Name: "Bob Ång", Phone: "+442079460000"},
		},
	}
}

func (b *bench) put(accounts ...tickets.Account) {
	b.t.Helper()
	if err := b.Store.PutAccounts(b.t.Context(), accounts); err != nil {
		b.t.Fatal(err)
	}
}

// request is a verified problem by Ann, in a call of its own.
func (b *bench) request() tickets.Request {
	account := acme()
	return tickets.Request{
		CallKey: rand.Text(), Account: &account, Verified: true,
		Caller: tickets.Caller{Number: "+14155550100", Vouched: true, Trunk: "carrier", Attestation: "B"}, Called: "+18887999666",
		Kind: tickets.KindProblem, Priority: tickets.P2, Callback: "+14155550100", CallbackVerified: true,
		Recording: "rec.wav", Language: "en-US", Received: b.now(),
	}
}

func (b *bench) open(r tickets.Request) tickets.Ticket {
	b.t.Helper()
	ticket, err := b.Open(b.t.Context(), r)
	if err != nil {
		b.t.Fatalf("open: %v", err)
	}
	return ticket
}

func (b *bench) count(number tickets.Number, what string) int {
	b.t.Helper()
	events, err := b.Store.Events(b.t.Context(), number)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(slices.DeleteFunc(events, func(e tickets.Event) bool { return e.What != what }))
}

func (b *bench) notices(number tickets.Number) map[tickets.NoticeKind]tickets.Notice {
	b.t.Helper()
	rows, err := b.Store.Notices(b.t.Context(), number, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	byKind := map[tickets.NoticeKind]tickets.Notice{}
	for _, row := range rows {
		if _, twice := byKind[row.Kind]; twice {
			b.t.Errorf("two rows of kind %s", row.Kind)
		}
		byKind[row.Kind] = row
	}
	return byKind
}

// together runs f so many times at once and waits.
func together(times int, f func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range times {
		group.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	group.Wait()
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
