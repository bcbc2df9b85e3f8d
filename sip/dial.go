package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// DefaultPatience is how long a call of ours may take to be answered.
const DefaultPatience = 3 * time.Minute

// DialOptions are the details of a call that we make.
type DialOptions struct {
	// Trunk is the name of the trunk to call by: the INVITE goes to its Address if it has one. Empty is the trunk
	// to which the URI leads.
	Trunk string
	// From is the number (E.164) or name that is calling; "anonymous" when empty.
	From string
	// DisplayName goes before it.
	DisplayName string
	// CallID is the Call-ID of the INVITE, by which its messages are known in Config.Observe: a token that no other
	// call has. One is made when it is empty.
	CallID string
	// LateOffer sends the INVITE without an offer and answers the peer's.
	LateOffer bool
	// RequireReliable calls only peers that send their provisional answers reliably (Require: 100rel, RFC 3262);
	// others answer 420. Without it a peer may do so, unless the trunk's Reliable is off.
	RequireReliable bool
	// Patience is how long it may take until the answer; DefaultPatience when zero. Then the INVITE is cancelled.
	Patience time.Duration
	// Headers are added to the INVITE.
	Headers []Header
	// OnInfo hears INFO bodies, see Call.OnInfo.
	OnInfo func(contentType string, body []byte) bool
	// Progress, when set, is told the provisional answers, in order. It must be quick.
	Progress func(Progress)
}

// Progress is a provisional answer to an INVITE of ours.
type Progress struct {
	Status int // 100 to 199, such as 180
	Reason string
	// Sound: the Negotiator has the session of who says this, so what it plays can be heard before the answer.
	Sound bool
}

// Header is a header of a message.
type Header struct{ Name, Value string }

// Dial calls a SIP URI whose address is in a trunk's networks, or, by a named trunk with an Address, any number
// ("+14155550123", "tel:…"), and returns when the call is answered and acknowledged. A refusal is a *StatusError.
// When ctx or the patience (ErrNoAnswer) ends before the answer the INVITE is cancelled, and a 200 that comes all
// the same is acknowledged and hung up; that goes on after Dial has returned the cause. The caller of Dial ends
// the call with Hangup. Serve must run.
//
// A target that says nothing, cannot be reached or answers 503 is followed by the next one (RFC 3263 section 4.3).
// 3xx is followed, five times at most, to addresses of the same trunk. 401 and 407 are answered with the trunk's
// credentials if the realm is its own.
//
// Where proxies fork the INVITE, the first 2xx is the call; all others are acknowledged and hung up. Sessions that
// come before the answer are given to n at once, see Negotiator.
func (u *UserAgent) Dial(ctx context.Context, uri string, n Negotiator, opts DialOptions) (*Call, error) {
	d, err := u.prepare(ctx, uri, opts)
	if err != nil {
		return nil, err
	}
	c := d.call
	c.negotiator = n
	if !opts.LateOffer {
		if d.offer, err = c.negotiate(n, nil); err != nil {
			return nil, err
		}
	}
	if err := u.admitDialled(c); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
	defer stop()
	answered := make(chan error, 2)
	d.answered = answered
	if !u.follow(d) {
		u.forget(c)
		return nil, ErrClosed
	}
	if err := <-answered; err != nil {
		return nil, fmt.Errorf("sip: call to %s: %w", uri, err)
	}
	return c, nil
}

// prepare finds the places of the peer and makes the call and its half of the dialog.
func (u *UserAgent) prepare(ctx context.Context, dialled string, opts DialOptions) (*dialling, error) {
	if opts.CallID != "" && !isToken([]byte(opts.CallID)) {
		return nil, fmt.Errorf("sip: %q is no Call-ID; write letters and digits", opts.CallID)
	}
	to, err := u.destination(dialled, opts)
	if err != nil {
		return nil, err
	}
	places, t, err := u.places(ctx, to)
	if err != nil {
		return nil, err
	}
	d := &dialling{opts: opts, to: to, uri: to.uri, host: to.hop.Host, seen: map[string]bool{to.uri.String(): true}, login: login{trunk: &t.Trunk}}
	for d.flow == nil && len(places) > 0 && ctx.Err() == nil {
		d.flow, err = u.flowTo(t, places[0], d.host)
		places = places[1:]
	}
	if d.flow == nil {
		return nil, errors.Join(context.Cause(ctx), err)
	}
	d.places = places
	d.opts.Patience = orDefault(opts.Patience, DefaultPatience)
	d.makeCall(u, t)
	return d, nil
}

func (d *dialling) makeCall(u *UserAgent, t *trunk) {
	c := u.makeCall(t, d.flow)
	c.Caller, c.Called = d.opts.From, orDefault(d.to.number, d.uri.User)
	host, _ := u.advertised(d.flow)
	local := sipgo.Uri{Scheme: d.uri.Scheme, User: orDefault(t.Quirks.write(d.opts.From, t.Country), "anonymous"), Host: orDefault(t.Quirks.FromDomain, host)}
	c.ID = orDefault(d.opts.CallID, sipgo.GenerateTagN(24)+"@"+host)
	c.onInfo = d.opts.OnInfo
	c.dialog = dialog{
		callID: c.ID, localSeq: 1, remoteSeq: -1, target: d.uri, flow: d.flow, secure: d.uri.Scheme == "sips",
		local:  party{d.opts.DisplayName, local, sipgo.HeaderParams{{K: "tag", V: newTag()}}},
		remote: party{address: sipgo.Uri{Scheme: d.uri.Scheme, User: d.uri.User, Host: d.uri.Host, Port: d.uri.Port}},
	}
	d.base, d.call = c.dialog, c
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
