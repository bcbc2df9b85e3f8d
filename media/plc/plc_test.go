package plc_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"readback/media"
	"readback/media/plc"
)

// spoken is some seconds of the shipped prompts, at 8 or 16 kHz.
func spoken(t testing.TB, rate int) (pcm []int16) {
	t.Helper()
	files, err := filepath.Glob("../../ivr/prompts/en-US/[cmw]*.flac")
	if err != nil || len(files) == 0 {
		t.Fatal("no prompts to conceal: ", err)
	}
	for _, name := range files[:min(len(files), 20)] {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if rate == 16000 {
			wide, is, err := media.DecodePCM(f)
			if err != nil || is != rate {
				t.Fatalf("%s: %d Hz, %v", name, is, err)
			}
			pcm = append(pcm, wide...)
			continue
		}
		clip, err := media.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, clip.PCM()...)
	}
	return pcm
}

// hit conceals the frames of a sound that are lost, and tells which those were.
func hit(rate, frame int, pcm []int16, lost func() bool) (concealed []int16, gone []bool) {
	c := plc.New(rate)
	concealed = slices.Clone(pcm)
	for at := 0; at+frame <= len(concealed); at += frame {
		gone = append(gone, lost())
		if gone[len(gone)-1] {
			c.Lost(concealed[at : at+frame])
		} else {
			c.Good(concealed[at : at+frame])
		}
	}
	return concealed, gone
}

// What is concealed is nearer to what was said than silence is: in its waveform and in its spectrum.
func TestConcealmentIsBetterThanSilence(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		pcm := spoken(t, rate)
		for _, loss := range []float64{0.05, 0.1} {
			for _, ms := range []int{10, 20, 30} {
				t.Run(fmt.Sprintf("%d Hz, %.0f %% of %d ms", rate, 100*loss, ms), func(t *testing.T) {
					r := rand.New(rand.NewPCG(3, 4))
					frame := rate / 1000 * ms
					got, gone := hit(rate, frame, pcm, func() bool { return r.Float64() < loss })
					snr, near, far := compare(pcm, got, gone, frame)
					t.Logf("SNR of what was lost %.1f dB, spectral distance %.1f dB, of silence %.1f dB", snr, near, far)
					least := -0.5 // a waveform is not to be foretold for long
					if ms == 10 {
						least = 1
					}
					if snr < least || near > 0.8*far {
						t.Errorf("SNR %.1f dB; spectral distance %.1f dB, of silence %.1f dB", snr, near, far)
					}
				})
			}
		}
	}
}

// compare looks at the frames that were lost and were not quiet: the ratio of signal to noise in all of them, which is
// 0 dB of silence, and the mean distances of the logarithmic spectra of what was concealed, and of silence.
func compare(want, got []int16, gone []bool, frame int) (snr, near, far float64) {
	n, signals, noises := 0.0, 0.0, 0.0
	silence := make([]int16, frame)
	for i, lost := range gone {
		a, b := want[i*frame:(i+1)*frame], got[i*frame:(i+1)*frame]
		signal, noise := 0.0, 1.0
		for k := range a {
			signal += float64(a[k]) * float64(a[k])
			noise += (float64(a[k]) - float64(b[k])) * (float64(a[k]) - float64(b[k]))
		}
		if !lost || signal < 1e5*float64(frame) {
			continue
		}
		n++
		signals, noises = signals+signal, noises+noise
		near += distance(a, b)
		far += distance(a, silence)
	}
	return 10 * math.Log10(signals/noises), near / n, far / n
}

// distance is the root mean square difference of two spectra in dB, over 20 bands, above -60 dBov.
func distance(a, b []int16) float64 {
	sum := 0.0
	for k := 1; k <= 20; k++ {
		d := band(a, k) - band(b, k)
		sum += d * d
	}
	return math.Sqrt(sum / 20)
}

func band(pcm []int16, k int) float64 {
	var re, im float64
	for i, s := range pcm {
		sin, cos := math.Sincos(math.Pi * float64(i) * float64(k) / 21)
		window := 1 - math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		re += window * float64(s) * cos
		im += window * float64(s) * sin
	}
	return 10 * math.Log10((re*re+im*im)/float64(len(pcm)*len(pcm))+1000)
}

// Neither where concealment begins nor where it ends is there a step that the sound around does not have.
func TestNoClicks(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		pcm := spoken(t, rate)
		r := rand.New(rand.NewPCG(5, 6))
		frame := rate / 50
		got, gone := hit(rate, frame, pcm, func() bool { return r.Float64() < 0.1 })
		for i := 1; i < len(gone); i++ {
			if at := i * frame; gone[i] != gone[i-1] {
				step := steepest(got[at-2 : at+2])
				usual := steepest(pcm[max(0, at-3*frame):min(len(pcm), at+3*frame)])
				if step > usual+usual/4+100 {
					t.Errorf("%d Hz: a step of %d at sample %d; around it the sound has steps up to %d", rate, step, at, usual)
				}
			}
		}
	}
}

// steepest is the largest difference of two samples in a row.
func steepest(pcm []int16) (step int) {
	for i := 1; i < len(pcm); i++ {
		step = max(step, int(math.Abs(float64(pcm[i])-float64(pcm[i-1]))))
	}
	return step
}

func TestConcealmentFades(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, piece := range []int{1, 33, 80, 480, 10000} {
			c := plc.New(rate)
			c.Good(tone(rate, 0, rate))
			got := make([]int16, rate/5)
			for at := 0; at < len(got); at += piece {
				c.Lost(got[at:min(at+piece, len(got))])
			}
			ms := rate / 1000
			full, half := loudest(got[:10*ms]), loudest(got[35*ms:40*ms])
			if full < 8000 || half > full*6/10 || half < full*4/10 || loudest(got[60*ms:]) != 0 {
				t.Errorf("%d Hz in pieces of %d: %d at first, %d after 35 ms, %d after 60", rate, piece, full, half, loudest(got[60*ms:]))
			}
			back := tone(rate, 0, 10*ms)
			want := loudest(back)
			c.Good(back)
			if first := loudest(back[:ms/2]); first > want/2 {
				t.Errorf("%d Hz: sound comes back at once, with %d of %d", rate, first, want)
			}
		}
	}
}

// A steady tone goes on as if nothing had happened, for a while.
func TestAToneGoesOn(t *testing.T) {
	const rate = 8000
	whole := tone(rate, 0, 800+80)
	c := plc.New(rate)
	c.Good(slices.Clone(whole[:800]))
	got := make([]int16, 80)
	c.Lost(got)
	for i, want := range whole[800:] {
		if d := math.Abs(float64(want) - float64(got[i])); d > 400 {
			t.Fatalf("sample %d is %d, want %d", i, got[i], want)
		}
	}
}

// tone is one of 100 Hz with some overtones.
func tone(rate, from, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		x := 2 * math.Pi * 100 * float64(from+i) / float64(rate)
		pcm[i] = int16(6000*math.Sin(x) + 4000*math.Sin(3*x) + 2000*math.Sin(7*x+1))
	}
	return pcm
}

func loudest(pcm []int16) int {
	most := 0
	for _, s := range pcm {
		most = max(most, int(s), -int(s))
	}
	return most
}

// Any sound in pieces of any size: concealment never is louder than full scale, and never fails.
func FuzzConcealer(f *testing.F) {
	f.Add([]byte{0, 255, 127, 1, 128, 80, 255, 200}, true)
	f.Add([]byte{7, 0, 0, 0, 0, 0, 255, 255, 255, 255}, false)
	f.Fuzz(func(t *testing.T, script []byte, wide bool) {
		c := plc.New(map[bool]int{true: 16000, false: 8000}[wide])
		script = script[:min(len(script), 400)]
		silent := true
		for i, op := range script {
			pcm := make([]int16, int(op>>1)*int(op>>4))
			if op&1 == 0 {
				for k := range pcm {
					pcm[k] = int16(uint16(script[(i+k)%len(script)]) << 8)
					silent = silent && pcm[k] == 0
				}
				c.Good(pcm)
				continue
			}
			c.Lost(pcm)
			if silent && loudest(pcm) != 0 {
				t.Fatal("sound out of silence")
			}
		}
	})
}

func BenchmarkConcealer(b *testing.B) {
	for _, rate := range []int{8000, 16000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			c := plc.New(rate)
			frame := tone(rate, 0, rate/50)
			lost := make([]int16, rate/50)
			b.ReportAllocs()
			for b.Loop() {
				c.Good(frame)
				c.Lost(lost)
			}
		})
	}
}
