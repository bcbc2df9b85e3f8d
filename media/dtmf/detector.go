// Package dtmf turns what a telephone sends for its keys into key presses, one each, and back: the telephone-events of
// an RTP stream (RFC 4733) with [Detector], tones in the sound (ITU-T Q.23 and Q.24) with [Tones].
package dtmf

import "time"

const (
	// remembered is how many presses late packets are compared with.
	remembered = 8
	// apart is the pause after which an ended press whose numbers come again is another press: some senders
	// replay the same packets. Reordering in a network is over long before.
	apart = 300 * time.Millisecond
	// stall is how late the repetitions of an end packet may come: a network may stand still for a while.
	stall = time.Second
	// endGap is the distance in sequence numbers at which an end packet is no repetition of the one before
	// (section 2.5.1.4 has three, between which sound may be sent). A press of two packets after a pause of two is further.
	endGap = 4
	// moment is how far apart the beginnings of one press may seem to be, and those of two are not.
	moment = 80 * time.Millisecond
)

// A Detector turns the telephone-events of a call into key presses, one each. The packets of a press (or of one
// 65535-unit segment of a long one, RFC 4733 section 2.5.1.3) carry its first timestamp, so a press counts even when its
// marker, its start or its end is lost. Where a sender repeats a timestamp, the end bit tells presses apart together
// with the gap in sequence numbers or in time: of such presses one is missed when every end packet of the one before is
// lost. The zero value is ready; a Detector serves a call, whose payload types and SSRCs may change.
type Detector struct {
	presses [remembered]press
	last    int    // index of the newest press
	pace    uint32 // what a packet adds to the duration; 0 while not known
}

// Packet takes the next packet as it arrived; at is its arrival on any steady clock. It reports the key when the
// packet is the first heard of a press, and false for repetitions, late packets and events that are no keys.
func (d *Detector) Packet(p Packet, at time.Duration) (Key, bool) {
	key, ok := KeyOf(p.Event)
	if !ok {
		return 0, false
	}
	known := d.find(p, at)
	switch {
	case known == nil:
		d.begin(p, at)
		return key, true
	case known.newest.Source != p.Source: // the sender became another one
		d.begin(p, at)
		return 0, false
	case known.again(p, at):
		d.begin(p, at)
		return key, true
	case known.betrays(p):
		known.oldest = known.newest
		return key, true
	}
	d.learn(known, p)
	if p.after(known.newest) {
		known = d.promote(known)
	}
	known.extend(p, at)
	return 0, false
}

func (d *Detector) begin(p Packet, at time.Duration) {
	d.last = (d.last + 1) % remembered
	d.presses[d.last] = press{
		seen: true, ended: p.End, oldest: p, newest: p, first: p.Timestamp, last: p.Timestamp, began: p.began(at), at: at,
	}
}

// promote makes a press the newest again: another with its numbers was begun, unnoticed.
func (d *Detector) promote(k *press) *press {
	for i := remembered - 1; i > 0; i-- {
		older, newer := d.back(i), d.back(i-1)
		if k == older {
			*older, *newer = *newer, *older
			k = newer
		}
	}
	return k
}

// back is the press so many before the newest.
func (d *Detector) back(i int) *press { return &d.presses[(d.last+remembered-i)%remembered] }

// find returns the press that p belongs to by its numbers, the newest first; nil for a press not heard of.
func (d *Detector) find(p Packet, at time.Duration) *press {
	var other *press
	for i := range remembered {
		known := d.back(i)
		switch {
		case !known.seen || known.newest.Event != p.Event:
		case known.newest.Source != p.Source:
			if other == nil && known.moved(p, at) {
				other = known
			}
		case known.covers(p) || i == 0 && known.nextSegment(p) ||
			d.runs(known.newest, p, at-known.at) || d.runs(p, known.oldest, known.at-at):
			return known
		}
	}
	return other
}

// learn follows how the durations of a press grow from packet to packet.
func (d *Detector) learn(k *press, p Packet) {
	step := p.Sequence - k.newest.Sequence
	if !p.after(k.newest) || p.End || k.newest.End || p.Timestamp != k.newest.Timestamp && step != 1 {
		return
	}
	if grown := int(p.Duration) - int(k.newest.Duration); grown >= minPace*int(step) && grown <= maxPace*int(step) {
		d.pace = uint32(grown) / uint32(step)
	}
}
