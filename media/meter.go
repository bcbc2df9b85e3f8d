package media

import (
	"time"

	"readback/media/sdp"
)

// meter is what a session measures for Options.Pacing and Options.Reaction.
type meter struct {
	arrivals arrivals
	turns    turns
}

// measure takes a packet of the peer's stream that came at a time of the wall clock. s.mu is held.
func (s *Session) measure(h header, f sdp.Format, payload []byte, at time.Duration) {
	if !f.Noise && f.Codec == sdp.None {
		s.meter.arrivals.begun = false // its timestamp says when a key went down
		return
	}
	if s.options.Pacing != nil {
		s.meter.arrivals.packet(s.options.Pacing, h, f.Noise, at)
	}
	if s.options.Reaction != nil {
		s.meter.turns.packet(s.options.Reaction, f, payload, s.clock.time, at)
	}
}

// measurePress takes note of the packet that begins a key press of ours. s.mu is held.
func (s *Session) measurePress(begins bool) {
	if begins && s.options.Reaction != nil {
		s.meter.turns.press(s.clock.time, wall())
	}
}
