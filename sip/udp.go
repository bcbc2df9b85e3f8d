package sip

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

const socketBuffer = 4 << 20 // bytes; a burst of calls must not overrun the kernel's small default

// A udpListener reads one UDP address. Its socket may die and be opened again; flows keep to the listener.
type udpListener struct {
	ua   *UserAgent
	spec Listen

	mu   sync.Mutex
	conn net.PacketConn // nil while down
	at   netip.AddrPort
}

func (l *udpListener) open() error {
	conn, err := l.take()
	if err != nil {
		return fmt.Errorf("sip: cannot listen on udp %s: %w", l.spec.Address, err)
	}
	if c, ok := conn.(*net.UDPConn); ok {
		_ = c.SetReadBuffer(socketBuffer) // as much as the kernel allows
		_ = c.SetWriteBuffer(socketBuffer)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.at = conn, addrPort(conn.LocalAddr())
	l.spec.Address = l.at.String() // the same port when it is opened again
	return nil
}

// take uses the socket that was given, once, or else opens the address.
func (l *udpListener) take() (net.PacketConn, error) {
	if conn := l.spec.PacketConn; conn != nil {
		l.spec.PacketConn = nil
		return conn, nil
	}
	return net.ListenPacket("udp", l.spec.Address)
}

// serve reads datagrams until the socket fails.
func (l *udpListener) serve() error {
	conn := l.current()
	buffer := make([]byte, maxMessage)
	for {
		n, from, err := readFrom(conn, buffer)
		if err != nil {
			return err
		}
		t := l.ua.door.trunk(from.Addr())
		if t == nil {
			l.ua.stranger(buffer[:n], &flow{ua: l.ua, wire: l, peer: from, source: from}, l.spec.Challenge)
			continue
		}
		l.ua.receive(buffer[:n], &flow{ua: l.ua, wire: l, peer: from, source: from, trunk: t})
	}
}

func (l *udpListener) current() net.PacketConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}

func (l *udpListener) close() {
	if conn := l.current(); conn != nil {
		_ = conn.Close()
	}
}

func (l *udpListener) network() string { return "udp" }

func (l *udpListener) local() netip.AddrPort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

func (l *udpListener) send(p parcel) error {
	conn, to := l.current(), p.flow.peer
	if c, ok := conn.(*net.UDPConn); ok {
		_, err := c.WriteToUDPAddrPort(p.bytes, to)
		return err
	}
	_, err := conn.WriteTo(p.bytes, net.UDPAddrFromAddrPort(to))
	return err
}

func readFrom(conn net.PacketConn, p []byte) (int, netip.AddrPort, error) {
	if c, ok := conn.(*net.UDPConn); ok {
		n, from, err := c.ReadFromUDPAddrPort(p)
		return n, unmap(from), err
	}
	n, from, err := conn.ReadFrom(p)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return n, addrPort(from), nil
}

// addrPort is a net.Addr as a comparable value; invalid for what is neither UDP nor TCP.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
