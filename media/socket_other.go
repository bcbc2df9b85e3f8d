//go:build !linux

package media

import (
	"net"
	"net/netip"
)

// waiting is how many datagrams a port holds until its worker comes round.
const waiting = 64

// openSocket reads in a goroutine of its own, which ends with the socket.
func openSocket(at netip.AddrPort) (packetIO, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	s := &socket{UDPConn: conn, in: make(chan datagram, waiting), done: make(chan struct{})}
	go s.receive()
	return &polled{conn: s}, nil
}

type datagram struct {
	from netip.AddrPort
	data []byte
}

type socket struct {
	*net.UDPConn
	in   chan datagram
	done chan struct{}
}

func (s *socket) receive() {
	defer close(s.done)
	for {
		p := make([]byte, maxPacket)
		n, from, err := s.ReadFromUDPAddrPort(p)
		if err != nil {
			return
		}
		select {
		case s.in <- datagram{netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), p[:n]}:
		default:
		}
	}
}

func (s *socket) TryRead(p []byte) (int, netip.AddrPort, bool) {
	select {
	case d := <-s.in:
		return copy(p, d.data), d.from, true
	default:
		return 0, netip.AddrPort{}, false
	}
}

func (s *socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	return s.WriteToUDPAddrPort(p, to)
}

func (s *socket) Close() error {
	err := s.UDPConn.Close()
	<-s.done
	return err
}
