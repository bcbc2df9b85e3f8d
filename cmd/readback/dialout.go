package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"readback/config"
	"readback/ivr"
	"readback/tickets"
)

// A dialout makes calls of its own accord: to customers, who are told that their ticket is registered, and to engineers on
// call. It is the desk's tickets.Phone.
type dialout struct {
	gateway *gateway
	room    *admission

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
}

var errStopping = errors.New("the gateway makes no more calls: it is about to stop")

// drain makes no more calls; those that there are may finish.
func (d *dialout) drain() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

// stop waits for the end of all calls, which is the user agent's to bring about.
func (d *dialout) stop() {
	d.drain()
	d.calls.Wait()
}

// Acknowledge implements tickets.Phone.
func (d *dialout) Acknowledge(ctx context.Context, ticket tickets.Ticket) (tickets.Acknowledgement, error) {
	now := d.gateway.now.Load()
	callback := now.config.Notify.Callback
	o := order{
		purpose: forCallback, ticket: ticket, locale: now.localeFor(ticket, ""),
		trunk: callback.Trunk, to: ticket.Callback, from: callerFor(now.config, ticket), ring: callback.Ring.D(),
	}
	if err := callable(now.config, ticket); err != nil {
		d.unmade(o, "forbidden", err)
		return tickets.Acknowledgement{}, err
	}
	var proof tickets.Acknowledgement
	err := d.make(ctx, now, o, callback.PerHour, func(ctx context.Context, call *placed) (ivr.Outcome, error) {
		talk := ivr.Callback{Errand: call.errand(), Told: func(a tickets.Acknowledgement) {
			proof = a
			call.settle(nil)
		}}
		return talk.Run(ctx, call.line)
	})
	return proof, err
}

// Page implements tickets.Phone.
func (d *dialout) Page(ctx context.Context, engineer tickets.Engineer, ticket tickets.Ticket) error {
	now := d.gateway.now.Load()
	phone := now.config.Paging.Phone
	o := order{
		purpose: forPage, ticket: ticket, locale: now.localeFor(ticket, engineer.Language),
		trunk: phone.Trunk, to: engineer.Number, from: callerFor(now.config, ticket), ring: phone.Ring.D(),
		display: fmt.Sprintf("%v %s", ticket.Priority, ticket.Number),
	}
	if !phone.On() {
		err := fmt.Errorf("%w: phoning engineers is not configured (paging.phone)", tickets.ErrRefused)
		d.unmade(o, "forbidden", err)
		return err
	}
	return d.make(ctx, now, o, phone.PerHour, func(ctx context.Context, call *placed) (ivr.Outcome, error) {
		var caller *waitingCaller
		talk := ivr.Page{Errand: call.errand(), Recording: call.playable(ctx, ticket.Recording), Accepted: func() func(context.Context) error {
			caller = d.gateway.waiting.claim(ticket.Number)
			call.settle(nil)
			if caller == nil {
				return nil
			}
			return func(ctx context.Context) error { return caller.speak(ctx, call.leg, call.line.session) }
		}}
		defer func() {
			if caller != nil {
				caller.decline()
			}
		}()
		outcome, err := talk.Run(ctx, call.line)
		if errors.Is(err, tickets.ErrTaken) {
			call.settle(err)
			_ = talk.Taken(call.up, call.line)
		}
		return outcome, err
	})
}

// make has one call made and returns as soon as it is known what comes of it; the rest of the call goes on by itself.
func (d *dialout) make(ctx context.Context, now *practice, o order, perHour int, talk func(context.Context, *placed) (ivr.Outcome, error)) error {
	call := &placed{gateway: d.gateway, now: now, order: o, settled: make(chan error, 1)}
	if err := d.admit(o, perHour); err != nil {
		d.unmade(o, "limited", err)
		return err
	}
	go func() {
		defer d.calls.Done()
		defer d.gateway.out.leave(o.to)
		call.run(ctx, talk)
	}()
	return <-call.settled
}

// admit takes one more call. It is over with d.calls.Done and leave.
func (d *dialout) admit(o order, perHour int) error {
	if reason := d.room.overloaded(); reason != "" {
		return errors.New("overloaded: " + reason)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errStopping
	}
	if err := d.gateway.out.admit(o.purpose, o.to, perHour, time.Now()); err != nil {
		return err
	}
	d.calls.Add(1)
	return nil
}

// unmade notes a call that was not even tried.
func (d *dialout) unmade(o order, outcome string, err error) {
	d.gateway.metrics.out.WithLabelValues(string(o.purpose), outcome).Inc()
	d.gateway.log.Info("no call is made", "purpose", o.purpose, "ticket", o.ticket.Number, "outcome", outcome, "because", err)
}

// localeFor is the language of a call about a ticket: the first of those wanted that there are prompts in.
func (p *practice) localeFor(t tickets.Ticket, wanted string) string {
	voices := p.sounds.texts.Locales()
	for _, locale := range append([]string{wanted, t.Language, numberOf(p.config, t.Called).Locale}, localesOf(p.config)...) {
		if slices.Contains(voices, locale) {
			return locale
		}
	}
	return voices[0]
}

// callerFor is the number that calls about a ticket come from: the one that was dialled, or else our first one.
func callerFor(c *config.Config, t tickets.Ticket) string {
	if t.Called == "" && len(c.Numbers) > 0 {
		return c.Numbers[0].Number
	}
	return t.Called
}

// engineersOf are those on call, in the desk's words.
func engineersOf(c *config.Config) []tickets.Engineer {
	var all []tickets.Engineer
	for _, e := range c.Paging.Phone.Engineers {
		all = append(all, tickets.Engineer{Name: e.Name, Number: e.Number, Language: e.Language})
	}
	return all
}

// openPhone gives the clerk a telephone, if anybody is to be called.
func (s *server) openPhone() {
	s.phone = &dialout{gateway: s.gateway, room: s.room}
	phone := s.config.Paging.Phone
	if s.config.Notify.Callback.On() || phone.On() {
		s.clerk.Phone, s.clerk.Engineers, s.clerk.PageAgain = s.phone, engineersOf(s.config), phone.Again.D()
	}
}
