package media

import (
	"net/netip"
	"time"

	"readback/media/sdp"
)

// take takes a datagram that came from a place at a time of the wall clock, and tells whether another may be waiting.
// s.mu is held.
func (s *Session) take(w *worker, p []byte, from netip.AddrPort, at time.Duration) (more bool) {
	if s.closed {
		return false
	}
	more = at == 0 || !s.latch.source.IsValid() || at+s.in.spacing() <= w.wall
	s.packet(w, p, from, w.arrival(at))
	return more
}

// arrival is when a datagram came, by the wall clock; of one without time stamp, now.
func (w *worker) arrival(at time.Duration) time.Duration {
	if at == 0 {
		return w.wall
	}
	return at
}

func (s *Session) packet(w *worker, p []byte, from netip.AddrPort, at time.Duration) {
	if isRTCP(p) {
		if s.agreed.Mux && from == s.latch.source {
			s.takeReport(p, at)
		}
		return
	}
	p, ok := s.unseal(p)
	if !ok {
		s.in.invalid++
		return
	}
	h, payload, ok := parseRTP(p)
	if !ok {
		s.in.invalid++
		return
	}
	format := s.formats[h.payloadType]
	if !s.admit(from, format != sdp.Format{}, w.tick) {
		return
	}
	s.heard = s.clock.time
	s.measure(h, format, payload, at)
	switch {
	case format.Events:
		s.in.packet(h, at, false)
		s.event(h, payload, at)
	case format.Noise:
		s.in.packet(h, at, true)
		s.comfort(h, payload)
	case format.Codec != sdp.None:
		s.in.packet(h, at, true)
		s.sound(h, format.Codec, payload)
	default: // keep-alives
		s.in.packet(h, at, false)
	}
}
