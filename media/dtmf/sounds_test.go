package dtmf_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// decibels is a ratio of amplitudes.
func decibels(db float64) float64 { return math.Pow(10, db/20) }

// timbre is how many harmonics a note has, and how strong each is beside the one before.
type timbre struct {
	harmonics int
	slope     float64
}

// play adds a note to a sound, which glides from one frequency to another and dies away.
func (m timbre) play(pcm []int16, from, to, amplitude float64, decay time.Duration) {
	phase, total := 0.0, 0.0
	for h := range m.harmonics {
		total += math.Pow(m.slope, float64(h))
	}
	for i := range pcm {
		hz := from + (to-from)*float64(i)/float64(len(pcm))
		phase += 2 * math.Pi * hz / 8000
		v, a := 0.0, amplitude/total*math.Exp(-float64(i)/8000/decay.Seconds())
		for h := range m.harmonics {
			if hz*float64(h+1) < 3800 {
				v += a * math.Sin(float64(h+1)*phase)
			}
			a *= m.slope
		}
		pcm[i] = int16(max(-32768, min(float64(pcm[i])+v, 32767)))
	}
}

// music is a tune of chords, arpeggios and glides over so many minutes.
func music(r *rand.Rand, m timbre, minutes int) []int16 {
	pcm := make([]int16, minutes*60*8000)
	for at := 0; at < len(pcm)-16000; {
		length := 800 + r.IntN(5000)
		voices, gap := 1+r.IntN(4), 0
		if r.IntN(3) == 0 {
			gap = length / 6 // an arpeggio
		}
		for v := range voices {
			from := 440 * math.Pow(2, float64(r.IntN(48)-24)/12)
			to := from
			if r.IntN(6) == 0 {
				to *= math.Pow(2, float64(r.IntN(24)-12)/12)
			}
			m.play(pcm[at+v*gap:at+v*gap+length], from, to, 6000, 400*time.Millisecond)
		}
		at += length
	}
	return pcm
}

func TestMusicIsNoKey(t *testing.T) {
	for name, m := range map[string]timbre{
		"reeds": {12, 0.85}, "strings": {8, 0.7}, "a piano": {6, 0.5}, "an organ": {4, 0.8},
	} {
		for seed := range uint64(3) {
			if got := hear(music(rand.New(rand.NewPCG(seed, 1)), m, 2)); got != "" {
				t.Errorf("%s: heard %q in two minutes", name, got)
			}
		}
	}
}

func TestNoiseIsNoKey(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for name, next := range map[string]func() float64{
		"white": r.NormFloat64,
		"red":   func() func() float64 { v := 0.0; return func() float64 { v = 0.95*v + 0.3*r.NormFloat64(); return v } }(),
		"band":  band(r),
		"clicks": func() float64 {
			if r.IntN(200) == 0 {
				return 10
			}
			return 0
		},
	} {
		for _, level := range []float64{100, 1000, 6000} {
			pcm := make([]int16, 120*8000)
			for i := range pcm {
				pcm[i] = int16(max(-32768, min(level*next(), 32767)))
			}
			if got := hear(pcm); got != "" {
				t.Errorf("%s noise at %v: heard %q", name, level, got)
			}
		}
	}
}

// band is noise around 1 kHz, where the tones are.
func band(r *rand.Rand) func() float64 {
	const radius, hz = 0.9, 1000
	a, b := 2*radius*math.Cos(2*math.Pi*hz/8000), -radius*radius
	x, y := 0.0, 0.0
	return func() float64 {
		x, y = 0.2*r.NormFloat64()+a*x+b*y, x
		return x
	}
}

// The sounds of exchanges, faxes and modems (ITU-T E.180, Q.320, T.30, V.21 to V.29). The register signal 7, of 700 and
// 1500 Hz, is not among them: it is within the tolerance of key 3.
func TestSignalsAreNoKeys(t *testing.T) {
	pairs := map[string][2]float64{
		"dial tone US": {350, 440}, "dial tone UK": {350, 450}, "dial tone EU": {425, 0}, "ring-back US": {440, 480},
		"ring-back UK": {400, 450}, "busy US": {480, 620}, "busy UK": {400, 0}, "receiver off the hook": {1400, 2060},
		"call waiting": {440, 0}, "SIT low": {950, 0}, "SIT middle": {1400, 0}, "SIT high": {1800, 0},
		"fax calling": {1100, 0}, "fax answering": {2100, 0}, "MF 1": {700, 900}, "MF 3": {900, 1100}, "MF 6": {1100, 1300},
		"MF 9": {1100, 1500}, "MF KP": {1100, 1700}, "MF ST": {1500, 1700}, "MF 4": {700, 1300},
		"MF 11": {700, 1700}, "MF 8": {900, 1500}, "MF 0": {1300, 1500}, "test tone": {1004, 0}, "blue box": {2600, 0},
	}
	for name, hz := range pairs {
		pcm := make([]int16, 10*8000)
		for i := range pcm {
			t := 2 * math.Pi * float64(i) / 8000
			on := i/4000%2 == 0 || i < 16000
			if on {
				pcm[i] = int16(6000*math.Sin(hz[0]*t) + 6000*math.Sin(hz[1]*t))
			}
		}
		if got := hear(pcm); got != "" {
			t.Errorf("%s: heard %q", name, got)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for name, pcm := range map[string][]int16{
		"V.21 calling": fsk(r, 980, 1180, 300), "V.21 answering": fsk(r, 1650, 1850, 300), "V.23": fsk(r, 1300, 2100, 1200),
		"Bell 202": fsk(r, 1200, 2200, 1200), "V.22": qam(r, 600, 1200, 2400), "V.29": qam(r, 2400, 1700), "V.27": qam(r, 1600, 1800),
	} {
		if got := hear(pcm); got != "" {
			t.Errorf("%s: heard %q", name, got)
		}
	}
}

// fsk is a minute of random bits at two frequencies.
func fsk(r *rand.Rand, zero, one float64, rate int) []int16 {
	pcm := make([]int16, 60*8000)
	phase, hz := 0.0, zero
	for i := range pcm {
		if i*rate/8000 != (i-1)*rate/8000 {
			hz = zero
			if r.IntN(2) == 1 {
				hz = one
			}
		}
		phase += 2 * math.Pi * hz / 8000
		pcm[i] = int16(8000 * math.Sin(phase))
	}
	return pcm
}

// qam is a minute of random quarter turns of carriers.
func qam(r *rand.Rand, rate int, carriers ...float64) []int16 {
	pcm := make([]int16, 60*8000)
	for _, hz := range carriers {
		phase, turn := 0.0, 0.0
		for i := range pcm {
			if i*rate/8000 != (i-1)*rate/8000 {
				turn = math.Pi / 2 * float64(r.IntN(4))
			}
			phase += 2 * math.Pi * hz / 8000
			pcm[i] += int16(6000 * math.Sin(phase+turn))
		}
	}
	return pcm
}
