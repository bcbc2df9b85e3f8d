package sip

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// A connection is one stream of messages with a trunk, whoever opened it.
type connection struct {
	ua       *UserAgent
	conn     net.Conn
	over     string          // "tcp", "tls", "ws" or "wss"
	listener *streamListener // that accepted it; nil when we opened it
	peer     netip.AddrPort
	trunk    *trunk // nil until the handshake names it
	framing  framing
	upgrades bool // begins with the upgrade to a WebSocket
	r        *bufio.Reader

	routes  []route // where it is found; guarded by UserAgent.mu
	shaking shaking // guarded by UserAgent.mu
	unknown bool    // counted as one whose trunk was not known when it came

	registers atomic.Bool // a registration of ours depends on it
	heard     time.Time   // the last message; reader only, as are the next two
	pinged    bool        // a ping waits for its pong
	ponged    bool        // the peer answers pings

	outbox outbox
	broken atomic.Bool // written with the outbox's mu held
}

// A framing is how messages lie in a stream of bytes.
type framing interface {
	// read waits for a message and answers what is none. The first one must be whole by a time.
	read(c *connection, firstBy time.Time) ([]byte, error)
	// frame makes the bytes of a message, which it leaves as they are.
	frame(p []byte) []byte
	// farewell are the bytes before the connection is closed on our side.
	farewell() []byte
}

func (c *connection) ours() bool { return c.listener == nil }

func (c *connection) network() string { return c.over }

func (c *connection) local() netip.AddrPort { return addrPort(c.conn.LocalAddr()) }

// serve reads messages until the connection ends, fails, or is too slow.
func (c *connection) serve() {
	defer c.drop()
	defer func() {
		if r := recover(); r != nil {
			c.ua.observe(Event{Kind: Panicked, Peer: c.peer, Text: fmt.Sprintf("a connection: %v\n%s", r, debug.Stack())})
		}
	}()
	c.r = bufio.NewReader(c.conn)
	if !c.greet() {
		return
	}
	c.ua.ready(c)
	var firstBy time.Time
	if !c.ours() {
		firstBy = time.Now().Add(c.ua.config.Limits.FirstMessage)
	}
	c.heard = time.Now()
	for {
		frame, err := c.framing.read(c, firstBy)
		f := &flow{ua: c.ua, wire: c, peer: c.peer, source: c.peer, trunk: c.ua.door.renew(c.trunk, c.peer.Addr())}
		switch {
		case errors.Is(err, errFrameTooLarge):
			c.ua.rejectRaw(frame, f, 413, "too-large", err.Error())
			return
		case errors.Is(err, errFrameLength):
			c.ua.rejectRaw(frame, f, 400, "malformed", err.Error())
			return
		case err != nil:
			return
		}
		firstBy, c.heard = time.Time{}, time.Now()
		if f.trunk == nil {
			c.ua.stranger(frame, f, true)
		} else {
			c.ua.receive(frame, f)
		}
	}
}

// greet does what comes before the first message: the handshake of TLS, which names the trunk, and the
// upgrade to a WebSocket.
func (c *connection) greet() bool {
	defer c.ua.shaken(c)
	if c.ours() {
		return true // done when it was opened
	}
	if c.conn.SetDeadline(time.Now().Add(c.ua.config.Limits.FirstMessage)) != nil {
		return false
	}
	if secured, ok := c.conn.(*tls.Conn); ok {
		if err := secured.HandshakeContext(c.ua.ctx); err != nil {
			c.refused("tls-handshake", err)
			return false
		}
	}
	if c.upgrades {
		if err := c.upgrade(); err != nil {
			c.refused("websocket", err)
			return false
		}
	}
	return c.conn.SetDeadline(time.Time{}) == nil
}

// refused tells why there will be no connection. Strangers are counted; of theirs a few a second are told.
func (c *connection) refused(rule string, err error) {
	name := ""
	if c.trunk != nil {
		name = c.trunk.Name
	} else {
		c.ua.strangers.add(c.peer.Addr())
		if !c.ua.told.take() {
			return
		}
	}
	if c.ua.ctx.Err() == nil {
		c.ua.observe(Event{Kind: Refused, Trunk: name, Peer: c.peer, Rule: rule, Text: cut(err.Error())})
	}
}

// await waits for the next byte, and sets the time by which the message that it starts must be whole.
func (c *connection) await(firstBy time.Time) error {
	for {
		deadline := firstBy
		if firstBy.IsZero() {
			deadline = c.wake()
		}
		if err := c.conn.SetReadDeadline(deadline); err != nil {
			return err
		}
		_, err := c.r.Peek(1)
		switch {
		case err == nil && firstBy.IsZero():
			return c.conn.SetReadDeadline(time.Now().Add(c.ua.config.Limits.WholeMessage))
		case err == nil:
			return nil
		case !isTimeout(err) || !firstBy.IsZero() || !c.keepAlive():
			return err
		}
	}
}

// drop closes the connection and forgets it. Requests that wait for their answer on it go another way.
func (c *connection) drop() {
	c.close(nil)
	c.ua.forgetConnection(c)
	c.ua.reroute(c)
}

func (c *connection) alive() bool { return !c.broken.Load() }

func isSecure(network string) bool    { return network == "tls" || network == "wss" }
func isWebSocket(network string) bool { return network == "ws" || network == "wss" }
