package sip

import "fmt"

// negotiate makes the body of a 200: the answer to an offer, or our own offer when there was none. The
// error is ErrNotAcceptable with the negotiator's.
func (c *Call) negotiate(n Negotiator, offer []byte) (body []byte, err error) {
	c.negotiating.Lock()
	defer c.negotiating.Unlock()
	if len(offer) == 0 {
		body, err = n.Offer()
	} else {
		body, err = n.Answer(offer)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	return body, nil
}

// negotiateAccept takes the answer to our offer. No answer is no session.
func (c *Call) negotiateAccept(n Negotiator, session []byte) error {
	if len(session) == 0 {
		return fmt.Errorf("%w: our offer was not answered", ErrNotAcceptable)
	}
	c.negotiating.Lock()
	defer c.negotiating.Unlock()
	if err := n.Accept(session); err != nil {
		return fmt.Errorf("%w: %w", ErrNotAcceptable, err)
	}
	return nil
}
