package recognize

import (
	"math"
	"time"
)

const (
	// alike is the correlation at which a piece of a clip is taken as heard.
	alike = 0.6
	// sure is what a clip needs all in all.
	sure = 0.85
	// misses is how many pieces in a row may differ before the clip is over; one may be lost packets.
	misses = 2
	// slack is how far, in samples, a piece is looked for beside the place that the one before it had.
	slack = 2
	// enough is how much of a clip that was broken off must have been heard, in samples: 250 ms.
	enough = 2 * window
)

// guess is a clip that may be heard.
type guess struct {
	clip     *clip
	start    int // of the clip, in the stream
	likeness float64
	over     bool

	next   int // piece to compare
	shift  int // of the last piece that fitted, against start
	missed int // pieces in a row
	heard  int // end of the last piece that fitted, in the clip
	loud   int // samples that were compared and fitted

	cross, own, streams float64 // sums over what was compared, up to heard
	pend                [3]float64
}

func newGuess(c *clip, start int, likeness float64) *guess {
	return &guess{clip: c, start: start, likeness: likeness}
}

// follow compares as many pieces as have come.
func (g *guess) follow(l *Listener) {
	for !g.over && g.next < len(g.clip.pieces) {
		p := g.clip.pieces[g.next]
		if g.start+g.shift+p.to+slack > l.ended {
			return
		}
		g.next++
		if !p.faint {
			g.compare(l, p)
		}
	}
	g.over = true
}

// compare looks for a piece around its place.
func (g *guess) compare(l *Listener, p piece) {
	var best, energy float64
	shift := g.shift
	for d := g.shift - slack; d <= g.shift+slack; d++ {
		x := l.at(g.start+d+p.from, p.to-p.from)
		if x == nil {
			continue
		}
		cor, e := correlate(x, g.clip.pcm[p.from:p.to])
		if e > 0 && cor/math.Sqrt(e) > best {
			best, energy, shift = cor/math.Sqrt(e), e, d
		}
	}
	likeness := best / math.Sqrt(p.energy)
	g.pend[0] += best * math.Sqrt(energy)
	g.pend[1] += p.energy
	g.pend[2] += energy
	if likeness < alike {
		g.missed++
		g.over = g.missed >= misses
		return
	}
	g.missed, g.shift, g.heard = 0, shift, p.to
	g.loud += p.to - p.from
	g.cross, g.own, g.streams = g.cross+g.pend[0], g.own+g.pend[1], g.streams+g.pend[2]
	g.pend = [3]float64{}
}

// complete: every piece that can be heard was.
func (g *guess) complete() bool {
	last := 0
	for _, p := range g.clip.pieces {
		if !p.faint {
			last = p.to
		}
	}
	return g.heard >= last
}

func (g *guess) score() float64 {
	if g.own == 0 || g.streams == 0 {
		return 0
	}
	return g.cross / math.Sqrt(g.own*g.streams)
}

// holds reports whether a guess that is over is good enough to tell.
func (g *guess) holds() bool {
	return g.score() >= sure && (g.complete() || g.loud >= enough)
}

// end is where the clip ended in the stream.
func (g *guess) end() int {
	if g.complete() {
		return g.start + g.shift + len(g.clip.pcm)
	}
	return g.start + g.shift + g.heard
}

func (g *guess) match() Match {
	return Match{
		Name: g.clip.name, Start: at(max(0, g.start)), End: at(g.end()),
		Complete: g.complete(), Score: g.score(),
	}
}

func at(samples int) time.Duration { return time.Duration(samples) * time.Second / SampleRate }

func correlate(x, y []float32) (cross, energy float64) {
	var c, e float32
	for i, v := range x {
		c += v * y[i]
		e += v * v
	}
	return float64(c), float64(e)
}
