package dtmf

import "time"

const (
	// Packets add 5 to 200 ms to the duration; two presses begin at least 80 ms apart.
	minPace, maxPace = 40, 1600
	shortPace        = 80  // where it is not known,
	longPace         = 480 // and at most
	// slope is how far the timestamp of a sender that moves it within a press may be from what the duration says.
	slope = 80
	// runningEnds is how many end packets of such a sender say the same duration under other timestamps.
	runningEnds = 3
)

// runs reports whether b was sent after a in the same press by a sender whose timestamp wrongly runs along with the
// duration. Between two presses of one key the packets are more, and the time is longer, than what the duration has
// grown by.
func (d *Detector) runs(a, b Packet, elapsed time.Duration) bool {
	if !b.after(a) {
		return false
	}
	packets := uint32(b.Sequence - a.Sequence)
	step, grown := b.Timestamp-a.Timestamp, uint32(b.Duration)-uint32(a.Duration)
	pace, least := d.pace, d.pace
	if d.pace == 0 {
		pace, least = min(step/packets, longPace), shortPace
	}
	if a.End {
		return b.End && grown == 0 && packets < runningEnds && step <= packets*pace+slope
	}
	if grown > segment {
		return false
	}
	room := grown + slope
	if b.End { // the timestamp runs on while the duration stands still
		room += runningEnds * pace
		if ran := packets * pace; step > ran+slope || step+slope < ran {
			return false
		}
	}
	if step+slope < grown || step > room || packets*least > room {
		return false
	}
	return d.pace != 0 || packets <= 2 || elapsed <= 3*units(room)/2
}
