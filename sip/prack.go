package sip

import (
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"
)

// receivePrack ends the repetition of a provisional answer (RFC 3262 section 3). The PRACK for our offer holds
// the answer; any other may hold a new offer (section 5).
func (c *Call) receivePrack(tx *serverTx) {
	r, v := c.acknowledged(tx.req)
	if v != nil {
		tx.refuse(v)
		return
	}
	session, _ := sessionOf(tx.req)
	var work func()
	switch {
	case r.negotiator != nil:
		work = func() { c.acceptEarly(r, tx, session) }
	case len(session) == 0:
		tx.reply(200)
		r.settle(nil)
		return
	default:
		if v := c.beginChange(tx); v != nil {
			tx.refuse(v)
			r.settle(nil)
			return
		}
		work = func() {
			c.changeSession(tx)
			r.settle(nil)
		}
	}
	if !c.answerLater(tx, work) {
		c.endChange(tx)
		tx.refuse(c.noRoom())
		r.settle(ErrFinished)
	}
}

// acknowledged finds the provisional answer that a PRACK names, once.
func (c *Call) acknowledged(prack *sipgo.Request) (*reliable, *verdict) {
	seq, invite, ok := readRAck(prack)
	if !ok {
		return nil, malformed("the PRACK has no sound RAck")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.early.last
	if r == nil || r.known || r.seq != seq || r.tx.req.CSeq().SeqNo != invite {
		return nil, &verdict{481, "rack", "no provisional answer waits for this RAck", nil}
	}
	r.known = true
	r.stop()
	return r, nil
}

// readRAck reads "RSeq CSeq method" (RFC 3262 section 7.2).
func readRAck(prack *sipgo.Request) (seq, invite uint32, ok bool) {
	h := prack.GetHeader("RAck")
	if h == nil {
		return 0, 0, false
	}
	f := strings.Fields(h.Value())
	if len(f) != 3 || f[2] != string(sipgo.INVITE) {
		return 0, 0, false
	}
	first, err := strconv.ParseUint(f[0], 10, 32)
	second, failed := strconv.ParseUint(f[1], 10, 32)
	return uint32(first), uint32(second), err == nil && failed == nil
}

// acceptEarly takes the answer to our offer. Without a good one there is no call; the PRACK did its work.
func (c *Call) acceptEarly(r *reliable, prack *serverTx, session []byte) {
	err := c.negotiateAccept(r.negotiator, session)
	prack.reply(200)
	if err != nil {
		c.refuseOffer(err)
	} else {
		c.mu.Lock()
		c.early.settled = true
		c.mu.Unlock()
	}
	r.settle(err)
}
