package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	firstNewsWithin = 32 * time.Second // RFC 6665 section 4.1.2.4: timer N
	newsWithin      = 3 * time.Minute  // between two NOTIFYs, unless the subscription expires before
	transferWithin  = 5 * time.Minute  // in all
)

// A referral is a transfer of ours: a REFER, and the subscription to its outcome (RFC 3515, RFC 6665). The call's mu
// guards it, but for its channels.
type referral struct {
	seq     uint32        // CSeq of the REFER, which names the subscription
	settled bool          // the outcome is known
	until   time.Time     // when the subscription expires
	news    chan struct{} // has a token when until has moved
	outcome chan error    // gets the outcome
}

// Refer asks the peer to call someone else in our place (blind transfer): a SIP URI, or a number where the trunk has
// an Address. It returns nil when that one has answered, or when the peer accepts but tells nothing (Refer-Sub: false,
// RFC 4488); the call is to be hung up then, which the peer may do as well. A *StatusError says that the peer refused,
// or what the transfer met; ErrTimeout that there was no news in time. The call is up then as before.
//
// A peer that hangs up once it has accepted, before or after the outcome, ends the call with ErrTransferred. That is
// Refer's error too when the outcome was not told.
func (c *Call) Refer(ctx context.Context, target string) error {
	uri, err := c.referTarget(target)
	if err != nil {
		return err
	}
	return c.refer(ctx, "<"+uri.String()+">")
}

// ReferTo connects the peer with the peer of another call of ours (attended transfer, RFC 3891): it is asked to take
// our place there. Errors are those of Refer. Both calls are to be hung up when it returns nil.
func (c *Call) ReferTo(ctx context.Context, other *Call) error {
	if other == c {
		return errors.New("sip: a call cannot be transferred to itself")
	}
	other.mu.Lock()
	d, answered := other.dialog, other.answered
	other.mu.Unlock()
	switch {
	case other.ctx.Err() != nil:
		return context.Cause(other.ctx)
	case !answered:
		return ErrNotAnswered
	}
	if err := c.refer(ctx, d.referTo()); err != nil {
		return err
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	other.transferred = true
	return nil
}

func (c *Call) referTarget(target string) (sipgo.Uri, error) {
	if c.Trunk.Address == "" {
		return parseTarget(target)
	}
	hop, err := parseTarget(c.Trunk.Address)
	if err != nil {
		return hop, err
	}
	return parseDialled(target, hop)
}

func (c *Call) refer(ctx context.Context, to string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })()
	r, err := c.beginReferral()
	if err != nil {
		return err
	}
	res, err := c.askWith(ctx, func() (*sipgo.Request, *flow, error) { return c.referRequest(r, to) }, func(t *clientTx) {
		t.heard = c.referAnswered
	})
	if err == nil {
		err = statusError(res)
	}
	switch {
	case err == nil && isFalse(res, "Refer-Sub"):
		c.endReferral(r, true)
		return nil
	case err == nil, ctx.Err() != nil: // the outcome may have come before what ended the call
		err = c.awaitOutcome(ctx, r)
	case errors.Is(err, ErrTimeout), hasStatus(err, 408), hasStatus(err, 481): // RFC 3261 section 12.2.1.2
		err = fmt.Errorf("%w: %w", ErrGone, err)
		c.end(err)
	}
	c.endReferral(r, err == nil)
	if err != nil {
		return fmt.Errorf("sip: REFER: %w", err)
	}
	return nil
}

func (c *Call) beginReferral() (*referral, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return nil, context.Cause(c.ctx)
	case !c.answered:
		return nil, ErrNotAnswered
	case c.referral != nil && !c.referral.settled:
		return nil, ErrTransferring
	}
	c.referral = &referral{news: make(chan struct{}, 1), outcome: make(chan error, 1)}
	return c.referral, nil
}

// endReferral keeps the subscription of a transfer whose outcome came, for its last NOTIFY; any other is given up,
// and its next NOTIFY is answered 481 (RFC 6665 section 4.1.3).
func (c *Call) endReferral(r *referral, succeeded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transferred = succeeded || errors.Is(context.Cause(c.ctx), ErrTransferred)
	if !r.settled && c.referral == r {
		c.referral = nil
	}
}

func (c *Call) referRequest(r *referral, to string) (*sipgo.Request, *flow, error) {
	req, f, err := c.request(sipgo.REFER)
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.seq = req.CSeq().SeqNo
	req.AppendHeader(header("Refer-To", to))
	req.AppendHeader(header("Referred-By", "<"+c.dialog.local.address.String()+">")) // RFC 3892
	return req, f, nil
}

// referAnswered notes that the peer took the REFER, before anything that it sent later is read.
func (c *Call) referAnswered(res *sipgo.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transferred = c.transferred || res.IsSuccess()
}

// awaitOutcome follows the news of the transfer to its end.
func (c *Call) awaitOutcome(ctx context.Context, r *referral) error {
	ctx, cancel := context.WithTimeoutCause(ctx, transferWithin, ErrTimeout)
	defer cancel()
	quiet := time.NewTimer(firstNewsWithin)
	defer quiet.Stop()
	for {
		select {
		case err := <-r.outcome:
			return err
		case <-r.news:
			c.mu.Lock()
			left := min(time.Until(r.until), newsWithin)
			c.mu.Unlock()
			quiet.Reset(left)
		case <-quiet.C:
			return ErrTimeout
		case <-ctx.Done():
			select {
			case err := <-r.outcome:
				return err
			default:
				return context.Cause(ctx)
			}
		}
	}
}

func isFalse(m sipgo.Message, name string) bool {
	h := m.GetHeaders(name)
	if len(h) == 0 {
		return false
	}
	value, _, _ := strings.Cut(h[0].Value(), ";")
	return strings.EqualFold(strings.TrimSpace(value), "false")
}
