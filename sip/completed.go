package sip

import (
	"maps"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// sweepEvery is how long a transaction may be kept beyond its end, so that many are forgotten at once.
const sweepEvery = 100 * time.Millisecond

// A completed is what is left of a server transaction once its final answer is sent: what a repetition of the request,
// its ACK or its CANCEL still needs, for a time. The request, its call and the answer as a message are not kept, and
// only a refusal has a timer of its own.
//
//	2xx to INVITE: repetitions are absorbed, for the call repeats its 200; timer L (RFC 6026 section 7.1)
//	300-699 to INVITE: sent again until the ACK; timers G, H and I (RFC 3261 section 17.2.1)
//	any other: sent again for each repetition; timer J (section 17.2.2)
type completed struct {
	flow       *flow
	key, merge string // in the tables; merge is empty when another transaction has the same request
	tag        string // of the answer, for a CANCEL that comes too late

	mu     sync.Mutex
	answer []byte // nil when repetitions are absorbed
	until  time.Time
	timer  *time.Timer   // of a refused INVITE, else nil
	wait   time.Duration // until the refusal is sent again; zero when it is not
}

// complete sends the final answer. The caller holds mu.
func (t *serverTx) complete(res *sipgo.Response) {
	p := encode(res)
	c := &completed{flow: t.flow, key: t.key, merge: t.merge, tag: t.tag, answer: p, until: time.Now().Add(64 * sipgo.T1)}
	switch invite := t.req.Method == sipgo.INVITE; {
	case invite && res.IsSuccess():
		c.answer = nil
	case invite:
		c.expectAck()
	case c.reliable():
		c = nil // timer J is zero
	}
	if !t.leave(c) { // before the peer hears the answer: its ACK may come at once
		c.stop()
	}
	_ = t.flow.write(res, p)
}

// leave takes the transaction out of the tables and puts there what is left of it, if anything is. It reports false
// when the user agent has stopped.
func (t *serverTx) leave(c *completed) bool {
	u := t.ua
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.servers, t.key)
	switch {
	case c == nil:
		delete(u.merges, t.merge)
		return true
	case u.stopped:
		return false
	}
	u.completed[c.key] = c
	u.mostCompleted = max(u.mostCompleted, len(u.completed))
	if c.timer != nil {
		return true
	}
	if u.ended = append(u.ended, c); len(u.ended) == 1 {
		u.sweeper = time.AfterFunc(64*sipgo.T1, u.sweep)
	}
	return true
}

// sweep forgets the transactions whose time is over, which are the oldest ones.
func (u *UserAgent) sweep() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for now := time.Now(); len(u.ended) > 0 && !u.ended[0].until.After(now); u.ended = u.ended[1:] {
		u.forgetCompleted(u.ended[0])
		u.ended[0] = nil
	}
	if len(u.ended) == 0 {
		u.ended = nil
		return
	}
	u.sweeper.Reset(max(sweepEvery, time.Until(u.ended[0].until)))
}

// forgetCompleted is for a caller that holds mu.
func (u *UserAgent) forgetCompleted(c *completed) {
	delete(u.completed, c.key)
	delete(u.merges, c.merge)
	if u.mostCompleted >= 1000 && len(u.completed) <= u.mostCompleted/8 { // a map gives nothing back
		u.mostCompleted = len(u.completed)
		u.completed, u.merges = copied(u.completed), copied(u.merges)
	}
}

func copied[K comparable, V any](m map[K]V) map[K]V {
	c := make(map[K]V, len(m))
	maps.Copy(c, m)
	return c
}

// repeated says whether a request is a repetition, and answers it then.
func (u *UserAgent) repeated(key string) bool {
	u.mu.Lock()
	t, c := u.servers[key], u.completed[key]
	u.mu.Unlock()
	switch {
	case t != nil:
		t.repeat()
	case c != nil:
		c.repeat()
	default:
		return false
	}
	return true
}

func (u *UserAgent) completedTx(key string) *completed {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.completed[key]
}

// repeat answers a repetition of the request, unless it is absorbed.
func (c *completed) repeat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil {
		_ = c.flow.resend(c.answer)
	}
}

func (c *completed) reliable() bool { return c.flow.wire.network() != "udp" }

// expectAck starts the timers of a refused INVITE.
func (c *completed) expectAck() {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := 64 * sipgo.T1
	if !c.reliable() {
		c.wait, first = sipgo.T1, sipgo.T1
	}
	c.timer = time.AfterFunc(first, c.elapsed)
}

// acknowledged takes an ACK; false when it is not one for a refusal, but for a call.
func (c *completed) acknowledged() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil || c.answer == nil {
		return c.timer != nil // a repetition of the ACK
	}
	var rest time.Duration // timer I
	if !c.reliable() {
		rest = sipgo.T4
	}
	c.answer, c.wait, c.until = nil, 0, time.Now().Add(rest)
	c.timer.Reset(rest)
	return true
}

// elapsed repeats a refusal, or forgets the transaction.
func (c *completed) elapsed() {
	c.mu.Lock()
	left := time.Until(c.until)
	if left > 0 {
		if c.wait > 0 {
			_ = c.flow.resend(c.answer)
			c.wait = min(2*c.wait, sipgo.T2)
			left = min(left, c.wait)
		}
		c.timer.Reset(left)
	}
	c.mu.Unlock()
	if u := c.flow.ua; left <= 0 {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.forgetCompleted(c)
	}
}

// stop ends the repetition.
func (c *completed) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until = (time.Time{}); c.timer != nil {
		c.timer.Stop()
	}
}
