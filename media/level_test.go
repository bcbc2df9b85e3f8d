package media_test

import (
	"math"
	"testing"
	"time"

	"readback/media"
)

func TestLevels(t *testing.T) {
	sine := media.Tone(1000, 2*time.Second).PCM() // -22 dBov
	half := append(append(make([]int16, 8000), sine...), make([]int16, 8000)...)
	shifted := make([]int16, len(sine))
	for i := range sine {
		shifted[i] = sine[i] + 328
	}
	for name, test := range map[string]struct {
		pcm  []int16
		want media.Level
	}{
		"a tone":                 {sine, media.Level{Active: -22, Peak: -19}},
		"with silence around it": {half, media.Level{Active: -22.3, Peak: -19, Lead: time.Second, Tail: time.Second}},
		"with a constant part":   {shifted, media.Level{Active: -21.9, Peak: -18.3, DC: 0.01}},
	} {
		got := media.Measure(test.pcm, 8000)
		if math.Abs(got.Active-test.want.Active) > 0.3 || math.Abs(got.Peak-test.want.Peak) > 0.2 || math.Abs(got.DC-test.want.DC) > 0.001 ||
			(got.Lead-test.want.Lead).Abs() > 20*time.Millisecond || (got.Tail-test.want.Tail).Abs() > 20*time.Millisecond {
			t.Errorf("%s: got %+v, want about %+v", name, got, test.want)
		}
	}
	for name, pcm := range map[string][]int16{"nothing": nil, "silence": make([]int16, 8000)} {
		if got := media.Measure(pcm, 8000); !math.IsInf(got.Active, -1) || !math.IsInf(got.Peak, -1) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
