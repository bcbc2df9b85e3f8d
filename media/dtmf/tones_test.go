package dtmf_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/g722"
)

const allKeys = "123A456B789C*0#D"

// hear gives sound to a new detector in packets of 20 ms.
func hear(pcm []int16) string { return hearPieces(pcm, func() int { return 160 }) }

func hearPieces(pcm []int16, size func() int) string {
	var d dtmf.Tones
	var keys []byte
	for len(pcm) > 0 {
		n := min(size(), len(pcm))
		if key, ok := d.Hear(pcm[:n]); ok {
			keys = append(keys, byte(key))
		}
		pcm = pcm[n:]
	}
	return string(keys)
}

func silence(ms int) []int16 { return make([]int16, ms*8) }

// touch is keys as tones, each on for so many ms and then off.
func touch(keys string, on, off int, mend ...func(*dtmf.Tone)) []int16 {
	pcm := silence(50)
	for i := range len(keys) {
		tone, _ := dtmf.ToneOf(dtmf.Key(keys[i]))
		for _, m := range mend {
			m(&tone)
		}
		pcm = append(tone.Append(pcm, ms(on)), silence(off)...)
	}
	return append(pcm, silence(50)...)
}

// detuned is a change of frequencies, in percent and in Hz.
func detuned(low, high, hz float64) func(*dtmf.Tone) {
	return func(t *dtmf.Tone) {
		t.Low += t.Low*low/100 + math.Copysign(hz, low)
		t.High += t.High*high/100 + math.Copysign(hz, high)
	}
}

func levels(low, high float64) func(*dtmf.Tone) {
	return func(t *dtmf.Tone) { t.LowLevel, t.HighLevel = low, high }
}

// The limits that networks set for receivers: ITU-T Q.24 table A-1. What is not accepted lies outside them.
func TestTones_Q24(t *testing.T) {
	plain := levels(-10, -10)
	tests := []struct {
		name  string
		on    int
		mend  func(*dtmf.Tone)
		heard bool
	}{
		{"40 ms", 40, plain, true},
		{"45 ms", 45, plain, true},
		{"70 ms", 70, plain, true},
		{"1 s", 1000, plain, true},
		{"23 ms", 23, plain, false},
		{"20 ms", 20, plain, false},
		{"10 ms", 10, plain, false},

		{"1.5 % and 2 Hz high", 40, detuned(1.5, 1.5, 2), true},
		{"1.5 % and 2 Hz low", 40, detuned(-1.5, -1.5, 2), true},
		{"apart by 1.5 % and 2 Hz", 40, detuned(-1.5, 1.5, 2), true},
		{"together by 1.5 % and 2 Hz", 40, detuned(1.5, -1.5, 2), true},
		{"low tone 3.5 % high", 100, detuned(3.5, 0, 0), false},
		{"low tone 3.5 % low", 100, detuned(-3.5, 0, 0), false},
		{"high tone 3.5 % high", 100, detuned(0, 3.5, 0), false},
		{"high tone 3.5 % low", 100, detuned(0, -3.5, 0), false},
		{"5 % high", 100, detuned(5, 5, 0), false},

		{"0 dBm0", 40, levels(0, 0), true},
		{"-3 dBm0", 40, levels(-3, -3), true},
		{"-25 dBm0", 40, levels(-25, -25), true},
		{"-29 dBm0", 40, levels(-29, -29), true},
		{"-33 dBm0", 100, levels(-33, -33), false},
		{"-55 dBm0", 100, levels(-55, -55), false},

		{"high tone 4 dB up", 40, levels(-12, -8), true},
		{"high tone 10 dB up", 40, levels(-18, -8), true},
		{"low tone 8 dB up", 40, levels(-8, -16), true},
		{"low tone 10 dB up", 40, levels(-8, -18), true},
		{"high tone 14 dB up", 100, levels(-20, -6), false},
		{"low tone 14 dB up", 100, levels(-6, -20), false},
		{"low tone alone", 100, levels(-8, -90), false},
		{"high tone alone", 100, levels(-90, -8), false},
	}
	for _, test := range tests {
		want := ""
		if test.heard {
			want = allKeys
		}
		for at := range 8 { // against the blocks of the detector
			pcm := touch(allKeys, test.on, 40, test.mend)[5*at:]
			if got := hear(pcm); got != want {
				t.Errorf("%s: heard %q, want %q", test.name, got, want)
			}
		}
	}
}

func TestPausesPartPresses_Q24(t *testing.T) {
	for _, test := range []struct {
		off  int
		want string
	}{{5, "5"}, {10, "5"}, {20, "5"}, {40, "5555"}, {50, "5555"}, {100, "5555"}} {
		for at := range 8 {
			if got := hear(touch("5555", 50, test.off)[5*at:]); got != test.want {
				t.Errorf("pauses of %d ms: heard %q, want %q", test.off, got, test.want)
			}
		}
	}
	if got := hear(touch(allKeys+"1122", 45, 0)); got != allKeys+"12" {
		t.Errorf("without pauses: heard %q", got)
	}
}

func TestInterruptionsAreBridged_Q24(t *testing.T) {
	for at := range 90 { // ms into a tone of 110 ms
		pcm := touch("7", 110, 40)
		clear(pcm[8*(50+at):][:80]) // 10 ms
		if got := hear(pcm); got != "7" {
			t.Errorf("interrupted after %d ms: heard %q", at, got)
		}
	}
}

func TestTonesInNoise_Q24(t *testing.T) {
	const level = -15
	for _, test := range []struct {
		snr  float64
		most int // lost, of 320
	}{{20, 0}, {15, 0}, {10, 0}, {6, 320}, {0, 320}} {
		r := rand.New(rand.NewPCG(1, uint64(test.snr)))
		lost := 0
		for range 20 {
			pcm := touch(allKeys, 40, 40, levels(level, level))
			noise := 32768 * math.Pow(10, (level-3.14-test.snr)/20) // against the power of both tones
			for i := range pcm {
				pcm[i] += int16(noise * r.NormFloat64())
			}
			got := hear(pcm)
			if !within(got, allKeys) {
				t.Errorf("%v dB above noise: heard %q", test.snr, got)
			}
			lost += len(allKeys) - len(got)
		}
		t.Logf("%v dB above noise: %d of 320 lost", test.snr, lost)
		if lost > test.most {
			t.Errorf("%v dB above noise: %d of 320 lost", test.snr, lost)
		}
	}
}

// within reports whether got is keys, of which some may be missing.
func within(got, keys string) bool {
	for i := range len(got) {
		at := strings.IndexByte(keys, got[i])
		if at < 0 {
			return false
		}
		keys = keys[at+1:]
	}
	return true
}

func TestTonesThroughCodecs(t *testing.T) {
	code := make([]byte, 1<<20)
	through := map[string]func(pcm []int16){
		"PCMU": func(pcm []int16) { g711.EncodeMu(code, pcm); g711.DecodeMu(pcm, code[:len(pcm)]) },
		"PCMA": func(pcm []int16) { g711.EncodeA(code, pcm); g711.DecodeA(pcm, code[:len(pcm)]) },
		"G722": func(pcm []int16) {
			wide := make([]int16, 2*len(pcm)) // held samples have images above 4 kHz, which do not matter
			for i := range wide {
				wide[i] = pcm[i/2]
			}
			new(g722.Encoder).Encode(code, wide)
			new(g722.Decoder).DecodeNarrow(pcm, code[:len(pcm)])
		},
	}
	for name, coded := range through {
		for _, level := range []float64{-3, -10, -25} {
			pcm := touch(allKeys+"1111", 40, 40, levels(level, level))
			coded(pcm)
			if got := hear(pcm); got != allKeys+"1111" {
				t.Errorf("%s at %v dBm0: heard %q", name, level, got)
			}
		}
	}
}

func TestPiecesMayBeOfAnySize(t *testing.T) {
	pcm := touch(allKeys+"5544", 50, 50)
	r := rand.New(rand.NewPCG(1, 1))
	for name, size := range map[string]func() int{
		"a sample": func() int { return 1 },
		"7":        func() int { return 7 },
		"60 ms":    func() int { return 480 },
		"80 ms":    func() int { return 640 },
		"any":      func() int { return 1 + r.IntN(640) },
	} {
		if got := hearPieces(pcm, size); got != allKeys+"5544" {
			t.Errorf("pieces of %s: heard %q", name, got)
		}
	}
}

// Packets of 20 ms are lost: as gaps that Skip tells of, as silence, or as sound that is repeated.
func TestTonesUnderLoss(t *testing.T) {
	const keys = "30471234#4711*22277#998800"
	fill := map[string]func(d *dtmf.Tones, before []int16) (dtmf.Key, bool){
		"skipped":  func(d *dtmf.Tones, before []int16) (dtmf.Key, bool) { d.Skip(len(before)); return 0, false },
		"silent":   func(d *dtmf.Tones, before []int16) (dtmf.Key, bool) { return d.Hear(make([]int16, len(before))) },
		"repeated": func(d *dtmf.Tones, before []int16) (dtmf.Key, bool) { return d.Hear(before) },
	}
	for name, fill := range fill {
		for _, loss := range []int{1, 5, 10, 20} {
			r := rand.New(rand.NewPCG(uint64(loss), 1))
			lost := 0
			for range 40 {
				pcm := touch(keys, 100, 100)[r.IntN(160):]
				var d dtmf.Tones
				var got []byte
				for i := 160; i+160 <= len(pcm); i += 160 {
					key, ok := dtmf.Key(0), false
					if r.IntN(100) < loss {
						key, ok = fill(&d, pcm[i-160:i])
					} else {
						key, ok = d.Hear(pcm[i : i+160])
					}
					if ok {
						got = append(got, byte(key))
					}
				}
				lost += len(keys) - len(got)
				if name == "skipped" && !within(string(got), keys) {
					t.Errorf("%d %% %s: heard %q", loss, name, got)
				}
			}
			t.Logf("%d %% %s: %d of %d lost", loss, name, lost, 40*len(keys))
		}
	}
}

func TestToneOfWhatIsNoKey(t *testing.T) {
	if _, ok := dtmf.ToneOf('x'); ok {
		t.Error("x has a tone")
	}
}

func FuzzTones(f *testing.F) {
	f.Add([]byte("\x00\x10tone\xff\x80"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var whole, pieces dtmf.Tones
		var a, b []dtmf.Key
		pcm := make([]int16, 160)
		for i := range data {
			if data[i]%16 == 0 {
				whole.Skip(int(data[i]) * 8)
				pieces.Skip(int(data[i]) * 8)
				continue
			}
			tone, _ := dtmf.ToneOf(dtmf.Key(allKeys[data[i]%16]))
			levels(-float64(data[i]>>4)*3, -float64(data[i]>>4)*3)(&tone)
			pcm = tone.Append(pcm[:0], time.Duration(1+data[i]%20)*time.Millisecond)
			if key, ok := whole.Hear(pcm); ok {
				a = append(a, key)
			}
			for j := range pcm {
				if key, ok := pieces.Hear(pcm[j : j+1]); ok {
					b = append(b, key)
				}
			}
		}
		if !slices.Equal(a, b) {
			t.Errorf("heard %v, in single samples %v", a, b)
		}
		for _, key := range a {
			if _, ok := key.Event(); !ok {
				t.Errorf("heard %q", key)
			}
		}
	})
}

// BenchmarkTones is what a packet of 20 ms costs.
func BenchmarkTones(b *testing.B) {
	for name, pcm := range map[string][]int16{"silence": silence(20), "tone": touch("5", 20, 0)[400:560]} {
		b.Run(name, func(b *testing.B) {
			var d dtmf.Tones
			b.ReportAllocs()
			for b.Loop() {
				d.Hear(pcm)
			}
		})
	}
}
