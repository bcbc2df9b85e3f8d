package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

// rustle is noise of a level, as the largest sample.
func rustle(rate int, d time.Duration, most int) []int16 {
	r := rand.New(rand.NewPCG(1, 1))
	pcm := make([]int16, int(d*time.Duration(rate)/time.Second))
	for i := range pcm {
		pcm[i] = int16(r.IntN(2*most+1) - most)
	}
	return pcm
}

func TestSpeechIsWhatStandsOut(t *testing.T) {
	tests := map[string]struct {
		hear   func(v *speech, rate int)
		speech time.Duration
		silent time.Duration // at the end
	}{
		"nothing":       {func(v *speech, rate int) { v.hear(make([]int16, 2*rate)) }, 0, 2 * time.Second},
		"a quiet line":  {func(v *speech, rate int) { v.hear(rustle(rate, 2*time.Second, 300)) }, 0, 2 * time.Second},
		"a told pause":  {func(v *speech, rate int) { v.pause(2 * rate) }, 0, 2 * time.Second},
		"words and end": {words, 1150 * time.Millisecond, 2 * time.Second},
		"noise after a told pause": {func(v *speech, rate int) {
			noise := rustle(rate, time.Second, 900)
			v.hear(noise)
			v.pause(rate)
			v.hear(noise)
		}, 0, 3 * time.Second},
	}
	for name, test := range tests {
		for _, rate := range []int{sampleRate, wideRate} {
			t.Run(name, func(t *testing.T) {
				v := newSpeech(rate)
				test.hear(&v, rate)
				if d := v.total() - test.speech; d.Abs() > 20*time.Millisecond {
					t.Errorf("%d Hz: %v of speech, want %v", rate, v.total(), test.speech)
				}
				if d := v.silence() - test.silent; d.Abs() > 20*time.Millisecond {
					t.Errorf("%d Hz: silent for %v, want %v", rate, v.silence(), test.silent)
				}
			})
		}
	}
}

// words are two, with a short pause between them, on a quiet line.
func words(v *speech, rate int) {
	v.hear(rustle(rate, time.Second, 100))
	v.hear(rustle(rate, 500*time.Millisecond, 4000))
	v.pause(rate / 10)
	v.hear(rustle(rate, 400*time.Millisecond, 4000))
	v.hear(rustle(rate, 2*time.Second, 100))
}
