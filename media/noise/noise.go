// Package noise makes comfort noise from its description in RTP (RFC 3389): a level, and optionally the shape of its
// spectrum.
//
// There is no estimator: what we send are prompts that were recorded clean, so the noise between them is the same for
// all of them, faint and without a shape.
package noise

import "math"

const (
	// quietest is the lowest level that can be said, in −dBov.
	quietest = 127
	// maxOrder is how many reflection coefficients are used. Others say up to 10 (ITU-T G.711 appendix II); more are
	// left out (RFC 3389 section 3.3), which shapes the noise less finely and does not change its level.
	maxOrder = 16
	// reserved is the index that is none of a coefficient's (RFC 3389 section 3.3).
	reserved = 255
)

// Payload is the description of white noise of a level in −dBov, 0 to 127; others are limited to that.
func Payload(level int) byte { return byte(max(0, min(level, quietest))) }

// A Generator makes noise. The zero value is ready and silent.
//
// The filter is a normalized lattice: each section turns two values by an angle, so that no coefficients, and no change
// of them, can make it louder than the noise that goes in, and its level is the same for all shapes.
type Generator struct {
	gain     float32
	order    int
	sections [maxOrder]section
	past     [maxOrder]float32 // what each section hands to the next sample, with a mean square of 1
	random   uint64
}

// section is a reflection coefficient, and the root of what its square leaves of 1: the sine and cosine of its angle.
type section struct{ k, c float32 }

// Set takes the payload of a comfort noise packet: the level in −dBov, and reflection coefficients in order, each
// (N−127)·258/32768 (RFC 3389 sections 3.1 and 3.3). An empty payload changes nothing; coefficients from a reserved one on
// are left out.
func (g *Generator) Set(payload []byte) {
	if len(payload) == 0 {
		return
	}
	level := float64(payload[0] & quietest)
	g.gain = float32(32768 * math.Pow(10, -level/20))
	g.order = 0
	for _, n := range payload[1:] {
		if n == reserved || g.order == maxOrder {
			break
		}
		k := float64(int(n)-127) * 258 / 32768
		g.sections[g.order] = section{float32(k), float32(math.Sqrt(1 - k*k))}
		g.order++
	}
}

// Silent reports whether no noise has been described, or one of no level.
func (g *Generator) Silent() bool { return g.gain == 0 }

// Fill makes so many samples of noise, of 16 bits. They go on from those before.
func (g *Generator) Fill(pcm []int16) {
	if g.gain == 0 {
		clear(pcm)
		return
	}
	for i := range pcm {
		v := math.Round(float64(g.gain * g.shape(g.white())))
		pcm[i] = int16(max(math.MinInt16, min(v, math.MaxInt16)))
	}
}

// shape puts a sample of white noise through the sections, from the last to the first.
func (g *Generator) shape(v float32) float32 {
	var out float32 // of the section, to the one above
	for i := g.order - 1; i >= 0; i-- {
		s, was := g.sections[i], g.past[i]
		out = s.c*was + s.k*v
		v = s.c*v - s.k*was
		if i+1 < g.order {
			g.past[i+1] = out
		}
	}
	g.past[0] = v
	return v
}

// white is a random number with a mean square of 1, evenly spread.
func (g *Generator) white() float32 {
	g.random += 0x9E3779B97F4A7C15 // SplitMix64
	z := g.random
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	const root3 = 1.7320508
	return float32(int32(z>>32)) * (root3 / (1 << 31))
}
