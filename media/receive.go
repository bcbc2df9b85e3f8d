package media

import (
	"net/netip"
	"time"

	"readback/media/dtmf"
	"readback/media/g711"
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

// sound gives audio to whoever listens.
func (s *Session) sound(w *worker, h header, codec sdp.Codec, payload []byte) {
	if s.recording == nil && s.tap == nil {
		return
	}
	pcm := w.pcm[:len(payload)]
	decode(codec, pcm, payload)
	if s.recording != nil {
		s.recording.line.put(h.timestamp, pcm, s.clock.time)
	}
	if s.tap != nil {
		s.tap.line.put(h.timestamp, pcm, s.clock.time)
	}
}

// event takes a packet of a key press. The press is not to be heard in what is recorded.
func (s *Session) event(h header, payload []byte, at time.Duration) {
	p, ok := dtmf.Parse(h.sequence, h.timestamp, payload)
	if !ok {
		s.in.invalid++
		return
	}
	if s.recording != nil {
		s.recording.line.mute(p.Timestamp, int(p.Duration), s.clock.time)
	}
	if key, ok := s.in.keys.Packet(p, at); ok {
		s.press(key, byEvent)
	}
}

func decode(codec sdp.Codec, pcm []int16, payload []byte) {
	if codec == sdp.PCMA {
		g711.DecodeA(pcm, payload)
		return
	}
	g711.DecodeMu(pcm, payload)
}
