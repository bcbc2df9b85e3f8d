package sip

import (
	sipgo "github.com/emiago/sipgo/sip"
)

// receiveOptions says what an INVITE would meet (RFC 3261 section 11.2): 200, or 503 while draining, which
// takes this gateway out of a balancer's pool.
func (u *UserAgent) receiveOptions(tx *serverTx) {
	if retry, draining := u.retryAfterDrain(); draining {
		tx.refuse(&verdict{503, "draining", "the gateway is closing", []sipgo.Header{retry}})
		return
	}
	tx.reply(200, capabilities()...)
}

func capabilities() []sipgo.Header {
	return []sipgo.Header{
		header("Allow", allow), header("Accept", acceptInvite), header("Accept-Encoding", "identity"),
		header("Accept-Language", "en"), header("Supported", ""),
	}
}
