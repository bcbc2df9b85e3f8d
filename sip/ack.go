package sip

import (
	sipgo "github.com/emiago/sipgo/sip"
)

// receiveAck carries an ACK to the INVITE that it acknowledges: to its transaction for a refusal
// (RFC 3261 section 17.1.1.3), to its call for a 200 (section 13.2.2.4). An ACK for nothing is dropped.
func (u *UserAgent) receiveAck(req *sipgo.Request, f *flow) {
	if c := u.completedTx(transactionKey(req, sipgo.INVITE, f.trunk)); c != nil && c.acknowledged() {
		return
	}
	if call := u.dialogOf(req, f); call != nil {
		call.receiveAck(req)
	}
}

// receiveAck ends the retransmission of the 200 that has this CSeq; what else came before the ACK does
// not matter.
func (c *Call) receiveAck(req *sipgo.Request) {
	c.mu.Lock()
	answer := c.answers[req.CSeq().SeqNo]
	if answer == nil {
		c.mu.Unlock()
		return // a retransmission
	}
	answer.stop()
	delete(c.answers, req.CSeq().SeqNo)
	over := c.over
	c.mu.Unlock()
	if !answer.delayed || over {
		answer.settle(nil)
		return
	}
	// The ACK brings the answer to our offer, or else there is no session (RFC 3261 section 13.2.2.4).
	if !c.enqueue(func() { c.acceptLate(answer, req) }) {
		answer.settle(ErrFinished)
	}
}

func (c *Call) acceptLate(answer *answer, ack *sipgo.Request) {
	session, _ := sessionOf(ack)
	err := c.negotiateAccept(answer.negotiator, session)
	if err != nil {
		c.end(err)
	}
	answer.settle(err)
}
