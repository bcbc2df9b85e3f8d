package sip

import (
	sipgo "github.com/emiago/sipgo/sip"
)

// receiveOptions says what an INVITE would meet (RFC 3261 section 11.2): 200, or 503 while draining or overloaded,
// which takes this gateway out of a balancer's pool. Inside a call it asks whether that call is still there.
func (u *UserAgent) receiveOptions(tx *serverTx, call *Call) {
	if v := u.unavailable(); v != nil && call == nil {
		tx.refuse(v)
		return
	}
	if call != nil && call.ctx.Err() != nil {
		tx.refuse(&verdict{481, "no-dialog", "the call is over", nil})
		return
	}
	tx.reply(200, u.capabilities(tx.trunk)...)
}

func (u *UserAgent) capabilities(t *trunk) []sipgo.Header {
	return []sipgo.Header{
		header("Allow", allow), header("Accept", acceptInvite), header("Accept-Encoding", "identity"),
		header("Accept-Language", "en"), u.supported(&t.Trunk),
	}
}
