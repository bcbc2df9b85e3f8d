package tickets

import (
	"context"
	"fmt"
)

// Acknowledge records that the customer was told, with the evidence, and cancels what would have told them otherwise. The
// first acknowledgement counts; later ones are no error. It fails with ErrNotFound and ErrUnavailable.
func (d *Desk) Acknowledge(ctx context.Context, number Number, a Acknowledgement) error {
	return d.Store.Acknowledge(ctx, number, a.bounded(d.now()))
}

// HungUp makes the acknowledgement of a ticket due now: its caller went before hearing the whole number. A ticket that is
// acknowledged already stays so.
func (d *Desk) HungUp(ctx context.Context, number Number) error {
	return d.Store.HungUp(ctx, number, d.now())
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
