package noise_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"testing"

	"readback/media/noise"
)

// made is noise after a payload, once the filter has settled.
func made(seconds int, payload ...byte) []int16 {
	var g noise.Generator
	g.Set(payload)
	pcm := make([]int16, 8000*(seconds+1))
	g.Fill(pcm)
	return pcm[8000:]
}

// level is the power of a sound in dBov.
func level(pcm []int16) float64 { return 10 * math.Log10(correlation(pcm, 0)/32768/32768) }

// correlation is the mean product of samples so far apart.
func correlation(pcm []int16, apart int) float64 {
	sum := 0.0
	for i := apart; i < len(pcm); i++ {
		sum += float64(pcm[i]) * float64(pcm[i-apart])
	}
	return sum/float64(len(pcm)) + 1e-12
}

func TestTheLevelIsTheOneSaid_RFC3389_3_1(t *testing.T) {
	for shape, coefficients := range map[string][]byte{
		"white": nil, "dull": {30, 180, 120}, "bright": {220}, "a hum": {10, 250},
		"of order 10": {19, 207, 94, 130, 117, 143, 111, 141, 117, 139},
	} {
		for said := 10; said <= 85; said += 5 {
			payload := append([]byte{noise.Payload(said)}, coefficients...)
			if got := level(made(8, payload...)); math.Abs(got+float64(said)) > 1 {
				t.Errorf("%s: −%d dBov comes out at %.1f", shape, said, got)
			}
		}
	}
}

func TestPayload(t *testing.T) {
	for level, want := range map[int]byte{-5: 0, 0: 0, 70: 70, 127: 127, 128: 127} {
		if got := noise.Payload(level); got != want {
			t.Errorf("level %d is said as %d, want %d", level, got, want)
		}
	}
}

// The first bit of the level is not part of it.
func TestTheLevelHasSevenBits_RFC3389_3_1(t *testing.T) {
	if got := level(made(2, 0x80|50)); math.Abs(got+50) > 1 {
		t.Errorf("0x80|50 comes out at %.1f dBov, want -50", got)
	}
}

func TestSilenceBeforeAnyDescription(t *testing.T) {
	var g noise.Generator
	for _, payload := range [][]byte{nil, {}} {
		g.Set(payload)
		pcm := []int16{1, 2, 3}
		g.Fill(pcm)
		if !slices.Equal(pcm, make([]int16, 3)) {
			t.Errorf("after %v the noise is %v", payload, pcm)
		}
	}
}

// The first reflection coefficient is the correlation of neighbours, with the sign turned.
func TestCoefficientsShapeTheSpectrum_RFC3389_3_3(t *testing.T) {
	for _, n := range []byte{0, 40, 100, 127, 150, 200, 240} {
		pcm := made(8, 30, n)
		want := -float64(int(n)-127) * 258 / 32768
		if got := correlation(pcm, 1) / correlation(pcm, 0); math.Abs(got-want) > 0.02 {
			t.Errorf("N=%d: neighbours correlate by %.3f, want %.3f", n, got, want)
		}
	}
}

// FFmpeg describes noise; ours, made from the description, has the level and the shape of what it described.
func TestNoiseDescribedByFFmpeg(t *testing.T) {
	for _, filter := range []string{"lowpass=f=800", "highpass=f=2500", "bandpass=f=1500:w=600", "anull"} {
		pcm := ffmpeg(t, nil, "-f", "lavfi", "-i", "anoisesrc=r=8000:a=0.1:d=3:s=7,"+filter, "-f", "s16le", "-")
		described := ffmpeg(t, pcm, "-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "-", "-c:a", "comfortnoise", "-f", "g722", "-")
		const size, frame = 11, 640 // a level and ten coefficients, for 80 ms
		if len(described) < 20*size || len(described)%size != 0 {
			t.Fatalf("%s: ffmpeg describes it in %d bytes", filter, len(described))
		}
		said, got := samples(pcm), make([]int16, 0, len(pcm)/2+frame)
		var g noise.Generator
		for at := 0; at < len(described); at += size {
			g.Set(described[at : at+size])
			g.Fill(got[len(got) : len(got)+frame])
			got = got[:len(got)+frame]
		}
		if off := level(got) - level(said); math.Abs(off) > 1 {
			t.Errorf("%s: the noise is %.1f dB louder than what it imitates", filter, off)
		}
		for apart := 1; apart < 5; apart++ {
			a, b := correlation(said, apart)/correlation(said, 0), correlation(got, apart)/correlation(got, 0)
			if math.Abs(a-b) > 0.1 {
				t.Errorf("%s: samples %d apart correlate by %.2f, want %.2f", filter, apart, b, a)
			}
		}
	}
}

// Coefficients at the limits, their changes from packet to packet, and orders nobody uses.
func TestHostilePayloadsStayBounded(t *testing.T) {
	tests := map[string][]byte{
		"all highest": bytes.Repeat([]byte{254}, 1400), "all lowest": make([]byte, 1400), "reserved": {60, 255, 255},
		"highest and lowest": bytes.Repeat([]byte{254, 0}, 8), "reserved later": {60, 0, 255, 254},
	}
	var g noise.Generator
	pcm := make([]int16, 160)
	g.Set([]byte{0, 254, 0, 254, 0})
	g.Fill(pcm)
	for name, coefficients := range tests {
		quiet := append([]byte{60}, coefficients...)
		g.Set(quiet)
		most := -200.0
		for range 500 {
			g.Fill(pcm)
			most = max(most, level(pcm))
		}
		if most > -45 {
			t.Errorf("%s: noise of −60 dBov reaches %.1f in a packet", name, most)
		}
	}
}

func FuzzGenerator(f *testing.F) {
	f.Add([]byte{70}, []byte{0, 255, 254})
	f.Add([]byte{60, 0, 254, 0, 254}, []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var g noise.Generator
		pcm := make([]int16, 160)
		g.Set(first)
		g.Fill(pcm)
		g.Set(append([]byte{60}, second...))
		for range 50 {
			g.Fill(pcm)
			if l := level(pcm); math.IsNaN(l) || l > -40 {
				t.Fatalf("noise of −60 dBov reaches %.1f", l)
			}
		}
	})
}

func BenchmarkFill(b *testing.B) {
	for _, order := range []int{0, 10} {
		b.Run(fmt.Sprint("order ", order), func(b *testing.B) {
			var g noise.Generator
			payload := []byte{60, 19, 207, 94, 130, 117, 143, 111, 141, 117, 139}[:1+order]
			pcm := make([]int16, 160)
			b.ReportAllocs()
			for b.Loop() {
				g.Set(payload)
				g.Fill(pcm)
			}
		})
	}
}

func Example() {
	payload := []byte{noise.Payload(60)} // of a packet that we send

	var g noise.Generator // at the other end
	g.Set(payload)
	pcm := make([]int16, 8000)
	g.Fill(pcm)
	fmt.Printf("%.0f dBov\n", level(pcm))
	// Output: -60 dBov
}

func samples(data []byte) []int16 {
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm
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
