package sip

import (
	"context"
	"slices"

	sipgo "github.com/emiago/sipgo/sip"
)

// receiveUpdate takes an UPDATE (RFC 3311 section 5.2), in a call that rings as in one that is answered. Without
// an offer it says where the peer is, and that it is still there.
func (c *Call) receiveUpdate(tx *serverTx) {
	if session, _ := sessionOf(tx.req); len(session) > 0 {
		c.receiveOffer(tx)
		return
	}
	c.mu.Lock()
	over, pending := c.over, c.change != nil && c.change.req.Method == sipgo.UPDATE
	c.mu.Unlock()
	switch {
	case over:
		tx.refuse(&verdict{481, "no-dialog", "the call is over", nil})
	case pending:
		tx.refuse(changePending())
	default:
		c.heardFrom(tx.req)
		c.confirm(tx, nil)
	}
}

// confirm answers an UPDATE or a PRACK. An UPDATE of an answered call refreshes it (RFC 4028).
func (c *Call) confirm(tx *serverTx, session []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed(tx)
	refreshes := c.answered && tx.req.Method == sipgo.UPDATE
	t, headers := c.timer, []sipgo.Header(nil)
	if refreshes {
		t, headers = c.answerTimer(tx.req)
	}
	if tx.respond(withBody(c.answerTo(tx, 200, headers...), session)) && refreshes {
		c.setTimer(t)
	}
}

// Update offers the session anew like Reinvite, by UPDATE (RFC 3311): also before the answer, once a reliable
// provisional answer has settled the first session. A peer that must ask someone first (504) gets a re-INVITE
// instead if the call is answered.
func (c *Call) Update(ctx context.Context) error {
	err := c.offer(ctx, sipgo.UPDATE)
	if hasStatus(err, 504) && c.isAnswered() {
		return c.Reinvite(ctx)
	}
	return err
}

func (c *Call) isAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// heardFrom follows what a message that refreshes the dialog says: where the peer is, and whether it takes UPDATE.
func (c *Call) heardFrom(m sipgo.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hear(m)
}

// hear is heardFrom for a caller that holds mu.
func (c *Call) hear(m sipgo.Message) {
	if contact := contactOf(m); contact != nil && leadsSomewhere(contact.Address) {
		c.dialog.target = *contact.Address.Clone()
	}
	if methods := values(m, "Allow"); len(methods) > 0 {
		c.updates = slices.Contains(methods, string(sipgo.UPDATE))
	}
}

func contactOf(m sipgo.Message) *sipgo.ContactHeader {
	switch m := m.(type) {
	case *sipgo.Request:
		return m.Contact()
	case *sipgo.Response:
		return m.Contact()
	}
	return nil
}
