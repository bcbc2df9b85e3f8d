package dtmf

import "time"

const (
	// A segment of a long press ends at 65535 units or, with senders that count whole packets, up to 100 ms before.
	segment      = 0xFFFF
	segmentSlack = 800
	// shortestPause is less than there can be between two presses.
	shortestPause = 300
	// hole is how much of the end of a segment may be lost: two seconds.
	hole = 16000
)

// press is what is known of one press.
type press struct {
	seen           bool
	ended          bool
	oldest, newest Packet        // by sequence number
	first, last    uint32        // timestamps
	began, at      time.Duration // when it, or its newest segment, seems to have begun, and when it was heard last
}

func (k *press) covers(p Packet) bool { return p.Timestamp-k.first <= k.last-k.first }

// moved reports whether p is a packet of the press although it has another SSRC: it has the timestamp, or the press, or
// the segment of it, began at the same moment.
func (k *press) moved(p Packet, at time.Duration) bool {
	late := p.began(at) - k.began
	return k.covers(p) && at-k.at < apart || late.Abs() < moment || p.End && late.Abs() < 2*moment
}

// nextSegment reports whether p begins or belongs to the segment after the newest (RFC 4733 section 2.5.1.3). Only of
// two presses of one key whose beginnings are as far apart as those of segments the second could be mistaken, and only
// when all end packets of the first are lost.
func (k *press) nextSegment(p Packet) bool {
	step := p.Timestamp - k.last
	if step > segment || step < segment-segmentSlack {
		return false
	}
	if k.ended { // at the segment's end, which some mark
		return uint32(k.newest.Duration)+shortestPause > step
	}
	return uint32(k.newest.Duration)+hole >= step
}

// again reports whether p is the start of another press that repeats the numbers of this one.
func (k *press) again(p Packet, at time.Duration) bool {
	if !k.ended || p.Timestamp != k.first && p.Timestamp != k.last {
		return false
	}
	gap := int16(p.Sequence - k.newest.Sequence)
	switch {
	case gap <= 0:
		return at-k.at >= apart
	case p.End && gap <= endGap:
		return at-k.at >= stall
	}
	return true
}

// betrays reports whether p ends a press after which another with its numbers has begun already: it comes late, and its
// sequence number is before that of a packet that is no end.
func (k *press) betrays(p Packet) bool {
	return !k.ended && p.End && p.Timestamp == k.last && p.after(k.oldest) && k.newest.after(p)
}

// extend adds a packet to its press. One that was sent before the oldest of them may be of an earlier press with the same
// timestamp; it says nothing new.
func (k *press) extend(p Packet, at time.Duration) {
	k.at = max(k.at, at)
	switch {
	case k.covers(p):
		k.began = min(k.began, p.began(at))
		if p.after(k.newest) {
			k.newest = p
			k.ended = k.ended || p.End
		}
	case p.after(k.newest): // on to the next segment
		k.last, k.newest, k.ended, k.began = p.Timestamp, p, p.End, p.began(at)
	default:
		k.first, k.oldest = p.Timestamp, p
	}
}
