package tickets

import (
	"maps"
	"slices"
	"time"
)

// A Parcel is a ticket on its way to another store, with all that belongs to it.
type Parcel struct {
	Ticket  Ticket
	JoinKey string
	Calls   []string // keys of the calls that opened and joined it
	Goodbye time.Time
	Events  []Event // in the order they happened; the first one is that it was received
	Notices []Notice
}

// Filing is the ticket without what happened to it. It joins no other: its number was told.
func (p Parcel) Filing() Filing {
	return Filing{Ticket: p.Ticket, Join: Join{Key: p.JoinKey}, Event: p.Events[0]}
}

// Unpack writes into the folder of a ticket what the parcel knows beyond it: events that are missing there, and what
// became of notices. There are events and rows of the ticket in the store that unpacks. Where only the parcel knows more, the
// ticket becomes as it is in the parcel; where each store has its own changes, the store's own stay, but a customer who was
// told stays told. It may be done again.
func (p Parcel) Unpack(f *Folder, there []Event, rows []Notice) {
	missing := beyond(p.Events, there)
	own := beyond(there, p.Events)
	told := f.Ticket.Acknowledged.IsZero() && !p.Ticket.Acknowledged.IsZero()
	for _, e := range missing {
		if e.What == EventAcknowledged && !told || e.What == EventTranscribed && slices.ContainsFunc(there, e.sameSpeech) {
			continue // one is recorded: the first one that was committed here
		}
		f.changes.Events = append(f.changes.Events, e)
	}
	switch {
	case len(own) == 0:
		f.Ticket = p.Ticket
	case told:
		f.Ticket.Acknowledged, f.Ticket.AcknowledgedBy = p.Ticket.Acknowledged, p.Ticket.AcknowledgedBy
		f.each(untold, func(n *Notice) { n.Cancelled = p.Ticket.Acknowledged })
	}
	p.unpackNotices(f, rows)
}

// unpackNotices: what is over in either store is over, what is due earlier in either is due then.
func (p Parcel) unpackNotices(f *Folder, rows []Notice) {
	for _, n := range p.Notices {
		at := slices.IndexFunc(rows, func(row Notice) bool { return row.ID == n.ID })
		switch {
		case at < 0:
			f.changes.Added = append(f.changes.Added, n)
			if !n.Open() || n.Attempts > 0 { // what is added is as at first
				f.changes.Saved = append(f.changes.Saved, n)
			}
		case rows[at].Open() && (!n.Open() || n.Attempts > rows[at].Attempts || n.Due.Before(rows[at].Due)):
			f.Save(n)
		}
	}
}

// beyond are the events that are not among others.
func beyond(events, others []Event) (missing []Event) {
	for _, e := range events {
		if !slices.ContainsFunc(others, e.same) {
			missing = append(missing, e)
		}
	}
	return missing
}

// sameSpeech reports whether both are what a machine heard in one recording.
func (e Event) sameSpeech(other Event) bool {
	return e.What == other.What && e.Detail["recording"] == other.Detail["recording"]
}

// same reports whether two stores tell of one event.
func (e Event) same(other Event) bool {
	return e.At.Equal(other.At) && e.Who == other.Who && e.What == other.What && maps.Equal(e.Detail, other.Detail)
}
