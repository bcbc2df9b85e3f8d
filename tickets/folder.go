package tickets

import "slices"

// A Folder is a ticket taken out to be changed, under its lock: what is written into it is committed as a whole, or not at all.
type Folder struct {
	Ticket  Ticket
	Notices []Notice // those that are still to be worked; what other programs are sent is left out

	before  Ticket
	was     []Notice
	publish bool
	changes Changes
}

// Changes are what a folder was given.
type Changes struct {
	Ticket bool // the ticket itself is changed
	Events []Event
	Added  []Notice // each unless there is one with its ID
	Saved  []Notice // each in place of the one with its ID
	Wake   []Notice // those of both for which somebody has to be woken up
}

// NewFolder is for stores: a ticket with its open notices.
func NewFolder(t Ticket, open []Notice) *Folder {
	return &Folder{Ticket: t, Notices: open, before: t, was: slices.Clone(open)}
}

// Changes are for stores: what is to be written.
func (f *Folder) Changes() Changes {
	c := f.changes
	c.Ticket = f.Ticket != f.before
	c.Wake = slices.Clone(c.Added)
	for _, n := range c.Saved {
		i := slices.IndexFunc(f.was, func(other Notice) bool { return other.ID == n.ID })
		if i < 0 || n.Wakes(f.was[i]) {
			c.Wake = append(c.Wake, n)
		}
	}
	return c
}

// Note adds an event.
func (f *Folder) Note(e Event) {
	e.Ticket = f.Ticket.Number
	f.changes.Events = append(f.changes.Events, e)
	if f.publish {
		keys := Keys(f.changes.Events)
		f.Add(publication(f.Ticket, e, keys[len(keys)-1]))
	}
}

// Add puts a notice into the outbox, unless there is or was one with its ID.
func (f *Folder) Add(n Notice) {
	n.Ticket, n.Account = f.Ticket.Number, f.Ticket.Account
	f.changes.Added = append(f.changes.Added, n)
}

// Save changes a notice that is open.
func (f *Folder) Save(n Notice) {
	f.changes.Saved = slices.DeleteFunc(f.changes.Saved, func(other Notice) bool { return other.ID == n.ID })
	f.changes.Saved = append(f.changes.Saved, n)
	for i := range f.Notices {
		if f.Notices[i].ID == n.ID {
			f.Notices[i] = n
		}
	}
}

// each changes the open notices that are meant.
func (f *Folder) each(meant func(Notice) bool, change func(*Notice)) (changed int) {
	for _, n := range slices.Clone(f.Notices) {
		if meant(n) && n.Open() {
			change(&n)
			f.Save(n)
			changed++
		}
	}
	return changed
}
