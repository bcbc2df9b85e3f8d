package media

import (
	"math"
	"sync"
)

const (
	// wideRate is the rate of wideband sound, in Hz.
	wideRate = 2 * sampleRate
	// reach is how far the low-pass filter looks to either side, in samples of the input; odd.
	reach = 47
	// kaiser shapes the filter's window: 70 dB of stop band from 4.4 kHz on, when the input has 16 kHz.
	kaiser = 6.8
)

// halfBand is a low-pass filter at a quarter of the sample rate. Of such a filter every second coefficient is zero, and
// both sides are alike: it has a centre, and one coefficient for each odd distance.
var halfBand = sync.OnceValue(func() (h [reach/2 + 1]float64) {
	sum := 0.0
	for i := range h {
		k := float64(2*i + 1)
		h[i] = math.Sin(math.Pi*k/2) / (math.Pi * k) * kaiserAt(k/(reach+1))
		sum += 2 * h[i]
	}
	for i := range h { // one at 0 Hz, together with a centre of one half
		h[i] *= 0.5 / sum
	}
	return h
})

// halve takes 16 kHz to 8 kHz: what lies above 4 kHz is filtered out, the rest stays in place.
func halve(in []int16) []int16 {
	h := halfBand()
	x := make([]float64, reach+len(in)+reach)
	for i, s := range in {
		x[reach+i] = float64(s)
	}
	out := make([]int16, len(in)/2)
	for i := range out {
		near := x[2*i : 2*i+2*reach+1]
		sum := 0.5 * near[reach]
		for k, c := range h {
			sum += c * (near[reach-1-2*k] + near[reach+1+2*k])
		}
		out[i] = rounded(sum)
	}
	return out
}

// double takes 8 kHz to 16 kHz: what was sampled stays as it is, and between it comes what the filter makes of it, with
// nothing above 4 kHz.
func double(in []int16) []int16 {
	h := halfBand()
	x := make([]float64, reach/2+1+len(in)+reach/2+1)
	for i, s := range in {
		x[reach/2+1+i] = float64(s)
	}
	out := make([]int16, 2*len(in))
	for i, s := range in {
		near := x[i+1 : i+2*len(h)+1] // as many before the middle as after
		sum := 0.0
		for k, c := range h {
			sum += 2 * c * (near[len(h)-1-k] + near[len(h)+k])
		}
		out[2*i], out[2*i+1] = s, rounded(sum)
	}
	return out
}

func rounded(v float64) int16 { return int16(math.Round(max(math.MinInt16, min(v, math.MaxInt16)))) }

// narrow is a sound of 8 or 16 kHz at 8 kHz, wide the same at 16 kHz. Neither changes it.
func narrow(pcm []int16, rate int) []int16 {
	if rate == wideRate {
		return halve(pcm)
	}
	return pcm
}

func wide(pcm []int16, rate int) []int16 {
	if rate == wideRate {
		return pcm
	}
	return double(pcm)
}

// kaiserAt is the Kaiser window at x from -1 to 1.
func kaiserAt(x float64) float64 { return bessel0(kaiser*math.Sqrt(max(0, 1-x*x))) / bessel0(kaiser) }

// bessel0 is the modified Bessel function of the first kind and order 0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
