package tickets

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What a ladder remembers.
const (
	triedMail  = "mail"  // why no more letters are sent
	triedCalls = "calls" // why no more calls are made
	lastCall   = "call-at"
)

const (
	ladderLongest = 15 * time.Minute // between attempts
	callPause     = 10 * time.Minute // between calls to one customer
	mailAfter     = 24 * time.Hour   // a letter is worth sending so long after the window
)

// climb tells the customer that the ticket is registered: by e-mail, and when that does not succeed by calling back, again and
// again until the response window closes. A late letter is better than none; a late call is not made.
func (c *Clerk) climb(ctx context.Context, n Notice) error {
	ticket, err := c.Desk.Store.Ticket(ctx, n.Ticket)
	if err != nil || !ticket.Acknowledged.IsZero() {
		return err
	}
	step := ladderStep{Clerk: c, ticket: ticket, notice: n, now: c.Desk.now()}
	for _, try := range []func(context.Context) (bool, error){step.mail, step.call} {
		told, err := try(ctx)
		switch {
		case told:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if err != nil {
			step.failure = errors.Join(step.failure, err)
		}
	}
	return step.next(ctx)
}

// A ladderStep is one attempt to tell a customer.
type ladderStep struct {
	*Clerk
	ticket  Ticket
	notice  Notice
	now     time.Time
	failure error
}

func (s *ladderStep) open(until time.Time) bool { return s.now.Before(until) }

func (s *ladderStep) mayMail() bool {
	return s.Mailer != nil && s.ticket.Email != "" && s.notice.Detail[triedMail] == "" && s.open(s.ticket.Due.Add(mailAfter))
}

func (s *ladderStep) mayCall() bool {
	return s.Phone != nil && s.ticket.CallbackVerified && s.notice.Detail[triedCalls] == "" && s.open(s.ticket.Due)
}

func (s *ladderStep) mail(ctx context.Context) (told bool, err error) {
	if !s.mayMail() {
		return false, nil
	}
	err = s.Mailer.Mail(ctx, s.letter(s.notice, s.ticket))
	switch {
	case err == nil:
		evidence := "the mail relay took letter " + s.notice.ID
		return true, s.told(ctx, Acknowledgement{By: ByEmail, Evidence: evidence})
	case errors.Is(err, ErrRefused):
		s.notice = s.notice.with(triedMail, "refused")
	}
	return false, fmt.Errorf("by e-mail: %w", err)
}

func (s *ladderStep) call(ctx context.Context) (told bool, err error) {
	if !s.mayCall() || s.now.Before(s.callable()) {
		return false, nil
	}
	s.notice = s.notice.with(lastCall, strconv.FormatInt(s.now.UnixMicro(), 10))
	if err := s.remember(ctx); err != nil {
		return false, err
	}
	proof, err := s.Phone.Acknowledge(ctx, s.ticket)
	switch {
	case err == nil:
		proof.By = ByCallback
		return true, s.told(ctx, proof)
	case errors.Is(err, ErrRefused):
		s.notice = s.notice.with(triedCalls, "refused")
	}
	return false, fmt.Errorf("by calling back: %w", err)
}

// callable is when the customer's telephone may ring again.
func (s *ladderStep) callable() time.Time {
	last, err := strconv.ParseInt(s.notice.Detail[lastCall], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMicro(last).Add(callPause)
}

func (s *ladderStep) told(ctx context.Context, a Acknowledgement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	return s.Desk.Acknowledge(ctx, s.ticket.Number, a)
}

// remember keeps what an attempt taught, also across a crash.
func (s *ladderStep) remember(ctx context.Context) error {
	return s.amend(ctx, s.notice.ID, func(n *Notice) error {
		n.Detail = s.notice.Detail
		return nil
	})
}

// next is when the next attempt is due. Without another way, agents are alarmed now.
func (s *ladderStep) next(ctx context.Context) error {
	if err := s.remember(ctx); err != nil {
		return err
	}
	at := s.now.Add(min(backOff(s.notice.Attempts+4), ladderLongest))
	switch {
	case s.mayMail():
	case s.mayCall():
		at = later(at, s.callable())
	default:
		return s.resign(ctx)
	}
	return &Later{At: at, Err: s.failure, Reason: "the next call is not due yet"}
}

// resign leaves the customer to the agents, for whom the row stays open until the window closes.
func (s *ladderStep) resign(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	_, err := s.Desk.amend(ctx, s.ticket.Number, func(f *Folder) error {
		f.Add(alarm(f.Ticket, ReasonNoWay, s.now))
		return nil
	})
	switch {
	case err != nil:
		return err
	case s.open(s.ticket.Due):
		return &Later{At: s.ticket.Due, Err: s.failure, Reason: "an agent has to tell the customer"}
	case s.failure != nil:
		return fmt.Errorf("%w: the response window is closed: %w", ErrRefused, s.failure)
	}
	return fmt.Errorf("%w: the response window is closed, and there was no way to tell the customer", ErrRefused)
}
