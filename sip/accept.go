package sip

import (
	"context"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// An answer is a 200 to an INVITE that waits for its ACK.
type answer struct {
	call       *Call
	tx         *serverTx
	res        *sipgo.Response
	negotiator Negotiator
	delayed    bool // the 200 holds our offer, the ACK will hold the answer

	timer *time.Timer   // guarded by call.mu, as are the next two
	wait  time.Duration // until the next retransmission
	until time.Time

	once sync.Once
	done chan struct{} // closed when the ACK came, with its answer where one is due, or never will
	err  error         // set before done
}

// Answer takes the call: 200 with n's answer to the offer, or with n's own offer when the INVITE had none.
// It returns nil as soon as the 200 is sent; for our own offer, when the ACK has brought an answer that n
// accepted. An offer that n refuses is answered 488 and gives ErrNotAcceptable; a call that has ended gives
// its cause. n is used for later offers too, until the call has ended.
func (c *Call) Answer(ctx context.Context, n Negotiator) error {
	if c.invite == nil {
		return ErrAnswered
	}
	offer, _ := sessionOf(c.invite.req)
	body, err := c.negotiate(n, offer)
	if err != nil {
		c.refuseOffer(err)
		return err
	}
	a, err := c.accept(c.invite, n, body, len(offer) == 0)
	if err != nil || !a.delayed {
		return err
	}
	select {
	case <-a.done:
		return a.err
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Call) refuseOffer(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over && !c.answered {
		c.refuse(&verdict{488, "offer", err.Error(), nil}, reasons[488])
	}
}

// accept sends 200 and repeats it until the ACK comes (RFC 3261 section 13.3.1.4): after T1, then at
// intervals that double up to T2, over any transport, for a datagram may be lost further on.
func (c *Call) accept(tx *serverTx, n Negotiator, body []byte, delayed bool) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case tx == c.invite && c.answered:
		return nil, ErrAnswered
	}
	a := &answer{call: c, tx: tx, negotiator: n, delayed: delayed, wait: sipgo.T1, done: make(chan struct{})}
	a.res = withBody(tx.response(200, c.contact(), header("Allow", allow)), body)
	if !tx.respond(a.res) {
		return nil, ErrCancelled
	}
	a.until = time.Now().Add(64 * sipgo.T1)
	a.timer = time.AfterFunc(a.wait, a.again)
	c.answers[tx.req.CSeq().SeqNo] = a
	c.negotiator = n
	if tx == c.invite {
		c.up()
	}
	return a, nil
}

// up notes that the call is answered. The caller holds mu.
func (c *Call) up() {
	c.answered = true
	if c.trying != nil {
		c.trying.Stop()
	}
	c.longest = time.AfterFunc(c.ua.config.MaxCallTime, func() { c.end(ErrTooLong) })
}

// again repeats the 200, or gives the call up after 64*T1.
func (a *answer) again() {
	c := a.call
	c.mu.Lock()
	seq := a.tx.req.CSeq().SeqNo
	if c.answers[seq] != a {
		c.mu.Unlock()
		return
	}
	if left := time.Until(a.until); left > 0 {
		_ = a.tx.flow.WriteMsg(a.res)
		a.wait = min(2*a.wait, sipgo.T2)
		a.timer.Reset(min(a.wait, left))
		c.mu.Unlock()
		return
	}
	delete(c.answers, seq)
	c.mu.Unlock()
	a.settle(ErrNoAck)
	c.end(ErrNoAck)
}

// settle says how the wait for the ACK went; the first one counts.
func (a *answer) settle(err error) {
	a.once.Do(func() {
		a.err = err
		close(a.done)
	})
}

// stop ends the retransmission. The caller holds call.mu.
func (a *answer) stop() { a.timer.Stop() }

// forgetAnswers stops all retransmissions. The caller holds mu.
func (c *Call) forgetAnswers() {
	for seq, a := range c.answers {
		a.stop()
		a.settle(context.Cause(c.ctx))
		delete(c.answers, seq)
	}
}
