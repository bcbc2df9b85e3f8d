// Package dtmf turns the telephone-events of an RTP stream (RFC 4733) into key presses, and back.
package dtmf

import "time"

const (
	// remembered is how many presses late packets are compared with.
	remembered = 8
	// apart is the pause after which an ended press whose numbers come again is another press: some senders
	// replay the same packets. Reordering in a network is over long before.
	apart = 300 * time.Millisecond
	// endGap is the distance in sequence numbers at which another end packet is no repetition of the first (section 2.5.1.4 has three).
	endGap = 10
	// A segment of a long press ends at 65535 units or, with senders that count whole packets, up to 200 ms before.
	segment      = 0xFFFF
	segmentSlack = 1600
	// slope is how far the timestamp of a sender that wrongly moves it within a press may run ahead of the duration.
	slope = 80
)

// A Detector turns the packets of a stream into key presses, one each. The packets of a press (or of one 65535-unit
// segment of a long one, RFC 4733 section 2.5.1.3) carry its first timestamp, so a press counts even when its marker,
// its start or its end is lost. Where a sender repeats a timestamp, the end bit tells presses apart together with the
// gap in sequence numbers or in time. The zero value is ready; a Detector serves one SSRC.
type Detector struct {
	presses [remembered]press
	last    int // index of the newest press
}

type press struct {
	seen        bool
	ended       bool
	event       byte
	sequence    uint16 // newest
	first, last uint32 // timestamps
	duration    uint16 // longest of the newest segment
	at          time.Duration
}

// Packet takes the next packet as it arrived; at is its arrival on any steady clock. It reports the key when the
// packet is the first heard of a press, and false for repetitions, late packets and events that are no keys.
func (d *Detector) Packet(p Packet, at time.Duration) (Key, bool) {
	key, ok := KeyOf(p.Event)
	if !ok {
		return 0, false
	}
	known := d.find(p)
	if known == nil {
		d.begin(p, at)
		return key, true
	}
	if known.again(p, at) {
		d.begin(p, at)
		return key, true
	}
	known.extend(p, at)
	return 0, false
}

func (d *Detector) begin(p Packet, at time.Duration) {
	d.last = (d.last + 1) % remembered
	d.presses[d.last] = press{
		seen: true, ended: p.End, event: p.Event, sequence: p.Sequence,
		first: p.Timestamp, last: p.Timestamp, duration: p.Duration, at: at,
	}
}

// find returns the press that p belongs to by its numbers, the newest first; nil for a press not heard of.
func (d *Detector) find(p Packet) *press {
	for i := range remembered {
		known := &d.presses[(d.last+remembered-i)%remembered]
		if known.seen && known.event == p.Event && (known.covers(p) || i == 0 && known.continues(p)) {
			return known
		}
	}
	return nil
}

func (k *press) covers(p Packet) bool { return p.Timestamp-k.first <= k.last-k.first }

// continues reports whether p carries the press on under a later timestamp.
func (k *press) continues(p Packet) bool {
	step := p.Timestamp - k.last
	if step <= segment && step >= segment-segmentSlack { // the next segment
		return k.duration > segment/2 && (!k.ended || uint32(k.duration) >= step)
	}
	grown := int(p.Duration) - int(k.duration) // a sender whose timestamp runs along
	return !k.ended && k.newer(p) && grown > 0 && step <= uint32(grown)+slope
}

// again reports whether p is the start of another press that repeats the numbers of this one.
func (k *press) again(p Packet, at time.Duration) bool {
	switch {
	case !k.ended || k.last != p.Timestamp:
		return false
	case at-k.at >= apart:
		return true
	case !k.newer(p):
		return false
	case p.End:
		return p.Sequence-k.sequence > endGap
	}
	return true
}

func (k *press) extend(p Packet, at time.Duration) {
	if p.Timestamp-k.first > k.last-k.first { // on to the next segment
		k.last, k.duration, k.ended = p.Timestamp, 0, false
	}
	if k.newer(p) {
		k.sequence = p.Sequence
	}
	if p.Timestamp == k.last {
		k.duration = max(k.duration, p.Duration)
		k.ended = k.ended || p.End
	}
	k.at = at
}

func (k *press) newer(p Packet) bool { return int16(p.Sequence-k.sequence) > 0 }
