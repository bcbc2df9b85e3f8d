package sip

import "context"

// Handler serves calls. ServeCall runs in a goroutine of its own for each call; its ctx is the call's:
// it is cancelled, with the cause, when the call ends. When ServeCall returns, a call that is still up
// is hung up, and one that was never answered is refused with 480.
type Handler interface {
	ServeCall(ctx context.Context, call *Call)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(ctx context.Context, call *Call)

// ServeCall calls f.
func (f HandlerFunc) ServeCall(ctx context.Context, call *Call) { f(ctx, call) }

// Negotiator makes and judges session descriptions (RFC 3264), as bytes of type application/sdp.
// Its methods are called one at a time for one call. An error refuses what was given to it.
type Negotiator interface {
	// Answer answers an offer, the first one of a call or a later one (hold, resume, a new port). Where an INVITE of
	// ours without an offer was forked, the offers of all sides come; the last one answered counts.
	Answer(offer []byte) (answer []byte, err error)
	// Offer makes an offer: the peer sent none, or we are the caller.
	Offer() ([]byte, error)
	// Accept takes the answer to the last Offer. Of one offer in an INVITE of ours it may be called several times:
	// with what comes before the call is answered, and, where the INVITE was forked, with what each side that rings
	// answers. Each answer replaces the one before; the last is that of the side that took the call.
	Accept(answer []byte) error
}
