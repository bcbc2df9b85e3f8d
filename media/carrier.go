package media

import "net/netip"

// The ways in which packets reach the kernel.
const (
	ioRing  = "io_uring" // a tick's packets in one system call
	ioPlain = "plain"    // a system call a packet
)

// A carrier moves packets between a worker's sessions and the kernel. It is used by the worker's goroutine alone, and
// calls Session.take and Session.sent, with the session's lock held.
type carrier interface {
	// adopt and release frame the time in which a session's port is with the worker.
	adopt(s *Session)
	release(s *Session)
	// ready makes room for a visit. No session is locked.
	ready()
	// receive brings what has come for a session, now or with flush. The session's lock is held.
	receive(s *Session)
	// packet is where the next packet to send is put together.
	packet() *[packetSize]byte
	// send sends so many bytes of packet, now or with flush. The session's lock is held.
	send(s *Session, size int, to netip.AddrPort, d departure)
	// flush does what was put off. No session is locked.
	flush()
	close()
}

// packetSize is the longest packet that we send: the header, 60 ms of sound, and what SRTP adds.
const packetSize = headerSize + maxFrame + 20

// A plain carrier makes a system call for each packet.
type plain struct {
	w   *worker
	in  [maxPacket]byte
	out [packetSize]byte
}

func (*plain) adopt(*Session)   {}
func (*plain) release(*Session) {}
func (*plain) ready()           {}
func (*plain) flush()           {}
func (*plain) close()           {}

func (p *plain) packet() *[packetSize]byte { return &p.out }

// maxDrain bounds how many datagrams of a session are read in one visit. A peer sends two at most; more is a burst or a flood.
const maxDrain = 16

func (p *plain) receive(s *Session) {
	for range maxDrain {
		n, from, at, ok := s.rtp.read(p.in[:])
		if !ok || !s.take(p.w, p.in[:n], from, at) {
			return
		}
	}
}

func (p *plain) send(s *Session, size int, to netip.AddrPort, d departure) {
	err := s.rtp.write(p.out[:size], to)
	s.sent(&d, err == nil, p.w.now)
}
