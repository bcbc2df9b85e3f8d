package sip

import (
	"context"
	"errors"

	sipgo "github.com/emiago/sipgo/sip"
)

// receiveBye ends the call (RFC 3261 section 15.1.2), also before the ACK for its 200 has come, and also
// when our own BYE is under way. After the peer's BYE there is no dialog for another one.
func (c *Call) receiveBye(tx *serverTx) {
	if errors.Is(context.Cause(c.ctx), ErrHangup) {
		tx.refuse(&verdict{481, "no-dialog", "the call is over", nil})
		return
	}
	tx.reply(200)
	c.noteReasons(tx.req)
	c.mu.Lock()
	cause := ErrHangup
	if c.transferred {
		cause = ErrTransferred
	}
	c.mu.Unlock()
	c.end(cause)
}

// goodbye sends BYE and waits for its answer. Before, a 200 of ours must have been acknowledged or given up
// (RFC 3261 section 15), unless the user agent stops.
func (c *Call) goodbye() {
	defer close(c.said)
	c.mu.Lock()
	waiting := make([]*answer, 0, len(c.answers))
	for _, a := range c.answers {
		waiting = append(waiting, a)
	}
	c.mu.Unlock()
	for _, a := range waiting {
		select {
		case <-a.done:
		case <-c.ua.ctx.Done():
		}
	}
	_, _ = c.roundTrip(c.ua.ctx, sipgo.BYE, "", nil, reasonFor(context.Cause(c.ctx)).header()) // whatever the answer, the call is over
}

// roundTrip sends a request other than INVITE inside the dialog and waits for the final response.
func (c *Call) roundTrip(ctx context.Context, method sipgo.RequestMethod, contentType string, body []byte, headers ...sipgo.Header) (*sipgo.Response, error) {
	return c.ask(ctx, func() (*sipgo.Request, *flow, error) {
		req, f, err := c.request(method)
		if err != nil {
			return nil, nil, err
		}
		for _, h := range headers {
			req.AppendHeader(h)
		}
		if len(body) > 0 {
			req.AppendHeader(header("Content-Type", contentType))
			req.SetBody(body)
		}
		return req, f, nil
	})
}
