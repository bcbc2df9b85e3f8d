package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

func testSurveys(t *testing.T, open func(*testing.T) tickets.Store) {
	b := newBench(t, open(t))
	ticket := b.resolved()
	if _, _, closed, err := b.Surveyed(t.Context(), ticket.Number); closed || err != nil {
		t.Errorf("got closed %v, %v before the vote", closed, err)
	}
	if _, err := b.Store.Survey(t.Context(), ticket.Number); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("got %v without a vote, want ErrNotFound", err)
	}
	b.vote(ticket.Number, 2, "  slow\r\nvery \x00slow\n", 0)
	b.pass(time.Hour)
	b.vote(ticket.Number, 2, "slow\nvery ?slow", 2) // says nothing new
	b.pass(time.Hour)
	b.vote(ticket.Number, 5, "", 2)
	got, err := b.Store.Survey(t.Context(), ticket.Number)
	resolved := noon.Add(time.Hour)
	if want := (tickets.Survey{Ticket: ticket.Number, Score: 5, Given: resolved, Changed: resolved.Add(2 * time.Hour)}); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	events, err := b.Store.Events(t.Context(), ticket.Number)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range events {
		if e.What == tickets.EventSurveyed {
			said = append(said, e.Who+" "+e.Detail["score"]+" from "+e.Detail["from"])
		}
		if strings.Contains(e.Detail["comment"], "slow") {
			t.Error("an event has the comment, which is personal")
		}
	}
	if got := strings.Join(said, ", "); got != "customer 2 from , customer 5 from 2" {
		t.Errorf("got %q, want an event for each vote that changed something", got)
	}
	t.Run("refuses", func(t *testing.T) { testVotesRefused(t, b, ticket.Number) })
	t.Run("closes", func(t *testing.T) { testSurveyCloses(t, b, ticket.Number) })
	t.Run("counts one of many at once", func(t *testing.T) { testVotesAtOnce(t, b) })
}

// resolved is a ticket that was resolved after an hour.
func (b *bench) resolved() tickets.Ticket {
	b.t.Helper()
	ticket := b.open(b.request())
	b.pass(time.Hour)
	ticket, err := b.Change(b.t.Context(), ticket.Number, tickets.Change{By: "eve", Status: tickets.StatusResolved})
	if err != nil {
		b.t.Fatal(err)
	}
	return ticket
}

func (b *bench) vote(number tickets.Number, score int, comment string, want int) {
	b.t.Helper()
	before, err := b.Vote(b.t.Context(), number, score, comment)
	if err != nil || before.Score != want {
		b.t.Errorf("vote %d: got %d before, %v, want %d", score, before.Score, err, want)
	}
}

func testVotesRefused(t *testing.T, b *bench, number tickets.Number) {
	for _, score := range []int{-1, 0, 6} {
		if _, err := b.Vote(t.Context(), number, score, ""); !errors.Is(err, tickets.ErrInvalid) {
			t.Errorf("score %d: got %v, want ErrInvalid", score, err)
		}
	}
	if _, err := b.Vote(t.Context(), "10000000", 3, ""); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("no ticket: got %v, want ErrNotFound", err)
	}
	b.vote(number, 4, strings.Repeat("é", 3000), 5)
	if got, err := b.Store.Survey(t.Context(), number); err != nil || got.Comment != strings.Repeat("é", tickets.MaxComment) {
		t.Errorf("got a comment of %d bytes, %v, want %d characters of it", len(got.Comment), err, tickets.MaxComment)
	}
}

func testSurveyCloses(t *testing.T, b *bench, number tickets.Number) {
	b.pass(30*24*time.Hour - 2*time.Hour - time.Microsecond)
	b.vote(number, 3, "", 4)
	b.pass(time.Microsecond)
	if _, err := b.Vote(t.Context(), number, 1, ""); !errors.Is(err, tickets.ErrClosed) {
		t.Errorf("after 30 days: got %v, want ErrClosed", err)
	}
	if _, survey, closed, err := b.Surveyed(t.Context(), number); !closed || survey.Score != 3 || err != nil {
		t.Errorf("got score %d, closed %v, %v, want 3 and closed", survey.Score, closed, err)
	}
	if _, err := b.Change(t.Context(), number, tickets.Change{By: "eve", Status: tickets.StatusWorking}); err != nil {
		t.Fatal(err)
	}
	b.vote(number, 1, "", 3) // somebody is at it again
}

func testVotesAtOnce(t *testing.T, b *bench) {
	ticket := b.resolved()
	together(8, func(i int) {
		if _, err := b.Vote(patience(t), ticket.Number, i%5+1, ""); err != nil {
			t.Error(err)
		}
	})
	events, err := b.Store.Events(t.Context(), ticket.Number)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, e := range events {
		if e.What == tickets.EventSurveyed {
			if e.Detail["from"] != last {
				t.Errorf("a vote from %q follows one of %q", e.Detail["from"], last)
			}
			last = e.Detail["score"]
		}
	}
	if got, err := b.Store.Survey(t.Context(), ticket.Number); err != nil || last != string(rune('0'+got.Score)) {
		t.Errorf("got score %d, %v, want that of the last event, %s", got.Score, err, last)
	}
}
