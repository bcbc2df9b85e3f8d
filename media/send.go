package media

import (
	"time"

	"readback/media/dtmf"
)

const (
	// maxFrame is the longest payload that we send: 60 ms.
	maxFrame = 60 * sampleRate / 1000
	// tickSamples is how far the timestamp goes in a tick.
	tickSamples = sampleRate * int64(tickTime) / int64(time.Second)
	// gap is by how much a packet may leave later than its packet time before it counts as a gap.
	gap = 20 * time.Millisecond
)

// emission is our stream.
type emission struct {
	ssrc     uint32
	sequence uint16
	origin   uint32 // timestamp of tick 0
	due      int64  // tick of the next packet
	flowing  bool   // the last packet left when it was due
	resting  bool   // the last packet of sound or noise was one of noise
	quiet    int    // samples of silence since there was sound
	foreign  bool   // that sound was another session's or cut off: no prompt has brought the peer's decoder to rest
	last     time.Duration
	sent     int64
	bytes    int64
	gaps     int64
	failed   int64
	stamp    uint32 // timestamp of the last packet

	earlier, earlierBytes int64 // sent under an earlier SSRC
}

// departure is what is known of a packet when it is sent, for when the kernel has taken it.
type departure struct {
	stamp    uint32
	size     int // of the payload
	ptime    int
	resting  bool      // it is comfort noise, or a key in the midst of it
	foreign  bool      // and that was not brought to rest
	quiet    int       // samples of silence since there was sound, this packet's too
	playing  *playback // whose sound it carries, up to next
	next     position
	dialling *dialling // which it takes to state
	state    dialState
}

// send sends the packet that is due: a key, a prompt, comfort noise, or silence. s.mu is held. The timestamp follows the
// clock even when rounds were left out; a prompt goes on where it stopped, and only when the kernel has taken the packet.
func (s *Session) send(w *worker) {
	o := &s.out
	o.due = w.tick + s.period()
	h := header{
		marker: !o.flowing, payloadType: s.agreed.PayloadType,
		sequence: o.sequence, timestamp: o.origin + uint32(w.tick*tickSamples), ssrc: o.ssrc,
	}
	if s.clock.held || !s.latch.to.IsValid() {
		o.flowing, o.last = false, 0
		if s.bridged != nil {
			s.bridged.in.skip(h.timestamp)
		}
		return
	}
	packet := w.carrier.packet()
	d := departure{stamp: h.timestamp, ptime: s.agreed.Ptime, size: s.agreed.Ptime * sampleRate / 1000, quiet: o.quiet, foreign: o.foreign}
	s.carry(&h, &d, packet[headerSize:])
	h.put(packet[:])
	size, ok := s.seal(packet[:], headerSize+d.size)
	if !ok {
		s.sent(&d, false, w.now)
		return
	}
	w.carrier.send(s, size, s.latch.to, d)
}

// carry puts the payload of a packet together. s.mu is held.
func (s *Session) carry(h *header, d *departure, payload []byte) {
	said := s.relayed(d, payload[:d.size], h.timestamp)
	press, pressed := s.dial(d, h.timestamp)
	switch {
	case pressed:
		h.payloadType, h.timestamp, h.marker = s.agreed.EventType, press.Timestamp, press.Duration == uint16(d.size)
		s.measurePress(h.marker)
		d.size, d.resting = dtmf.PayloadSize, s.out.resting
		press.Put(payload)
	case said:
		h.marker = h.marker || s.out.resting
	case s.resting():
		d.size, d.resting = s.describeNoise(h, payload), true
	default:
		h.marker = h.marker || s.out.resting // a talkspurt begins (RFC 3551 section 4.1)
		p := s.playing
		if p != nil && s.unsettled(false) {
			p = nil
		}
		d.playing, d.next = p, p.fill(payload[:d.size], s.agreed.Codec)
		if d.quiet += d.size; p != nil {
			d.quiet = 0
		}
		d.foreign = (d.foreign || p != nil && p.fades) && d.quiet < calming
	}
}

// sent takes note of whether the kernel took a packet. s.mu is held.
func (s *Session) sent(d *departure, taken bool, now time.Duration) {
	o := &s.out
	if !taken {
		o.failed++
		o.flowing = false
		if s.crypto.out != nil {
			o.sequence++ // no number is used twice under a key (RFC 3711 section 9.1)
		}
		return
	}
	o.count(d, now)
	s.advanceDialling(d)
	s.advancePlaying(d)
}

// catchUp leaves out the packets that were due in rounds that were left out.
func (o *emission) catchUp(tick, period int64) {
	if late := tick - o.due; late > 0 {
		o.due += (late + period - 1) / period * period
		o.flowing = false
	}
}

// count keeps the books of a packet that left.
func (o *emission) count(d *departure, now time.Duration) {
	if o.last != 0 && now-o.last > time.Duration(d.ptime)*time.Millisecond+gap {
		o.gaps++
	}
	o.last, o.flowing, o.stamp = now, true, d.stamp
	o.resting, o.quiet, o.foreign = d.resting, d.quiet, d.foreign
	o.sequence++
	o.sent++
	o.bytes += int64(d.size)
}
