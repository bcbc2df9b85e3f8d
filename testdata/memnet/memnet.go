// Package memnet is a datagram network in memory, for whole calls on a fake clock: nothing in it
// blocks outside a testing/synctest bubble. A full or missing receiver loses the datagram, as UDP does.
package memnet

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// backlog is how many datagrams wait at one address before the next is lost.
const backlog = 256

// Network carries datagrams between its addresses at once and in order.
type Network struct {
	mu    sync.Mutex
	conns map[netip.AddrPort]*Conn
	fault Fault
}

// Fault decides about a datagram on its way: true loses it.
type Fault func(from, to netip.AddrPort, data []byte) (drop bool)

// New returns an empty network.
func New() *Network { return &Network{conns: map[netip.AddrPort]*Conn{}} }

// SetFault makes f decide about every datagram from now on; nil ends that.
func (n *Network) SetFault(f Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = f
}

// Listen opens an address such as "192.0.2.1:5060"; os.ErrExist when it is open already.
func (n *Network) Listen(addr string) (*Conn, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns[at] != nil {
		return nil, &net.OpError{Op: "listen", Net: "mem", Addr: net.UDPAddrFromAddrPort(at), Err: os.ErrExist}
	}
	c := &Conn{net: n, addr: at, in: make(chan datagram, backlog), closed: make(chan struct{})}
	n.conns[at] = c
	return c, nil
}

func (n *Network) deliver(from, to netip.AddrPort, p []byte) {
	n.mu.Lock()
	peer, fault := n.conns[to], n.fault
	n.mu.Unlock()
	if fault != nil && fault(from, to, p) || peer == nil {
		return
	}
	select {
	case peer.in <- datagram{from, append([]byte(nil), p...)}:
	default:
	}
}

type datagram struct {
	from netip.AddrPort
	data []byte
}

// Conn is one open address: a net.PacketConn without deadlines.
type Conn struct {
	net    *Network
	addr   netip.AddrPort
	in     chan datagram
	once   sync.Once
	closed chan struct{}
}

// ReadFrom waits for a datagram; net.ErrClosed after Close.
func (c *Conn) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case d := <-c.in:
		return copy(p, d.data), net.UDPAddrFromAddrPort(d.from), nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

// TryRead takes a waiting datagram, if there is one.
func (c *Conn) TryRead(p []byte) (n int, from netip.AddrPort, ok bool) {
	select {
	case d := <-c.in:
		return copy(p, d.data), d.from, true
	default:
		return 0, netip.AddrPort{}, false
	}
}

// WriteTo sends to a *net.UDPAddr.
func (c *Conn) WriteTo(p []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: "mem", Addr: to, Err: os.ErrInvalid}
	}
	at := udp.AddrPort()
	return c.WriteToAddrPort(p, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
}

// WriteToAddrPort sends without an allocation for the address.
func (c *Conn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	c.net.deliver(c.addr, to, p)
	return len(p), nil
}

// Close frees the address and ends a waiting ReadFrom.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.net.mu.Lock()
		delete(c.net.conns, c.addr)
		c.net.mu.Unlock()
		close(c.closed)
	})
	return nil
}

// LocalAddr is a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.addr) }

// SetDeadline and its like answer os.ErrNoDeadline.
func (c *Conn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline answers os.ErrNoDeadline.
func (c *Conn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline answers os.ErrNoDeadline.
func (c *Conn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
