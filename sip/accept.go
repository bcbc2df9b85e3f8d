package sip

import (
	"context"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// An answer is a 200 to an INVITE that waits for its ACK (RFC 3261 section 13.3.1.4).
type answer struct {
	repeated
	negotiator Negotiator
	delayed    bool // the 200 holds our offer, the ACK will hold the answer
}

// Answer takes the call: 200 with n's answer to the offer, with n's own offer when the INVITE had none, or
// with neither when a reliable provisional answer has settled the session, whose PRACK is waited for
// (RFC 3262 section 3). It returns nil as soon as the 200 is sent; for our own offer, when the ACK has brought
// an answer that n accepted. An offer that n refuses is answered 488 and gives ErrNotAcceptable; a call that
// has ended gives its cause. n is used for later offers too, until the call has ended.
func (c *Call) Answer(ctx context.Context, n Negotiator) error {
	if c.invite == nil {
		return ErrAnswered
	}
	if r := c.lastReliable(); r != nil && r.session {
		if err := c.await(ctx, &r.repeated); err != nil {
			return err
		}
	}
	body, delayed, err := c.finalSession(n)
	if err != nil {
		return err
	}
	a, err := c.accept(c.invite, n, body, delayed)
	if err != nil || !a.delayed {
		return err
	}
	return c.await(ctx, &a.repeated)
}

// await waits for the acknowledgement of a response.
func (c *Call) await(ctx context.Context, r *repeated) error {
	select {
	case <-r.done:
		return r.err
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finalSession is what the 200 to the first INVITE holds: nothing once the session is settled, for more
// would be ignored (RFC 3261 section 13.2.1).
func (c *Call) finalSession(n Negotiator) (body []byte, delayed bool, err error) {
	c.mu.Lock()
	early := c.early
	c.mu.Unlock()
	if early.settled || len(early.said) > 0 {
		return early.said, false, nil
	}
	offer, _ := sessionOf(c.invite.req)
	if body, err = c.negotiate(n, offer); err != nil {
		c.refuseOffer(err)
	}
	return body, len(offer) == 0, err
}

func (c *Call) refuseOffer(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over && !c.answered {
		c.refuse(&verdict{488, "offer", err.Error(), nil}, reasons[488])
	}
}

// accept sends 200 until the ACK comes.
func (c *Call) accept(tx *serverTx, n Negotiator, body []byte, delayed bool) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case tx == c.invite && c.answered:
		return nil, ErrAnswered
	}
	a := &answer{negotiator: n, delayed: delayed}
	t, headers := c.answerTimer(tx.req)
	a.repeated = repeated{call: c, tx: tx, res: withBody(c.answerTo(tx, 200, headers...), body), most: sipgo.T2, lost: ErrNoAck}
	if !a.start() {
		return nil, ErrCancelled
	}
	c.changed(tx)
	c.answers[tx.req.CSeq().SeqNo] = a
	c.negotiator = n
	if tx == c.invite {
		c.early.stop()
		c.up()
	}
	c.setTimer(t)
	return a, nil
}

// answerTo is a response that may make or refresh the dialog: it says where we are and what we can.
func (c *Call) answerTo(tx *serverTx, status int, more ...sipgo.Header) *sipgo.Response {
	return tx.response(status, append([]sipgo.Header{c.contact(), header("Allow", allow), c.supported()}, more...)...)
}

// up notes that the call is answered. The caller holds mu.
func (c *Call) up() {
	c.answered = true
	if c.trying != nil {
		c.trying.Stop()
	}
	c.longest = time.AfterFunc(c.ua.now().MaxCallTime, func() { c.end(ErrTooLong) })
}

// forgetAnswers stops all retransmissions. The caller holds mu.
func (c *Call) forgetAnswers() {
	for seq, a := range c.answers {
		a.stop()
		a.settle(context.Cause(c.ctx))
		delete(c.answers, seq)
	}
}
