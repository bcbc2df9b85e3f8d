package media

import (
	"net/netip"
	"time"

	"readback/media/sdp"
)

// maxDrain bounds how many datagrams of a session are read in one visit. A peer sends two at most; more is a burst or a flood.
const maxDrain = 16

// receive reads what has come since the last visit. s.mu is held.
func (s *Session) receive(w *worker, tick int64) {
	for range maxDrain {
		n, from, at, ok := s.rtp.read(w.in[:])
		if !ok {
			return
		}
		s.packet(w, tick, w.in[:n], from, at)
	}
}

func (s *Session) packet(w *worker, tick int64, p []byte, from netip.AddrPort, at time.Duration) {
	if isRTCP(p) {
		if s.agreed.Mux && from == s.latch.source {
			s.takeReport(p)
		}
		return
	}
	h, payload, ok := parseRTP(p)
	if !ok {
		s.in.invalid++
		return
	}
	format := s.formats[h.payloadType]
	if !s.admit(from, format != sdp.Format{}, tick) {
		return
	}
	s.heard = s.clock.time
	switch {
	case format.Events:
		s.in.packet(h, at, false)
		s.event(h, payload, at)
	case format.Codec != sdp.None:
		s.in.packet(h, at, true)
		s.sound(w, h, format.Codec, payload)
	default: // comfort noise, keep-alives
		s.in.packet(h, at, false)
	}
}
