package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/tickets"
)

// An order is a call that is to be made.
type order struct {
	purpose purpose
	trunk   string
	to      string // E.164, or a SIP URI
	from    string // E.164
	display string // the name before it
	ring    time.Duration
	ticket  tickets.Ticket
	locale  string
}

// A placed call is one that is being made, from the INVITE to its record.
type placed struct {
	order
	gateway *gateway
	now     *practice
	settled chan error // takes what came of it, once
	once    sync.Once
	free    func() // from the one who wanted it

	diary *diary
	leg   *sip.Call
	line  *line
	up    context.Context // ends with the call, or when nothing is heard
}

// settle tells what came of the call; only the first time counts. Once it has succeeded, the call goes on for as long as it
// likes, whatever becomes of the one who wanted it.
func (p *placed) settle(err error) {
	p.once.Do(func() {
		if err == nil {
			p.free()
		}
		p.settled <- err
	})
}

// run makes the call, has the conversation and hangs up.
func (p *placed) run(ctx context.Context, talk func(context.Context, *placed) (ivr.Outcome, error)) {
	p.diary = p.gateway.newOutgoing(p.order)
	defer p.diary.close()
	session, err := p.now.open(p.gateway.media, p.trunk, nil)
	if err != nil {
		p.diary.unmade(err)
		p.settle(err)
		return
	}
	defer session.Close()
	p.leg, err = p.gateway.out.dial(ctx, p.to, session, sip.DialOptions{
		Trunk: p.trunk, CallID: p.diary.record.SIPCallID, From: p.from, DisplayName: p.display, Patience: p.ring, OnInfo: session.Info,
	})
	if err != nil {
		err = withoutNumber(err)
		p.diary.unmade(err)
		p.settle(nobody(err))
		return
	}
	defer hangUp(ctx, p.leg)
	session.Answered()
	p.diary.taken(p.leg)
	outcome, err := p.converse(ctx, session, talk)
	p.diary.finished(outcome, err, session.Stats())
	p.settle(nobody(err))
}

// converse has the conversation until the other side, the line, or whoever wanted the call has had enough. A panic ends this
// call alone.
func (p *placed) converse(ctx context.Context, session *media.Session, talk func(context.Context, *placed) (ivr.Outcome, error)) (outcome ivr.Outcome, err error) {
	up, stop := whileHeard(p.leg.Context(), session, p.diary)
	defer stop()
	talking, end := context.WithCancelCause(up)
	defer end(nil)
	follow := context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })
	defer follow()
	p.up, p.free = up, func() { follow() }
	p.line = &line{session: session, sounds: p.now.sounds, kept: p.gateway.recordings, call: p.diary.key()}
	defer func() {
		if failure := recover(); failure != nil {
			p.diary.log.Error("a conversation failed", "panic", failure, "stack", string(debug.Stack()))
			_ = p.line.Play(up, ivr.Prompt{Locale: p.locale, Name: "apology"}) // the line may be gone too
			outcome, err = ivr.Outcome{Disposition: tickets.DispositionFailed}, errPanic
		}
	}()
	return talk(talking, p)
}

func (p *placed) errand() ivr.Errand {
	return ivr.Errand{
		Ticket: p.ticket, Key: p.diary.key(), Locale: p.locale, Patience: patienceOf(p.now.config),
		Observe: p.diary.observe, Log: p.diary.log,
	}
}

// playable is a recording that can be played here, or empty.
func (p *placed) playable(ctx context.Context, name string) string {
	if name == "" {
		return ""
	}
	if _, err := p.line.recorded(ctx, name); err != nil {
		p.diary.log.Warn("the caller's recording cannot be played", "error", err)
		return ""
	}
	return name
}

// withoutNumber is a failure of Dial, which begins with the number that was called: it is logged, and a customer's number is not.
func withoutNumber(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// nobody tells calls that no person accepted from those that could not be made.
func nobody(err error) error {
	switch {
	case err == nil, errors.Is(err, tickets.ErrNobody), errors.Is(err, tickets.ErrTaken):
		return err
	case errors.Is(err, sip.ErrHangup), errors.Is(err, errSilence), unreached(err) == "busy", unreached(err) == "no-answer", declined(err):
		return fmt.Errorf("%w: %w", tickets.ErrNobody, err)
	}
	return err
}

// declined: whoever was called did not want to be (RFC 3261 section 21.6.2).
func declined(err error) bool {
	status, ok := errors.AsType[*sip.StatusError](err)
	return ok && status.Status == 603
}

// newOutgoing begins the record of a call that we make.
func (g *gateway) newOutgoing(o order) *diary {
	d := g.begin(tickets.CallRecord{
		CallKey: rand.Text(), Direction: tickets.DirectionOutgoing, SIPCallID: rand.Text(), Trunk: o.trunk, From: o.from, Called: o.to,
		Ticket: o.ticket.Number, Account: o.ticket.Account, Language: o.locale, Started: time.Now(), Node: g.node,
	})
	d.order = &o
	d.log.Info("call out", "purpose", o.purpose, "trunk", o.trunk, "sip_call_id", d.record.SIPCallID, "ticket", o.ticket.Number)
	return d
}

// unmade: nobody took the call.
func (d *diary) unmade(err error) {
	d.outcome = unreached(err)
	d.record.Disposition, d.record.Reason = tickets.DispositionFailed, err.Error()
	switch {
	case errors.Is(err, tickets.ErrTaken):
		d.outcome, d.record.Disposition = "taken", tickets.DispositionAbandoned
	case errors.Is(nobody(err), tickets.ErrNobody):
		d.record.Disposition = tickets.DispositionAbandoned
	}
	if status, ok := errors.AsType[*sip.StatusError](err); ok {
		d.record.Status = status.Status
	}
}

// taken: somebody, or something, has answered a call of ours.
func (d *diary) taken(leg *sip.Call) {
	d.call, d.record.Source = leg, leg.Source.String()
	d.answered()
}

// outcomeOf names what came of a call of ours that was answered, for a metric: the words are few.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "accepted"
	case errors.Is(err, tickets.ErrTaken):
		return "taken"
	case errors.Is(err, tickets.ErrNobody):
		return "no-key"
	case errors.Is(err, sip.ErrHangup), errors.Is(err, errSilence):
		return "hung-up"
	}
	return "failed"
}
