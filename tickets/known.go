package tickets

import (
	"context"
	"fmt"
	"time"
)

// MaxOffered is how many of its open tickets an account's caller is offered.
const MaxOffered = 5

// openTime is how long a caller waits for the list of open tickets before the call goes on without.
const openTime = 300 * time.Millisecond

// Known reads what is known already when somebody calls.
type Known interface {
	// OpenTickets are those of an account that are not resolved, the most urgent first and of these the latest, at most limit.
	// A ticket received after joinable whose call has not reached its goodbye is left out: the caller's carrier may be trying again.
	OpenTickets(ctx context.Context, account string, joinable time.Time, limit int) ([]Ticket, error)
}

// OpenTickets are the tickets of an account that are not resolved, at most MaxOffered: the most urgent first, and of these the
// latest. It keeps nobody waiting: a store that does not answer soon is ErrUnavailable.
func (d *Desk) OpenTickets(ctx context.Context, account string) ([]Ticket, error) {
	d.init()
	ctx, cancel := context.WithTimeoutCause(ctx, openTime, ErrUnavailable)
	defer cancel()
	return d.Store.OpenTickets(ctx, account, d.now().Add(-d.policy.JoinWithin), MaxOffered)
}

// A Note is something that a customer says about a ticket.
type Note struct {
	CallKey   string
	Caller    string // E.164, or empty
	Recording string // its name
}

// LeaveNote keeps what a customer says about a ticket. One that waited for the customer's answer goes on. It fails with
// ErrNotFound, ErrInvalid and ErrUnavailable.
func (d *Desk) LeaveNote(ctx context.Context, number Number, n Note) error {
	key, err := cleanKey(n.CallKey)
	if err != nil {
		return fmt.Errorf("leave a note: %w", err)
	}
	recording := clean(n.Recording, maxLong)
	if recording == "" {
		return fmt.Errorf("leave a note: %w: there is no recording", ErrInvalid)
	}
	now := d.now()
	_, err = d.amend(ctx, number, func(f *Folder) error {
		f.Note(Event{At: now, Who: WhoCaller, What: EventNote, Detail: detail("recording", recording, "call_id", key, "caller", phoneOrNone(n.Caller))})
		f.Ticket.Changed = now
		if d.Transcribe {
			f.transcribe(recording, key, now)
		}
		if f.Ticket.Status == StatusWaiting {
			d.restate(f, Change{By: WhoCaller, Status: answered(f.Ticket), At: now})
		}
		return nil
	})
	return err
}

// answered is where a ticket stands that waited for its customer.
func answered(t Ticket) Status {
	if t.Owner == "" {
		return StatusOpen
	}
	return StatusWorking
}

// LastChange is when anybody last changed the ticket, or it was received.
func (t Ticket) LastChange() time.Time { return later(t.Received, t.Changed) }
