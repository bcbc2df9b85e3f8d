package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// attemptsMax bounds how many INVITEs one Dial sends: to other targets, with credentials, after redirections.
const attemptsMax = 16

// A dialling is a call of ours on its way to the answer. One goroutine follows it.
type dialling struct {
	call     *Call
	opts     DialOptions
	offer    []byte
	answered chan<- error // the first one counts; nobody waits for a second

	base      dialog // as it is before anyone has answered
	to        destination
	uri       sipgo.Uri   // the Request-URI now
	host      string      // to whose places it goes
	places    []Target    // for it, that were not tried yet
	pending   []sipgo.Uri // where else a peer redirected us to
	redirects int
	seen      map[string]bool
	flow      *flow    // to the first place, when it is there already
	attempt   *attempt // the one under way
	login     login
}

// run sends INVITEs until one of them has the final answer that counts, and deals with that.
func (d *dialling) run() error {
	patience := time.AfterFunc(d.opts.Patience, func() {
		if !d.call.isAnswered() {
			d.call.end(ErrNoAnswer)
		}
	})
	defer patience.Stop()
	for attempts := 1; ; attempts++ {
		again, err := d.try()
		switch {
		case err != nil && d.call.ctx.Err() != nil:
			return context.Cause(d.call.ctx)
		case !again || attempts == attemptsMax:
			return err
		}
	}
}

// try makes one attempt and says whether another one is worth it.
func (d *dialling) try() (again bool, err error) {
	a, err := d.invite()
	if err != nil {
		return d.elsewhere(), err
	}
	d.attempt = a
	res, err := a.await(d.silence())
	switch {
	case err == nil && res.IsSuccess():
		a.accepted(res)
		return false, nil
	case err == nil:
		a.leave()
		return d.refused(res), statusError(res)
	case d.call.ctx.Err() != nil:
		d.answered <- context.Cause(d.call.ctx)
		a.seeOut()
		return false, context.Cause(d.call.ctx)
	}
	a.leave()
	if errors.Is(err, ErrTimeout) {
		d.call.work.Go(a.seeOut) // it may have reached someone all the same
	}
	return d.elsewhere(), err
}

// silence is how long a target may say nothing while there is another one.
func (d *dialling) silence() time.Duration {
	if len(d.places) == 0 || d.call.Trunk.FailOver == 0 {
		return 65 * sipgo.T1 // the transaction gives up before
	}
	return d.call.Trunk.FailOver
}

// elsewhere says whether there is another place for the same request (RFC 3263 section 4.3), or another address.
func (d *dialling) elsewhere() bool {
	return len(d.places) > 0 || d.nextRedirection()
}

// refused says whether a refusal leaves something to try.
func (d *dialling) refused(res *sipgo.Response) bool {
	switch {
	case d.login.takes(res), d.call.raise(res):
		d.places = append([]Target{d.at()}, d.places...)
		d.base.localSeq++
		return true
	case res.StatusCode == 503:
		return d.elsewhere()
	case res.StatusCode < 400:
		return d.redirected(res)
	case res.StatusCode < 600: // a redirection may have led nowhere (RFC 3261 section 8.1.3.4)
		return d.nextRedirection()
	}
	return false
}

// at is the place that was tried last.
func (d *dialling) at() Target {
	return Target{Network: d.base.flow.wire.network(), Address: d.base.flow.peer}
}

// invite sends the INVITE to the next place.
func (d *dialling) invite() (*attempt, error) {
	c := d.call
	f, err := d.nextFlow()
	if err != nil {
		return nil, err
	}
	d.base.flow, d.base.target = f, d.uri
	c.mu.Lock()
	c.dialog, c.Source = d.base, f.source
	c.mu.Unlock()
	req := d.request(f)
	if err := d.login.sign(req); err != nil {
		return nil, err
	}
	a := &attempt{dialling: d, base: d.base, forks: map[string]*fork{}}
	a.tx, err = c.ua.sendWith(req, f, func(tx *clientTx) {
		tx.heard = func(res *sipgo.Response) { a.note(tx, res) }
		tx.tx.OnRetransmission(func(res *sipgo.Response) { a.again(tx, res) })
	})
	return a, err
}

func (d *dialling) nextFlow() (*flow, error) {
	f := d.flow
	if d.flow = nil; f != nil {
		return f, nil
	}
	to := d.places[0]
	d.places = d.places[1:]
	return d.call.ua.flowTo(d.call.trunk, to, d.host)
}

// request makes the INVITE.
func (d *dialling) request(f *flow) *sipgo.Request {
	c := d.call
	req := c.ua.newRequest(sipgo.INVITE, d.uri, f, &d.base, d.base.localSeq)
	req.AppendHeader(c.ua.contact(f, d.base.secure))
	for _, h := range d.opts.Headers {
		req.AppendHeader(header(h.Name, h.Value))
	}
	c.introduce(req)
	c.Trunk.Quirks.assert(req, d.opts.From)
	switch {
	case d.opts.RequireReliable:
		req.AppendHeader(header("Require", option100rel))
		req.AppendHeader(header("Supported", option100rel))
	case c.Trunk.Reliable != ReliableOff:
		req.AppendHeader(header("Supported", option100rel))
	}
	withOffer(req, d.offer)
	return req
}

// follow sees the dialling, and then its call, to the end.
func (u *UserAgent) follow(d *dialling) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return false
	}
	u.calls.Go(func() {
		defer d.call.close()
		if err := d.protected(); err != nil {
			d.answered <- err
		}
		<-d.call.ctx.Done()
		<-d.call.said
	})
	return true
}

// protected is run, and the end of a call that was never answered. When code that is not ours panics, the INVITE is
// still seen out.
func (d *dialling) protected() error {
	err := ErrPanic
	d.call.protect("a call of ours", func() { err = d.run() })
	if errors.Is(err, ErrPanic) && d.attempt != nil && !d.call.isAnswered() {
		d.attempt.seeOut()
	}
	if err != nil {
		d.call.abandon(err)
	}
	return err
}

// abandon ends a call of ours that was never answered.
func (c *Call) abandon(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.finish(cause)
	}
	if !c.answered {
		close(c.said)
	}
}

// lateAnswer answers the offer of a 200.
func (c *Call) lateAnswer(n Negotiator, offer []byte) ([]byte, error) {
	if len(offer) == 0 {
		return nil, fmt.Errorf("%w: the peer made no offer", ErrNotAcceptable)
	}
	return c.negotiate(n, offer)
}
