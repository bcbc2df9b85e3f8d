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

// Where the segments begin: decision values x of tables 1a and 2a of G.711, in the 13 or 14 bits that count.
// (ffmpeg and sox round these borders in ways of their own.)
func TestSegmentsBeginWhereG711Says(t *testing.T) {
	tables := []struct {
		name   string
		encode func([]byte, []int16)
		shift  int
		starts []int
	}{
		{"mulaw", g711.EncodeMu, 2, []int{31, 95, 223, 479, 991, 2015, 4063}},
		{"alaw", g711.EncodeA, 3, []int{64, 128, 256, 512, 1024, 2048}},
	}
	for _, c := range tables {
		for _, x := range c.starts {
			var code [2]byte
			c.encode(code[:], []int16{int16(x<<c.shift - 1), int16(x << c.shift)})
			if code[0]^code[1] < 0x10 {
				t.Errorf("%s: %d and %d are in one segment: codes %#02x, %#02x", c.name, x<<c.shift-1, x<<c.shift, code[0], code[1])
			}
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
