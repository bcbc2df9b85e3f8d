package tickets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// How hard Open tries while its ctx lasts. Between attempts it waits openPause, doubling.
const (
	openAttempts = 5
	openPause    = 50 * time.Millisecond
)

// Open takes a ticket. When it returns nil the ticket is durable, and its number may be told. It may be called again with the same
// call key at any time, by any node, and gives the same ticket. A call close behind another one of the same caller about the
// same thing joins that one's ticket, which is then returned.
//
// When a commit's outcome is unknown the call is looked up before anything else is tried, under the same number. Open fails with
// ErrUnavailable when that came to nothing within ctx and a few attempts, and with ErrNoNumbers when there is no number to give.
// In both cases nothing may be promised to the caller, and a ticket may exist all the same: calling Open again finds it.
func (d *Desk) Open(ctx context.Context, request Request) (Ticket, error) {
	d.init()
	request, err := request.bounded()
	if err != nil {
		return Ticket{}, fmt.Errorf("open a ticket: %w", err)
	}
	for attempt := range openAttempts {
		if err = sleep(ctx, pause(attempt)); err != nil {
			err = errors.Join(ErrUnavailable, err)
			break
		}
		var ticket Ticket
		if ticket, err = d.tryOpen(ctx, request); err == nil {
			d.pending.forget(request.CallKey)
			return ticket, nil
		}
		if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrNumberTaken) {
			break
		}
	}
	return Ticket{}, fmt.Errorf("open a ticket: %w", err)
}

// tryOpen commits once, and looks the call up when it cannot tell whether it did.
func (d *Desk) tryOpen(ctx context.Context, request Request) (Ticket, error) {
	number, err := d.numberFor(ctx, request.CallKey)
	if err != nil {
		return d.opened(ctx, request.CallKey, err)
	}
	filed, err := d.Store.File(ctx, d.filing(request, number))
	switch {
	case err == nil:
		return filed.Ticket, nil
	case errors.Is(err, ErrNumberTaken):
		d.log().Error("a leased number is taken: the lease file is from another store, it is set aside", "ticket", number)
		d.pending.forget(request.CallKey)
		return Ticket{}, errors.Join(err, d.numbers.discard())
	}
	return d.opened(ctx, request.CallKey, err)
}

// opened is the ticket that an earlier attempt committed, or the failure that made us ask.
func (d *Desk) opened(ctx context.Context, callKey string, failure error) (Ticket, error) {
	ticket, err := d.Store.TicketByCall(ctx, callKey)
	if err != nil {
		return Ticket{}, failure
	}
	return ticket, nil
}

// numberFor is the number of a call: the one it was given at its first attempt, else a new one.
func (d *Desk) numberFor(ctx context.Context, callKey string) (Number, error) {
	if number, ok := d.pending.of(callKey); ok {
		return number, nil
	}
	number, err := d.numbers.Next(ctx)
	if err != nil {
		return "", err
	}
	return d.pending.keep(callKey, number), nil
}

func pause(attempt int) time.Duration {
	if attempt == 0 {
		return 0
	}
	return openPause << (attempt - 1)
}

// filing applies the policy to a request. It is a pure function but for the clock.
func (d *Desk) filing(r Request, number Number) Filing {
	now := d.now()
	ticket := d.ticket(r, number, now)
	filing := Filing{
		Ticket:  ticket,
		Join:    d.policy.join(r, ticket),
		Event:   d.received(r, ticket, now),
		Joined:  d.joined(r, now),
		Notices: d.notices(ticket, now, r.HungUp),
		HungUp:  r.HungUp,
		At:      now,
		publish: d.Publish, transcribe: d.Transcribe,
	}
	if ticket.Incident != "" {
		filing.Also = append(filing.Also, attached(number, ticket.Incident, WhoCaller, now))
	}
	if d.Publish {
		events := append([]Event{filing.Event}, filing.Also...)
		for i, key := range Keys(events) {
			filing.Notices = append(filing.Notices, publication(ticket, events[i], key))
		}
	}
	return filing
}

func (d *Desk) ticket(r Request, number Number, now time.Time) Ticket {
	t := Ticket{
		Number: number, Caller: r.Caller.Number, Callback: r.Callback, CallbackVerified: r.CallbackVerified,
		Kind: r.Kind, Status: StatusOpen, Channel: ChannelPhone, Called: r.Called, Trunk: r.Caller.Trunk,
		Language: r.Language, Received: instant(r.Received), Verified: r.verified(), Recording: r.Recording, Attestation: r.Caller.Attestation, CallID: r.CallKey, Incident: r.Incident,
	}
	if t.Received.IsZero() {
		t.Received = now
	}
	var plan *Plan
	if t.Verified {
		bought := d.policy.planOf(*r.Account)
		contact := r.Account.contact(t.Caller)
		plan, t.Account, t.Plan, t.Contact, t.Email = &bought, r.Account.ID, bought.Name, contact.Name, contact.Email
	}
	t.Priority = d.policy.Priority(t.Kind, r.Priority, t.Verified)
	t.Due = d.policy.Due(t.Kind, plan, t.Priority, t.Received)
	t.Starts = d.starts(t)
	return t
}

// join says which ticket this call may join: one of the same account, or of the same caller number when nobody proved an account.
func (p Policy) join(r Request, t Ticket) Join {
	j := Join{From: t.Received.Add(-p.JoinWithin), Until: t.Received.Add(p.JoinWithin)}
	switch {
	case t.Verified:
		j.Key = "account:" + t.Account
	case t.Caller != "":
		j.Key = "caller:" + t.Caller
	}
	return j
}

func (d *Desk) received(r Request, t Ticket, now time.Time) Event {
	e := Event{Ticket: t.Number, At: now, Who: WhoCaller, What: EventReceived, Detail: requestDetail(r)}
	e.Detail["priority"] = t.Priority.String()
	e.Detail["node"] = d.node()
	return e
}

// joined keeps what the second call brought along, its recording above all.
func (d *Desk) joined(r Request, now time.Time) Event {
	e := Event{At: now, Who: WhoCaller, What: EventJoined, Detail: requestDetail(r)}
	e.Detail["node"] = d.node()
	return e
}

func requestDetail(r Request) map[string]string {
	claimed := ""
	if r.Account != nil && !r.Verified {
		claimed = clean(r.Account.ID, MaxAccount)
	}
	pressed := ""
	if r.Priority.Valid() && r.Incident == "" {
		pressed = r.Priority.String()
	}
	return detail(
		"call_id", r.CallKey, "trunk", r.Caller.Trunk, "caller", r.Caller.Number, "called", r.Called,
		"vouched", strconv.FormatBool(r.Caller.Vouched), "attestation", r.Caller.Attestation, "pressed", pressed, "confirmed", strconv.FormatBool(r.Confirmed),
		"account_claimed", claimed, "callback", r.Callback, "recording", r.Recording, "hung_up", strconv.FormatBool(r.HungUp),
	)
}

// notices are the outbox rows of a new ticket: its ladder and the alarm about a ladder that does not succeed always, a page
// when an engineer has to begin now, an alarm when agents must look at it for another reason, and its recording to be written down.
func (d *Desk) notices(t Ticket, now time.Time, hungUp bool) []Notice {
	ladder := d.policy.ladder(t, now, hungUp)
	rows := []Notice{ladder}
	if t.Priority == P1 && !t.Verified && t.Incident == "" {
		rows = append(rows, alarm(t, ReasonUnverifiedP1, now))
	}
	if d.canTell(t) {
		rows = append(rows, d.policy.warning(t, now))
	} else {
		resigned := alarm(t, ReasonNoWay, now)
		resigned.Due = ladder.Due // who stays on the line may yet hear the number
		rows = append(rows, resigned)
	}
	if d.pages(t) {
		rows = append(rows, page(t, now))
	}
	if d.Transcribe && t.Recording != "" {
		rows = append(rows, transcription(t, t.Recording, now))
	}
	return rows
}

// canTell reports whether there is a way, configured and allowed, to acknowledge a ticket once its caller is gone.
func (d *Desk) canTell(t Ticket) bool {
	return d.Mail && t.Email != "" || d.CallBack && t.CallbackVerified
}
