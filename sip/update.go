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
		tx.respond(c.answerTo(tx, 200))
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
	methods := values(m, "Allow")
	contact := contactOf(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	if contact != nil {
		c.dialog.target = *contact.Address.Clone()
	}
	if len(methods) > 0 {
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
