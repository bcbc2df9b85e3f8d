package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

// A post is a program that is told of events, by script.
type post struct {
	*office
	name   string
	wants  string // empty: everything
	script []error
	got    []tickets.Message
}

func (p *post) Name() string { return p.name }

func (p *post) Wants(kind string) bool { return p.wants == "" || p.wants == kind }

func (p *post) Deliver(_ context.Context, m tickets.Message) error {
	err := p.take(&p.script, "%s %s", p.name, m.Type)
	if err == nil {
		p.got = append(p.got, m)
	}
	return err
}

func testPublish(t *testing.T, open func(*testing.T) tickets.Store) {
	start := func(t *testing.T, hooks ...*post) *office {
		o := newOffice(t, open(t))
		o.clerk.Mailer, o.clerk.Phone, o.Publish = nil, nil, true
		for _, hook := range hooks {
			hook.office = o
			o.clerk.Hooks = append(o.clerk.Hooks, hook)
		}
		return o
	}
	t.Run("every event is told to everybody who wants it", func(t *testing.T) {
		all, some := &post{name: "all"}, &post{name: "some", wants: "ticket.acknowledged"}
		o := start(t, all, some)
		ticket := o.open(o.request())
		o.pass(time.Second)
		if err := o.Desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback, Evidence: "+14155550100 heard it"}); err != nil {
			t.Fatal(err)
		}
		o.pass(time.Second)
		_, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Priority: tickets.P1, Status: tickets.StatusWorking, Note: "Ann says hush"})
		if err != nil {
			t.Fatal(err)
		}
		o.until(time.Minute)
		slices.SortStableFunc(all.got, func(a, b tickets.Message) int { return a.At.Compare(b.At) }) // no order is promised
		want := []string{"ticket.received", "ticket.acknowledged", "ticket.changed", "ticket.changed", "ticket.note"}
		if got := kinds(all.got); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if got := kinds(some.got); !slices.Equal(got, []string{"ticket.acknowledged"}) {
			t.Errorf("told %q, want the acknowledgement", got)
		}
		ids := map[string]bool{}
		for _, m := range all.got {
			ids[m.ID] = true
			data := string(m.Data)
			if !json.Valid(m.Data) || !strings.Contains(data, `"number":"`+string(ticket.Number)+`"`) || strings.Contains(data, "hush") || strings.Contains(data, "heard it") || strings.Contains(data, `"caller":`) {
				t.Errorf("%s says %s", m.Type, data)
			}
		}
		if len(ids) != len(want) || some.got[0].ID != all.got[1].ID {
			t.Errorf("ids %v, want one for each event", ids)
		}
	})
	t.Run("what fails is repeated, with the same id", func(t *testing.T) {
		hook := &post{name: "crm", wants: "ticket.received", script: []error{errDown, errDown, nil}}
		o := start(t, hook)
		o.open(o.request())
		o.until(time.Minute)
		want := []string{"0s crm ticket.received", "2s crm ticket.received", "6s crm ticket.received"}
		if got := o.done(); !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
	})
	t.Run("what is asked for later is waited for, but not for ever", func(t *testing.T) {
		hook := &post{name: "crm", wants: "ticket.received"}
		o := start(t, hook)
		hook.script = []error{&tickets.Later{At: noon.Add(time.Hour), Err: errDown}, &tickets.Later{At: noon.Add(4 * 24 * time.Hour), Err: errDown}}
		o.open(o.request())
		o.until(5 * 24 * time.Hour)
		if got, want := o.done(), []string{"0s crm ticket.received", "1h0m0s crm ticket.received", "96h0m0s crm ticket.received"}; !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
		o.dead(1)
	})
	t.Run("a dead letter can be sent again", func(t *testing.T) {
		hook := &post{name: "crm", wants: "ticket.received", script: []error{errNever, nil}}
		o := start(t, hook, &post{name: "gone"})
		o.open(o.request())
		o.until(0)
		o.clerk.Hooks = o.clerk.Hooks[:1] // the other one is not configured any more
		dead := o.dead(1)
		if err := o.Retry(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		o.until(time.Second)
		if len(hook.got) != 1 {
			t.Errorf("told %q", kinds(hook.got))
		}
	})
	t.Run("of a program that is not configured any more", func(t *testing.T) {
		o := start(t, &post{name: "crm", wants: "ticket.received", script: []error{errDown}})
		o.open(o.request())
		o.until(0)
		o.clerk.Hooks = nil
		o.until(time.Minute)
		if dead := o.dead(1); !strings.Contains(dead[0].Failure, `"crm"`) {
			t.Errorf("it died of %q", dead[0].Failure)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		o := start(t)
		o.open(o.request())
		o.until(time.Minute)
		o.dead(0)
	})
}

// dead are the rows that were given up, so many.
func (o *office) dead(want int) []tickets.Notice {
	o.t.Helper()
	dead, err := o.Store.OpenNotices(o.t.Context(), true, 0)
	dead = slices.DeleteFunc(dead, func(n tickets.Notice) bool { return n.Kind.Ladder() }) // nobody works it here
	if err != nil || len(dead) != want {
		o.t.Fatalf("given up: %v, %v, want %d", dead, err, want)
	}
	return dead
}

func kinds(all []tickets.Message) (kinds []string) {
	for _, m := range all {
		kinds = append(kinds, m.Type)
	}
	return kinds
}

// A twin is another ticket system, by script.
type twin struct {
	*office
	pushes  []error
	pulls   []error
	changes [][]tickets.MirrorChange // of each pull
	events  int                      // of the last push
	onPush  func()
}

func (m *twin) Name() string { return "twin" }

func (m *twin) Push(_ context.Context, t tickets.Ticket, events []tickets.Event) error {
	m.events = len(events)
	if m.onPush != nil {
		m.onPush()
	}
	return m.take(&m.pushes, "push %s %s", t.Status, t.Priority)
}

func (m *twin) Pull(_ context.Context, cursor string) ([]tickets.MirrorChange, string, error) {
	if err := m.take(&m.pulls, "pull %q", cursor); err != nil {
		return nil, "", err
	}
	var changes []tickets.MirrorChange
	if len(m.changes) > 0 {
		changes, m.changes = m.changes[0], m.changes[1:]
	}
	return changes, cursor + "x", nil
}

func testMirror(t *testing.T, open func(*testing.T) tickets.Store) {
	start := func(t *testing.T) (*office, *twin) {
		o := newOffice(t, open(t))
		o.clerk.Mailer, o.clerk.Phone, o.Publish = nil, nil, true
		m := &twin{office: o}
		o.clerk.Mirror = m
		return o, m
	}
	t.Run("what happens at once is sent at once", func(t *testing.T) {
		o, m := start(t)
		ticket := o.open(o.request())
		for _, status := range []tickets.Status{tickets.StatusWorking, tickets.StatusWaiting} {
			o.pass(time.Millisecond)
			if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Status: status}); err != nil {
				t.Fatal(err)
			}
		}
		o.until(time.Minute)
		o.pass(time.Hour)
		if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Note: "solved it"}); err != nil {
			t.Fatal(err)
		}
		o.until(2 * time.Hour)
		if got := o.done(); len(got) != 2 || m.events < 4 {
			t.Errorf("done %q with %d events, want two pushes with all events", got, m.events)
		}
	})
	t.Run("what happens while it is sent is sent too", func(t *testing.T) {
		o, m := start(t)
		ticket := o.open(o.request())
		m.onPush = func() {
			m.onPush = nil
			o.pass(time.Millisecond)
			_, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Note: "just now"})
			if err != nil {
				t.Error(err)
			}
			rows, err := o.Store.Notices(t.Context(), ticket.Number, 0)
			if err != nil {
				t.Error(err)
			}
			for _, row := range rows {
				if row.Kind == tickets.Publish && row.Open() {
					if err := o.clerk.Work(t.Context(), row.ID); err != nil {
						t.Error(err)
					}
				}
			}
		}
		o.until(time.Minute)
		if got := o.done(); len(got) != 2 || m.events < 2 {
			t.Errorf("done %q with %d events, want a second push that knows of the note", got, m.events)
		}
	})
	t.Run("a failure long after the first push is no end", func(t *testing.T) {
		o, m := start(t)
		ticket := o.open(o.request())
		o.until(5 * 24 * time.Hour)
		before := len(o.done())
		m.pushes = []error{errDown, nil}
		if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Note: "late"}); err != nil {
			t.Fatal(err)
		}
		o.until(5*24*time.Hour + time.Minute)
		if got := o.done()[before:]; len(got) != 2 {
			t.Errorf("done %q, want it tried again", got)
		}
		o.dead(0)
	})
	t.Run("what changed over there is taken over once", func(t *testing.T) {
		o, m := start(t)
		ticket := o.open(o.request())
		at := noon.Add(30 * time.Second)
		o.pass(time.Minute)
		first := tickets.MirrorChange{ID: "twin:1", Ticket: ticket.Number, At: at, Who: "twin: Jane", Status: tickets.StatusWaiting, Note: "Which version?"}
		m.changes = [][]tickets.MirrorChange{
			nil,
			{first, {ID: "twin:2", Ticket: "10000000", At: at, Who: "x", Note: "of another desk"}, {ID: "twin:3", Ticket: ticket.Number, At: at, Who: "x", Status: "lost"}},
			{first},
			{{ID: "twin:4", Ticket: ticket.Number, At: at.Add(time.Hour), Who: "twin: Jane", Status: tickets.StatusResolved}},
		}
		for range 2 {
			if err := o.clerk.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		o.until(3*time.Minute + 30*time.Second)
		if _, err := o.Change(t.Context(), ticket.Number, tickets.Change{By: "eve", Status: tickets.StatusWorking}); err != nil {
			t.Fatal(err)
		}
		o.until(3*time.Minute + 50*time.Second)
		if read, err := o.Store.Ticket(t.Context(), ticket.Number); err != nil || read.Status != tickets.StatusWorking {
			t.Errorf("status %s, %v, want working: it was changed here since", read.Status, err)
		}
		o.until(5 * time.Minute)
		read, err := o.Store.Ticket(t.Context(), ticket.Number)
		if err != nil || read.Status != tickets.StatusResolved || o.count(ticket.Number, tickets.EventNote) != 1 {
			t.Errorf("status %s, %v, %d notes, want it resolved, with one note", read.Status, err, o.count(ticket.Number, tickets.EventNote))
		}
		pulls := slices.DeleteFunc(slices.Clone(o.done()), func(s string) bool { return !strings.Contains(s, "pull") })
		if want := []string{`1m0s pull ""`, `2m0s pull "x"`, `3m0s pull "xx"`, `4m0s pull "xxx"`, `5m0s pull "xxxx"`}; !slices.Equal(pulls, want) {
			t.Errorf("pulls %q, want %q", pulls, want)
		}
	})
	t.Run("a system that is down is asked again, from where it was", func(t *testing.T) {
		o, m := start(t)
		m.pulls = []error{nil, errDown, errDown, &tickets.Later{At: noon.Add(10 * time.Minute), Reason: "rate limit"}, nil}
		if err := o.clerk.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := o.Store.AmendNotice(t.Context(), "mirror-pull:twin", func(n *tickets.Notice) error { n.Working = noon.Add(time.Minute); return nil })
		if err := errors.Join(err, o.clerk.Prepare(t.Context())); err != nil {
			t.Errorf("another gateway is at it: got %v, want no error", err)
		}
		err = o.Store.AmendNotice(t.Context(), "mirror-pull:twin", func(n *tickets.Notice) error { n.Working = time.Time{}; return nil })
		if err != nil {
			t.Fatal(err)
		}
		o.until(10 * time.Minute)
		want := []string{`0s pull ""`, `1m0s pull "x"`, `1m2s pull "x"`, `1m6s pull "x"`, `10m0s pull "x"`}
		if got := o.done(); !slices.Equal(got, want) {
			t.Errorf("done %q, want %q", got, want)
		}
		o.clerk.Mirror = nil
		o.until(20 * time.Minute)
		if open, err := o.Store.OpenNotices(t.Context(), false, 0); err != nil || len(open) != 0 {
			t.Errorf("open: %v, %v, want nothing", open, err)
		}
		o.clerk.Mirror = m
		if err := o.clerk.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.until(21 * time.Minute)
		if got := fmt.Sprint(o.done()); !strings.Contains(got, `20m0s pull "xx"`) {
			t.Errorf("done %s, want it taken up where it was", got)
		}
	})
}
