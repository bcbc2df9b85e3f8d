package sip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	connsPerPeer   = 4
	connsInAll     = 256
	firstMessageIn = 5 * time.Second
	wholeMessageIn = 10 * time.Second
	writeWithin    = 2 * time.Second
	connectWithin  = 5 * time.Second
	acceptPause    = 5 * time.Millisecond // doubles up to acceptPauseMax while accept fails
	acceptPauseMax = time.Second
)

// A tcpListener accepts the connections of trunks.
type tcpListener struct {
	ua   *UserAgent
	spec Listen

	mu sync.Mutex
	ln net.Listener
	at netip.AddrPort
}

func (l *tcpListener) open() error {
	ln, err := l.take()
	if err != nil {
		return fmt.Errorf("sip: cannot listen on tcp %s: %w", l.spec.Address, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ln, l.at = ln, addrPort(ln.Addr())
	l.spec.Address = l.at.String()
	return nil
}

func (l *tcpListener) take() (net.Listener, error) {
	if ln := l.spec.Listener; ln != nil {
		l.spec.Listener = nil
		return ln, nil
	}
	return net.Listen("tcp", l.spec.Address)
}

// serve accepts until the listener is closed. Other errors, such as too many open files, pass: it
// waits and tries again.
func (l *tcpListener) serve() error {
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
			l.ua.admit(conn)
		}
	}
}

func (l *tcpListener) current() net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ln
}

func (l *tcpListener) close() {
	if ln := l.current(); ln != nil {
		_ = ln.Close()
	}
}

func (l *tcpListener) local() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

// A tcpConn is one connection with a trunk, whoever opened it.
type tcpConn struct {
	ua    *UserAgent
	conn  net.Conn
	trunk *trunk
	peer  netip.AddrPort
	ours  bool // opened by us: the peer need not speak first

	writing sync.Mutex
	broken  bool // guarded by writing
}

// admit takes a connection of a trunk within the limits, and closes every other one unread.
func (u *UserAgent) admit(conn net.Conn) {
	peer := addrPort(conn.RemoteAddr())
	t := u.door.trunk(peer.Addr())
	if t == nil {
		u.strangers.add(peer.Addr())
		_ = conn.Close()
		return
	}
	c := &tcpConn{ua: u, conn: conn, trunk: t, peer: peer}
	if !u.keep(c) {
		u.observe(Event{Kind: Refused, Trunk: t.Name, Peer: peer, Rule: "connections", Text: "too many connections of this peer, or in all"})
		_ = conn.Close()
	}
}

// keep adds a connection to the table and starts reading it; false when it is one too many.
func (u *UserAgent) keep(c *tcpConn) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped || len(u.conns) >= connsInAll || u.connsOf[c.peer.Addr()] >= connsPerPeer {
		return false
	}
	u.conns[c.peer] = c
	u.connsOf[c.peer.Addr()]++
	u.readers.Go(c.serve)
	return true
}

// connect is the connection with a peer of a trunk: one that is open, or a new one.
func (u *UserAgent) connect(t *trunk, to netip.AddrPort) (*tcpConn, error) {
	u.mu.Lock()
	c := u.conns[to]
	u.mu.Unlock()
	if c != nil {
		return c, nil
	}
	if t == nil || !t.has(to.Addr()) {
		return nil, fmt.Errorf("sip: no connection to %s: %w", to, ErrNoTrunk)
	}
	ctx, cancel := context.WithTimeout(u.ctx, connectWithin)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, fmt.Errorf("sip: cannot connect: %w", err)
	}
	c = &tcpConn{ua: u, conn: conn, trunk: t, peer: to, ours: true}
	if !u.keep(c) {
		_ = conn.Close()
		return nil, fmt.Errorf("sip: no connection to %s: too many are open", to)
	}
	return c, nil
}

// serve reads messages until the connection ends, fails, or is too slow.
func (c *tcpConn) serve() {
	defer c.drop()
	r := bufio.NewReader(c.conn)
	for first := !c.ours; ; first = false {
		if !c.await(r, first) {
			return
		}
		frame, err := readFrame(r)
		f := &flow{ua: c.ua, wire: c, peer: c.peer, source: c.peer, trunk: c.trunk}
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
		c.ua.receive(frame, f)
	}
}

// await waits for the start of a message, answering keep-alives (RFC 5626 section 3.5.1), and sets the
// time by which the message must be whole. It is false when there will be none.
func (c *tcpConn) await(r *bufio.Reader, first bool) bool {
	var deadline time.Time
	if first {
		deadline = time.Now().Add(firstMessageIn)
	}
	if c.conn.SetReadDeadline(deadline) != nil {
		return false
	}
	for breaks := 0; ; {
		b, err := r.ReadByte()
		if err != nil {
			return false
		}
		switch b {
		case '\r':
		case '\n':
			if breaks++; breaks%2 == 0 && c.send([]byte("\r\n"), c.peer) != nil {
				return false
			}
		default:
			if !first {
				deadline = time.Now().Add(wholeMessageIn)
			}
			return r.UnreadByte() == nil && c.conn.SetReadDeadline(deadline) == nil
		}
	}
}

// drop closes the connection and forgets it.
func (c *tcpConn) drop() {
	c.close()
	c.ua.mu.Lock()
	defer c.ua.mu.Unlock()
	if c.ua.conns[c.peer] == c {
		delete(c.ua.conns, c.peer)
		if c.ua.connsOf[c.peer.Addr()]--; c.ua.connsOf[c.peer.Addr()] == 0 {
			delete(c.ua.connsOf, c.peer.Addr())
		}
	}
}

func (c *tcpConn) close() {
	_ = c.conn.Close()
	c.writing.Lock()
	defer c.writing.Unlock()
	c.broken = true
}

func (c *tcpConn) network() string { return "tcp" }

func (c *tcpConn) local() netip.AddrPort { return addrPort(c.conn.LocalAddr()) }

// send writes a whole message, or breaks the connection: half a message would spoil the next one.
func (c *tcpConn) send(p []byte, _ netip.AddrPort) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken {
		return errBroken
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := c.conn.Write(p); err != nil {
		c.broken = true
		_ = c.conn.Close()
		return errBroken
	}
	return nil
}

func (c *tcpConn) alive() bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	return !c.broken
}
