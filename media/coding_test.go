package media

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"readback/media/g722"
	"readback/media/sdp"
)

// prompts are some shipped ones, of 16 kHz.
func prompts(t testing.TB, most int) []*Clip {
	t.Helper()
	files, err := filepath.Glob("../ivr/prompts/en-US/*.flac")
	if err != nil || len(files) < most {
		t.Fatalf("%d prompts (%v)", len(files), err)
	}
	var clips []*Clip
	for i := range most {
		data, err := os.ReadFile(files[i*len(files)/most])
		if err != nil {
			t.Fatal(err)
		}
		clip, err := Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		clips = append(clips, clip)
	}
	return clips
}

func decoded(d *g722.Decoder, codes []byte) []int16 {
	pcm := make([]int16, 2*len(codes))
	d.Decode(pcm, codes)
	return pcm
}

// difference is the root mean square of a-b, in dBov.
func difference(a, b []int16) float64 {
	sum := 0.0
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(sum/float64(len(b))/32768/32768+1e-12)
}

// Prompts, each coded once, sound one after the other as each does alone.
func TestNothingIsHeardBetweenPromptsInG722(t *testing.T) {
	pause, clips := Pause(60*time.Millisecond), prompts(t, 24)
	var d g722.Decoder
	decoded(&d, pause.coded(sdp.G722))
	quiet, loudest := -200.0, -200.0
	for i, clip := range clips {
		var alone g722.Decoder
		decoded(&alone, pause.coded(sdp.G722))
		codes := clip.coded(sdp.G722)
		loudest = max(loudest, difference(decoded(&d, codes), decoded(&alone, codes)))
		if i%3 == 0 { // the others follow at once
			quiet = max(quiet, difference(decoded(&d, pause.coded(sdp.G722))[640:], make([]int16, 320)))
		}
	}
	if loudest > -45 { // active speech is at −22, G.722's own error 23 dB below it
		t.Errorf("a prompt after another differs by %.1f dBov from the prompt alone, want −45", loudest)
	}
	if quiet > -55 {
		t.Errorf("40 ms after a prompt %.1f dBov are left of it, want −55", quiet)
	}
}

// Prompts are sent with all that their files have: in G722 what is above 4 kHz too.
func TestPromptsAreWideband(t *testing.T) {
	for name, test := range map[string]struct {
		clip *Clip
		want float64 // of what is above 4 kHz, in dBov
	}{
		"16 kHz": {NewWideClip(sines(16000, 1000, 6000)), -17},
		"8 kHz":  {NewClip(sines(8000, 1000, 3000)), -60},
	} {
		var d g722.Decoder
		pcm := decoded(&d, test.clip.coded(sdp.G722))[2000:14000]
		if got := above4k(pcm); math.Abs(got-test.want) > 2 && (test.want > -60 || got > -50) {
			t.Errorf("%s: %.1f dBov above 4 kHz, want %.0f", name, got, test.want)
		}
		if test.clip.Duration() != time.Second {
			t.Errorf("%s: it lasts %v", name, test.clip.Duration())
		}
		for _, codec := range sdp.Codecs() {
			if n := len(test.clip.coded(codec)); n != 8000 {
				t.Errorf("%s: %d bytes of %v, want 8000", name, n, codec)
			}
		}
	}
}

// sines is a second of sines, each at −17 dBov.
func sines(rate int, hz ...float64) []int16 {
	pcm := make([]int16, rate)
	for i := range pcm {
		for _, f := range hz {
			pcm[i] += int16(6500 * math.Sin(2*math.Pi*f*float64(i)/float64(rate)))
		}
	}
	return pcm
}

// above4k is the power of what is above 4 kHz in a sound of 16 kHz, in dBov: what halving and doubling takes away.
func above4k(pcm []int16) float64 {
	there := double(halve(pcm))
	return difference(pcm[200:len(pcm)-200], there[200:len(pcm)-200])
}

func TestDoublingKeepsTheSoundAndAddsNone(t *testing.T) {
	for _, hz := range []float64{100, 1000, 2500, 3400} {
		in, want := sines(8000, hz), sines(16000, hz)
		got := double(in)
		if off := difference(got[200:15800], want[200:15800]); off > -60 {
			t.Errorf("%v Hz: %.1f dBov off the sine, want −60", hz, off)
		}
		if !slices.Equal(halve(got)[100:7900], in[100:7900]) && difference(halve(got)[100:7900], in[100:7900]) > -60 {
			t.Errorf("%v Hz: halved again it is another sound", hz)
		}
	}
}

// A clip of a file is read again when it is wanted in another way, and goes on without its file.
func TestAClipOfAFileKeepsWhatItSends(t *testing.T) {
	data, err := os.ReadFile("../ivr/prompts/en-US/digit-2.flac")
	if err != nil {
		t.Fatal(err)
	}
	var gone bool
	opened := 0
	load := func() *Clip {
		clip, err := LoadClip(func() (io.ReadCloser, error) {
			if opened++; gone {
				return nil, os.ErrNotExist
			}
			return io.NopCloser(bytes.NewReader(data)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return clip
	}
	kept, err := Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	there, without := load(), load()
	for _, codec := range sdp.Codecs() {
		if !bytes.Equal(there.coded(codec), kept.coded(codec)) {
			t.Errorf("%v: a clip that is loaded is another than one that is decoded", codec)
		}
	}
	gone, opened = true, 0
	if n := len(without.coded(sdp.G722)); n != without.length || opened != 1 {
		t.Errorf("without its file: %d bytes of %d in G722, opened %d times", n, without.length, opened)
	}
	if off := difference(without.PCM(), kept.PCM()); off > -45 {
		t.Errorf("without its file it is %.1f dBov off", off)
	}
	if _, err := LoadClip(func() (io.ReadCloser, error) { return nil, os.ErrNotExist }); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Loaded clips cost a byte for 125 µs and codec.
func TestClipsAreSmall(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	files, _ := filepath.Glob("../ivr/prompts/en-US/digit-*.flac")
	var clips []*Clip
	bytes := 0
	for _, file := range files {
		clip, err := LoadClip(func() (io.ReadCloser, error) { return os.Open(file) })
		if err != nil {
			t.Fatal(err)
		}
		clip.coded(sdp.G722)
		clips, bytes = append(clips, clip), bytes+3*clip.length
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int(after.HeapAlloc) - int(before.HeapAlloc); grown > bytes*5/4+100_000 {
		t.Errorf("%d clips of %d bytes take %d", len(clips), bytes, grown)
	}
	runtime.KeepAlive(clips)
}

// BenchmarkCodeWideband is what a prompt costs when it is first wanted in G722, for each second that it lasts.
func BenchmarkCodeWideband(b *testing.B) {
	clip := NewWideClip(sines(16000, 1000, 6000))
	for b.Loop() {
		clip.wideband()
	}
}
