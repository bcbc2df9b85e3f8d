package sip

import (
	"context"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// seeOut cancels an INVITE that no one waits for any more, and hangs up what is answered all the same
// (RFC 3261 section 9.1: a CANCEL may only follow a provisional answer).
func (a *attempt) seeOut() {
	cancelled := false
	giveUp := time.NewTimer(64 * sipgo.T1)
	defer giveUp.Stop()
	for {
		if a.heard && !cancelled {
			cancelled = true
			a.call.sendCancel(a.tx)
			giveUp.Reset(64 * sipgo.T1)
		}
		select {
		case res := <-a.tx.tx.Responses():
			switch {
			case res.IsProvisional():
				a.heard = true
			case res.IsSuccess():
				if f := a.forkOf(res); f != nil && f.part() {
					a.hangUp(a.tx, f)
				}
				return
			default:
				return
			}
		case <-a.tx.tx.Done():
			return
		case <-giveUp.C:
			a.tx.tx.Terminate()
			return
		case <-a.call.ua.ctx.Done():
			a.tx.tx.Terminate()
			return
		}
	}
}

// sendCancel asks the peer to end the INVITE; its final answer to that is what counts.
func (c *Call) sendCancel(invite *clientTx) {
	req := sipgo.NewRequest(sipgo.CANCEL, invite.req.Recipient)
	for _, name := range []string{"Via", "Route", "Max-Forwards", "From", "To", "Call-ID"} {
		sipgo.CopyHeaders(name, invite.req, req)
	}
	req.AppendHeader(&sipgo.CSeqHeader{SeqNo: invite.req.CSeq().SeqNo, MethodName: sipgo.CANCEL})
	if cause := context.Cause(c.ctx); cause != nil {
		req.AppendHeader(reasonFor(cause).header())
	}
	req.SetTransport(invite.req.Transport())
	req.SetBody(nil)
	tx, err := c.ua.send(req, invite.flow)
	if err != nil {
		return
	}
	c.work.Go(func() { _, _ = tx.final(c.ua.ctx) })
}

// hangUp acknowledges the 2xx of a fork that nobody waits for, and ends it.
func (a *attempt) hangUp(tx *clientTx, f *fork) {
	c := a.call
	ack, way, err := c.requestOf(a.dialogOf(f), sipgo.ACK, tx.req.CSeq().SeqNo)
	if err != nil {
		return
	}
	copyCredentials(tx.req, ack)
	f.sendAck(func() { _ = way.WriteMsg(ack) })
	why := elsewhere
	if cause := context.Cause(c.ctx); cause != nil && a.isWinner(f.tag) {
		why = reasonFor(cause) // it would have been the call
	}
	_, _ = c.ask(c.ua.ctx, func() (*sipgo.Request, *flow, error) {
		d := a.next(f)
		bye, way, err := c.requestOf(&d, sipgo.BYE, d.localSeq)
		if err == nil {
			bye.AppendHeader(why.header())
		}
		return bye, way, err
	})
}

// leave forgets the early dialogs of an attempt that came to nothing.
func (a *attempt) leave() {
	c := a.call
	c.mu.Lock()
	defer c.mu.Unlock()
	a.base.localSeq = max(a.base.localSeq, c.dialog.localSeq)
	a.dialling.base.localSeq = max(a.dialling.base.localSeq, c.dialog.localSeq)
	c.early = early{}
	c.setDialog(a.base)
	a.current, a.left = nil, true
}
