package sip

import (
	"errors"
	"math/rand/v2"
	"os"
	"time"
)

// Keep-alives on a connection that we opened (RFC 5626 section 4.4.1): NATs and firewalls on the way
// forget what is silent, and a peer that is gone must be noticed before the next call.
const (
	pingEvery  = 120 * time.Second // at most; at least pingSpread less
	pingSpread = 25 * time.Second
	pongWithin = 10 * time.Second
)

var (
	ping = []byte("\r\n\r\n")
	pong = []byte("\r\n")
)

// wake is when a silent connection wants attention next.
func (c *connection) wake() time.Time {
	switch {
	case !c.ours():
		return c.heard.Add(c.ua.config.Limits.Idle)
	case c.pinged:
		return time.Now().Add(pongWithin)
	}
	return time.Now().Add(pingEvery - rand.N(pingSpread))
}

// keepAlive is called when that time has come; false closes the connection.
func (c *connection) keepAlive() bool {
	idle := time.Since(c.heard) >= c.ua.config.Limits.Idle && !c.inUse()
	switch {
	case idle:
		return false
	case !c.ours():
		c.heard = time.Now() // a call depends on it: look again later
		return true
	case c.pinged && !c.ponged && c.trunk.mute.Load():
		c.pinged = false // it never does, so that its silence says nothing
		return true
	case c.pinged:
		c.trunk.mute.Store(!c.ponged)
		c.ua.observe(Event{Kind: Note, Trunk: c.trunk.Name, Peer: c.peer, Rule: "no-pong", Text: "the peer does not answer keep-alives; the connection is closed"})
		return false
	}
	c.pinged = true
	return c.write(ping) == nil
}

// inUse says that a call, a request or a registration depends on the connection.
func (c *connection) inUse() bool {
	if c.registers.Load() {
		return true
	}
	c.ua.mu.Lock()
	calls := make([]*Call, 0, len(c.ua.all))
	for call := range c.ua.all {
		calls = append(calls, call)
	}
	waiting := false
	for _, t := range c.ua.clients {
		waiting = waiting || t.flow.carrier() == c
	}
	for _, t := range c.ua.servers {
		waiting = waiting || t.flow.carrier() == c
	}
	for _, t := range c.ua.completed {
		waiting = waiting || t.flow.carrier() == c
	}
	c.ua.mu.Unlock()
	for _, call := range calls {
		call.mu.Lock()
		waiting = waiting || call.dialog.flow.carrier() == c
		call.mu.Unlock()
	}
	return waiting
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
