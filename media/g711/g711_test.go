package g711_test

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"testing"

	"readback/media/g711"
)

// codecs pairs our functions with ffmpeg's names for the same laws.
var codecs = []struct {
	name   string
	encode func([]byte, []int16)
	decode func([]int16, []byte)
}{
	{"mulaw", g711.EncodeMu, g711.DecodeMu},
	{"alaw", g711.EncodeA, g711.DecodeA},
}

func TestEveryCodeSurvivesDecodingAndEncoding(t *testing.T) {
	for _, c := range codecs {
		for code := range 256 {
			var sample [1]int16
			var back [1]byte
			c.decode(sample[:], []byte{byte(code)})
			c.encode(back[:], sample[:])
			if back[0] != byte(code) && sample[0] != 0 { // mu-law has two zeros
				t.Errorf("%s: code %#02x decodes to %d, which encodes to %#02x", c.name, code, sample[0], back[0])
			}
		}
	}
}

func TestEveryCodeDecodesAsFFmpegDoes(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	for _, c := range codecs {
		want := ffmpeg(t, codes, "-f", c.name, "-ar", "8000", "-ac", "1", "-i", "-", "-f", "s16le", "-")
		got := make([]int16, len(codes))
		c.decode(got, codes)
		if !bytes.Equal(pcm(got), want) {
			t.Errorf("%s: decoding differs from ffmpeg's", c.name)
		}
	}
}

// laws are how the samples are parted among the codes: tables 1a and 2a of G.711, by which a code reaches from one
// decision value to the next.
var laws = []law{
	{"mulaw", g711.EncodeMu, 2, func(n int) int { return 2 << (n / 16) }, 1, func(n byte) byte { return 0xFF - n }},
	{"alaw", g711.EncodeA, 3, func(n int) int { return 2 << max(0, n/16-1) }, 2, func(n byte) byte { return (0x80 | n) ^ 0x55 }},
}

type law struct {
	name   string
	encode func([]byte, []int16)
	shift  int               // 16-bit samples to those of the table: 13 bits, or 14
	step   func(n int) int   // from decision value n to the next
	first  int               // decision value 1
	code   func(n byte) byte // of interval n of the positive samples
}

// beside is how far a sample is from the decision value next to it, and a quarter of the step above that.
func (l law) beside(s int) (off, quarter int) {
	off = 1 << 16
	for n, x := 1, l.first; n < 128; n, x = n+1, x+l.step(n) {
		if d := max(s, -s) - x<<l.shift; max(d, -d) < off {
			off, quarter = max(d, -d), l.step(n)<<l.shift/4
		}
	}
	return off, quarter
}

// A sample on a decision value is in the interval above, as in ITU-T G.191: the tables leave it open. A negative one is
// the complement of a positive one there, so that every interval holds equally many samples of either sign.
func TestEverySampleIsCodedByTheTables(t *testing.T) {
	for _, law := range laws {
		n, next := 0, law.first
		for s := range 32768 {
			if n < 127 && s>>law.shift >= next {
				n++
				next += law.step(n)
			}
			var got [2]byte
			law.encode(got[:], []int16{int16(s), int16(^s)})
			if want := law.code(byte(n)); got[0] != want || got[1] != want^0x80 {
				t.Fatalf("%s: %d and %d are coded as %#02x, want %#02x and %#02x", law.name, s, ^s, got, want, want^0x80)
			}
		}
	}
}

// FFmpeg codes all samples as we do but those next to a decision value. It rounds all samples down to 14 bits, so
// that for negative ones each value is four samples off; and where the steps double it parts the codes half way
// between what they decode to, which is a quarter of a step above the table. We follow the Recommendation.
func TestEverySampleIsCodedAsFFmpegDoesButOnDecisionValues(t *testing.T) {
	all := make([]int16, 65536)
	for i := range all {
		all[i] = int16(i - 32768)
	}
	for _, law := range laws {
		want := ffmpeg(t, pcm(all), "-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "-", "-f", law.name, "-")
		got := make([]byte, len(all))
		law.encode(got, all)
		differ := 0
		for i, s := range all {
			if got[i] == want[i] {
				continue
			}
			differ++
			if off, quarter := law.beside(int(s)); off > quarter+4 {
				t.Errorf("%s: %d is coded as %#02x, by ffmpeg as %#02x; it is %d off a decision value", law.name, s, got[i], want[i], off)
			}
		}
		if differ != 964 {
			t.Errorf("%s: %d of %d codes differ from ffmpeg's, want the 964 known ones", law.name, differ, len(all))
		}
	}
}

func TestLouderNeverDecodesQuieter(t *testing.T) {
	for _, c := range codecs {
		last := int16(-32768)
		for s := -32768; s <= 32767; s++ {
			var code [1]byte
			var got [1]int16
			c.encode(code[:], []int16{int16(s)})
			c.decode(got[:], code[:])
			if got[0] < last {
				t.Fatalf("%s: %d comes out as %d, below its predecessor's %d", c.name, s, got[0], last)
			}
			last = got[0]
		}
	}
}

func TestSilenceIsSilent(t *testing.T) {
	var s [2]int16
	g711.DecodeMu(s[:1], []byte{g711.SilenceMu})
	g711.DecodeA(s[1:], []byte{g711.SilenceA})
	if s[0] != 0 || s[1] != 8 {
		t.Errorf("silence decodes to %v, want 0 and 8 (A-law has no zero)", s)
	}
}

func BenchmarkEncodeMu(b *testing.B) {
	src, dst := make([]int16, 160), make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		g711.EncodeMu(dst, src)
	}
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

func pcm(samples []int16) []byte {
	var b []byte
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
