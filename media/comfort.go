package media

import (
	"readback/media/g711"
	"readback/media/g722"
	"readback/media/noise"
	"readback/media/sdp"
)

// comfortLevel is how loud the noise is that we describe where the peer takes comfort noise, in −dBov. Our prompts are
// recorded clean: it is faint, and the same for all of them.
const comfortLevel = 70

// calming is how much silence goes out after sound, and at first, before comfort noise does: in samples, where what was
// decoded before counts for what comes next. The peer's decoder then waits at rest for the next prompt (see g722.AtRest).
const calming = 40 * sampleRate / 1000

// resting reports whether a packet is to carry comfort noise: where it was agreed on and nothing plays. It then goes out
// in the place of silence, at the same pace. s.mu is held.
func (s *Session) resting() bool {
	return s.agreed.Noise && s.playing == nil && (s.agreed.Codec != sdp.G722 || s.out.quiet >= calming)
}

// unsettled reports whether the peer's decoder must be brought to rest before a prompt or before what another session
// says: it last heard the other of the two. s.mu is held.
func (s *Session) unsettled(foreign bool) bool {
	return s.agreed.Codec == sdp.G722 && s.out.foreign != foreign && s.out.quiet < calming
}

// describeNoise puts together the packet of a silence (RFC 3389 section 3): its size.
func (s *Session) describeNoise(h *header, payload []byte) int {
	h.payloadType, h.marker = s.agreed.NoiseType, false
	if s.bridged != nil {
		if n := s.bridged.in.describe(payload); n > 0 {
			return n
		}
	}
	payload[0] = noise.Payload(comfortLevel)
	return 1
}

// silence fills a payload with the codec's silence.
func silence(payload []byte, codec sdp.Codec) {
	b := byte(g711.SilenceMu)
	switch codec {
	case sdp.PCMA:
		b = g711.SilenceA
	case sdp.G722:
		b = g722.Silence
	}
	for i := range payload {
		payload[i] = b
	}
}
