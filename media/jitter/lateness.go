package jitter

const (
	// bin is the width of a bin of the histogram, 5 ms, and bins how many there are: up to 1 s.
	bin  = rate / 200
	bins = 200
	// inTime is the share of packets that the delay is to be long enough for.
	inTime = 0.99
	// forget is how much more each packet counts than the one before: some 500 packets are remembered.
	forget = 1 + 1.0/500
	// window is the time over which the fastest packet is sought, in samples: the last one to two times 2 s.
	window = 2 * rate
)

// lateness learns how much later than the fastest packets the others come. Times are in samples. A packet's transit is the
// time at which it came less its position.
type lateness struct {
	known      bool
	fast, last int64 // lowest transit of this window and of the one before
	began      int64 // this window
	weight     float32
	sum        float32
	wanted     int64 // delay
	histogram  [bins]float32
}

// base is the transit of the fastest packet.
func (l *lateness) base() int64 { return min(l.fast, l.last) }

// add counts a packet that came at a time. One later than most does not count: false.
func (l *lateness) add(transit, now, most int64) bool {
	switch {
	case !l.known:
		l.known, l.fast, l.last, l.began = true, transit, transit, now
	case now-l.began > window:
		l.fast, l.last, l.began = transit, l.fast, now
	default:
		l.fast = min(l.fast, transit)
	}
	late := transit - l.base()
	if late > most {
		return false
	}
	l.count(int(late / bin))
	return true
}

func (l *lateness) count(i int) {
	if l.weight *= forget; l.weight == 0 {
		l.weight = 1
	}
	if l.weight > 1e6 {
		l.scale(1 / l.weight)
	}
	l.histogram[min(i, bins-1)] += l.weight
	l.sum += l.weight
	l.wanted = l.quantile()
}

func (l *lateness) scale(by float32) {
	for i := range l.histogram {
		l.histogram[i] *= by
	}
	l.weight, l.sum = l.weight*by, l.sum*by
}

// quantile is the upper edge of the bin that holds the last of the packets that are to be in time.
func (l *lateness) quantile() int64 {
	var seen float32
	for i, n := range l.histogram {
		if seen += n; seen >= inTime*l.sum {
			return int64(i+1) * bin
		}
	}
	return bins * bin
}

// target is the delay that is needed, within limits.
func (l *lateness) target(least, most int64) int64 { return max(least, min(l.wanted, most)) }

// restart forgets the transits, not how they vary.
func (l *lateness) restart() { l.known = false }
