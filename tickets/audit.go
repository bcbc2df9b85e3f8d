package tickets

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Fault is something that is not as it was proved to be.
type Fault struct {
	Day    string `json:"day,omitempty"`    // of a list
	Ticket Number `json:"ticket,omitempty"` // of a ticket
	Event  int    `json:"event,omitempty"`  // from 1
	What   string `json:"what"`
}

// String is the fault in a line.
func (f Fault) String() string {
	at := "the list of " + f.Day
	switch {
	case f.Event > 0:
		at = fmt.Sprintf("ticket %s, event %d", f.Ticket, f.Event)
	case f.Ticket != "":
		at = "ticket " + string(f.Ticket)
	case f.Day == "":
		return f.What
	}
	return at + ": " + f.What
}

// An Audit holds tickets against their chains and against signed lists. Give it first the lists in the order of their days, then
// the tickets in any order, then End.
type Audit struct {
	Keys  []ed25519.PublicKey // of nodes that are trusted
	Part  bool                // there are earlier lists and tickets elsewhere
	Until string              // there must be lists up to this day; empty: up to whichever

	Faults  []Fault
	Lists   int
	Tickets int
	Events  int
	Erased  int // personal texts

	store    string
	previous *Digest
	oldest   time.Time // event
	day      time.Time // of the list before
	first    time.Time // when the first list's day begins
	listed   map[Number][]listing
	seen     map[Number]bool
}

// listing is a ticket in a list.
type listing struct {
	day time.Time
	Head
}

func (a *Audit) fault(f Fault) { a.Faults = append(a.Faults, f) }

// List takes a list.
func (a *Audit) List(l HeadList) {
	a.Lists++
	fault := func(format string, args ...any) { a.fault(Fault{Day: l.Day, What: fmt.Sprintf(format, args...)}) }
	day, err := time.Parse(time.DateOnly, l.Day)
	if err != nil {
		fault("it has no day")
		return
	}
	switch {
	case !l.Signed():
		fault("its signature is wrong: it was changed")
	case !a.trusts(l.Key):
		fault("it is signed by a key that is not trusted: %x", l.Key)
	}
	if a.day.IsZero() {
		a.store, a.first, a.listed = l.Store, day, map[Number][]listing{}
		if l.Previous != nil && !a.Part {
			fault("the list before it is missing")
		}
	} else {
		a.follows(l, day, fault)
	}
	digest := l.Digest()
	a.day, a.previous = day, &digest
	for _, h := range l.Heads {
		a.listed[h.Ticket] = append(a.listed[h.Ticket], listing{day, h})
	}
}

func (a *Audit) trusts(key []byte) bool {
	return slices.ContainsFunc(a.Keys, func(trusted ed25519.PublicKey) bool { return bytes.Equal(trusted, key) })
}

// follows holds a list against the one before.
func (a *Audit) follows(l HeadList, day time.Time, fault func(string, ...any)) {
	if l.Store != a.store {
		fault("it is of another store")
	}
	switch next := a.day.AddDate(0, 0, 1); {
	case day.After(next):
		a.missing(next, day)
	case day.Before(next):
		fault("it is out of order")
	case l.Previous == nil || *l.Previous != *a.previous:
		fault("it does not follow the one before it")
	}
}

// Ticket takes the events of a ticket.
func (a *Audit) Ticket(number Number, links []Link) {
	a.Tickets++
	a.Events += len(links)
	if a.seen == nil {
		a.seen = map[Number]bool{}
	}
	if a.seen[number] {
		a.fault(Fault{Ticket: number, What: "it is there twice"})
		return
	}
	a.seen[number] = true
	previous := Digest{}
	erased := lastOf(links, EventErased)
	for i, l := range links {
		switch {
		case l.Seq != i+1:
			a.fault(Fault{Ticket: number, Event: i + 1, What: fmt.Sprintf("it is numbered %d: events were taken out or put in", l.Seq)})
		case l.Ticket != number:
			a.fault(Fault{Ticket: number, Event: i + 1, What: "it belongs to another ticket"})
		case l.Head != l.After(previous):
			a.fault(Fault{Ticket: number, Event: i + 1, What: "it was changed, or events before it were taken out or put in"})
		}
		previous = l.Head
		if a.oldest.IsZero() || l.Kept.Before(a.oldest) {
			a.oldest = l.Kept
		}
		a.texts(number, i+1, l, i < erased)
	}
	a.compare(number, links)
}

// lastOf is where the last event of a kind is; -1 when there is none.
func lastOf(links []Link, what string) int {
	for i, l := range slices.Backward(links) {
		if l.What == what {
			return i
		}
	}
	return -1
}

// texts holds the personal texts of an event against their digests. All are there, unless an event says that they were erased.
func (a *Audit) texts(number Number, event int, l Link, erased bool) {
	left := maps.Clone(l.Digests)
	for _, p := range l.Personal {
		if digest, ok := left[p.Name]; !ok || p.Digest() != digest {
			a.fault(Fault{Ticket: number, Event: event, What: fmt.Sprintf("the text of %s was changed", p.Name)})
		}
		delete(left, p.Name)
	}
	a.Erased += len(left)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if !erased {
			a.fault(Fault{Ticket: number, Event: event, What: fmt.Sprintf("the text of %s is missing, and nobody erased it", name)})
		}
	}
}

// compare holds a chain against the lists.
func (a *Audit) compare(number Number, links []Link) {
	most := 0
	for _, was := range a.listed[number] {
		day := was.day.Format(time.DateOnly)
		switch {
		case was.Length > len(links):
			a.fault(Fault{Ticket: number, What: fmt.Sprintf("it has %d events, %d were listed on %s: the last are missing", len(links), was.Length, day)})
		case was.Length < 1 || links[was.Length-1].Head != was.Head.Head:
			a.fault(Fault{Ticket: number, What: fmt.Sprintf("its first %d events are not those listed on %s", was.Length, day)})
		}
		most = max(most, was.Length)
	}
	if a.day.IsZero() {
		return
	}
	until := a.day.AddDate(0, 0, 1)
	for i, l := range links {
		if i >= most && !l.Kept.Before(a.first) && l.Kept.Before(until) {
			a.fault(Fault{Ticket: number, Event: i + 1, What: fmt.Sprintf("it is in no list up to %s: it was put in later", a.day.Format(time.DateOnly))})
		}
	}
}

// End names tickets that were listed and are not there, and lists that should be there.
func (a *Audit) End() {
	for _, number := range slices.Sorted(maps.Keys(a.listed)) {
		if was := a.listed[number]; !a.seen[number] {
			a.fault(Fault{Ticket: number, What: "it is missing; it was listed on " + was[len(was)-1].day.Format(time.DateOnly)})
		}
	}
	until, err := time.Parse(time.DateOnly, a.Until)
	switch {
	case err != nil:
	case !a.day.IsZero():
		a.missing(a.day.AddDate(0, 0, 1), until.AddDate(0, 0, 1))
	case !a.oldest.IsZero():
		a.missing(a.oldest.UTC().Truncate(24*time.Hour), until.AddDate(0, 0, 1))
	}
}

// missing names the days of a gap; those past some are told together.
func (a *Audit) missing(from, until time.Time) {
	const most = 400
	for n := 0; from.Before(until) && n < most; n++ {
		a.fault(Fault{Day: from.Format(time.DateOnly), What: "it is missing"})
		from = from.AddDate(0, 0, 1)
	}
	if from.Before(until) {
		a.fault(Fault{Day: from.Format(time.DateOnly), What: "it is missing, and those after it up to that of " + until.AddDate(0, 0, -1).Format(time.DateOnly)})
	}
}
