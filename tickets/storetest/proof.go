package storetest

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

func testProof(t *testing.T, open func(*testing.T) tickets.Store) {
	t.Run("events are chained, personal texts beside them", func(t *testing.T) { testChain(t, open) })
	t.Run("also when many are added at once", func(t *testing.T) {
		b := newBench(t, open(t))
		ticket := b.open(b.request())
		ctx := patience(t)
		together(12, func(i int) {
			if _, err := b.Change(ctx, ticket.Number, tickets.Change{By: "ann", Note: fmt.Sprint("note ", i)}); err != nil {
				t.Error(err)
			}
		})
		if got := b.count(ticket.Number, tickets.EventNote); got != 12 {
			t.Errorf("%d notes, want 12", got)
		}
		b.audit(t, "")
	})
	t.Run("erasing keeps the proof", func(t *testing.T) { testErase(t, open) })
	t.Run("the heads of each day are listed and signed", func(t *testing.T) { testSign(t, open) })
	t.Run("an export can be audited elsewhere", func(t *testing.T) { testExport(t, open) })
}

// signingKey is the key of the nodes in tests.
func signingKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)) }

func newAudit() *tickets.Audit {
	return &tickets.Audit{Keys: []ed25519.PublicKey{signingKey().Public().(ed25519.PublicKey)}}
}

// audit wants the store to be as it was proved to be, with lists until a day.
func (b *bench) audit(t *testing.T, until string) *tickets.Audit {
	t.Helper()
	a := newAudit()
	a.Until = until
	if err := tickets.AuditStore(t.Context(), b.Store, a, nil); err != nil {
		t.Fatal(err)
	}
	for _, fault := range a.Faults {
		t.Errorf("a fault: %v", fault)
	}
	return a
}

func testChain(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	ticket := b.open(b.request())
	if _, err := b.Change(t.Context(), ticket.Number, tickets.Change{By: "bob", Note: "Ann says \x00 it is \"urgent\" \u2028 é", Priority: tickets.P1}); err != nil {
		t.Fatal(err)
	}
	if err := b.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
		t.Fatal(err)
	}
	links, err := b.Store.Links(t.Context(), ticket.Number)
	if err != nil || len(links) < 4 {
		t.Fatalf("got %d links, %v, want 4 or more", len(links), err)
	}
	head := tickets.Digest{}
	for i, link := range links {
		if head = link.After(head); link.Head != head {
			t.Errorf("link %d has head %v, want %v", i+1, link.Head, head)
		}
		if since := time.Since(link.Kept); since < -time.Minute || since > time.Hour {
			t.Errorf("link %d was kept at %v, want now", i+1, link.Kept)
		}
		if _, shown := link.Detail["caller"]; shown {
			t.Errorf("link %d shows the caller", i+1)
		}
	}
	events, err := b.Store.Events(t.Context(), ticket.Number)
	if err != nil || events[0].Detail["caller"] != "+14155550100" {
		t.Errorf("got %+v, %v, want the caller in the first event", events, err)
	}
	if got := b.audit(t, ""); got.Tickets != 1 || got.Events != len(links) || got.Erased != 0 {
		t.Errorf("audited %d tickets, %d events, %d erased, want 1, %d, 0", got.Tickets, got.Events, got.Erased, len(links))
	}
	if _, err := b.Store.Links(t.Context(), "10000000"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("no ticket: got %v, want ErrNotFound", err)
	}
}

func testErase(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	other := tickets.Account{ID: "77", Name: "Other", Plan: "api", Contacts: []tickets.Contact{{Name: "Zoe", Phone: "+14155550199", Email: "zoe@example.com"}}}
	b.put(acme(), other)
	request := b.request()
	ticket := b.open(request)
	theirs := b.request()
	theirs.Account, theirs.Caller.Number = &other, "+14155550199"
	kept := b.open(theirs)
	if err := b.Record(t.Context(), tickets.CallRecord{CallKey: request.CallKey, From: "+14155550100", Ticket: ticket.Number, Account: "30471234", Keys: "2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Vote(t.Context(), ticket.Number, 2, "Ann was not pleased"); err != nil {
		t.Fatal(err)
	}
	news := tickets.Notice{
		ID: "news:1", Kind: tickets.IncidentByEmail, Ticket: ticket.Number, Account: "30471234", To: "ann@example.com", Created: b.now(), Due: b.now(),
	}
	if err := b.Store.Enqueue(t.Context(), news); err != nil {
		t.Fatal(err)
	}
	event := tickets.Event{At: b.now(), Who: "bob", What: tickets.EventErased}
	done, err := b.Store.Erase(t.Context(), "30471234", event)
	if want := (tickets.Erasure{Tickets: 1, Texts: 2, Calls: 1}); err != nil || done != want {
		t.Errorf("erased %+v, %v, want %+v", done, err, want)
	}
	if again, err := b.Store.Erase(t.Context(), "30471234", event); err != nil || again.Texts != 0 || again.Calls != 0 {
		t.Errorf("erased again %+v, %v, want nothing", again, err)
	}
	read, err := b.Store.Ticket(t.Context(), ticket.Number)
	if err != nil || read.Contact+read.Email+read.Caller+read.Callback+read.Recording != "" || read.CallbackVerified || read.Account != "30471234" {
		t.Errorf("left of the ticket: %+v, %v", read, err)
	}
	events, err := b.Store.Events(t.Context(), ticket.Number)
	if err != nil || events[0].Detail["caller"] != tickets.Erased || events[0].Detail["callback"] != tickets.Erased || events[len(events)-1].What != tickets.EventErased {
		t.Errorf("left of the events: %+v, %v", events, err)
	}
	if survey, err := b.Store.Survey(t.Context(), ticket.Number); err != nil || survey.Comment != "" || survey.Score != 2 {
		t.Errorf("left of the survey: %+v, %v", survey, err)
	}
	for _, row := range b.notices(ticket.Number) {
		if letter := row.Kind.Ladder() || row.Kind == tickets.IncidentByEmail; row.To != "" || letter && row.Open() {
			t.Errorf("left in the outbox: %+v", row)
		}
	}
	calls, err := b.Store.ListCalls(t.Context(), tickets.CallPage{})
	if err != nil || len(calls) != 1 || calls[0].From != "" {
		t.Errorf("left of the calls: %+v, %v", calls, err)
	}
	if _, err := b.Store.Account(t.Context(), "30471234"); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("the account: %v, want ErrNotFound", err)
	}
	untouched, err := b.Store.Ticket(t.Context(), kept.Number)
	if err != nil || untouched.Email != "zoe@example.com" || untouched.Caller != "+14155550199" || !b.notices(kept.Number)[tickets.AcknowledgeByEmail].Open() {
		t.Errorf("the ticket of another account is %+v, %v", untouched, err)
	}
	if a := b.audit(t, ""); a.Erased != 2 {
		t.Errorf("%d texts are erased, want 2", a.Erased)
	}
}

// inDays is a moment so many days after today, half past midnight.
func inDays(days int) func() time.Time {
	at := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(30 * time.Minute)
	return func() time.Time { return at }
}

func dayOf(days int) string { return inDays(days)().Format(time.DateOnly) }

func testSign(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	folder := filepath.Join(t.TempDir(), "heads")
	signer := &tickets.Signer{Store: b.Store, Key: signingKey(), Node: "node-a", Folder: folder, Now: inDays(3)}
	sign := func(want int) {
		t.Helper()
		if made, err := signer.Sign(t.Context()); err != nil || made != want {
			t.Errorf("made %d lists, %v, want %d", made, err, want)
		}
	}
	sign(0) // nothing ever happened
	one := b.open(b.request())
	b.pass(time.Hour) // nothing joins
	two := b.open(b.request())
	signer.Now = func() time.Time { return inDays(1)().Add(-21 * time.Minute) } // nine minutes past midnight
	sign(0)
	signer.Now = inDays(1)
	sign(1)
	sign(0)
	if list := b.list(dayOf(0)); len(list.Heads) != 2 || list.Previous != nil || list.Node != "node-a" {
		t.Errorf("the first list is %+v, want both tickets", list)
	}
	signer.Now = inDays(4) // it was down for three days
	if err := os.Remove(filepath.Join(folder, dayOf(0)+".json")); err != nil {
		t.Fatal(err)
	}
	sign(3)
	for day := range 4 {
		list := b.list(dayOf(day))
		if !list.Signed() || day > 0 && len(list.Heads) != 0 {
			t.Errorf("the list of %s is %+v", dayOf(day), list)
		}
		if data, err := os.ReadFile(filepath.Join(folder, dayOf(day)+".json")); err != nil || !bytes.Equal(data, list.Bytes()) {
			t.Errorf("the file of %s: %v", dayOf(day), err)
		}
	}
	a := b.audit(t, dayOf(3))
	if a.Lists != 4 || a.Tickets != 2 {
		t.Errorf("audited %d lists and %d tickets, want 4 and 2", a.Lists, a.Tickets)
	}
	for _, number := range []tickets.Number{one.Number, two.Number} {
		if !slices.ContainsFunc(b.list(dayOf(0)).Heads, func(h tickets.Head) bool { return h.Ticket == number && h.Length == 1 }) {
			t.Errorf("%s is not listed with one event", number)
		}
	}
	late := newAudit()
	late.Until = dayOf(5)
	if err := tickets.AuditStore(t.Context(), b.Store, late, nil); err != nil || len(late.Faults) != 2 {
		t.Errorf("got %v, %v, want two lists missing", late.Faults, err)
	}
	nodes := patience(t)
	signer.Now = inDays(8)
	together(4, func(i int) { // gateways that wake up at the same time
		node := *signer
		node.Node, node.Folder = fmt.Sprint("node-", i), ""
		if _, err := node.Sign(nodes); err != nil {
			t.Error(err)
		}
	})
	b.audit(t, dayOf(7))
}

func (b *bench) list(day string) tickets.HeadList {
	b.t.Helper()
	data, err := b.Store.HeadList(b.t.Context(), day)
	if err != nil {
		b.t.Fatal(err)
	}
	list, err := tickets.ParseHeadList(data)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func testExport(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	ticket := b.open(b.request())
	if _, err := b.Change(t.Context(), ticket.Number, tickets.Change{By: "bob", Note: "called back"}); err != nil {
		t.Fatal(err)
	}
	signer := &tickets.Signer{Store: b.Store, Key: signingKey(), Node: "node-a", Now: inDays(2)}
	if _, err := signer.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	export := func(x tickets.Export) []byte {
		t.Helper()
		x.Store, x.Key, x.Node, x.Now = b.Store, signingKey(), "node-a", b.now()
		var out bytes.Buffer
		if err := x.Write(t.Context(), &out, nil); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	all := export(tickets.Export{})
	if faults := auditFile(t, all); len(faults) != 0 {
		t.Errorf("faults in a good export: %v", faults)
	}
	today := inDays(0)().Truncate(24 * time.Hour)
	for name, part := range map[string]struct {
		tickets.Export
		tickets int
	}{
		"today":      {tickets.Export{Since: today, Until: today.AddDate(0, 0, 1)}, 1},
		"tomorrow":   {tickets.Export{Since: today.AddDate(0, 0, 1)}, 0},
		"last month": {tickets.Export{Since: today.AddDate(0, -1, 0), Until: today}, 0},
	} {
		data := export(part.Export)
		if faults := auditFile(t, data); len(faults) != 0 || bytes.Count(data, []byte(`{"dossier"`)) != part.tickets {
			t.Errorf("%s: faults %v in %s", name, faults, data)
		}
	}
	for i := range all { // each byte counts
		changed := slices.Clone(all)
		changed[i] ^= 1
		if len(auditFile(t, changed)) == 0 {
			t.Errorf("byte %d can be changed, %.20q in %.60q", i, all[i], all[max(0, i-30):min(len(all), i+30)])
		}
	}
	whole := strings.SplitAfter(strings.TrimSpace(string(all)), "\n")
	for i := range whole {
		less := slices.Delete(slices.Clone(whole), i, i+1)
		twice := slices.Insert(slices.Clone(whole), i, whole[i])
		for what, lines := range map[string][]string{"left out": less, "there twice": twice} {
			if len(auditFile(t, []byte(strings.Join(lines, "")))) == 0 {
				t.Errorf("line %d can be %s", i+1, what)
			}
		}
	}
}

func auditFile(t *testing.T, data []byte) []tickets.Fault {
	t.Helper()
	a := newAudit()
	if err := tickets.ReadExport(bytes.NewReader(data), a); err != nil {
		t.Fatal(err)
	}
	return a.Faults
}
