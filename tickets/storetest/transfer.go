package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

// importer is a store that takes tickets from a spool.
type importer interface {
	tickets.Store
	Import(ctx context.Context, parcels []tickets.Parcel) error
}

// RunImport tests what a store does that stands behind a spool.
func RunImport(t *testing.T, open func(t *testing.T) tickets.Store) {
	t.Helper()
	t.Run("Followed", func(t *testing.T) { testFollowed(t, open) })
	begin := func(t *testing.T) (*bench, importer) {
		store := open(t).(importer)
		return newBench(t, store), store
	}
	t.Run("a ticket moves with all that belongs to it, once", func(t *testing.T) {
		b, store := begin(t)
		p := b.parcel(b.request())
		p.tell(b.now())
		p.Calls, p.Goodbye = append(p.Calls, "second-call"), b.now()
		for range 2 {
			if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
				t.Fatal(err)
			}
			b.checkParcel(p.Parcel)
		}
		joined, err := store.TicketByCall(t.Context(), "second-call")
		if err != nil || joined.Number != p.Ticket.Number {
			t.Errorf("by the call that joined: got %s, %v", joined.Number, err)
		}
		if other := b.open(b.request()); other.Number == p.Ticket.Number {
			t.Error("a call joined a ticket whose call had said goodbye")
		}
	})
	t.Run("it may be joined afterwards", func(t *testing.T) {
		b, store := begin(t)
		p := b.parcel(b.request())
		if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
			t.Fatal(err)
		}
		if other := b.open(b.request()); other.Number != p.Ticket.Number {
			t.Errorf("got %s, want to join %s", other.Number, p.Ticket.Number)
		}
	})
	t.Run("one that was committed without our knowing is compared", func(t *testing.T) {
		b, store := begin(t)
		request := b.request()
		p := b.parcel(request)
		if _, err := store.File(t.Context(), p.filing); err != nil {
			t.Fatal(err)
		}
		p.tell(b.now())
		if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
			t.Fatal(err)
		}
		b.checkParcel(p.Parcel)
	})
	t.Run("told in both ways it was told once", func(t *testing.T) {
		b, store := begin(t)
		p := b.parcel(b.request())
		if _, err := store.File(t.Context(), p.filing); err != nil {
			t.Fatal(err)
		}
		if err := b.Acknowledge(t.Context(), p.Ticket.Number, tickets.Acknowledgement{By: tickets.ByEmail}); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		p.tell(b.now())
		if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
			t.Fatal(err)
		}
		kept, err := store.Ticket(t.Context(), p.Ticket.Number)
		if got := b.count(p.Ticket.Number, tickets.EventAcknowledged); err != nil || kept.AcknowledgedBy != tickets.ByEmail || got != 1 {
			t.Errorf("told by %q, %d times, %v; want by e-mail, once", kept.AcknowledgedBy, got, err)
		}
	})
	t.Run("what each store knows is put together", func(t *testing.T) {
		b, store := begin(t)
		p := b.parcel(b.request())
		if _, err := store.File(t.Context(), p.filing); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Change(t.Context(), p.Ticket.Number, tickets.Change{By: "ann", Priority: tickets.P1}); err != nil {
			t.Fatal(err)
		}
		b.pass(time.Second)
		p.tell(b.now())
		for range 2 {
			if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := store.Ticket(t.Context(), p.Ticket.Number)
		if err != nil || kept.Priority != tickets.P1 || kept.AcknowledgedBy != tickets.ByReadback {
			t.Errorf("got %+v, %v, want the agent's priority and the caller's acknowledgement", kept, err)
		}
		if told, changed := b.count(kept.Number, tickets.EventAcknowledged), b.count(kept.Number, tickets.EventChanged); told != 1 || changed != 1 {
			t.Errorf("told %d times, changed %d times", told, changed)
		}
		for kind, row := range b.notices(kept.Number) {
			if kind.Ladder() && row.Open() {
				t.Errorf("the customer was told, and %s is open", row.ID)
			}
		}
	})
	t.Run("a recording that was written down in both has one text", func(t *testing.T) {
		b, store := begin(t)
		b.Transcribe = true
		p := b.parcel(b.request())
		if _, err := store.File(t.Context(), p.filing); err != nil {
			t.Fatal(err)
		}
		heard := func(text string) tickets.Event {
			b.pass(time.Second)
			return tickets.Event{Ticket: p.Ticket.Number, At: b.now(), Who: tickets.WhoGateway, What: tickets.EventTranscribed, Detail: map[string]string{"recording": "rec.wav", "transcript": text}}
		}
		if _, err := store.Amend(t.Context(), p.Ticket.Number, func(f *tickets.Folder) error { f.Note(heard("one")); return nil }); err != nil {
			t.Fatal(err)
		}
		p.Events = append(p.Events, heard("won"))
		if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
			t.Fatal(err)
		}
		if got := b.count(p.Ticket.Number, tickets.EventTranscribed); got != 1 {
			t.Errorf("%d texts, want one", got)
		}
	})
	t.Run("a number of another call is refused, with all that came along", func(t *testing.T) {
		b, store := begin(t)
		first := b.open(b.request())
		b.pass(time.Hour)
		good, bad := b.parcel(b.request()), b.parcel(b.request())
		bad.renumber(first.Number)
		err := store.Import(t.Context(), []tickets.Parcel{good.Parcel, bad.Parcel})
		if !errors.Is(err, tickets.ErrNumberTaken) {
			t.Errorf("got %v, want ErrNumberTaken", err)
		}
		if _, err := store.Ticket(t.Context(), good.Ticket.Number); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("the other one: got %v, want nothing stored", err)
		}
	})
	t.Run("the number that was told counts, also when the call joined another", func(t *testing.T) {
		b, store := begin(t)
		first := b.open(b.request())
		request := b.request()
		p := b.parcel(request)
		if filed, err := store.File(t.Context(), p.filing); err != nil || filed.Ticket.Number != first.Number {
			t.Fatalf("got %+v, %v, want it to join", filed, err)
		}
		if err := store.Import(t.Context(), []tickets.Parcel{p.Parcel}); err != nil {
			t.Fatal(err)
		}
		b.checkParcel(p.Parcel)
	})
}

// A box is a parcel as it is packed.
type box struct {
	tickets.Parcel
	filing tickets.Filing
}

// parcel is the ticket that a spool would have opened for a request.
func (b *bench) parcel(r tickets.Request) *box {
	b.t.Helper()
	catch := &catcher{Store: b.Store}
	desk := &tickets.Desk{Store: catch, Node: "node-b", Numbers: b.Numbers, Mail: true, CallBack: true, Now: b.now}
	ticket, err := desk.Open(b.t.Context(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	f := catch.filing
	return &box{filing: f, Parcel: tickets.Parcel{
		Ticket: ticket, JoinKey: f.Join.Key, Calls: []string{ticket.CallID}, Events: []tickets.Event{f.Event}, Notices: f.Notices,
	}}
}

// tell has the customer hear the number.
func (p *box) tell(at time.Time) {
	p.Ticket.Acknowledged, p.Ticket.AcknowledgedBy = at, tickets.ByReadback
	p.Events = append(p.Events, tickets.Acknowledgement{By: tickets.ByReadback, At: at, Call: p.Ticket.CallID}.Event(p.Ticket))
	p.Notices = slices.Clone(p.Notices)
	for i := range p.Notices {
		p.Notices[i].Cancelled = at
	}
}

func (p *box) renumber(number tickets.Number) {
	p.Ticket.Number, p.Events[0].Ticket = number, number
	for i := range p.Notices {
		p.Notices[i].ID += "-other"
		p.Notices[i].Ticket = number
	}
}

// checkParcel compares what the store has with what a parcel brought.
func (b *bench) checkParcel(p tickets.Parcel) {
	b.t.Helper()
	ticket, err := b.Store.TicketByCall(b.t.Context(), p.Ticket.CallID)
	if diff := cmp.Diff(p.Ticket, ticket); diff != "" || err != nil {
		b.t.Errorf("the ticket is different (-want +got), %v:\n%s", err, diff)
	}
	events, err := b.Store.Events(b.t.Context(), p.Ticket.Number)
	if diff := cmp.Diff(p.Events, events); diff != "" || err != nil {
		b.t.Errorf("its events are different (-want +got), %v:\n%s", err, diff)
	}
	notices, err := b.Store.Notices(b.t.Context(), p.Ticket.Number, 0)
	byID := func(a, b tickets.Notice) int { return strings.Compare(a.ID, b.ID) }
	want := slices.SortedFunc(slices.Values(p.Notices), byID)
	slices.SortFunc(notices, byID)
	if diff := cmp.Diff(want, notices); diff != "" || err != nil {
		b.t.Errorf("its notices are different (-want +got), %v:\n%s", err, diff)
	}
}

// catcher catches a filing on its way to the store.
type catcher struct {
	tickets.Store
	filing tickets.Filing
}

func (c *catcher) File(_ ctxt, f tickets.Filing) (tickets.Filed, error) {
	c.filing = f
	return tickets.Filed{Ticket: f.Ticket, New: true}, nil
}
