package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

const (
	tryingAfter    = 200 * time.Millisecond  // RFC 3261 section 17.2.1
	tryingOther    = 3500 * time.Millisecond // Timer E has grown to T2 (RFC 4320 section 4.1)
	ringAgain      = time.Minute             // RFC 3261 section 13.3.1.1
	dialogMessages = 20                      // a second, inside a dialog
	dialogBurst    = 40
	pendingPerCall = 32 // requests inside a dialog that wait for their turn
	maxForwards    = 70
)

// Call is one call, from either side. The exported fields are set before anyone sees it and never change.
type Call struct {
	ID    string // Call-ID
	Trunk *Trunk
	Identity
	Received time.Time
	Source   netip.AddrPort // where the INVITE came from, or went to

	ua       *UserAgent
	trunk    *trunk
	invite   *serverTx // the INVITE that made the call; nil when we sent it
	messages *bucket
	ctx      context.Context
	cancel   context.CancelCauseFunc
	said     chan struct{} // closed when the last word of the call is out: BYE and its answer, or a refusal

	negotiating sync.Mutex // one at a time in the Negotiator

	work sync.WaitGroup // goroutines of this call; added to under mu, and not once closed

	mu          sync.Mutex
	dialog      dialog
	negotiator  Negotiator
	answered    bool // a 200 was sent, or received
	over        bool
	closed      bool
	early       early
	offering    bool               // an offer of ours is under way in the dialog
	change      *serverTx          // the peer's offer, or its re-INVITE, under way in the dialog
	updates     bool               // the peer takes UPDATE
	answers     map[uint32]*answer // our 200s without ACK, by CSeq
	onInfo      func(contentType string, body []byte) bool
	queue       []func()
	queueRuns   bool
	trying      *time.Timer
	longest     *time.Timer
	timer       sessionTimer
	minSE       time.Duration // the longest that a 422 of the peer asked for
	referral    *referral
	transferred bool     // the peer was asked to call someone else, and does or did
	reasons     []Reason // that the peer gave for its BYE or CANCEL
}

// Context ends with the call; context.Cause says why.
func (c *Call) Context() context.Context { return c.ctx }

// Ring sends 180, reliably where the caller requires it (RFC 3262), and lets the number ring for its
// Config.RingTime, with a 180 each minute. It returns the cause when the call ends meanwhile, such as ErrNoPrack,
// or ctx's.
func (c *Call) Ring(ctx context.Context) error {
	left := c.ua.now().RingTime(c.Called)
	for {
		if err := c.ring(ctx); err != nil || left <= 0 {
			return err
		}
		if err := c.pause(ctx, min(left, ringAgain)); err != nil || left <= ringAgain {
			return err
		}
		left -= ringAgain
	}
}

// Refuse answers the INVITE with a final status of 300 or more and ends the call. An empty reason is the
// usual one of the status. A 503 carries Retry-After.
func (c *Call) Refuse(status int, reason string) error {
	if status < 300 || status > 699 {
		return fmt.Errorf("sip: %d does not refuse a call; give a status from 300 to 699", status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return context.Cause(c.ctx)
	case c.answered || c.invite == nil:
		return ErrAnswered
	}
	reason = orDefault(reason, orDefault(reasons[status], "Refused"))
	c.refuse(&verdict{status, "handler", reason, nil}, reason)
	return nil
}

// refuse ends the call with a refusal. The caller holds mu and knows that there is no final answer yet.
func (c *Call) refuse(v *verdict, reason string) {
	if v.status == 503 {
		v.headers = append(v.headers, retryAfterCap())
	}
	c.finish(ErrFinished)
	close(c.said)
	if c.invite.respond(c.ua.responseWith(c.invite.req, c.invite.tag, v.status, reason, v.headers...)) {
		c.ua.observeRefusal(c.invite.req, c.invite.flow, v)
	}
}

// Hangup ends the call: BYE once the answer is acknowledged, or 480 when there was none. It returns when
// the peer has answered the BYE or did not in time; with ctx's cause when that ends first, while the call
// goes on ending.
func (c *Call) Hangup(ctx context.Context) error {
	c.end(ErrFinished)
	select {
	case <-c.said:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// OnInfo sets who hears the bodies of INFO requests, in the order of their CSeq. It returns whether it
// understood; others are answered 415. Set it before Answer, lest the first ones are lost.
func (c *Call) OnInfo(f func(contentType string, body []byte) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onInfo = f
}

// serve runs the handler and sees the call to its end.
func (c *Call) serve() {
	c.protect("ServeCall", func() { c.ua.handler.ServeCall(c.ctx, c) })
	c.end(ErrFinished)
	c.close()
}

// protect runs code that is not ours. A panic ends this call and no other.
func (c *Call) protect(what string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			c.ua.observe(Event{Kind: Panicked, Trunk: c.trunk.Name, Peer: c.Source, CallID: c.ID, Text: fmt.Sprintf("%s: %v\n%s", what, r, debug.Stack())})
			c.end(ErrPanic)
		}
	}()
	f()
}

// end ends the call once: the first cause counts. What is left to say to the peer is said: a final answer
// to the INVITE, or BYE.
func (c *Call) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.finish(cause)
	switch {
	case c.answered && errors.Is(cause, ErrHangup):
		c.forgetAnswers()
		close(c.said)
	case c.answered:
		c.work.Go(c.goodbye)
	case c.invite != nil:
		c.refuseEnded(cause)
		close(c.said)
	}
}

// finish marks the end. The caller holds mu.
func (c *Call) finish(cause error) {
	c.over = true
	c.cancel(cause)
	for _, t := range []*time.Timer{c.trying, c.longest} {
		if t != nil {
			t.Stop()
		}
	}
	c.timer.stop()
	if c.change != nil {
		c.change.reply(487) // RFC 3261 section 15.1.2
	}
	if r := c.early.last; r != nil {
		r.stop()
		r.settle(cause)
	}
}

// refuseEnded gives the INVITE of a call that ends before its answer the final answer of the cause.
func (c *Call) refuseEnded(cause error) {
	switch {
	case errors.Is(cause, ErrCancelled), errors.Is(cause, ErrHangup):
		c.invite.reply(487)
	case errors.Is(cause, ErrDrain):
		v := &verdict{503, "drained", "the gateway is closing", nil}
		if closing := c.ua.closing(); closing != nil {
			v.headers = closing.headers
		}
		c.invite.refuse(v)
	case errors.Is(cause, ErrNoPrack):
		c.invite.refuse(&verdict{504, "no-prack", "a provisional answer was never acknowledged", nil})
	case errors.Is(cause, ErrPanic):
		c.invite.refuse(&verdict{500, "panic", "the handler failed", nil})
	default:
		c.invite.refuse(&verdict{480, "unanswered", "the handler did not answer", nil})
	}
}

// close waits for the goroutines of the call and forgets it.
func (c *Call) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.work.Wait()
	c.mu.Lock()
	c.forgetAnswers()
	c.mu.Unlock()
	c.ua.forget(c)
}

// noRoom is why a request could not be enqueued.
func (c *Call) noRoom() *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return &verdict{481, "no-dialog", "the call is over", nil}
	}
	return capped("call-queue", "too many requests wait in this call")
}

// answerLater runs f, which answers tx, after everything that was enqueued before.
func (c *Call) answerLater(tx *serverTx, f func()) bool {
	tx.outlast()
	return c.enqueue(f)
}

// enqueue runs f after everything that was enqueued before; false when the call has too much to do, or is
// closed.
func (c *Call) enqueue(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.queue) >= pendingPerCall {
		return false
	}
	c.queue = append(c.queue, f)
	if !c.queueRuns {
		c.queueRuns = true
		c.work.Go(c.runQueue)
	}
	return true
}

func (c *Call) runQueue() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.queue, c.queueRuns = nil, false
			c.mu.Unlock()
			return
		}
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.protect("a request inside the call", next)
	}
}
