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
	slot     int64  // of the worker's round
	flowing  bool   // the last packet left when it was due
	last     time.Duration
	sent     int64
	bytes    int64
	gaps     int64
	failed   int64
	stamp    uint32 // timestamp of the last packet
}

// send sends the packet that is due: a key, a prompt, or silence. s.mu is held. The timestamp follows the clock even
// when rounds were left out; a prompt goes on where it stopped, and only when the kernel has taken the packet.
func (s *Session) send(w *worker, tick int64, now time.Duration) {
	o := &s.out
	o.due = tick + s.period()
	if s.clock.held || !s.latch.to.IsValid() {
		o.flowing, o.last = false, 0
		return
	}
	h := header{
		marker: !o.flowing, payloadType: s.agreed.PayloadType,
		sequence: o.sequence, timestamp: o.origin + uint32(tick*tickSamples), ssrc: o.ssrc,
	}
	samples := s.agreed.Ptime * sampleRate / 1000
	payload := w.out[headerSize : headerSize+samples]
	var key step
	var next position
	if s.dialling != nil {
		key = s.dialling.next(h.timestamp, samples)
	}
	if key.press {
		h.payloadType, h.timestamp, h.marker = s.agreed.EventType, key.packet.Timestamp, key.first
		payload = payload[:dtmf.PayloadSize]
		key.packet.Put(payload)
	} else {
		next = s.playing.fill(payload, s.agreed.Codec)
	}
	h.put(w.out[:])
	if err := s.rtp.write(w.out[:headerSize+len(payload)], s.latch.to); err != nil {
		o.failed++
		o.flowing = false
		return
	}
	o.count(h, len(payload), s.agreed.Ptime, now)
	s.advanceDialling(key)
	if !key.press {
		s.advancePlaying(next)
	}
}

// catchUp leaves out the packets that were due in rounds that were left out.
func (o *emission) catchUp(tick, period int64) {
	if late := tick - o.due; late > 0 {
		o.due += (late + period - 1) / period * period
		o.flowing = false
	}
}

// count keeps the books of a packet that left.
func (o *emission) count(h header, size, ptime int, now time.Duration) {
	if o.last != 0 && now-o.last > time.Duration(ptime)*time.Millisecond+gap {
		o.gaps++
	}
	o.last, o.flowing, o.stamp = now, true, h.timestamp
	o.sequence++
	o.sent++
	o.bytes += int64(size)
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
