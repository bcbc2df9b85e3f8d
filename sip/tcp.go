package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	acceptPause    = 5 * time.Millisecond // doubles up to acceptPauseMax while accept fails
	acceptPauseMax = time.Second
)

// A streamListener accepts the connections of trunks: TCP, TLS or WebSocket.
type streamListener struct {
	ua   *UserAgent
	spec Listen

	mu sync.Mutex
	ln net.Listener
	at netip.AddrPort
}

func (l *streamListener) open() error {
	ln, err := l.take()
	if err != nil {
		return fmt.Errorf("sip: cannot listen on %s %s: %w", l.spec.Network, l.spec.Address, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ln, l.at = ln, addrPort(ln.Addr())
	l.spec.Address = l.at.String()
	return nil
}

func (l *streamListener) take() (net.Listener, error) {
	if ln := l.spec.Listener; ln != nil {
		l.spec.Listener = nil
		return ln, nil
	}
	return net.Listen("tcp", l.spec.Address)
}

// serve accepts until the listener is closed. Other errors, such as too many open files, pass: it
// waits and tries again.
func (l *streamListener) serve() error {
	ln := l.current()
	pause := acceptPause
	for {
		conn, err := ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			l.ua.observe(Event{Kind: Note, Rule: "accept", Text: err.Error()})
			if !l.ua.pause(pause) {
				return err
			}
			pause = min(2*pause, acceptPauseMax)
		default:
			pause = acceptPause
			l.admit(conn)
		}
	}
}

// admit takes a connection of a trunk within the limits, and closes every other one unread. One from an
// address that no trunk has gets a handshake when a trunk is known by its TLS name.
func (l *streamListener) admit(conn net.Conn) {
	u, peer := l.ua, addrPort(conn.RemoteAddr())
	t := u.door.trunk(peer.Addr())
	mayProve := isSecure(l.spec.Network) && len(u.door.named(peer.Addr())) > 0
	if t == nil && !mayProve && !l.spec.Challenge {
		u.strangers.add(peer.Addr())
		_ = conn.Close()
		return
	}
	if rule := u.keep(l.connection(conn, peer, t)); rule != "" {
		if t == nil {
			u.strangers.add(peer.Addr())
		} else {
			u.observe(Event{Kind: Refused, Trunk: t.Name, Peer: peer, Rule: rule, Text: "too many connections of this peer, or in all"})
		}
		_ = conn.Close()
	}
}

// connection is an accepted connection before its handshake.
func (l *streamListener) connection(conn net.Conn, peer netip.AddrPort, t *trunk) *connection {
	c := &connection{ua: l.ua, conn: conn, over: l.spec.Network, listener: l, peer: peer, trunk: t, framing: streamFraming{}}
	if isWebSocket(c.over) {
		c.framing, c.upgrades = &webSocket{}, true
	}
	if isSecure(c.over) {
		c.expectTLS(l.spec.TLS)
	}
	return c
}

func (l *streamListener) current() net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ln
}

func (l *streamListener) close() {
	if ln := l.current(); ln != nil {
		_ = ln.Close()
	}
}

func (l *streamListener) local() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}
