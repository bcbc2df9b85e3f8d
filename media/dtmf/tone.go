package dtmf

import (
	"math"
	"time"
)

const (
	// toneRate is the sample rate of tones, in Hz.
	toneRate = 8000
	// overload is the level of a full-scale sine of G.711 in dBm0.
	overload = 3.14
	// The levels of the tones that we send: the higher one, which lines carry worse, is sent louder (ETSI ES 201 235-2).
	lowLevel, highLevel = -11, -9
	// toneRise is how long a tone takes to come and to go: 2 ms. The limit is 5 ms (ETSI ES 201 235-2).
	toneRise = toneRate / 500
)

// The frequencies in Hz, and the keys by row and column (ITU-T Q.23).
var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

const grid = "123A456B789C*0#D"

// Tone is the sound of a key: two sines.
type Tone struct {
	Low, High           float64 // Hz
	LowLevel, HighLevel float64 // dBm0
}

// ToneOf is the sound of a key, low -11 and high -9 dBm0; false when k is no key.
func ToneOf(k Key) (Tone, bool) {
	for i := range len(grid) {
		if grid[i] == byte(k) {
			return Tone{rows[i/4], columns[i%4], lowLevel, highLevel}, true
		}
	}
	return Tone{}, false
}

// Append adds the tone for a time to 16-bit samples of 8 kHz.
func (t Tone) Append(pcm []int16, d time.Duration) []int16 {
	n := int(max(0, d) * toneRate / time.Second)
	for i := range n {
		edge := min(1, float64(i+1)/toneRise, float64(n-i)/toneRise)
		v := edge * (sine(t.Low, t.LowLevel, i) + sine(t.High, t.HighLevel, i))
		pcm = append(pcm, int16(math.Round(max(math.MinInt16, min(v, math.MaxInt16)))))
	}
	return pcm
}

func sine(hz, level float64, i int) float64 {
	return amplitude(level) * math.Sin(2*math.Pi*hz*float64(i)/toneRate)
}

// amplitude is that of a sine of so many dBm0 among 16-bit samples.
func amplitude(level float64) float64 { return 32768 * math.Pow(10, (level-overload)/20) }
