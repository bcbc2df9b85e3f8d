package recognize

import (
	"math"
	"time"
)

const (
	// likely is the correlation of an anchor with the stream that makes a guess.
	likely = 0.7
	// history is how much of the stream is kept, in samples: an anchor may be found this late in its clip.
	history = 16 * window
	// slope is the distance in samples within which two guesses of one clip are one peak.
	slope = 6
	// maxRivals bounds the guesses of one clip that are followed at once.
	maxRivals = 6
)

// Match is a clip that was heard.
type Match struct {
	Name string
	// Start and End are when, from the beginning of the stream.
	Start, End time.Duration
	// Complete: to its end. A clip that was broken off ends where it differs.
	Complete bool
	// Score is how alike they were, up to 1.
	Score float64
}

// Listener follows one stream. It is not for several goroutines at once.
type Listener struct {
	book    *Book
	smooth  smooth
	pending []float32 // less than a window
	past    []float32 // up to history samples
	ended   int       // samples of the stream that past reaches to
	guesses []*guess
	done    []*guess // over, but overlapping one that is not

	block  []complex64
	work   []complex64
	energy []float64 // running sum of squares over the block
}

// Listen begins a stream.
func (b *Book) Listen() *Listener {
	n := b.fft.size
	return &Listener{book: b, block: make([]complex64, n), work: make([]complex64, n), energy: make([]float64, n+1)}
}

// Hear takes the next samples of the stream, 16 bits at 8 kHz, and returns the clips that are over now, in order.
func (l *Listener) Hear(pcm []int16) []Match {
	var matches []Match
	l.pending = append(l.pending, l.smooth.run(pcm)...)
	for len(l.pending) >= window {
		l.extend(l.pending[:window])
		l.pending = append(l.pending[:0], l.pending[window:]...)
		matches = append(matches, l.settle(false)...)
	}
	return matches
}

// End ends the stream: clips under way are over.
func (l *Listener) End() []Match {
	rest := len(l.pending)
	l.extend(append(l.pending, make([]float32, window-rest)...))
	l.extend(make([]float32, window))
	l.pending = nil
	for _, g := range l.guesses {
		g.over = true
	}
	return l.settle(true)
}

// extend adds a window of samples, looks for anchors in it, and carries the guesses on.
func (l *Listener) extend(pcm []float32) {
	l.past = append(l.past, pcm...)
	if over := len(l.past) - history; over > 0 {
		l.past = append(l.past[:0], l.past[over:]...)
	}
	l.ended += len(pcm)
	if l.load() {
		for i := range l.book.pairs {
			l.search(&l.book.pairs[i])
		}
	}
	for _, g := range l.guesses {
		g.follow(l)
	}
}

// load puts the spectrum of the last two windows into block; false when there is nothing to hear.
func (l *Listener) load() bool {
	n := l.book.fft.size
	clear(l.block)
	recent := l.past[max(0, len(l.past)-n):]
	at := n - len(recent)
	for i, v := range recent {
		l.block[at+i] = complex(v, 0)
	}
	for i, v := range l.block {
		l.energy[i+1] = l.energy[i] + float64(real(v))*float64(real(v))
	}
	if l.energy[n] < inaudible*window {
		return false
	}
	l.book.fft.transform(l.block)
	return true
}

// search correlates two anchors with the block.
func (l *Listener) search(p *pair) {
	for i, v := range l.block {
		s := p.spectrum[i]
		l.work[i] = complex(real(v)*real(s)-imag(v)*imag(s), real(v)*imag(s)+imag(v)*real(s))
	}
	l.book.fft.inverse(l.work)
	l.peaks(p.first, p.second)
}

// peaks makes guesses of where the anchors of two clips fit; second may be nil.
func (l *Listener) peaks(first, second *clip) {
	for i, v := range l.work[:window] {
		l.fits(first, i, real(v))
		if second != nil {
			l.fits(second, i, imag(v))
		}
	}
}

// fits makes a guess if a clip's anchor is like the block from i on.
func (l *Listener) fits(c *clip, i int, correlation float32) {
	if correlation <= 0 {
		return
	}
	n := l.book.fft.size
	size := c.anchor.to - c.anchor.from
	cor := float64(correlation) / (float64(n) * float64(c.root))
	energy := l.energy[i+size] - l.energy[i]
	if energy < inaudible*float64(size) || cor*cor < likely*likely*energy {
		return
	}
	l.guess(c, l.ended-n+i-c.anchor.from, cor/math.Sqrt(energy))
}

// guess adds a guess. Close by, the better one counts: a peak has slopes. Further off it may be a period of the
// voice that is alike, which the rest of the clip will show; of these a few are followed.
func (l *Listener) guess(c *clip, start int, likeness float64) {
	if start < -slope {
		return
	}
	var worst *guess
	rivals := 0
	for _, g := range l.guesses {
		if g.clip != c || g.over {
			continue
		}
		if abs(g.start-start) <= slope {
			if likeness > g.likeness {
				*g = *newGuess(c, start, likeness)
			}
			return
		}
		rivals++
		if worst == nil || g.likeness < worst.likeness {
			worst = g
		}
	}
	switch {
	case rivals < maxRivals:
		l.guesses = append(l.guesses, newGuess(c, start, likeness))
	case likeness > worst.likeness:
		*worst = *newGuess(c, start, likeness)
	}
}

// at is the stream from a position on, of n samples; nil when it is not there (any more).
func (l *Listener) at(position, n int) []float32 {
	from := position - (l.ended - len(l.past))
	if from < 0 || from+n > len(l.past) {
		return nil
	}
	return l.past[from : from+n]
}

func abs(n int) int { return max(n, -n) }
