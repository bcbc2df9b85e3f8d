package sip

import (
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// A CANCEL that came before its INVITE waits for it this long; the network may swap two datagrams.
// At most so many wait.
const (
	parkCancel       = 500 * time.Millisecond
	parkedCancelsMax = 1024
)

type parkedCancel struct {
	req   *sipgo.Request
	flow  *flow
	timer *time.Timer
}

// receiveCancel ends the INVITE that the CANCEL names by its Via (RFC 3261 section 9.2). Each CANCEL is
// answered, with the To tag of the INVITE's answers; it needs no transaction, for it can be done twice.
func (u *UserAgent) receiveCancel(req *sipgo.Request, f *flow) {
	key := transactionKey(req, sipgo.INVITE, f.trunk)
	if tx := u.serverTx(key); tx != nil {
		u.cancelInvite(tx, req, f)
		return
	}
	if c := u.completedTx(key); c != nil {
		_ = f.WriteMsg(u.response(req, c.tag, 200)) // it came too late and changes nothing
		return
	}
	if !f.trunk.messages.take() {
		u.reject(req, f, &verdict{503, "message-rate", "too many messages a second", []sipgo.Header{retryAfterCap()}})
		return
	}
	if !u.park(key, req, f) {
		u.rejectCancel(req, f)
	}
}

func (u *UserAgent) cancelInvite(tx *serverTx, req *sipgo.Request, f *flow) {
	_ = f.WriteMsg(u.response(req, tx.tag, 200))
	tx.cancel(req)
}

func (u *UserAgent) rejectCancel(req *sipgo.Request, f *flow) {
	u.reject(req, f, &verdict{481, "no-transaction", "there is no INVITE to cancel", nil})
}

func (u *UserAgent) park(key string, req *sipgo.Request, f *flow) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.parked[key] != nil {
		return true // a retransmission of it
	}
	if u.stopped || len(u.parked) >= parkedCancelsMax {
		return false
	}
	p := &parkedCancel{req: req, flow: f}
	p.timer = time.AfterFunc(parkCancel, func() {
		if u.unpark(key) == p {
			u.rejectCancel(req, f)
		}
	})
	u.parked[key] = p
	return true
}

// unpark takes the CANCEL that waits for an INVITE, if there is one.
func (u *UserAgent) unpark(key string) *parkedCancel {
	u.mu.Lock()
	defer u.mu.Unlock()
	p := u.parked[key]
	if p != nil {
		p.timer.Stop()
		delete(u.parked, key)
	}
	return p
}

// cancel ends an INVITE that has no final answer yet: the call, or the change of a running one.
func (t *serverTx) cancel(req *sipgo.Request) {
	t.mu.Lock()
	call, done := t.call, t.status >= 200
	t.cancelled = true
	t.mu.Unlock()
	switch {
	case done: // CANCEL came too late and changes nothing
	case call != nil && call.invite == t:
		call.noteReasons(req)
		call.end(ErrCancelled)
	default:
		t.reply(487)
	}
}
