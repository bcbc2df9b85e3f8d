package sip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// DialOptions are the details of a call that we make.
type DialOptions struct {
	// From is the number (E.164) or name that is calling; "anonymous" when empty.
	From string
	// DisplayName goes before it.
	DisplayName string
	// LateOffer sends the INVITE without an offer and answers the peer's.
	LateOffer bool
	// Headers are added to the INVITE.
	Headers []Header
	// OnInfo hears INFO bodies, see Call.OnInfo.
	OnInfo func(contentType string, body []byte) bool
	// Progress, when set, is told the provisional answers, such as 180. It must be quick.
	Progress func(status int, reason string)
}

// Header is a header of a message.
type Header struct{ Name, Value string }

// Dial calls a SIP URI whose address is in a trunk's networks, and returns when the call is answered and
// acknowledged. A refusal is a *StatusError. When ctx ends before the answer the INVITE is cancelled, and a
// 200 that comes all the same is acknowledged and hung up; that goes on after Dial has returned ctx's cause.
// The caller of Dial ends the call with Hangup. Serve must run.
func (u *UserAgent) Dial(ctx context.Context, uri string, n Negotiator, opts DialOptions) (*Call, error) {
	c, err := u.prepare(ctx, uri, opts)
	if err != nil {
		return nil, err
	}
	c.negotiator = n
	var offer []byte
	if !opts.LateOffer {
		if offer, err = c.negotiate(n, nil); err != nil {
			return nil, err
		}
	}
	req := u.newRequest(sipgo.INVITE, c.dialog.target, c.dialog.flow, &c.dialog, c.dialog.localSeq)
	req.AppendHeader(c.contact())
	for _, h := range opts.Headers {
		req.AppendHeader(header(h.Name, h.Value))
	}
	c.introduce(req)
	withOffer(req, offer)
	if err := u.admitDialled(c); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
	defer stop()
	answered := make(chan error, 2) // the first counts; nobody waits for a second
	if !u.follow(c, req, opts, answered) {
		return nil, ErrClosed
	}
	if err := <-answered; err != nil {
		return nil, fmt.Errorf("sip: call to %s: %w", uri, err)
	}
	return c, nil
}

// prepare finds the peer and makes the call and its half of the dialog.
func (u *UserAgent) prepare(ctx context.Context, uri string, opts DialOptions) (*Call, error) {
	var target sipgo.Uri
	if err := sipgo.ParseUri(uri, &target); err != nil || target.Host == "" || target.Scheme != "sip" && target.Scheme != "sips" {
		return nil, fmt.Errorf("sip: %q is no SIP URI; write it as sip:number@host:port", uri)
	}
	f, err := u.flowTo(ctx, target)
	if err != nil {
		return nil, err
	}
	c := u.makeCall(f.trunk, f)
	c.Caller, c.Called = opts.From, target.User
	host, _ := u.advertised(f)
	local := sipgo.Uri{Scheme: target.Scheme, User: orDefault(opts.From, "anonymous"), Host: host}
	c.ID = sipgo.GenerateTagN(24) + "@" + host
	c.onInfo = opts.OnInfo
	c.dialog = dialog{
		callID: c.ID, localSeq: 1, remoteSeq: -1, target: target, flow: f, secure: target.Scheme == "sips",
		local:  party{opts.DisplayName, local, sipgo.HeaderParams{{K: "tag", V: newTag()}}},
		remote: party{address: sipgo.Uri{Scheme: target.Scheme, User: target.User, Host: target.Host, Port: target.Port}},
	}
	return c, nil
}

// flowTo finds the way to a URI, by the name service if need be.
func (u *UserAgent) flowTo(ctx context.Context, uri sipgo.Uri) (*flow, error) {
	targets, err := u.targets(ctx, uri)
	if err != nil {
		return nil, err
	}
	return u.flowToTarget(targets[0], uri)
}

// flowToTarget is the way to a target of a URI, which must be a trunk's.
func (u *UserAgent) flowToTarget(to Target, uri sipgo.Uri) (*flow, error) {
	t := u.trunkTo(uri, to)
	if t == nil {
		return nil, fmt.Errorf("sip: %s: %w", to.Address, ErrNoTrunk)
	}
	if to.Network != "udp" {
		conn, err := u.connect(t, to.Network, to.Address, uri.Host)
		if err != nil {
			return nil, err
		}
		return &flow{ua: u, wire: conn, peer: to.Address, source: to.Address, trunk: t, again: to.Address}, nil
	}
	wire := u.udpWire(to.Address.Addr())
	if wire == nil {
		return nil, fmt.Errorf("sip: no UDP listener to reach %s from", to.Address)
	}
	return &flow{ua: u, wire: wire, peer: to.Address, source: to.Address, trunk: t}, nil
}

func (u *UserAgent) admitDialled(c *Call) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped || u.draining.Load() != nil {
		return ErrClosed
	}
	u.enter(c)
	return nil
}

// follow sees an INVITE of ours, and then its call, to the end.
func (u *UserAgent) follow(c *Call, req *sipgo.Request, opts DialOptions, answered chan<- error) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return false
	}
	u.calls.Go(func() {
		defer c.close()
		if err := c.place(req, opts, answered); err != nil {
			c.abandon(err)
			answered <- err
			return
		}
		<-c.ctx.Done()
		<-c.said
	})
	return true
}

// abandon ends a call of ours that was never answered.
func (c *Call) abandon(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.finish(cause)
	}
	close(c.said)
}

// place sends the INVITE and follows it to its final answer.
func (c *Call) place(req *sipgo.Request, opts DialOptions, answered chan<- error) error {
	tx, err := c.ua.sendInvite(req, c.dialog.flow)
	if err != nil {
		return err
	}
	ended, ringing, cancelled := c.ctx.Done(), false, false
	var giveUp <-chan time.Time
	for {
		select {
		case res := <-tx.tx.Responses():
			switch {
			case res.IsProvisional():
				ringing = true
				if opts.Progress != nil && ended != nil {
					opts.Progress(res.StatusCode, res.Reason)
				}
			case res.IsSuccess():
				c.answeredBy(tx, res, opts, answered)
				return nil
			default:
				next, ok := c.longer(tx.req, res)
				if !ok || ended == nil {
					return statusError(res)
				}
				if tx, err = c.ua.sendInvite(next, c.dialog.flow); err != nil {
					return err
				}
				ringing = false
			}
		case <-tx.tx.Done():
			return tx.failure()
		case <-ended:
			ended = nil
			answered <- context.Cause(c.ctx)
			giveUp = time.After(64 * sipgo.T1)
		case <-giveUp:
			tx.tx.Terminate()
			return context.Cause(c.ctx)
		case <-c.ua.ctx.Done():
			tx.tx.Terminate()
			return ErrClosed
		}
		// A CANCEL may only follow a provisional answer (RFC 3261 section 9.1).
		if ended == nil && ringing && !cancelled {
			cancelled = true
			c.sendCancel(tx)
		}
	}
}

// sendInvite sends an INVITE whose 200 is acknowledged each time it comes.
func (u *UserAgent) sendInvite(req *sipgo.Request, f *flow) (*clientTx, error) {
	tx, err := u.send(req, f)
	if err == nil {
		tx.tx.OnRetransmission(func(*sipgo.Response) { tx.repeatAck() })
	}
	return tx, err
}

// sendCancel asks the peer to end the INVITE; its final answer to that is what counts.
func (c *Call) sendCancel(invite *clientTx) {
	req := sipgo.NewRequest(sipgo.CANCEL, invite.req.Recipient)
	for _, name := range []string{"Via", "Route", "Max-Forwards", "From", "To", "Call-ID"} {
		sipgo.CopyHeaders(name, invite.req, req)
	}
	req.AppendHeader(&sipgo.CSeqHeader{SeqNo: invite.req.CSeq().SeqNo, MethodName: sipgo.CANCEL})
	req.SetTransport(invite.req.Transport())
	req.SetBody(nil)
	tx, err := c.ua.send(req, invite.flow)
	if err != nil {
		return
	}
	c.work.Go(func() { _, _ = tx.final(c.ua.ctx) })
}

// answeredBy makes the dialog of a 200, acknowledges it, and hangs up again when no one waits any more or
// the media cannot be agreed on.
func (c *Call) answeredBy(tx *clientTx, res *sipgo.Response, opts DialOptions, answered chan<- error) {
	gone := c.establish(res)
	session, _ := sessionOf(res)
	var reply []byte
	var err error
	if opts.LateOffer && !gone {
		reply, err = c.lateAnswer(session)
	}
	err = errors.Join(err, c.acknowledge(tx, reply))
	if !opts.LateOffer && !gone && err == nil {
		err = c.negotiateAccept(c.negotiator, session)
	}
	if gone {
		answered <- context.Cause(c.ctx)
		c.goodbye()
		return
	}
	if err != nil {
		c.end(err)
	}
	answered <- err
}

func (c *Call) lateAnswer(offer []byte) ([]byte, error) {
	if len(offer) == 0 {
		return nil, fmt.Errorf("%w: the peer made no offer", ErrNotAcceptable)
	}
	return c.negotiate(c.negotiator, offer)
}

// establish completes the dialog with what the 200 says (RFC 3261 section 12.1.2). It reports whether the
// call was given up meanwhile.
func (c *Call) establish(res *sipgo.Response) (gone bool) {
	c.mu.Lock()
	to := res.To()
	c.dialog.remote = party{to.DisplayName, *to.Address.Clone(), to.Params.Clone()}
	if contact := res.Contact(); contact != nil {
		c.dialog.target = *contact.Address.Clone()
	}
	c.dialog.routes = recordedRoutes(res)
	slices.Reverse(c.dialog.routes)
	if gone = c.over; !gone {
		c.up()
		c.hear(res)
		c.setTimer(timerOf(res))
	}
	id := c.dialog.id()
	c.mu.Unlock()
	c.ua.mu.Lock()
	defer c.ua.mu.Unlock()
	c.ua.dialogs[id] = c
	return gone
}
