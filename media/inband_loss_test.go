package media

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/media/dtmf"
	"readback/media/g711"
	"readback/media/sdp"
)

// sounded is a packet of sound, and when it arrives, in ms.
type sounded struct {
	header
	payload []byte
	at      int
}

// toned is keys as tones of 100 ms with pauses of 100 ms, in packets of so many samples.
func toned(keys string, size int) []sounded {
	var pcm []int16
	for _, k := range []byte(keys) {
		tone, _ := dtmf.ToneOf(Key(k))
		pcm = append(pcm, make([]int16, 800)...)
		pcm = tone.Append(pcm, 100*time.Millisecond)
	}
	pcm = append(pcm, make([]int16, 1600)...)
	code := make([]byte, len(pcm))
	g711.EncodeMu(code, pcm)
	h := header{sequence: 65500, timestamp: 0xFFFFF000} // both wrap
	var packets []sounded
	for payload := range slices.Chunk(code, size) {
		packets = append(packets, sounded{h, payload, len(packets) * size / 8})
		h.sequence++
		h.timestamp += uint32(len(payload))
	}
	return packets
}

// Of tones under loss no press is wrong or heard twice. Some are lost: of a tone of 100 ms 40 have to come.
func TestTonesUnderImpairments(t *testing.T) {
	const keys, rounds = "30471234#4711*22277#998800", 8
	for _, size := range []int{80, 160, 480} {
		for _, percent := range []int{0, 1, 5, 10, 20} {
			for name, trouble := range map[string][3]int{"loss": {percent, 0, 0}, "late": {0, percent, 0}, "twice": {0, 0, percent}, "all": {percent, percent, percent}} {
				r := rand.New(rand.NewPCG(uint64(percent), uint64(size)))
				lost := 0
				for range rounds {
					got := heardIn(troubled(r, toned(keys, size), trouble))
					if !within(got, keys) {
						t.Errorf("%d samples a packet, %d %% %s: heard %q", size, percent, name, got)
					}
					lost += len(keys) - len(got)
				}
				t.Logf("%d samples a packet, %d %% %s: %d of %d lost", size, percent, name, lost, rounds*len(keys))
				if most := 2 * percent; size < 480 && 100*lost > most*rounds*len(keys) {
					t.Errorf("%d samples a packet, %d %% %s: %d of %d lost", size, percent, name, lost, rounds*len(keys))
				}
			}
		}
	}
}

// troubled loses, delays by up to 60 ms, and repeats packets, each with a chance in percent.
func troubled(r *rand.Rand, packets []sounded, percent [3]int) []sounded {
	var out []sounded
	for _, p := range packets {
		if r.IntN(100) < percent[0] {
			continue
		}
		if r.IntN(100) < percent[1] {
			p.at += 20 + r.IntN(41)
		}
		out = append(out, p)
		if r.IntN(100) < percent[2] {
			p.at += r.IntN(40)
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b sounded) int { return a.at - b.at })
	return out
}

func heardIn(packets []sounded) string {
	var b inBand
	var keys []byte
	for _, p := range packets {
		if !b.follow(p.header, len(p.payload)) {
			continue
		}
		for part := range slices.Chunk(p.payload, toneWords) {
			if key, ok := b.hear(sdp.PCMU, part); ok {
				keys = append(keys, byte(key))
			}
		}
	}
	return string(keys)
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

// FuzzSoundWithTones: whatever numbers packets have, the time that a packet takes is bounded and a key is a key.
func FuzzSoundWithTones(f *testing.F) {
	f.Add(uint16(1), uint32(160), uint32(7), []byte("\x90\x10 sound"))
	f.Fuzz(func(t *testing.T, sequence uint16, timestamp, ssrc uint32, payload []byte) {
		s := sessionOn(t, &outlet{clock: &scripted{}}, 20)
		s.options.InBand = InBandAlways
		h := header{}
		for i, codec := range []sdp.Codec{sdp.PCMU, sdp.PCMA, sdp.G722} {
			h.sequence, h.timestamp, h.ssrc = h.sequence+sequence, h.timestamp+timestamp, ssrc&uint32(i)
			s.hearTones(h, codec, payload)
		}
		if s.keys.n > len(payload) {
			t.Errorf("%d keys in three packets of %d bytes", s.keys.n, len(payload))
		}
	})
}

func FuzzInfo(f *testing.F) {
	for _, body := range []string{"Signal=5\r\nDuration=160\r\n", "5", "signal = 11", "Duration=99999999999\nSignal=D", "\x00=\xff"} {
		f.Add("application/dtmf-relay", []byte(body))
		f.Add("Application/DTMF ;x", []byte(body))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		press, ok := parseInfo(kind, body)
		if !ok {
			return
		}
		if _, known := press.key.Event(); !known || press.down < 0 || press.down > longestPress {
			t.Errorf("%q %q: %+v", kind, body, press)
		}
	})
}

// BenchmarkHearTones is what looking for tones adds to a packet of 20 ms.
func BenchmarkHearTones(b *testing.B) {
	for name, codec := range map[string]sdp.Codec{"PCMU": sdp.PCMU, "G722": sdp.G722} {
		for _, keys := range []string{"", "5"} {
			b.Run(fmt.Sprintf("%s/tones %q", name, keys), func(b *testing.B) {
				s := sessionOn(b, &outlet{clock: &scripted{}}, 20)
				s.options.InBand = InBandAlways
				packets := toned(keys, 160)
				p := packets[len(packets)/3]
				b.ReportAllocs()
				for b.Loop() {
					p.sequence++
					p.timestamp += 160
					s.hearTones(p.header, codec, p.payload)
				}
			})
		}
	}
}
