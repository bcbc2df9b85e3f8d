package sip

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

const (
	upgradeBytes = 8 << 10 // of the HTTP request that opens a WebSocket
	subprotocol  = "sip"   // RFC 7118 section 4.1
)

// upgrade takes the request that opens a WebSocket (RFC 6455 section 4.2). The request is read whole
// before it is judged: bytes behind it stay for the first frame, and its size is bounded.
func (c *connection) upgrade() error {
	head, err := readUpgrade(c.r)
	if err != nil {
		return err
	}
	origin, spoken := "", false
	upgrader := ws.Upgrader{
		Protocol: func(name []byte) bool {
			spoken = spoken || string(name) == subprotocol
			return string(name) == subprotocol
		},
		OnHeader: func(key, value []byte) error {
			if strings.EqualFold(string(key), "Origin") {
				origin = string(value)
			}
			return nil
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			if origins := c.listener.spec.Origins; len(origins) > 0 && !slices.Contains(origins, origin) {
				return nil, ws.RejectConnectionError(ws.RejectionStatus(403), ws.RejectionReason(fmt.Sprintf("origin %q is not served", origin)))
			}
			if !spoken {
				return nil, ws.RejectConnectionError(ws.RejectionStatus(400), ws.RejectionReason("the subprotocol sip is not offered"))
			}
			return nil, nil
		},
	}
	_, err = upgrader.Upgrade(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(head), c.conn})
	return err
}

func readUpgrade(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(head) > upgradeBytes:
			return nil, errors.New("the request for a WebSocket is too large")
		case err == nil && len(lastLine(head)) == 0:
			return head, nil
		}
	}
}

// A webSocket is how messages lie in WebSocket frames: one in each text or binary message (RFC 7118
// section 5.1).
type webSocket struct{}

var (
	errClosed  = errors.New("the peer closed the WebSocket")
	errNotText = errors.New("the WebSocket text message is not UTF-8")
)

// read takes frames until a message is whole. Pings are answered, and so are keep-alives of CRLFs.
func (w *webSocket) read(c *connection, firstBy time.Time) ([]byte, error) {
	for {
		p, err := w.message(c, firstBy)
		if err != nil {
			c.part(err)
			return nil, err
		}
		if bytes.Equal(p, ping) {
			err = c.write(w.frame(pong))
		}
		if len(bytes.Trim(p, "\r\n")) > 0 || err != nil {
			return p, err
		}
	}
}

// message joins the fragments of a message; control frames may come between them (RFC 6455 section 5.4).
func (w *webSocket) message(c *connection, firstBy time.Time) (p []byte, err error) {
	state := ws.StateServerSide
	var kind ws.OpCode
	for {
		if !state.Fragmented() {
			if err := c.await(firstBy); err != nil {
				return nil, err
			}
		}
		h, err := ws.ReadHeader(c.r)
		if err != nil {
			return nil, err
		}
		if err := ws.CheckHeader(h, state); err != nil {
			return nil, err
		}
		if h.Length > int64(c.ua.config.Limits.MessageSize-len(p)) {
			return nil, errFrameTooLarge
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return nil, err
		}
		ws.Cipher(payload, h.Mask, 0)
		if h.OpCode.IsControl() {
			if err := w.control(c, h.OpCode, payload); err != nil {
				return nil, err
			}
			continue
		}
		if h.OpCode != ws.OpContinuation {
			kind = h.OpCode
		}
		if p = append(p, payload...); !h.Fin {
			state = state.Set(ws.StateFragmented)
			continue
		}
		if kind == ws.OpText && !utf8.Valid(p) {
			return nil, errNotText
		}
		return p, nil
	}
}

func (w *webSocket) control(c *connection, op ws.OpCode, payload []byte) error {
	switch op {
	case ws.OpPing:
		return c.write(ws.MustCompileFrame(ws.NewPongFrame(payload)))
	case ws.OpClose:
		if len(payload) == 0 {
			return errClosed
		}
		code, reason := ws.ParseCloseFrameData(payload)
		if err := ws.CheckCloseFrameData(code, reason); err != nil {
			return err
		}
		return errClosed
	}
	return nil // an unasked pong
}

// part ends the WebSocket, and tells what the peer did wrong, if it did.
func (c *connection) part(err error) {
	farewell := farewellFor(err)
	if farewell == nil {
		return // it is gone
	}
	c.close(farewell)
	if !errors.Is(err, errClosed) && !errors.Is(err, errFrameTooLarge) && !isTimeout(err) {
		c.refused("websocket", err)
	}
}

// farewellFor is the close frame that tells what was wrong (RFC 6455 section 7.4).
func farewellFor(err error) []byte {
	var protocol ws.ProtocolError
	switch {
	case errors.Is(err, errClosed):
		return ws.CompiledCloseNormalClosure
	case errors.Is(err, errFrameTooLarge):
		return ws.CompiledCloseMessageTooBig
	case errors.Is(err, errNotText):
		return ws.CompiledCloseInvalidFramePayloadData
	case errors.As(err, &protocol), errors.Is(err, ws.ErrHeaderLengthMSB):
		return ws.CompiledCloseProtocolError
	case isTimeout(err):
		return ws.CompiledCloseGoingAway
	}
	return nil
}

// frame is text where it can be, so that a browser's developer tools show it.
func (w *webSocket) frame(p []byte) []byte {
	kind := ws.OpBinary
	if utf8.Valid(p) {
		kind = ws.OpText
	}
	return ws.MustCompileFrame(ws.NewFrame(kind, true, p))
}

func (w *webSocket) farewell() []byte { return ws.CompiledCloseGoingAway }
