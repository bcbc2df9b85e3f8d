package sip

import (
	"context"
	"fmt"

	sipgo "github.com/emiago/sipgo/sip"
)

// receiveInfo hands the body to OnInfo, after those of earlier requests (RFC 6086).
func (c *Call) receiveInfo(tx *serverTx) {
	if !c.answerLater(tx, func() { c.hearInfo(tx) }) {
		tx.refuse(c.noRoom())
	}
}

func (c *Call) hearInfo(tx *serverTx) {
	c.mu.Lock()
	hear, over := c.onInfo, c.over
	c.mu.Unlock()
	body := tx.req.Body()
	switch {
	case over:
		tx.refuse(&verdict{481, "no-dialog", "the call is over", nil})
	case len(body) == 0: // a keep-alive of old devices
		tx.reply(200)
	case hear != nil && hear(mediaType(tx.req), body):
		tx.reply(200)
	default:
		tx.refuse(&verdict{415, "info-type", "the body of the INFO is not understood", []sipgo.Header{header("Accept", acceptInfo)}})
	}
}

// SendInfo sends a body inside the call and waits for the answer; other than 2xx is a *StatusError. A call that has
// ended gives its cause.
func (c *Call) SendInfo(ctx context.Context, contentType string, body []byte) error {
	if err := c.isUp(); err != nil {
		return err
	}
	res, err := c.roundTrip(ctx, sipgo.INFO, contentType, body)
	if err != nil {
		return fmt.Errorf("sip: INFO: %w", err)
	}
	return statusError(res)
}

// isUp is nil for a call that is answered and has not ended.
func (c *Call) isUp() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
		return context.Cause(c.ctx)
	case !c.answered:
		return ErrNotAnswered
	}
	return nil
}
