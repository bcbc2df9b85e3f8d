package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// changeTries is how often a change of ours is tried.
const changeTries = 5

// longestRetry is the longest Retry-After that is waited for: the range of RFC 3261 section 14.2.
const longestRetry = 10 * time.Second

// A passing is an error that may be gone after a while.
type passing struct {
	error
	after time.Duration
}

func (p *passing) Unwrap() error { return p.error }

// receiveOffer changes the session of a call by INVITE, UPDATE or PRACK: hold, resume, another port or codec, or
// nothing but a refresh (RFC 3261 section 14.2, RFC 3311 section 5.2).
func (c *Call) receiveOffer(tx *serverTx) {
	v := c.beginChange(tx)
	if v == nil && !c.answerLater(tx, func() { c.changeSession(tx) }) {
		c.endChange(tx)
		v = c.noRoom()
	}
	if v != nil {
		tx.refuse(v)
	}
}

// beginChange makes tx the one change under way, or says why it cannot be.
func (c *Call) beginChange(tx *serverTx) *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	offer, _ := sessionOf(tx.req)
	ready := c.answered || c.early.settled && tx.req.Method != sipgo.INVITE
	switch {
	case c.over:
		return &verdict{481, "no-dialog", "the call is over", nil}
	case c.offering || c.awaitsAnswer():
		return &verdict{491, "glare", "an offer of ours is under way", nil}
	case !ready || c.change != nil:
		return changePending()
	}
	if v := preconditionFailed(offer); v != nil {
		return v
	}
	c.change = tx
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.call = c
	return nil
}

// changePending asks for patience of up to ten seconds, as both RFCs do.
func changePending() *verdict {
	wait := header("Retry-After", strconv.Itoa(rand.IntN(11)))
	return &verdict{500, "invite-pending", "another change of the peer's is under way", []sipgo.Header{wait}}
}

// awaitsAnswer says that an offer of ours in a response has no answer yet. The caller holds mu.
func (c *Call) awaitsAnswer() bool {
	if r := c.early.last; r != nil && r.negotiator != nil && !c.early.settled {
		return true
	}
	for _, a := range c.answers {
		if a.delayed {
			return true
		}
	}
	return false
}

func (c *Call) endChange(tx *serverTx) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed(tx)
}

// changed ends the change that tx made, before the peer hears of it: its next one may come at once. The caller
// holds mu.
func (c *Call) changed(tx *serverTx) {
	if c.change == tx {
		c.change = nil
	}
}

// changeSession asks the negotiator. A refused offer is 488 and leaves everything as it was.
func (c *Call) changeSession(tx *serverTx) {
	defer c.endChange(tx)
	c.mu.Lock()
	n, over := c.negotiator, c.over
	c.mu.Unlock()
	if over || tx.final() != 0 {
		return // hung up or cancelled while it waited; answered then
	}
	offer, _ := sessionOf(tx.req)
	body, err := c.negotiate(n, offer)
	if err != nil {
		c.endChange(tx)
		tx.refuse(&verdict{488, "offer", err.Error(), nil})
		return
	}
	if tx.req.Method == sipgo.INVITE {
		_, err = c.accept(tx, n, body, len(offer) == 0)
	} else {
		c.confirm(tx, body)
	}
	if err == nil {
		c.heardFrom(tx.req)
	}
}

// Reinvite offers the session anew, such as after the negotiator was told to hold, and returns when the
// answer is accepted. A refusal is a *StatusError and leaves the session as it was. When both sides change the
// session at once (491) it tries again after a random pause (RFC 3261 section 14.1). A peer that does not know
// the call (481), or does not answer (408), ends it with ErrGone. When ctx ends first the re-INVITE is cancelled, and a
// 2xx that comes all the same is acknowledged and counts.
func (c *Call) Reinvite(ctx context.Context) error { return c.offer(ctx, sipgo.INVITE) }

func (c *Call) offer(ctx context.Context, method sipgo.RequestMethod) error {
	return c.persist(ctx, func() error { return c.exchange(ctx, method) })
}

// persist tries again what failed for a passing reason. When ctx ends an attempt goes on without its caller: what was
// asked for cannot be unsaid, and the 200 of an INVITE wants an ACK.
func (c *Call) persist(ctx context.Context, attempt func() error) error {
	for try := 1; ; try++ {
		err := c.inBackground(ctx, attempt)
		var p *passing
		if try == changeTries || !errors.As(err, &p) {
			return err
		}
		if err := c.pause(ctx, p.after); err != nil {
			return err
		}
	}
}

// inBackground runs f in a goroutine of the call and waits for it.
func (c *Call) inBackground(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return context.Cause(c.ctx)
	}
	c.work.Go(func() { c.protect("a change of the call", func() { done <- f() }) })
	c.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	select {
	case err := <-done: // what ended the call, perhaps
		return err
	default:
		return cmp.Or(context.Cause(c.ctx), context.Cause(ctx))
	}
}

// glarePause is longer for the side that made the Call-ID, so that only one tries again at a time.
func (c *Call) glarePause() time.Duration {
	const step = 10 * time.Millisecond
	if c.invite == nil {
		return 2100*time.Millisecond + time.Duration(rand.IntN(191))*step
	}
	return time.Duration(rand.IntN(201)) * step
}

func (c *Call) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// exchange makes one offer and takes its answer, then acknowledges the INVITE that it was in. By then nothing is under way: right
// behind the ACK the peer's next change may come.
func (c *Call) exchange(ctx context.Context, method sipgo.RequestMethod) error {
	n, err := c.beginOffering(method)
	if err != nil {
		return err
	}
	tx, err := c.makeOffer(ctx, method, n)
	if tx == nil || method != sipgo.INVITE {
		return err
	}
	return cmp.Or(c.acknowledge(tx, nil), err)
}

// makeOffer is over with the answer, whose transaction it returns when that was a 2xx. An INVITE is taken back when ctx ends.
func (c *Call) makeOffer(ctx context.Context, method sipgo.RequestMethod, n Negotiator) (tx *clientTx, err error) {
	defer c.endOffering()
	offer, err := c.negotiate(n, nil)
	if err != nil {
		return nil, err
	}
	patient, stop := c.patience(ctx, method)
	defer stop()
	res, err := c.askWith(patient, func() (*sipgo.Request, *flow, error) {
		req, f, err := c.request(method)
		if err == nil {
			c.introduce(req)
			withOffer(req, offer)
		}
		return req, f, err
	}, func(t *clientTx) {
		tx = t
		if method == sipgo.INVITE {
			t.takeBack = func(heard bool) (*sipgo.Response, error) { return c.takeBack(t, heard) }
		}
		t.tx.OnRetransmission(func(*sipgo.Response) { t.repeatAck() })
	})
	if err := c.outcome(method, res, err); err != nil {
		return nil, err
	}
	if err := context.Cause(c.ctx); err != nil {
		return tx, err
	}
	session, _ := sessionOf(res)
	return tx, c.negotiateAccept(n, session)
}

// patience is a context that ends with the call, and for what can be taken back also with ctx.
func (c *Call) patience(ctx context.Context, method sipgo.RequestMethod) (context.Context, func()) {
	patient, cancel := context.WithCancelCause(c.ctx)
	if method != sipgo.INVITE {
		return patient, func() { cancel(nil) }
	}
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return patient, func() {
		stop()
		cancel(nil)
	}
}

// outcome judges how a request went that refreshes the dialog. A peer without the call, or none at all, ends it
// (RFC 3261 section 12.2.1.2).
func (c *Call) outcome(method sipgo.RequestMethod, res *sipgo.Response, err error) error {
	if err == nil {
		err = c.refused(res)
	}
	if errors.Is(err, ErrTimeout) || hasStatus(err, 408) || hasStatus(err, 481) {
		c.end(fmt.Errorf("%w: %s: %w", ErrGone, method, err))
	}
	if err != nil {
		return fmt.Errorf("sip: %s: %w", method, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear(res)
	if c.answered {
		c.setTimer(timerOf(res))
	}
	return nil
}

// refused is the error of an answer other than 2xx: a passing one for changes that crossed (491), one of the peer's
// own under way (500), and a session interval that is too short (422).
func (c *Call) refused(res *sipgo.Response) error {
	err := statusError(res)
	switch {
	case hasStatus(err, 491):
		return &passing{err, c.glarePause()}
	case hasStatus(err, 500):
		if after, ok := interval(res, "Retry-After"); ok && after <= longestRetry {
			return &passing{err, after}
		}
	case hasStatus(err, 422) && c.raise(res):
		return &passing{err, 0}
	}
	return err
}

func (c *Call) beginOffering(method sipgo.RequestMethod) (Negotiator, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case !c.answered && (method == sipgo.INVITE || !c.early.settled):
		return nil, ErrNotAnswered
	case c.offering || c.change != nil || c.awaitsAnswer() || method == sipgo.INVITE && len(c.answers) > 0:
		return nil, &passing{&StatusError{Status: 491, Reason: reasons[491]}, c.glarePause()}
	}
	c.offering = true
	return c.negotiator, nil
}

func (c *Call) endOffering() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offering = false
}

func hasStatus(err error, status int) bool {
	var e *StatusError
	return errors.As(err, &e) && e.Status == status
}
