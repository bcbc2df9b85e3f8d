package media

import (
	"time"

	"readback/media/dtmf"
)

const (
	// sampleRate is that of every codec we speak, and of RTP timestamps, in Hz.
	sampleRate = 8000
	sample     = time.Second / sampleRate
	// maxDropout is the step in sequence numbers beyond which a stream is taken to have begun again (RFC 3550 appendix A.1).
	maxDropout = 3000
)

// reception counts the peer's stream (RFC 3550 sections 6.4.1, A.1, A.3 and A.8).
type reception struct {
	begun     bool
	ssrc      uint32
	first     uint32 // extended sequence number
	highest   uint32
	count     int64 // of this SSRC
	transit   time.Duration
	timed     bool          // transit is set
	timestamp uint32        // of the newest sound
	pace      time.Duration // between packets of sound
	jitter    time.Duration
	received  int64 // of all
	lost      int64 // of earlier SSRCs
	runs      int64 // of lost packets, one after the other; those that come late are in it
	reordered int64
	invalid   int64
	keys      dtmf.Detector

	// For the loss since the last report.
	reportedExpected, reportedCount int64
}

// packet counts one; sound says that its timestamp tells when it was made.
func (r *reception) packet(h header, at time.Duration, sound bool) {
	if !r.begun || h.ssrc != r.ssrc {
		r.restart()
		r.begun, r.ssrc = true, h.ssrc
		r.first = 1<<16 | uint32(h.sequence)
		r.highest = r.first - 1
	}
	r.received++
	r.count++
	step := r.order(h.sequence)
	if sound {
		r.time(h.timestamp, at)
		r.follow(h.timestamp, step)
	}
}

// order follows the sequence numbers, and returns how far one has come.
func (r *reception) order(sequence uint16) (step int) {
	step = int(int16(sequence - uint16(r.highest)))
	switch {
	case step > maxDropout || step < -maxDropout: // the sender has begun again
		r.lost += r.missing()
		r.first = 1<<16 | uint32(sequence)
		r.highest, r.count = r.first, 1
		r.reportedExpected, r.reportedCount = 0, 0
	case step > 0:
		r.highest += uint32(step)
		if step > 1 {
			r.runs++
		}
	default:
		r.reordered++
	}
	return step
}

// follow learns how far apart the peer's packets are.
func (r *reception) follow(timestamp uint32, step int) {
	if step == 1 {
		if pace := time.Duration(timestamp-r.timestamp) * sample; pace >= tickTime && pace <= 3*round {
			r.pace = pace
		}
	}
	if step > 0 {
		r.timestamp = timestamp
	}
}

// time follows the jitter: how much the spacing of arrivals differs from that of the timestamps.
func (r *reception) time(timestamp uint32, at time.Duration) {
	transit := at - time.Duration(timestamp)*sample
	if r.timed {
		d := (transit - r.transit).Abs()
		if d < time.Second { // else a new epoch of timestamps, no jitter
			r.jitter += (d - r.jitter) / 16
		}
	}
	r.transit, r.timed = transit, true
}

// spacing is how long after a packet of the peer the next one comes.
func (r *reception) spacing() time.Duration {
	if r.pace == 0 {
		return round
	}
	return r.pace
}

// restart forgets the stream but not the counts.
func (r *reception) restart() {
	r.lost += r.missing()
	r.begun, r.timed, r.count = false, false, 0
	r.reportedExpected, r.reportedCount = 0, 0
}

func (r *reception) expected() int64 {
	if !r.begun {
		return 0
	}
	return int64(r.highest) - int64(r.first) + 1
}

// missing is how many packets of this SSRC never came; duplicates can hide some.
func (r *reception) missing() int64 { return max(0, r.expected()-r.count) }

// delay is what a listener's buffer against this jitter adds, with the packet itself: four times the mean deviation
// covers nearly all arrivals, as in RFC 6298.
func (r *reception) delay() time.Duration {
	const most = 200 * time.Millisecond
	return r.spacing() + min(4*r.jitter, most)
}
