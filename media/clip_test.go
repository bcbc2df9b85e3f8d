package media_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os/exec"
	"testing"
	"time"

	"readback/media"
)

func sox(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sox", args...).Output()
	if err != nil {
		t.Fatalf("sox: %v; install it with: apt-get install sox", err)
	}
	return out
}

// level is the power of a sound in dBov.
func level(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/32768/32768+1e-12)
}

func TestFilesAreDecoded(t *testing.T) {
	for _, format := range []string{"wav", "flac"} {
		for _, rate := range []string{"8000", "16000"} {
			data := sox(t, "-n", "-r", rate, "-b", "16", "-c", "1", "-t", format, "-", "synth", "1", "sine", "1000", "gain", "-20")
			clip, err := media.Decode(bytes.NewReader(data))
			if err != nil {
				t.Errorf("%s at %s Hz: %v", format, rate, err)
				continue
			}
			if got := level(clip.PCM()); clip.Duration() != time.Second || math.Abs(got+23) > 0.3 {
				t.Errorf("%s at %s Hz: %v at %.1f dBov; want 1 s at -23", format, rate, clip.Duration(), got)
			}
		}
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	stereo := sox(t, "-n", "-r", "8000", "-b", "16", "-c", "2", "-t", "flac", "-", "synth", "0.1", "sine", "1000")
	fast := sox(t, "-n", "-r", "44100", "-b", "16", "-c", "1", "-t", "wav", "-", "synth", "0.1", "sine", "1000")
	good := sox(t, "-n", "-r", "8000", "-b", "16", "-c", "1", "-t", "flac", "-", "synth", "1", "sine", "1000")
	for name, data := range map[string][]byte{
		"nothing": nil, "noise": []byte("hello, world"), "two channels": stereo, "44.1 kHz": fast,
		"a file cut short": good[:len(good)/2],
	} {
		if _, err := media.Decode(bytes.NewReader(data)); !errors.Is(err, media.ErrClip) {
			t.Errorf("%s: %v, want %v", name, err, media.ErrClip)
		}
	}
}

// What lies above 4 kHz would be heard as something else at 8 kHz.
func TestHalvingTheRateFiltersFirst(t *testing.T) {
	for _, test := range []struct {
		hz       float64
		from, to float64 // dB against the input
	}{{100, -0.1, 0.1}, {1000, -0.1, 0.1}, {3000, -0.1, 0.1}, {3400, -0.5, 0.1}, {4400, -200, -50}, {5000, -200, -50}, {7500, -200, -50}} {
		in := make([]int16, 16000)
		for i := range in {
			in[i] = int16(10000 * math.Sin(2*math.Pi*test.hz*float64(i)/16000))
		}
		clip, err := media.Decode(bytes.NewReader(wavOf(in, 16000)))
		if err != nil {
			t.Fatal(err)
		}
		pcm := clip.PCM()
		if got := level(pcm[100:len(pcm)-100]) - level(in); got < test.from || got > test.to {
			t.Errorf("%v Hz comes out at %.2f dB; want %v to %v", test.hz, got, test.from, test.to)
		}
	}
}

func wavOf(pcm []int16, rate uint32) []byte {
	var b bytes.Buffer
	b.WriteString("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	le(rate)
	le(2 * rate)
	le([]uint16{2, 16})
	b.WriteString("data")
	le(uint32(2 * len(pcm)))
	le(pcm)
	return b.Bytes()
}

func TestTonesAndPauses(t *testing.T) {
	tone := media.Tone(1000, 250*time.Millisecond)
	pcm := tone.PCM()
	if got := level(pcm[200 : len(pcm)-200]); math.Abs(got+22) > 0.2 || tone.Duration() != 250*time.Millisecond {
		t.Errorf("a tone of %v at %.1f dBov", tone.Duration(), got)
	}
	if pcm[0] != 0 || pcm[len(pcm)-1] != 0 {
		t.Errorf("the tone clicks: %d, %d", pcm[0], pcm[len(pcm)-1])
	}
	if p := media.Pause(time.Second); p.Duration() != time.Second || level(p.PCM()) > -100 {
		t.Errorf("a pause of %v at %v dBov", p.Duration(), level(p.PCM()))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(wavOf([]int16{1, 2, 3, 4}, 16000))
	f.Add([]byte("fLaC\x00\x00\x00\x22"))
	f.Fuzz(func(t *testing.T, data []byte) {
		clip, err := media.Decode(bytes.NewReader(data))
		if err == nil && clip.Duration() > time.Hour {
			t.Error("a clip of more than an hour")
		}
	})
}
