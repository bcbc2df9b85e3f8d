package media

import (
	"net/netip"
	"slices"
)

const (
	// courtesy is how long another source than the one in the session description waits for that one, in ticks.
	courtesy = 12
	// farewell is how long the source of before waits when the peer has moved elsewhere: it may still be sending.
	farewell = 400
)

// latch is who is heard, and who is sent to. The first source that belongs here and sends what was agreed on is
// latched; then nobody else is heard until the peer describes its session anew.
type latch struct {
	source   netip.AddrPort    // whom we hear; invalid while open
	previous netip.AddrPort    // whom we heard before it was opened
	former   [4]netip.AddrPort // and before that, and so on: forks of one call may all go on sending
	named    netip.AddrPort    // the last address that the peer named
	moved    bool              // it is another one than before
	since    int64             // tick of the first packet that had to wait; 0 when none
	to       netip.AddrPort    // where we send; invalid when nowhere
	strays   int64             // packets from elsewhere
	stray    netip.AddrPort    // where the last of them came from
}

// openLatch lets the peer's packets come from a new place. s.mu is held.
func (s *Session) openLatch() {
	l := &s.latch
	if l.source.IsValid() {
		l.previous = l.source
		if !slices.Contains(l.former[:], l.source) {
			copy(l.former[1:], l.former[:])
			l.former[0] = l.source
		}
		if err := s.rtp.connect(netip.AddrPort{}); err != nil {
			s.engine.config.Log.Warn("media: cannot free the RTP port from its source", "error", err)
		}
	}
	remote := s.agreed.Remote
	if !remote.Addr().IsUnspecified() { // which is how old phones hold
		l.moved = l.named.IsValid() && l.named != remote
		l.named = remote
	}
	l.source, l.since = netip.AddrPort{}, 0
	switch {
	case l.previous.IsValid() && !l.moved:
		l.to = l.previous
	case !remote.Addr().IsUnspecified() && s.options.allows(remote.Addr()):
		l.to = remote
	default:
		l.to = netip.AddrPort{}
	}
}

// admit reports whether a packet's source is the one to hear; agreed says that its payload type was negotiated.
func (s *Session) admit(from netip.AddrPort, agreed bool, tick int64) bool {
	l := &s.latch
	if l.source.IsValid() {
		if from != l.source {
			l.strays++
		}
		return from == l.source
	}
	if !agreed || !s.belongs(from.Addr()) {
		l.strays++
		l.stray = from
		return false
	}
	if wait := s.courtesy(from); wait > 0 {
		if l.since == 0 {
			l.since = tick
		}
		if tick-l.since < wait {
			return false
		}
	}
	s.closeLatch(from)
	return true
}

func (s *Session) closeLatch(from netip.AddrPort) {
	l := &s.latch
	if from != l.previous {
		s.in.restart()
	}
	l.source = from
	if err := s.rtp.connect(from); err != nil {
		s.engine.config.Log.Warn("media: cannot bind the RTP port to its source", "error", err)
	}
	l.to = netip.AddrPort{}
	if s.options.allows(from.Addr()) {
		l.to = from
	}
}

// belongs reports whether sound may come from an address at all.
func (s *Session) belongs(a netip.Addr) bool {
	return a == s.agreed.Remote.Addr() || s.options.allows(a)
}

// courtesy is how many ticks a source has to wait for a better one.
func (s *Session) courtesy(from netip.AddrPort) int64 {
	l := &s.latch
	switch {
	case from == s.agreed.Remote, from == l.previous && !l.moved:
		return 0
	case l.moved && slices.Contains(l.former[:], from):
		return farewell
	case from.Addr() == s.agreed.Remote.Addr() && !l.moved:
		return 0
	}
	return courtesy
}
