package media

import (
	"sync/atomic"
	"time"
)

// Pacing measures how evenly far ends send: it may be given to many sessions at once. Packets are timed by the kernel
// when they come. What was lost, reordered or repeated is not measured, nor key presses.
type Pacing struct {
	// Deviation is |gap − ptime| of packets in a row: how far the time between them was from that of their timestamps.
	Deviation Histogram
	gaps      atomic.Int64
	restarts  atomic.Int64
}

// Gaps is how many packets came over 20 ms later than their packet time after the one before: 40 ms at the usual 20 ms.
func (p *Pacing) Gaps() int64 { return p.gaps.Load() }

// Restarts is how often a sender began anew amid its sound, with the marker that RFC 3551 section 4.1 has for the packet
// after a pause. Senders that leave out silence do; an Engine does after a hold, and when it left out rounds.
func (p *Pacing) Restarts() int64 { return p.restarts.Load() }

// arrivals is the far end's stream, packet by packet, for a Pacing.
type arrivals struct {
	begun     bool
	comfort   bool // the last packet was comfort noise
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	at        time.Duration
}

// packet takes one of sound or comfort noise that came at a time of the wall clock.
func (a *arrivals) packet(p *Pacing, h header, comfort bool, at time.Duration) {
	step := int(int16(h.sequence - a.sequence))
	if a.begun && h.ssrc == a.ssrc {
		if step <= 0 && step >= -maxDropout {
			return // late or twice
		}
		if step == 1 {
			a.compare(p, h, at)
		}
	}
	*a = arrivals{begun: true, comfort: comfort, ssrc: h.ssrc, sequence: h.sequence, timestamp: h.timestamp, at: at}
}

// compare measures a packet against the one before it.
func (a *arrivals) compare(p *Pacing, h header, at time.Duration) {
	passed, ptime := at-a.at, time.Duration(int32(h.timestamp-a.timestamp))*sample
	steady := ptime > 0 && ptime <= 3*round
	switch {
	case a.comfort && !steady: // comfort noise stands for a silence of any length
	case h.marker && !a.comfort:
		p.restarts.Add(1)
	case steady:
		p.Deviation.Observe((passed - ptime).Abs())
		if passed > ptime+gap {
			p.gaps.Add(1)
		}
	case passed > round+gap: // and the sender says nothing of it
		p.gaps.Add(1)
	}
}
