package tickets

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A Change is what somebody does to a ticket; zero fields leave as it is.
type Change struct {
	By       string // who: an agent, or another system
	Priority Priority
	Status   Status
	Note     string // what they say about it
	At       time.Time
	Ref      string // its name in the system that it was made in; empty: here
}

// Change changes a ticket. Another priority has another response window, from receipt, and may wake engineers or let them
// sleep. It fails with ErrNotFound, ErrInvalid and ErrUnavailable.
func (d *Desk) Change(ctx context.Context, number Number, c Change) (Ticket, error) {
	d.init()
	c, err := c.bounded(d.now())
	if err != nil {
		return Ticket{}, fmt.Errorf("change ticket %s: %w", number, err)
	}
	return d.amend(ctx, number, func(f *Folder) error {
		if c.Priority.Valid() && c.Priority != f.Ticket.Priority {
			d.reprioritise(f, c)
		}
		if c.Status != "" && c.Status != f.Ticket.Status {
			d.restate(f, c)
		}
		if c.Note != "" {
			f.Note(Event{At: c.At, Who: c.By, What: EventNote, Detail: detail("note", c.Note, "ref", c.Ref)})
			f.Ticket.Changed = c.At
		}
		return nil
	})
}

func (c Change) bounded(now time.Time) (Change, error) {
	if c.Status != "" && !c.Status.Valid() {
		return c, fmt.Errorf("status %.20q: %w: use open, working, waiting or resolved", c.Status, ErrInvalid)
	}
	if c.By = clean(c.By, maxShort); c.By == "" {
		return c, fmt.Errorf("%w: say who changes it", ErrInvalid)
	}
	c.Note, c.Ref = clean(c.Note, maxNote), clean(c.Ref, maxShort)
	if c.At.IsZero() {
		c.At = now
	}
	c.At = instant(c.At)
	return c, nil
}

func (d *Desk) reprioritise(f *Folder, c Change) {
	t, from := &f.Ticket, f.Ticket.Priority
	t.Priority, t.Changed = c.Priority, c.At
	t.Due, t.Starts = d.policy.Due(t.Kind, d.planNamed(*t), t.Priority, t.Received), d.starts(*t)
	f.Note(Event{At: c.At, Who: c.By, What: EventChanged, Detail: detail("priority", t.Priority.String(), "from", from.String(), "due", t.Due.Format(time.RFC3339))})
	f.each(func(n Notice) bool { return n.Kind == Alarm && n.Reason == ReasonUnacknowledged }, func(n *Notice) { n.Due = d.policy.warnAt(*t) })
	switch wake := d.pages(*t) && t.NeedsEngineer(); {
	case !wake:
		d.unpage(f, c.At)
	case !slices.ContainsFunc(f.Notices, func(n Notice) bool { return n.Kind == Page && n.Open() }):
		again := page(*t, c.At)
		again.ID += c.At.Format(":" + time.RFC3339Nano)
		f.Add(again)
	}
}

// planNamed is the plan a ticket was taken under; nil for one without.
func (d *Desk) planNamed(t Ticket) *Plan {
	if t.Plan == "" {
		return nil
	}
	plan := d.policy.planOf(Account{Plan: t.Plan})
	return &plan
}

func (d *Desk) restate(f *Folder, c Change) {
	from := f.Ticket.Status
	f.Ticket.Status, f.Ticket.Changed, f.Ticket.Resolved = c.Status, c.At, time.Time{}
	f.Note(Event{At: c.At, Who: c.By, What: EventChanged, Detail: detail("status", string(c.Status), "from", string(from), "ref", c.Ref)})
	if c.Status != StatusResolved {
		return
	}
	f.Ticket.Resolved = c.At
	d.unpage(f, c.At)
	if d.Mail && f.Ticket.Email != "" {
		f.Add(Notice{
			ID: "survey:" + string(f.Ticket.Number), Kind: SurveyByEmail, To: f.Ticket.Email, Language: f.Ticket.Language,
			CallID: f.Ticket.CallID, Created: c.At, Due: c.At,
		})
	}
}

// Accept notes that an engineer took a ticket, and lets the others sleep. The first one counts: it returns the ticket as it
// is then.
func (d *Desk) Accept(ctx context.Context, number Number, by, how string) (Ticket, error) {
	now := d.now()
	by = clean(by, maxShort)
	return d.amend(ctx, number, func(f *Folder) error {
		if !f.Ticket.Accepted.IsZero() {
			return nil
		}
		f.Ticket.Owner, f.Ticket.Accepted, f.Ticket.Changed = by, now, now
		f.Note(Event{At: now, Who: by, What: EventAccepted, Detail: detail("by", by, "how", how)})
		d.unpage(f, now)
		return nil
	})
}

// unpage: nobody has to be woken any more, and who was may rest.
func (d *Desk) unpage(f *Folder, at time.Time) {
	paged := f.each(func(n Notice) bool { return n.Kind == Page }, func(n *Notice) { n.Cancelled = at })
	if paged > 0 || d.Paging {
		id := fmt.Sprintf("page-clear:%s:%s", f.Ticket.Number, at.Format(time.RFC3339Nano))
		f.Add(Notice{ID: id, Kind: PageClear, Created: at, Due: at})
	}
}

// Bounced notes that the acknowledgement by e-mail came back: the ticket is as if nobody was told, and the ladder goes on
// without e-mail. One that was acknowledged in another way stays so.
func (d *Desk) Bounced(ctx context.Context, number Number, why string) error {
	d.init()
	now := d.now()
	_, err := d.amend(ctx, number, func(f *Folder) error {
		if f.Ticket.AcknowledgedBy != ByEmail {
			return nil
		}
		f.Ticket.Acknowledged, f.Ticket.AcknowledgedBy = time.Time{}, ""
		f.Note(Event{At: now, Who: WhoGateway, What: EventBounced, Detail: detail("because", clean(why, maxLong))})
		again := d.policy.ladder(f.Ticket, now, true).with(triedMail, "bounced")
		again.ID += ":" + now.Format(time.RFC3339)
		warning := d.policy.warning(f.Ticket, now)
		warning.ID += ":" + now.Format(time.RFC3339)
		f.Add(again)
		f.Add(warning)
		return nil
	})
	return err
}
