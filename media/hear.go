package media

import (
	"time"

	"readback/media/dtmf"
	"readback/media/sdp"
)

// sound gives audio to whoever listens.
func (s *Session) sound(h header, codec sdp.Codec, payload []byte) {
	s.pass(noteOf(h, noteSound, codec), payload)
	s.hearTones(h, codec, payload)
}

// comfort takes a description of the peer's silence (RFC 3389).
func (s *Session) comfort(h header, payload []byte) {
	s.pass(noteOf(h, noteComfort, sdp.None), payload[:min(len(payload), maxComfort)])
	s.hearTones(h, sdp.None, nil)
}

// event takes a packet of a key press. The press is not to be heard in what is recorded.
func (s *Session) event(h header, payload []byte, at time.Duration) {
	p, ok := dtmf.Parse(h.sequence, h.timestamp, payload)
	if !ok {
		s.in.invalid++
		return
	}
	p.Source = h.ssrc
	n := noteOf(h, noteEvent, sdp.None)
	n.duration = uint32(p.Duration)
	s.pass(n, nil)
	if key, ok := s.in.keys.Packet(p, at); ok {
		s.press(key, byEvent)
	}
}

// mute keeps a tone that was taken for a key out of what is recorded: the sound from an RTP timestamp on, so many samples
// of 8 kHz, at least until now, and a little around it. It reaches back over what came in the last 200 ms. s.mu is held.
func (s *Session) mute(timestamp uint32, duration int) {
	s.pass(note{timestamp: timestamp, duration: uint32(duration), what: noteTone}, nil)
}

// pass gives what has come to the recording, the tap and the other side of a bridge. What comes on hold is for nobody.
// s.mu is held.
func (s *Session) pass(n note, payload []byte) {
	if s.recording == nil && s.tap == nil && s.bridged == nil || s.clock.held {
		return
	}
	n.at = s.clock.time
	if s.bridged != nil {
		s.bridged.pass(n, payload, s.keys.way)
	}
	if s.recording != nil {
		s.recording.intake.add(n, payload)
	}
	if s.tap != nil {
		s.tap.accept(n, payload)
	}
}
