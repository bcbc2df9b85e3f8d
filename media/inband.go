package media

import (
	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/g722"
	"readback/media/sdp"
)

const (
	// toneBefore is how long before the packet in which a tone is certain it may have begun, in samples: 80 ms.
	toneBefore = 80 * sampleRate / 1000
	// toneWords is how much sound the tones are looked for in at a time: 20 ms.
	toneWords = 160
)

// inBand hears keys in the sound of a peer (ITU-T Q.23): in order, each packet once. What comes late is lost.
type inBand struct {
	tones    dtmf.Tones
	wideband g722.Decoder
	begun    bool
	ssrc     uint32
	sequence uint16 // newest
	next     uint32 // timestamp of what comes after it
	size     int    // of the longest packet, in samples
}

// hearTones looks for keys in a packet of sound, or notes with no payload that the peer is silent. A tone is not to be
// heard in what is recorded, whether the key is believed or not. s.mu is held.
func (s *Session) hearTones(h header, codec sdp.Codec, payload []byte) {
	if s.clock.held || !s.wantsTones() {
		s.tones = nil
		return
	}
	if s.tones == nil {
		s.tones = &inBand{}
	}
	t := s.tones
	if !t.follow(h, len(payload)) {
		return
	}
	for stamp := h.timestamp; len(payload) > 0; {
		n := min(len(payload), toneWords)
		key, ok := t.hear(codec, payload[:n])
		if ok {
			s.mute(stamp-toneBefore, toneBefore+n)
			s.press(key, byTone)
		} else if t.tones.Down() != 0 {
			s.mute(stamp, n)
		}
		payload, stamp = payload[n:], stamp+uint32(n)
	}
}

// wantsTones reports whether tones in the sound are taken for keys now.
func (s *Session) wantsTones() bool {
	switch s.options.InBand {
	case InBandNever:
		return false
	case InBandAlways:
		return true
	}
	return !s.agreed.Events
}

// follow puts a packet of so many samples behind what was heard; false when it comes too late.
func (t *inBand) follow(h header, samples int) bool {
	step := int16(h.sequence - t.sequence)
	if !t.begun || h.ssrc != t.ssrc || step > maxDropout || step < -maxDropout {
		*t = inBand{begun: true, ssrc: h.ssrc, next: h.timestamp}
		step = 1
	}
	if step <= 0 {
		return false
	}
	gap := max(0, int(int32(h.timestamp-t.next)))
	t.size = max(t.size, samples)
	lost := min(gap, int(step-1)*t.size)
	t.tones.Skip(lost)
	t.pause(gap - lost)
	t.sequence, t.next = h.sequence, h.timestamp+uint32(samples)
	return true
}

// pause is a gap in the sound for which no packet is missing: the peer was silent.
func (t *inBand) pause(samples int) {
	var silence [toneWords]int16
	if samples > sampleRate {
		t.tones = dtmf.Tones{}
		return
	}
	for ; samples > 0; samples -= toneWords {
		t.tones.Hear(silence[:min(samples, toneWords)])
	}
}

// hear decodes up to toneWords bytes and looks for a key in them.
func (t *inBand) hear(codec sdp.Codec, payload []byte) (Key, bool) {
	var pcm [toneWords]int16
	switch codec {
	case sdp.PCMA:
		g711.DecodeA(pcm[:], payload)
	case sdp.G722:
		t.wideband.DecodeNarrow(pcm[:], payload)
	default:
		g711.DecodeMu(pcm[:], payload)
	}
	return t.tones.Hear(pcm[:len(payload)])
}
