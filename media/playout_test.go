package media

import (
	"math"
	"slices"
	"testing"
	"time"

	"readback/media/g711"
	"readback/media/g722"
	"readback/media/sdp"
)

// chant is a sound of 16 kHz with nothing above 2 kHz that is nowhere like itself a little later.
func chant(d time.Duration) []int16 {
	pcm := make([]int16, int(d/time.Millisecond)*16)
	phase := 0.0
	for i := range pcm {
		phase += (150 + 100*float64(i)/float64(len(pcm)))
		x := 2 * math.Pi * phase / wideRate
		pcm[i] = int16(4000*math.Sin(x) + 3000*math.Sin(3*x+1) + 2000*math.Sin(7*x))
	}
	return pcm
}

// coder codes chants in packets.
type coder struct {
	wide g722.Encoder
	note note
	pcm  []int16 // at 16 kHz
}

// next is the next packet, of so many bytes.
func (c *coder) next(codec sdp.Codec, n int) (note, []byte) {
	payload := make([]byte, n)
	pcm := c.pcm[:2*n]
	c.pcm = c.pcm[2*n:]
	switch codec {
	case sdp.G722:
		c.wide.Encode(payload, pcm)
	case sdp.PCMA:
		g711.EncodeA(payload, halve(pcm))
	default:
		g711.EncodeMu(payload, halve(pcm))
	}
	sent := c.note
	sent.codec = codec
	c.note.sequence++
	c.note.timestamp += uint32(n)
	c.note.at += time.Duration(n) * sample
	return sent, payload
}

// Sound in any codec and in packets of any size comes out as it went in, at either rate, also when the codec changes.
func TestPlayoutDecodes(t *testing.T) {
	tests := map[string]struct {
		codecs []sdp.Codec // a second each
		sizes  []int
	}{
		"PCMU":                  {[]sdp.Codec{sdp.PCMU}, []int{160}},
		"PCMA":                  {[]sdp.Codec{sdp.PCMA}, []int{80}},
		"G722":                  {[]sdp.Codec{sdp.G722}, []int{160}},
		"60 ms":                 {[]sdp.Codec{sdp.G722}, []int{480}},
		"odd sizes":             {[]sdp.Codec{sdp.PCMU}, []int{33, 161, 1, 250}},
		"odd sizes in wideband": {[]sdp.Codec{sdp.G722}, []int{33, 161, 1, 250}},
		"one law to the other":  {[]sdp.Codec{sdp.PCMU, sdp.PCMA}, []int{160}},
		"to wideband and back":  {[]sdp.Codec{sdp.PCMU, sdp.G722, sdp.PCMU}, []int{160}},
	}
	for name, test := range tests {
		for _, rate := range []int{sampleRate, wideRate} {
			t.Run(name, func(t *testing.T) {
				length := time.Duration(len(test.codecs)) * time.Second
				want := chant(length + time.Second)
				c := coder{pcm: want}
				p := newPlayout(rate, 0, recordDelay, recordPatience)
				var got []int16
				buf := make([]int16, rate)
				for i := 0; c.note.at < length; i++ {
					n, payload := c.next(test.codecs[c.note.at/time.Second], test.sizes[i%len(test.sizes)])
					got = append(got, buf[:p.take(buf, n.at)]...)
					p.accept(n, payload)
				}
				got = append(got, buf[:p.take(buf, c.note.at)]...)
				if rate == sampleRate {
					want = halve(want)
				}
				second := int(length/time.Second-1)*rate + rate/4 // in the last codec
				if like := alike(want[second:second+rate/2], got[second:]); like < 0.97 {
					t.Errorf("%d Hz: what comes out is %.3f like what went in", rate, like)
				}
				if like := alike(want[rate/8:rate/2], got[rate/8:]); like < 0.97 {
					t.Errorf("%d Hz: what comes out at first is %.3f like what went in", rate, like)
				}
			})
		}
	}
}

// alike is the correlation of a sound with the most alike piece at the beginning of another.
func alike(want, got []int16) (best float64) {
	for shift := 0; shift < 200 && shift+len(want) <= len(got); shift++ {
		var cross, a, b float64
		for i, w := range want {
			g := float64(got[shift+i])
			cross, a, b = cross+float64(w)*g, a+float64(w)*float64(w), b+g*g
		}
		best = max(best, cross/math.Sqrt(a*b+1))
	}
	return best
}

// A press is silenced by its time, as far as it has not been given out, whatever its timestamp says.
func TestPressesAreMuted(t *testing.T) {
	second := time.Second
	tests := map[string]struct {
		stamp    uint32 // less that of the sound at the time
		duration int
		from, to time.Duration // silent: less the time
	}{
		"a tone that was heard":       {stamp: ^uint32(0) - 799, duration: 400, from: -130 * time.Millisecond, to: 40 * time.Millisecond},
		"an event that begins":        {from: -30 * time.Millisecond, to: 40 * time.Millisecond},
		"a long press":                {stamp: ^uint32(0) - 7999, duration: 8000, from: -200 * time.Millisecond, to: 40 * time.Millisecond},
		"timestamps of another clock": {stamp: 1 << 30, duration: 300, from: -30 * time.Millisecond, to: 40 * time.Millisecond},
		"a press out of the past":     {stamp: ^uint32(0) - 79999, duration: 300, from: -30 * time.Millisecond, to: 40 * time.Millisecond},
		"one that is to last":         {duration: 65535, from: -30 * time.Millisecond, to: 140 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := coder{pcm: chant(3 * second)}
			p := newPlayout(sampleRate, 0, recordDelay, recordPatience)
			got := make([]int16, 0, 3*sampleRate)
			for c.note.at < 2*second {
				n, payload := c.next(sdp.PCMU, 160)
				got = got[:len(got)+p.take(got[len(got):cap(got)], n.at)]
				p.accept(n, payload)
				if n.at == second {
					p.mute(n.timestamp+test.stamp, test.duration)
				}
			}
			got = got[:len(got)+p.take(got[len(got):cap(got)], c.note.at)]
			from, to := hush(got)
			if d := from - (second + test.from); d.Abs() > 10*time.Millisecond {
				t.Errorf("silent from %v on, want %v", from-second, test.from)
			}
			if d := to - (second + test.to); d.Abs() > 10*time.Millisecond {
				t.Errorf("silent until %v, want %v", to-second, test.to)
			}
		})
	}
}

// hush is where a sound of 8 kHz is silent for 10 ms or longer.
func hush(pcm []int16) (from, to time.Duration) {
	run := 0
	for i, s := range pcm {
		if run++; s != 0 {
			run = 0
		}
		if run >= piece && i > sampleRate/2 {
			if from == 0 {
				from = time.Duration(i-run) * sample
			}
			to = time.Duration(i) * sample
		}
	}
	return from, to
}

// While the peer describes its silence, that is what is heard, and no speech.
func TestPausesAreFilledWithNoise_RFC3389(t *testing.T) {
	c := coder{pcm: chant(10 * time.Second)}
	p := newPlayout(sampleRate, 0, tapDelay, tapPatience)
	p.accept(c.next(sdp.PCMU, 160))
	pause := c.note
	pause.what = noteComfort
	p.take(make([]int16, sampleRate), pause.at)
	p.accept(pause, []byte{50})
	heard := newSpeech(sampleRate)
	got := make([]int16, 2*sampleRate)
	for n := 0; n < len(got); {
		pcm, silent := p.next(got[n:], len(got)-n)
		if n += len(pcm); silent {
			heard.pause(len(pcm))
		} else {
			heard.hear(pcm)
		}
	}
	noise := got[sampleRate/2:]
	sum := 0.0
	for _, s := range noise {
		sum += float64(s) * float64(s)
	}
	if level := 10 * math.Log10(sum/float64(len(noise))/32768/32768); math.Abs(level+50) > 1 {
		t.Errorf("noise of %.1f dBov, want -50", level)
	}
	if heard.total() != 0 {
		t.Errorf("%v of speech in it", heard.total())
	}
}

// What is full loses sound, but never the presses in what it keeps.
func TestIntakeIsBounded(t *testing.T) {
	i := newIntake(recordIntake)
	notes, bytes := cap(i.notes), cap(i.bytes)
	for n := range 3 * notes {
		i.add(note{what: noteSound, sequence: uint16(n)}, make([]byte, 20))
	}
	sounds := len(i.notes)
	i.add(note{what: noteTone}, nil)
	if len(i.notes) != sounds+1 || i.notes[sounds].what != noteTone {
		t.Errorf("%d sounds leave no room for a press", sounds)
	}
	i.reset()
	for range 3 * notes {
		i.add(note{what: noteSound}, make([]byte, 1500))
		i.add(note{what: noteTone}, nil)
	}
	if cap(i.notes) != notes || cap(i.bytes) != bytes || len(i.notes) != notes {
		t.Errorf("grown to %d notes and %d bytes, %d notes kept", cap(i.notes), cap(i.bytes), len(i.notes))
	}
}

// A recording, for each packet of 20 ms: what the packet path does, and what the writer does.
func BenchmarkRecording(b *testing.B) {
	payload := slices.Repeat([]byte{0x31, 0xB7, 0x5A, 0xE2}, 40)
	b.Run("packet", func(b *testing.B) {
		s := &Session{recording: newRecorder(0)}
		h := header{ssrc: 1}
		b.ReportAllocs()
		for b.Loop() {
			s.sound(h, sdp.PCMU, payload)
			h.sequence++
			if h.sequence%10 == 0 {
				s.recording.intake.reset()
			}
		}
	})
	for _, codec := range sdp.Codecs() {
		for name, each := range map[string]int{"": 1 << 30, " with 5 % loss": 20} {
			b.Run(codec.String()+name, func(b *testing.B) {
				p := newPlayout(codec.Rate(), 0, recordDelay, recordPatience)
				n := note{codec: codec, ssrc: 1}
				pcm := make([]int16, 640)
				b.ReportAllocs()
				for i := 1; b.Loop(); i++ {
					if i%each != 0 {
						p.accept(n, payload)
					}
					n.sequence++
					n.timestamp += 160
					n.at += 20 * time.Millisecond
					p.take(pcm, n.at)
				}
			})
		}
	}
}
