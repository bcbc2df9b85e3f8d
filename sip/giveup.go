package sip

import (
	"context"
	"errors"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// seeOut cancels an INVITE that no one waits for any more, and hangs up what is answered all the same.
func (a *attempt) seeOut() {
	res, err := a.call.takeBack(a.tx, a.heard)
	if err != nil || !res.IsSuccess() {
		return
	}
	if f := a.forkOf(res); f != nil && f.part() {
		a.hangUp(a.tx, f)
	}
}

// takeBack cancels an INVITE and gives its final answer, which may be a 2xx that has crossed the CANCEL. That may only
// follow a provisional answer (RFC 3261 section 9.1).
func (c *Call) takeBack(t *clientTx, heard bool) (*sipgo.Response, error) {
	giveUp := time.NewTimer(64 * sipgo.T1)
	defer giveUp.Stop()
	for cancelled := false; ; {
		if heard && !cancelled && !t.isDecided() {
			cancelled = true
			c.sendCancel(t)
			giveUp.Reset(64 * sipgo.T1)
		}
		select {
		case res := <-t.tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			heard = true
		case <-t.tx.Done():
			return nil, t.failure()
		case <-giveUp.C:
			t.tx.Terminate()
			return nil, errTakenBack
		case <-c.ua.ctx.Done():
			t.tx.Terminate()
			return nil, ErrClosed
		}
	}
}

var errTakenBack = errors.New("sip: the INVITE was cancelled and never answered")

// hungUp says that the peer has ended the call, so that it needs no BYE.
func (a *attempt) hungUp() bool { return errors.Is(context.Cause(a.call.ctx), ErrHangup) }

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
	winner := a.isWinner(f.tag)
	if winner && a.hungUp() {
		return
	}
	why := elsewhere
	if cause := context.Cause(c.ctx); cause != nil && (winner || !c.isAnswered()) {
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
	if a.current != nil {
		a.current.dialog = c.dialog // a 2xx may come all the same
	}
	c.early = early{}
	c.setDialog(a.base)
	a.current, a.left = nil, true
}
