package g722_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"

	"readback/media/g722"
)

const rate = 16000

// sounds are what a caller may send and a prompt may hold, two seconds of each at 16 kHz.
func sounds() map[string][]int16 {
	r := rand.New(rand.NewPCG(1, 2))
	made := map[string][]int16{
		"silence":  make([]int16, 2*rate),
		"a speech": speech(r, 0.2),
		"a shout":  speech(r, 0.9),
		"a sweep": sampled(func(at float64) float64 {
			return 0.5 * math.Sin(2*math.Pi*(50*at+1950*at*at)) // to 7.85 kHz
		}),
		"noise":         sampled(func(float64) float64 { return r.Float64() - 0.5 }),
		"faint noise":   sampled(func(float64) float64 { return (r.Float64() - 0.5) / 4000 }),
		"digits":        sampled(func(at float64) float64 { return 0.25*tone(770, at) + 0.25*tone(1477, at) }),
		"a click":       append([]int16{0, 0, 0, 0, 32767, -32768}, make([]int16, rate)...),
		"a loud sine":   sampled(func(at float64) float64 { return tone(1000, at) }),
		"a high sine":   sampled(func(at float64) float64 { return 0.7 * tone(6000, at) }),
		"on the border": sampled(func(at float64) float64 { return 0.7 * tone(4000, at) }),
	}
	for _, hz := range []float64{100, 440, 2000, 3400, 7000} {
		made["a sine"] = append(made["a sine"], sampled(func(at float64) float64 { return 0.3 * tone(hz, at) })...)
	}
	return made
}

func tone(hz, at float64) float64 { return math.Sin(2 * math.Pi * hz * at) }

func sampled(sound func(at float64) float64) []int16 {
	pcm := make([]int16, 2*rate)
	for i := range pcm {
		pcm[i] = int16(math.Round(32767 * sound(float64(i)/rate)))
	}
	return pcm
}

// speech is something like it: a buzz of gliding pitch, hisses, and pauses.
func speech(r *rand.Rand, peak float64) []int16 {
	phase := 0.0
	return sampled(func(at float64) float64 {
		phase += (120 + 40*math.Sin(5*at)) / rate
		buzz := 0.0
		for harmonic := 1.0; harmonic < 20; harmonic++ {
			buzz += tone(harmonic, phase) / harmonic / 2
		}
		switch syllable := math.Mod(at, 0.3); {
		case syllable < 0.16:
			return peak * math.Sin(math.Pi*syllable/0.16) * max(-1, min(1, buzz))
		case syllable < 0.22:
			return peak / 4 * (2*r.Float64() - 1)
		}
		return 0
	})
}

// square is the one sound whose lower half passes 15 bits after the mirror filters.
func square() []int16 {
	return sampled(func(at float64) float64 { return math.Copysign(1, tone(440, at)) })
}

func TestSoundIsCodedAsFFmpegDoes(t *testing.T) {
	for name, pcm := range sounds() {
		want := byFFmpeg(t, pcm)
		if got := encode(pcm); !bytes.Equal(got, want) {
			t.Errorf("%s: byte %d of %d differs from ffmpeg's", name, difference(got, want), len(want))
		}
	}
}

func TestBytesAreDecodedAsFFmpegDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	streams := map[string][]byte{"any bytes": make([]byte, 2*rate), "a square wave": encode(square())}
	for i := range streams["any bytes"] {
		streams["any bytes"][i] = byte(r.Uint32())
	}
	for code := range 256 { // each in a row, for as long as a step needs to reach its end
		streams["one byte"] = append(streams["one byte"], bytes.Repeat([]byte{byte(code)}, 300)...)
	}
	for name, pcm := range sounds() {
		streams[name] = encode(pcm)
	}
	for name, codes := range streams {
		want := ffmpeg(t, codes, "-f", "g722", "-i", "-", "-f", "s16le", "-")
		if got := bytesOf(decode(codes)); !bytes.Equal(got, want) {
			t.Errorf("%s: sample %d of %d differs from ffmpeg's", name, difference(got, want)/2, len(want)/2)
		}
	}
}

// ITU-T G.191 limits what the mirror filters make of a full-scale square wave, FFmpeg does not: the codes part at the
// first edge, and both decode to much the same.
func TestAFullScaleSquareWaveIsLimitedBeforeCoding(t *testing.T) {
	pcm := square()
	ours, theirs := encode(pcm), byFFmpeg(t, pcm)
	if bytes.Equal(ours, theirs) {
		t.Error("ffmpeg limits as we do: say so in the documentation of Encoder")
	}
	for name, codes := range map[string][]byte{"ours": ours, "ffmpeg's": theirs} {
		if got := fidelity(pcm, decode(codes)); got < 11 {
			t.Errorf("%s: %.1f dB above its error, want 11", name, got)
		}
	}
}

func TestSoundSurvives(t *testing.T) {
	// In dB above the error; the upper half has two bits a sample.
	least := map[string]float64{
		"a speech": 20, "a shout": 20, "a sine": 23, "a sweep": 27, "digits": 35, "a loud sine": 36, "a high sine": 24,
		"on the border": 30, "noise": 10,
	}
	all := sounds()
	for name, want := range least {
		if got := fidelity(all[name], decode(encode(all[name]))); got < want {
			t.Errorf("%s: %.1f dB above its error, want %.0f", name, got, want)
		}
	}
}

func TestTheCutIntoPiecesDoesNotMatter(t *testing.T) {
	pcm := sounds()["a speech"]
	whole := encode(pcm)
	var e g722.Encoder
	var d g722.Decoder
	var codes []byte
	var heard []int16
	for at, n := 0, 0; at < len(pcm); at, n = at+n, (n+2)%700 {
		n = min(n, len(pcm)-at)
		piece := make([]byte, n/2)
		e.Encode(piece, pcm[at:at+n])
		codes = append(codes, piece...)
		sound := make([]int16, n)
		d.Decode(sound, piece)
		heard = append(heard, sound...)
	}
	if !bytes.Equal(codes, whole) || !slices.Equal(heard, decode(whole)) {
		t.Error("a stream in pieces is another than in one")
	}
}

// apart is the largest difference of the samples of b from those of a.
func apart(a, b []int16) (most int) {
	for i, s := range b {
		d := int(s) - int(a[i])
		most = max(most, d, -d)
	}
	return most
}

func peak(pcm []int16) (high int) {
	for _, s := range pcm {
		high = max(high, int(s), -int(s))
	}
	return high
}

func encode(pcm []int16) []byte {
	codes := make([]byte, len(pcm)/2)
	new(g722.Encoder).Encode(codes, pcm)
	return codes
}

func decode(codes []byte) []int16 {
	pcm := make([]int16, 2*len(codes))
	new(g722.Decoder).Decode(pcm, codes)
	return pcm
}

// fidelity is by how many dB a sound is above the difference of what came out, 22 samples late.
func fidelity(in, out []int16) float64 {
	var sound, loss float64
	for i := range len(in) - 22 {
		d := float64(out[i+22]) - float64(in[i])
		sound += float64(in[i]) * float64(in[i])
		loss += d * d
	}
	return 10 * math.Log10((sound+1)/(loss+1))
}

// difference is where two streams part.
func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func byFFmpeg(t *testing.T, pcm []int16) []byte {
	t.Helper()
	return ffmpeg(t, bytesOf(pcm), "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-", "-c:a", "g722", "-f", "g722", "-")
}

func ffmpeg(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-v", "error"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v; install it with: apt-get install ffmpeg", err)
	}
	return out
}

func bytesOf(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
