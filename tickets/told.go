package tickets

import (
	"context"
	"fmt"
	"time"
)

// Acknowledge records that the customer was told, with the evidence, and cancels what would have told them otherwise. The
// first acknowledgement counts; later ones are no error. It fails with ErrNotFound and ErrUnavailable.
func (d *Desk) Acknowledge(ctx context.Context, number Number, a Acknowledgement) error {
	a = a.bounded(d.now())
	_, err := d.amend(ctx, number, func(f *Folder) error {
		acknowledge(f, a)
		return nil
	})
	return err
}

func acknowledge(f *Folder, a Acknowledgement) {
	if !f.Ticket.Acknowledged.IsZero() {
		return
	}
	f.Ticket.Acknowledged, f.Ticket.AcknowledgedBy = a.At, a.By
	f.Note(a.Event(f.Ticket))
	f.each(untold, func(n *Notice) { n.Cancelled = a.At })
	f.each(func(n Notice) bool { return n.Kind == PageClear && n.Detail["alert"] != "" }, func(n *Notice) { n.Created, n.Due = a.At, a.At })
}

// untold: it is there because the customer was not told.
func untold(n Notice) bool {
	return n.Kind.Ladder() || n.Kind == Alarm && (n.Reason == ReasonNoWay || n.Reason == ReasonUnacknowledged)
}

// HungUp makes the acknowledgement of a ticket due now: its caller went before hearing the whole number. A ticket that is
// acknowledged already stays so.
func (d *Desk) HungUp(ctx context.Context, number Number) error {
	now := d.now()
	_, err := d.amend(ctx, number, func(f *Folder) error {
		hungUp(f, now)
		return nil
	})
	return err
}

func hungUp(f *Folder, at time.Time) {
	late := func(n Notice) bool {
		waits := n.Kind.Ladder() || n.Kind == Alarm && n.Reason == ReasonNoWay
		return waits && n.Due.After(at) && n.Attempts == 0
	}
	if f.each(late, func(n *Notice) { n.Due = at }) > 0 {
		f.Note(Event{At: at, Who: WhoCaller, What: EventHungUp})
	}
}

// Again is what a call brings to a ticket that is there: its own one that it files again, or another call's that it joins.
func (f Filing) Again(folder *Folder, joins bool) {
	folder.publish = f.publish
	if joins {
		folder.Note(f.Joined)
		if f.transcribe {
			folder.transcribe(f.Joined.Detail["recording"], f.Ticket.CallID, f.At)
		}
		if f.Ticket.Incident != "" && folder.Ticket.Incident == "" {
			folder.Ticket.Incident = f.Ticket.Incident
			folder.Note(attached(folder.Ticket.Number, f.Ticket.Incident, WhoCaller, f.At))
		}
	}
	if f.HungUp {
		hungUp(folder, f.At)
	}
}

// amend changes a ticket, and lets other programs know when they want to.
func (d *Desk) amend(ctx context.Context, number Number, change func(*Folder) error) (Ticket, error) {
	return d.Store.Amend(ctx, number, func(f *Folder) error {
		f.publish = d.Publish
		return change(f)
	})
}

// Goodbye notes that a call reached its goodbye: no later call joins its ticket.
func (d *Desk) Goodbye(ctx context.Context, callKey string) error {
	key, err := cleanKey(callKey)
	if err != nil {
		return fmt.Errorf("note a goodbye: %w", err)
	}
	return d.Store.Goodbye(ctx, key, d.now())
}

// SendNumber puts the ticket's number into the outbox, to the e-mail address of its contact, once. It fails with ErrInvalid
// when there is no address, or no e-mail.
func (d *Desk) SendNumber(ctx context.Context, number Number) error {
	ticket, err := d.Store.Ticket(ctx, number)
	if err != nil {
		return err
	}
	if !d.Mail || ticket.Email == "" {
		return fmt.Errorf("send number %s: %w: e-mail is not configured, or the contact has no address", number, ErrInvalid)
	}
	now := d.now()
	return d.Store.Enqueue(ctx, Notice{
		ID: "number:" + string(number), Kind: NumberByEmail, Ticket: number, Account: ticket.Account,
		To: ticket.Email, Language: ticket.Language, CallID: ticket.CallID, Created: now, Due: now,
	})
}

// SendLinks puts the links to form and chat into the outbox for an account whose plan has no telephone, once a call. It fails with
// ErrInvalid when the account has no address, or there is no e-mail.
func (d *Desk) SendLinks(ctx context.Context, account Account, callKey string) error {
	key, err := cleanKey(callKey)
	if err != nil {
		return fmt.Errorf("send links: %w", err)
	}
	if !d.Mail || account.Email() == "" {
		return fmt.Errorf("send links to account %s: %w: e-mail is not configured, or no contact has an address", account.ID, ErrInvalid)
	}
	now := d.now()
	return d.Store.Enqueue(ctx, Notice{
		ID: "links:" + key, Kind: LinksByEmail, Account: account.ID,
		To: account.Email(), Language: account.Language, CallID: key, Created: now, Due: now,
	})
}
