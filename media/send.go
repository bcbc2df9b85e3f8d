package media

import (
	"time"

	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/sdp"
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
	last     time.Duration
	sent     int64
	bytes    int64
	gaps     int64
	failed   int64
	stamp    uint32 // timestamp of the last packet
}

// departure is what is known of a packet when it is sent, for when the kernel has taken it.
type departure struct {
	stamp    uint32
	size     int // of the payload
	ptime    int
	playing  *playback // whose sound it carries, up to next
	next     position
	dialling *dialling // which it takes to state
	state    dialState
}

// send sends the packet that is due: a key, a prompt, or silence. s.mu is held. The timestamp follows the clock even
// when rounds were left out; a prompt goes on where it stopped, and only when the kernel has taken the packet.
func (s *Session) send(w *worker) {
	o := &s.out
	o.due = w.tick + s.period()
	if s.clock.held || !s.latch.to.IsValid() {
		o.flowing, o.last = false, 0
		return
	}
	h := header{
		marker: !o.flowing, payloadType: s.agreed.PayloadType,
		sequence: o.sequence, timestamp: o.origin + uint32(w.tick*tickSamples), ssrc: o.ssrc,
	}
	packet := w.carrier.packet()
	d := departure{stamp: h.timestamp, ptime: s.agreed.Ptime, size: s.agreed.Ptime * sampleRate / 1000}
	if press, ok := s.dial(&d, h.timestamp); ok {
		h.payloadType, h.timestamp, h.marker = s.agreed.EventType, press.Timestamp, press.Duration == uint16(d.size)
		d.size = dtmf.PayloadSize
		press.Put(packet[headerSize:])
	} else {
		d.playing, d.next = s.playing, s.playing.fill(packet[headerSize:headerSize+d.size], s.agreed.Codec)
	}
	h.put(packet[:])
	w.carrier.send(s, s.seal(packet[:], headerSize+d.size), s.latch.to, d)
}

// sent takes note of whether the kernel took a packet. s.mu is held.
func (s *Session) sent(d *departure, taken bool, now time.Duration) {
	o := &s.out
	if !taken {
		o.failed++
		o.flowing = false
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
	o.sequence++
	o.sent++
	o.bytes += int64(d.size)
}

// silence fills a payload with the codec's silence.
func silence(payload []byte, codec sdp.Codec) {
	b := byte(g711.SilenceMu)
	if codec == sdp.PCMA {
		b = g711.SilenceA
	}
	for i := range payload {
		payload[i] = b
	}
}
