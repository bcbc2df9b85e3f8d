package sip

import (
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// lingeringMax bounds how many refused INVITEs of ours are remembered beyond their transactions.
const lingeringMax = 1024

// forgetClient takes a transaction that has ended out of the table. That of a refused INVITE stays for 64*T1 where it
// has ended at once, over a stream: a fork may still answer with 2xx, which must be acknowledged and hung up.
func (u *UserAgent) forgetClient(key string, t *clientTx) {
	lingers := t.lingers()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped || !lingers || u.lingering >= lingeringMax {
		delete(u.clients, key)
		return
	}
	u.lingering++
	time.AfterFunc(64*sipgo.T1, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.lingering--
		delete(u.clients, key)
	})
}

func (t *clientTx) lingers() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused && t.req.Method == sipgo.INVITE && t.heard != nil && t.flow.wire.network() != "udp"
}
