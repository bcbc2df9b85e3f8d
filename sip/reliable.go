package sip

import (
	"context"
	"math/rand/v2"
	"strconv"

	sipgo "github.com/emiago/sipgo/sip"
)

// Reliability is whether a trunk's provisional answers are acknowledged with PRACK (RFC 3262).
type Reliability string

// Values of Trunk.Reliable.
const (
	// ReliableSupported sends provisional answers reliably to a caller that requires it, and those with a
	// session also to one that supports it. The empty value means this.
	ReliableSupported Reliability = "supported"
	// ReliableRequired sends all of them reliably, and refuses callers that do not support it with 421.
	ReliableRequired Reliability = "required"
	// ReliableOff sends none, and refuses callers that require it with 420.
	ReliableOff Reliability = "off"
)

const option100rel = "100rel"

// early is what happens before the first INVITE is answered.
type early struct {
	reliable Reliability // what the trunk's setting and the INVITE come to: Required is all, Supported those with a session
	last     *reliable
	said     []byte // our answer in an unreliable 183, which the 200 repeats (RFC 3261 section 13.2.1)
	settled  bool   // offer and answer are through, reliably
}

// A reliable is a provisional answer that waits for its PRACK. There is one at a time.
type reliable struct {
	repeated
	seq        uint32
	session    bool
	negotiator Negotiator // of our offer in it, which the PRACK answers; else nil
	known      bool       // a PRACK has named it; guarded by call.mu
}

// stop ends the repetition; a PRACK is still taken. The caller holds the call's mu.
func (e *early) stop() {
	if e.last != nil {
		e.last.stop()
	}
}

// reliabilityOf is how the provisional answers of an INVITE are sent.
func reliabilityOf(req *sipgo.Request, t *Trunk) (Reliability, *verdict) {
	requires := hasOption(req, option100rel, "Require")
	supports := requires || hasOption(req, option100rel, "Supported")
	switch {
	case t.Reliable == ReliableRequired && !supports:
		return "", &verdict{421, "reliable", "the caller does not support reliable provisional answers", []sipgo.Header{header("Require", option100rel)}}
	case t.Reliable == ReliableOff, !supports:
		return ReliableOff, nil
	case t.Reliable == ReliableRequired, requires:
		return ReliableRequired, nil
	}
	return ReliableSupported, nil
}

// Prepare says who makes the session of the call, where one is due before Answer or Progress: a caller without
// an offer that requires reliable answers gets our offer in the 180 (RFC 3262 section 5). Without it Ring is
// silent towards such a caller.
func (c *Call) Prepare(n Negotiator) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.answered {
		c.negotiator = n
	}
}

// Progress sends 183 with the session: n's answer to the offer, or n's own offer where the INVITE had none and
// the caller takes reliable answers. It returns nil when sound may be sent before the answer: at once, or, for a
// reliable 183, with its PRACK; also when there can be no session yet. An offer that n refuses is answered 488
// and gives ErrNotAcceptable; a call that has ended gives its cause. Answer it with the same n.
func (c *Call) Progress(ctx context.Context, n Negotiator) error {
	r, err := c.provisional(ctx, 183, n)
	if err != nil || r == nil {
		return err
	}
	return c.await(ctx, &r.repeated)
}

// ring sends 180. It holds our offer where it must, and is left out where it must but nobody makes one.
func (c *Call) ring(ctx context.Context) error {
	var n Negotiator
	if c.invite != nil && c.owesOffer() {
		if n = c.prepared(); n == nil {
			return nil
		}
	}
	_, err := c.provisional(ctx, 180, n)
	return err
}

// owesOffer says that the next provisional answer is the first reliable one to an INVITE without an offer.
func (c *Call) owesOffer() bool {
	offer, _ := sessionOf(c.invite.req)
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(offer) == 0 && c.early.reliable == ReliableRequired && c.early.last == nil && !c.over && !c.answered
}

func (c *Call) prepared() Negotiator {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.negotiator
}

func (c *Call) lastReliable() *reliable {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.early.last
}

// provisional sends 180 or 183, with n's session unless there is one already, or none can be. It gives what
// waits for its PRACK; nil when it is not sent reliably.
func (c *Call) provisional(ctx context.Context, status int, n Negotiator) (*reliable, error) {
	if c.invite == nil {
		return nil, ErrAnswered
	}
	if last := c.lastReliable(); last != nil {
		if err := c.await(ctx, &last.repeated); err != nil {
			return nil, err
		}
	}
	body, offered, err := c.earlySession(n)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case c.answered:
		return nil, ErrAnswered
	}
	if len(body) > 0 {
		c.negotiator = n
	}
	res := withBody(c.answerTo(c.invite, status), body)
	if c.early.reliable == ReliableRequired || c.early.reliable == ReliableSupported && len(body) > 0 {
		return c.sendReliably(res, offered)
	}
	if len(body) > 0 {
		c.early.said = body
	}
	c.invite.respond(res)
	return nil, nil
}

// earlySession makes the session of a provisional answer; offered is n when it is our offer.
func (c *Call) earlySession(n Negotiator) (body []byte, offered Negotiator, err error) {
	offer, _ := sessionOf(c.invite.req)
	c.mu.Lock()
	begun := c.early.settled || len(c.early.said) > 0
	possible := len(offer) > 0 || c.early.reliable != ReliableOff
	c.mu.Unlock()
	if n == nil || begun || !possible {
		return nil, nil, nil
	}
	if body, err = c.negotiate(n, offer); err != nil {
		c.refuseOffer(err)
	}
	if len(offer) == 0 {
		offered = n
	}
	return body, offered, err
}

// sendReliably sends a provisional answer until its PRACK comes (RFC 3262 section 3). The caller holds mu.
func (c *Call) sendReliably(res *sipgo.Response, offered Negotiator) (*reliable, error) {
	r := &reliable{session: len(res.Body()) > 0, negotiator: offered, seq: 1 + rand.Uint32N(1<<30)}
	if c.early.last != nil {
		r.seq = c.early.last.seq + 1
	}
	res.AppendHeader(header("Require", option100rel))
	res.AppendHeader(header("RSeq", strconv.FormatUint(uint64(r.seq), 10)))
	r.repeated = repeated{call: c, tx: c.invite, res: res, lost: ErrNoPrack}
	if !r.start() {
		return nil, ErrCancelled
	}
	c.early.last = r
	if r.session && offered == nil {
		c.early.settled = true
	}
	return r, nil
}
