package media

import "time"

const (
	// ringSize is how much sound a timeline holds: two seconds.
	ringSize = 2 * sampleRate
	// drift is how far a packet may be from its place on the clock before the stream is placed anew, in samples: 150 ms.
	drift = 150 * sampleRate / 1000
	// muteBefore and muteAfter are how much around a press is silenced, in samples: tones leak from either side of it.
	muteBefore = 30 * sampleRate / 1000
	muteAfter  = 40 * sampleRate / 1000
)

// timeline puts packets in order by their timestamps and hands them out by the clock, delay samples later; what is
// missing by then is silence. Positions count samples from its beginning.
type timeline struct {
	delay  int64
	start  time.Duration // on the session's clock
	begun  bool
	offset uint32 // timestamp of position 0
	read   int64  // next to hand out
	end    int64  // behind the newest
	mutes  [4]span
	ring   [ringSize]int16 // zero wherever nothing came
}

// span is a piece of a timeline.
type span struct{ from, to int64 }

func newTimeline(start time.Duration, delay time.Duration) timeline {
	return timeline{start: start, delay: int64(samplesIn(delay))}
}

// now is the position of a time on the session's clock.
func (t *timeline) now(at time.Duration) int64 { return int64((at - t.start) / sample) }

// place is where a timestamp belongs. A stream far from the clock, as after a hold, is placed anew.
func (t *timeline) place(timestamp uint32, at time.Duration) int64 {
	now := t.now(at)
	if t.begun {
		p := now + int64(int32(timestamp-t.offset-uint32(now)))
		if p-now <= drift && now-p <= drift+t.delay {
			return p
		}
	}
	t.begun = true
	t.offset = timestamp - uint32(now)
	return now
}

// put adds a packet's sound. What comes too late, or more than the ring holds too early, is lost.
func (t *timeline) put(timestamp uint32, pcm []int16, at time.Duration) {
	p := t.place(timestamp, at)
	end := min(p+int64(len(pcm)), t.read+ringSize)
	t.end = max(t.end, end)
	for q := max(p, t.read); q < end; {
		n := copy(t.ring[q%ringSize:], pcm[q-p:end-p])
		q += int64(n)
	}
	for _, m := range t.mutes {
		t.erase(span{max(p, m.from), min(end, m.to)})
	}
}

// erase silences what has not been handed out of a span.
func (t *timeline) erase(s span) {
	for q := max(s.from, t.read); q < min(s.to, t.read+ringSize); q++ {
		t.ring[q%ringSize] = 0
	}
}

// mute silences a press that began at timestamp and has lasted duration samples.
func (t *timeline) mute(timestamp uint32, duration int, at time.Duration) {
	p, now := t.pressed(timestamp, at), t.now(at)
	m := span{p - muteBefore, max(p+int64(duration), now) + muteAfter}
	t.erase(m)
	last := &t.mutes[len(t.mutes)-1]
	if m.from <= last.to && m.from >= last.from {
		last.to = max(last.to, m.to)
		return
	}
	copy(t.mutes[:], t.mutes[1:])
	*last = m
}

// pressed is where a press began: by its timestamp if that fits the clock, else now.
func (t *timeline) pressed(timestamp uint32, at time.Duration) int64 {
	now := t.now(at)
	p := now + int64(int32(timestamp-t.offset-uint32(now)))
	if !t.begun || p > now || now-p > ringSize {
		return now
	}
	return p
}

// take hands out what is due at a time, or with all everything that has come. It fills dst at most.
func (t *timeline) take(dst []int16, at time.Duration, all bool) int {
	until := t.now(at) - t.delay
	if all {
		until = max(until, t.end)
	}
	n := int(max(0, min(until-t.read, int64(len(dst)))))
	for i := range n {
		q := &t.ring[(t.read+int64(i))%ringSize]
		dst[i] = *q
		*q = 0
	}
	t.read += int64(n)
	return n
}
