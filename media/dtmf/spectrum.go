package dtmf

import "math"

const (
	// block is what the eight frequencies are measured over: 2.5 ms.
	block = toneRate / 400
	// window is how many blocks are weighed together, 30 ms, and hop how many are between two looks at them: 5 ms.
	window = 12
	hop    = 2
	// hush is the mean square of a block below which it counts as silence: -48 dBm0.
	hush = 4100
)

// bank holds what the eight frequencies are measured with.
type bank struct {
	waves [8][block]wave
	// weights are a Hann window with the turns of each frequency from block to block.
	weights [8][window]complex64
	hann    [window]float32
	turns   [8]complex64 // of each frequency in a hop, backwards
	slack   [8]float32   // in radians a hop: how far from its frequency a tone may be
}

type wave struct{ cos, sin float32 }

var filters = newBank()

func newBank() *bank {
	b := &bank{}
	for k := range window {
		s := math.Sin(math.Pi * (float64(k) + 0.5) / window)
		b.hann[k] = float32(s * s)
	}
	for i := range 8 {
		hz := append(rows[:], columns[:]...)[i]
		omega := 2 * math.Pi * hz / toneRate
		for n := range block {
			sin, cos := math.Sincos(omega * float64(n))
			b.waves[i][n] = wave{float32(cos), float32(-sin)}
		}
		for k := range window {
			b.weights[i][k] = complex(b.hann[k], 0) * turn(-omega*block*float64(k))
		}
		b.turns[i] = turn(-omega * block * hop)
		b.slack[i] = float32(2 * math.Pi * hz * tolerance * block * hop / toneRate)
	}
	return b
}

func turn(angle float64) complex64 {
	sin, cos := math.Sincos(angle)
	return complex(float32(cos), float32(sin))
}

// measured is a block: its energy, and how much of it is of each frequency; or that it is lost.
type measured struct {
	energy float32
	parts  [8]complex64
	lost   bool
}

// measure looks at a block of samples. Of a silent one the frequencies are left out.
func (m *measured) measure(pcm *[block]int16) {
	*m = measured{}
	energy := int64(0)
	for _, s := range pcm {
		energy += int64(s) * int64(s)
	}
	m.energy = float32(energy)
	if energy < hush*block {
		return
	}
	var x [block]float32
	for n, s := range pcm {
		x[n] = float32(s)
	}
	for i := range m.parts {
		var re, im float32
		for n, w := range &filters.waves[i] {
			re += x[n] * w.cos
			im += x[n] * w.sin
		}
		m.parts[i] = complex(re, im)
	}
}

func abs2(z complex64) float32 { return real(z)*real(z) + imag(z)*imag(z) }
