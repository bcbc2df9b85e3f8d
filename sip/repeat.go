package sip

import (
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// A repeated is a response that is sent again until the peer acknowledges it, over any transport, for a
// datagram may be lost further on: after T1, then at intervals that double, for 64*T1.
type repeated struct {
	call *Call
	tx   *serverTx
	res  *sipgo.Response
	most time.Duration // between two of them; zero for no limit
	lost error         // what ends the call when it is never acknowledged

	timer   *time.Timer   // guarded by call.mu, as are the next three
	wait    time.Duration // until the next one
	until   time.Time
	stopped bool

	once sync.Once
	done chan struct{} // closed when the acknowledgement came, with its session where one is due, or never will
	err  error         // set before done
}

// start sends the response for the first time; false when the request has its final answer already. The
// caller holds call.mu.
func (r *repeated) start() bool {
	if !r.tx.respond(r.res) {
		return false
	}
	r.done = make(chan struct{})
	r.wait, r.until = sipgo.T1, time.Now().Add(64*sipgo.T1)
	r.timer = time.AfterFunc(r.wait, r.again)
	return true
}

// again repeats the response, or gives the call up after 64*T1.
func (r *repeated) again() {
	c := r.call
	c.mu.Lock()
	if r.stopped {
		c.mu.Unlock()
		return
	}
	if left := time.Until(r.until); left > 0 {
		_ = r.tx.flow.WriteMsg(r.res)
		if r.wait *= 2; r.most > 0 {
			r.wait = min(r.wait, r.most)
		}
		r.timer.Reset(min(r.wait, left))
		c.mu.Unlock()
		return
	}
	r.stopped = true
	c.mu.Unlock()
	r.settle(r.lost)
	c.end(r.lost)
}

// stop ends the repetition. The caller holds call.mu.
func (r *repeated) stop() {
	r.stopped = true
	r.timer.Stop()
}

// settle says how the wait for the acknowledgement went; the first one counts.
func (r *repeated) settle(err error) {
	r.once.Do(func() {
		r.err = err
		close(r.done)
	})
}
