package media

import (
	"net/netip"
	"time"
)

// maxPacket is the longest datagram looked at.
const maxPacket = 1500

// packetIO is one open port as a worker uses it. Nothing in it blocks. It is used by one goroutine at a time.
type packetIO interface {
	// read takes a waiting datagram; at is its arrival by the wall clock since 1970, 0 when nobody knows.
	read(p []byte) (n int, from netip.AddrPort, at time.Duration, ok bool)
	// write sends a datagram; nil means that the kernel has it.
	write(p []byte, to netip.AddrPort) error
	// connect drops everybody else's datagrams from now on; the zero address lets all in again.
	connect(to netip.AddrPort) error
	close() error
}

// polled makes a packetIO of a Network's port.
type polled struct {
	conn PacketConn
	only netip.AddrPort
}

func (p *polled) read(b []byte) (int, netip.AddrPort, time.Duration, bool) {
	for {
		n, from, ok := p.conn.TryRead(b)
		if !ok {
			return 0, netip.AddrPort{}, 0, false
		}
		if !p.only.IsValid() || from == p.only {
			return n, from, 0, true
		}
	}
}

func (p *polled) write(b []byte, to netip.AddrPort) error {
	_, err := p.conn.WriteToAddrPort(b, to)
	return err
}

func (p *polled) connect(to netip.AddrPort) error {
	p.only = to
	return nil
}

func (p *polled) close() error { return p.conn.Close() }
