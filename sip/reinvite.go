package sip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	sipgo "github.com/emiago/sipgo/sip"
)

// receiveReinvite changes the session of a call: hold, resume, another port or codec, or nothing but a
// refresh (RFC 3261 section 14.2).
func (c *Call) receiveReinvite(tx *serverTx) {
	v := c.beginReinvite(tx)
	if v == nil && !c.enqueue(func() { c.changeSession(tx) }) {
		c.endReinvite(tx)
		v = capped("call-queue", "too many requests wait in this call")
	}
	if v != nil {
		tx.refuse(v)
	}
}

// beginReinvite makes tx the one change under way, or says why it cannot be.
func (c *Call) beginReinvite(tx *serverTx) *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return &verdict{481, "no-dialog", "the call is over", nil}
	case c.inviting || c.awaitsAnswer():
		return &verdict{491, "glare", "an offer of ours is under way", nil}
	case !c.answered || c.reinvite != nil:
		wait := header("Retry-After", strconv.Itoa(rand.IntN(11)))
		return &verdict{500, "invite-pending", "another INVITE of the peer is under way", []sipgo.Header{wait}}
	}
	c.reinvite = tx
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.call = c
	return nil
}

// awaitsAnswer says that a 200 with our offer has no ACK yet. The caller holds mu.
func (c *Call) awaitsAnswer() bool {
	for _, a := range c.answers {
		if a.delayed {
			return true
		}
	}
	return false
}

func (c *Call) endReinvite(tx *serverTx) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reinvite == tx {
		c.reinvite = nil
	}
}

// changeSession asks the negotiator. A refused offer is 488 and leaves everything as it was.
func (c *Call) changeSession(tx *serverTx) {
	defer c.endReinvite(tx)
	c.mu.Lock()
	n, over := c.negotiator, c.over
	c.mu.Unlock()
	if over || tx.final() != 0 {
		return // hung up or cancelled while it waited; answered then
	}
	offer, _ := sessionOf(tx.req)
	body, err := c.negotiate(n, offer)
	if err != nil {
		tx.refuse(&verdict{488, "offer", err.Error(), nil})
		return
	}
	if _, err := c.accept(tx, n, body, len(offer) == 0); err == nil {
		c.refreshTarget(tx.req.Contact())
	}
}

// Reinvite offers the session anew, such as after the negotiator was told to hold, and returns when the
// answer is accepted. A refusal is a *StatusError and leaves the session as it was; 491 means that the peer
// is doing the same: try again after a random wait (RFC 3261 section 14.1).
func (c *Call) Reinvite(ctx context.Context) error {
	n, err := c.beginInviting()
	if err != nil {
		return err
	}
	defer c.endInviting()
	offer, err := c.negotiate(n, nil)
	if err != nil {
		return err
	}
	req, f, err := c.request(sipgo.INVITE)
	if err != nil {
		return err
	}
	withOffer(req, offer)
	tx, err := c.ua.send(req, f)
	if err != nil {
		return fmt.Errorf("sip: re-INVITE: %w", err)
	}
	tx.tx.OnRetransmission(func(*sipgo.Response) { tx.repeatAck() })
	res, err := tx.final(ctx)
	if err != nil {
		return fmt.Errorf("sip: re-INVITE: %w", err)
	}
	if !res.IsSuccess() {
		return statusError(res)
	}
	c.refreshTarget(res.Contact())
	if err := c.acknowledge(tx, nil); err != nil {
		return err
	}
	session, _ := sessionOf(res)
	return c.negotiateAccept(n, session)
}

func (c *Call) beginInviting() (Negotiator, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case !c.answered:
		return nil, ErrNotAnswered
	case c.inviting || c.reinvite != nil || c.awaitsAnswer():
		return nil, &StatusError{491, reasons[491]}
	}
	c.inviting = true
	return c.negotiator, nil
}

func (c *Call) endInviting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inviting = false
}
