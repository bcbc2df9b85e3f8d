package sip

import (
	"context"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// receiveInvite makes a call of a new INVITE, or refuses it. The cheap checks come first.
func (u *UserAgent) receiveInvite(tx *serverTx) {
	if cancel := u.unpark(transactionKey(tx.req, sipgo.INVITE, tx.trunk)); cancel != nil {
		u.cancelInvite(tx, cancel.req, cancel.flow) // the CANCEL has overtaken it
		return
	}
	call, v := u.newCall(tx)
	if v == nil {
		v = u.admitCall(call)
	}
	if v != nil {
		tx.refuse(v)
	}
}

// newCall reads an INVITE. Caps come before numbers: a flood must stay cheap.
func (u *UserAgent) newCall(tx *serverTx) (*Call, *verdict) {
	if v := u.unavailable(); v != nil {
		return nil, v
	}
	if !tx.trunk.calls.take() {
		return nil, capped("call-rate", "more new calls a second than the trunk may make")
	}
	req := tx.req
	identity, ok := u.called(req, tx.trunk)
	if !ok {
		return nil, &verdict{404, "unknown-number", "the number is not served", nil}
	}
	target, ok := targetOf(req)
	if !ok {
		return nil, malformed("Contact names no place to send requests to")
	}
	reliable, v := reliabilityOf(req, &tx.trunk.Trunk)
	if v != nil {
		return nil, v
	}
	offer, _ := sessionOf(req)
	if v := preconditionFailed(offer); v != nil {
		return nil, v
	}
	c := u.makeCall(tx.trunk, tx.flow)
	c.early.reliable = reliable
	c.ID = callIDOf(req)
	c.Identity = identity
	u.identifyCaller(req, c.Trunk, &c.Identity, c.Received)
	c.divertedBy(req, c.Trunk.Country)
	c.invite = tx
	c.dialog = dialogOfInvite(req, tx, target)
	c.heardFrom(req)
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.call = c
	return c, nil
}

func (u *UserAgent) makeCall(t *trunk, f *flow) *Call {
	c := &Call{
		Trunk: &t.Trunk, Received: time.Now(), Source: f.source,
		ua: u, trunk: t, messages: newBucket(dialogMessages, dialogBurst),
		said: make(chan struct{}), answers: map[uint32]*answer{},
	}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	return c
}

func capped(rule, text string) *verdict {
	return &verdict{503, rule, text, []sipgo.Header{retryAfterCap()}}
}

// admitCall counts a call against the caps, enters it in the tables, and starts serving it.
func (u *UserAgent) admitCall(c *Call) *verdict {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.stopped:
		return &verdict{503, "draining", "the gateway is closing", nil}
	case u.active >= u.now().MaxCalls:
		return capped("calls", "the gateway has as many calls as it may have at once")
	case c.trunk.active >= c.trunk.MaxCalls:
		return capped("trunk-calls", "the trunk has as many calls as it may have at once")
	}
	u.enter(c)
	u.dialogs[c.dialog.id()] = c
	c.trying = time.AfterFunc(tryingAfter, c.invite.trying)
	u.calls.Go(c.serve)
	return nil
}

// enter counts a call. The caller holds mu.
func (u *UserAgent) enter(c *Call) {
	u.active++
	c.trunk.active++
	c.trunk.using++
	u.retain(c.trunk)
	u.all[c] = struct{}{}
}

// forget takes a call that is over out of the tables.
func (u *UserAgent) forget(c *Call) {
	id := c.dialogID()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.dialogs[id] == c {
		delete(u.dialogs, id)
	}
	delete(u.all, c)
	c.trunk.active--
	c.trunk.using--
	u.dismiss(c.trunk)
	if u.active--; u.active == 0 {
		for _, idle := range u.idlers {
			close(idle)
		}
		u.idlers = nil
	}
}
