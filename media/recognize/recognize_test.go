package recognize_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/media/g711"
	"readback/media/recognize"
)

// speak makes something like speech from a seed: syllables of a voice whose pitch, formants and length change, so that
// two seeds are as unlike as two sentences of one speaker.
func speak(seed uint64, d time.Duration) []int16 {
	r := rand.New(rand.NewPCG(seed, 7))
	n := int(d * recognize.SampleRate / time.Second)
	pcm := make([]int16, 0, n)
	phase := 0.0
	for len(pcm) < n {
		length, pitch, glide := 600+r.IntN(1200), 100+r.Float64()*60, (r.Float64()-0.5)*0.004
		f1, f2, noise := 300+r.Float64()*500, 900+r.Float64()*1500, 0.5*r.Float64()*r.Float64()
		for i := 0; i < length && len(pcm) < n; i++ {
			pitch += glide
			phase += pitch / recognize.SampleRate
			shape := math.Sin(math.Pi * float64(i) / float64(length))
			v := 0.0
			for h := 1.0; h*pitch < 3400; h++ {
				f := h * pitch
				v += math.Sin(2*math.Pi*phase*h) * (60/(60+math.Abs(f-f1)) + 50/(50+math.Abs(f-f2)))
			}
			v = (1-noise)*v/3 + noise*(r.Float64()*2-1)
			pcm = append(pcm, int16(7000*shape*v))
		}
	}
	return pcm
}

// clips are 16 sentences, 12 short ones as digits are, and two that begin alike.
func clips() map[string][]int16 {
	c := map[string][]int16{}
	for i := range 16 {
		c[fmt.Sprintf("sentence-%d", i)] = speak(uint64(i), 800*time.Millisecond+time.Duration(i)*50*time.Millisecond)
	}
	for i := range 12 {
		c[fmt.Sprintf("digit-%d", i)] = speak(uint64(100+i), 300*time.Millisecond)
	}
	c["welcome"] = append(slices.Clone(c["sentence-1"]), c["sentence-2"]...)
	c["welcome-again"] = append(slices.Clone(c["sentence-1"]), c["sentence-3"]...)
	return c
}

// way is what happens to a stream between gateway and phone.
type way func([]int16) []int16

func mulaw(pcm []int16) []int16 {
	b := make([]byte, len(pcm))
	g711.EncodeMu(b, pcm)
	out := make([]int16, len(pcm))
	g711.DecodeMu(out, b)
	return out
}

func alaw(pcm []int16) []int16 {
	b := make([]byte, len(pcm))
	g711.EncodeA(b, pcm)
	out := make([]int16, len(pcm))
	g711.DecodeA(out, b)
	return out
}

func gain(db float64) way {
	return func(pcm []int16) []int16 {
		out := make([]int16, len(pcm))
		for i, s := range pcm {
			out[i] = int16(max(-32768, min(32767, float64(s)*math.Pow(10, db/20))))
		}
		return out
	}
}

// lossy loses packets of 20 ms.
func lossy(share float64) way {
	return func(pcm []int16) []int16 {
		r := rand.New(rand.NewPCG(1, 2))
		out := slices.Clone(pcm)
		for i := 0; i+160 <= len(out); i += 160 {
			if r.Float64() < share {
				clear(out[i : i+160])
			}
		}
		return out
	}
}

// slow is the same sound by a clock that is off.
func slow(ppm float64) way {
	return func(pcm []int16) []int16 {
		out := make([]int16, len(pcm))
		for i := range out {
			x := float64(i) * (1 + ppm/1e6)
			j := int(x)
			if j+1 < len(pcm) {
				out[i] = int16(float64(pcm[j])*(1-x+float64(j)) + float64(pcm[j+1])*(x-float64(j)))
			}
		}
		return out
	}
}

func TestEveryClipIsNamedInOrder(t *testing.T) {
	all := clips()
	book := recognize.NewBook(all)
	said := []string{
		"welcome", "sentence-7", "digit-4", "digit-8", "digit-2", "digit-1", "sentence-13", "welcome-again",
		"digit-5", "digit-5", "digit-11", "sentence-0",
	}
	stream := make([]int16, 3333)
	for i, name := range said {
		stream = append(stream, all[name]...)
		if i%3 == 0 {
			stream = append(stream, make([]int16, 1777)...)
		}
	}
	ways := map[string][]way{
		"as it is":                 nil,
		"mu-law":                   {mulaw},
		"A-law, 6 dB quieter":      {gain(-6), alaw},
		"mu-law, 6 dB louder":      {gain(6), mulaw},
		"1 % of packets lost":      {mulaw, lossy(0.01)},
		"a clock 100 ppm off":      {slow(100), mulaw},
		"A-law and mu-law in turn": {alaw, mulaw, gain(-3)},
	}
	for name, ways := range ways {
		t.Run(name, func(t *testing.T) {
			heard := stream
			for _, w := range ways {
				heard = w(heard)
			}
			if got := names(listen(book, heard)); got != strings.Join(said, " ") {
				t.Errorf("heard %s\nwant  %s", got, strings.Join(said, " "))
			}
		})
	}
}

func TestTimesAreThoseOfTheStream(t *testing.T) {
	all := clips()
	stream := append(make([]int16, 8000), mulaw(all["sentence-5"])...)
	got := listen(recognize.NewBook(all), append(stream, make([]int16, 8000)...))
	want := recognize.Match{Name: "sentence-5", Start: time.Second, End: 2050 * time.Millisecond, Complete: true}
	if len(got) != 1 {
		t.Fatalf("got %v", got)
	}
	got[0].Score = 0
	if got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
}

func TestABrokenOffClipIsNamedUpToThere(t *testing.T) {
	all := clips()
	stream := slices.Concat(all["welcome-again"][:5500], all["digit-3"], make([]int16, 4000))
	got := listen(recognize.NewBook(all), mulaw(stream))
	if len(got) != 2 || got[1].Name != "digit-3" || !strings.HasPrefix("sentence-1 welcome welcome-again", got[0].Name) {
		t.Fatalf("got %+v, want the beginning of a welcome and digit-3", got)
	}
	if got[0].Complete || got[0].End < 500*time.Millisecond || got[0].End > 700*time.Millisecond {
		t.Errorf("got %+v, want it broken off at 0.69 s", got[0])
	}
}

func TestOtherSoundHasNoName(t *testing.T) {
	book := recognize.NewBook(clips())
	for name, pcm := range map[string][]int16{
		"silence":        make([]int16, 80000),
		"another speech": speak(999, 20*time.Second),
	} {
		if got := listen(book, pcm); len(got) > 0 {
			t.Errorf("%s: heard %v", name, got)
		}
	}
}

// listen feeds a stream in packets of 20 ms.
func listen(b *recognize.Book, pcm []int16) []recognize.Match {
	l := b.Listen()
	var matches []recognize.Match
	for p := range slices.Chunk(pcm, 160) {
		matches = append(matches, l.Hear(p)...)
	}
	return append(matches, l.End()...)
}

func names(matches []recognize.Match) string {
	var out []string
	for _, m := range matches {
		out = append(out, m.Name)
	}
	return strings.Join(out, " ")
}

func BenchmarkHear(b *testing.B) {
	all := clips()
	for i := range 220 {
		all[fmt.Sprintf("more-%d", i)] = speak(uint64(2000+i), 500*time.Millisecond)
	}
	l := recognize.NewBook(all).Listen()
	second := mulaw(speak(5, time.Second))
	b.ReportAllocs()
	for b.Loop() {
		l.Hear(second)
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N), "%ofaprocessor")
}
