// Package recognize names the clips that are heard in a stream, by their sound.
//
// A [Book] holds the clips, prepared once; a [Listener] follows one stream. A piece of each clip near its beginning is
// correlated with all of the stream; where it fits, the rest of the clip is compared as it comes. That finds clips
// whatever their level and the codec between, with lost packets, and with the slightly different clock of another machine.
package recognize

import (
	"maps"
	"math"
	"slices"
)

const (
	// SampleRate is that of clips and streams, in Hz.
	SampleRate = 8000
	// window is the length of the pieces compared: 128 ms.
	window = 1024
	// anchorWithin is where in a clip its anchor may begin: the first 400 ms.
	anchorWithin = 400 * SampleRate / 1000
	// anchorStep is how finely the anchor is placed.
	anchorStep = 64
	// faint is the power of a piece, relative to the loudest of its clip, below which it tells nothing: −25 dB.
	faint = 0.003
	// inaudible is the mean square below which there is nothing to hear: −60 dBov.
	inaudible = 1e-6
)

// Book is a set of clips to be recognized. It can serve many listeners at once.
type Book struct {
	clips []*clip
	pairs []pair
	fft   *fft
}

// clip is one of them, as samples from -1 to 1.
type clip struct {
	name   string
	pcm    []float32
	pieces []piece
	anchor piece
	root   float32 // of the anchor's energy
}

// piece is a part of a clip.
type piece struct {
	from, to int
	energy   float64
	faint    bool
}

// pair is the spectrum of two anchors, one in the real and one in the imaginary part: they are correlated in one go.
type pair struct {
	first, second *clip // second may be nil
	spectrum      []complex64
}

// NewBook prepares clips of 16-bit samples at 8 kHz by name. Silent ones are left out; of clips with the same sound the
// first name in sorting order is used.
func NewBook(clips map[string][]int16) *Book {
	b := &Book{fft: newFFT(2 * window)}
	heard := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(clips)) {
		sound := string(fingerprint(clips[name]))
		if heard[sound] {
			continue
		}
		heard[sound] = true
		if c := newClip(name, clips[name]); c != nil {
			b.clips = append(b.clips, c)
		}
	}
	for i := 0; i < len(b.clips); i += 2 {
		p := pair{first: b.clips[i]}
		if i+1 < len(b.clips) {
			p.second = b.clips[i+1]
		}
		p.spectrum = b.spectrum(p)
		b.pairs = append(b.pairs, p)
	}
	return b
}

// Names are the clips that can be recognized, sorted.
func (b *Book) Names() []string {
	var names []string
	for _, c := range b.clips {
		names = append(names, c.name)
	}
	return names
}

func fingerprint(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = append(b, byte(s), byte(s>>8))
	}
	return b
}

// newClip cuts a clip into pieces; nil when there is nothing to hear.
func newClip(name string, pcm []int16) *clip {
	c := &clip{name: name, pcm: new(smooth).run(pcm)}
	loudest := 0.0
	for from := 0; from < len(c.pcm); {
		to := from + window
		if len(c.pcm)-to < window/2 {
			to = len(c.pcm)
		}
		p := c.piece(from, to)
		loudest = max(loudest, p.power())
		c.pieces = append(c.pieces, p)
		from = to
	}
	if loudest < inaudible {
		return nil
	}
	for i := range c.pieces {
		c.pieces[i].faint = c.pieces[i].power() < faint*loudest
	}
	c.anchor = c.findAnchor()
	c.root = float32(math.Sqrt(c.anchor.energy))
	return c
}

func (c *clip) piece(from, to int) piece {
	p := piece{from: from, to: to}
	for _, v := range c.pcm[from:to] {
		p.energy += float64(v) * float64(v)
	}
	return p
}

func (p piece) power() float64 { return p.energy / float64(p.to-p.from) }

// findAnchor picks the loudest window near the beginning; of a clip that begins with silence, the first that is heard.
func (c *clip) findAnchor() piece {
	first := 0
	for _, p := range c.pieces {
		if !p.faint {
			first = p.from
			break
		}
	}
	var best piece
	for from := first; from <= first+anchorWithin; from += anchorStep {
		to := min(from+window, len(c.pcm))
		if from >= to || to-from < window && best.energy > 0 {
			break
		}
		if p := c.piece(from, to); p.energy > best.energy {
			best = p
		}
	}
	return best
}

func (b *Book) spectrum(p pair) []complex64 {
	s := make([]complex64, b.fft.size)
	for i, v := range p.first.pcm[p.first.anchor.from:p.first.anchor.to] {
		s[i] = complex(v, 0)
	}
	if p.second != nil {
		for i, v := range p.second.pcm[p.second.anchor.from:p.second.anchor.to] {
			// Conjugation below turns i to -i, so that the product's imaginary part is the second's correlation.
			s[i] += complex(0, -v)
		}
	}
	b.fft.transform(s)
	for i, v := range s {
		s[i] = complex(real(v), -imag(v))
	}
	return s
}
