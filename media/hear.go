package media

import (
	"time"

	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/sdp"
)

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

// comfort takes a description of the peer's silence (RFC 3389).
func (s *Session) comfort(h header, payload []byte) {}

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
