package g722_test

import (
	"math"
	"testing"

	"readback/media/g722"
)

// The lower half is as loud as the sound it came from, up to where the filters part it.
func TestTheLowerHalfAlone(t *testing.T) {
	for _, hz := range []float64{300, 697, 1000, 1633, 2500, 3400} {
		wide := make([]int16, 32000)
		for i := range wide {
			wide[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/16000))
		}
		code := make([]byte, len(wide)/2)
		new(g722.Encoder).Encode(code, wide)
		pcm := make([]int16, len(code))
		new(g722.Decoder).DecodeNarrow(pcm, code)
		var re, im, all float64
		for i, s := range pcm[800:] {
			sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / 8000)
			re, im, all = re+cos*float64(s), im+sin*float64(s), all+float64(s)*float64(s)
		}
		n := float64(len(pcm) - 800)
		level := math.Hypot(re, im) * 2 / n
		if level < 7500 || level > 8500 || level*level/2*n < 0.99*all {
			t.Errorf("%v Hz: amplitude %.0f of %.0f, want a pure 8000", hz, level, math.Sqrt(2*all/n))
		}
	}
}
