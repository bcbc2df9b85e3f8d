package media

import (
	"math"
	"testing"
	"time"

	"readback/media/g711"
	"readback/media/g722"
	"readback/media/sdp"
)

// carried is what comes out of a relay, in another codec, of sound of which some packets are lost.
func carried(r *relay, c *coder, from, to sdp.Codec, packets int, lost func(int) bool) []byte {
	out := make([]byte, 0, packets*160)
	for i := range packets {
		n, payload := c.next(from, 160)
		if !lost(i) {
			r.put(n, payload)
		}
		out = out[:len(out)+160]
		r.fill(out[len(out)-160:], to, uint32(160*i))
	}
	return out
}

// Bytes of one codec pass as they are, but for what is lost.
func TestBytesPassAsTheyAre(t *testing.T) {
	for _, codec := range []sdp.Codec{sdp.PCMU, sdp.PCMA} {
		c := coder{pcm: chant(3 * time.Second)}
		out := carried(newRelay("", relayDelay), &c, codec, codec, 100, func(i int) bool { return i == 50 })
		again := coder{pcm: chant(3 * time.Second)}
		sent := make([]byte, 0, 100*160)
		for range 100 {
			_, payload := again.next(codec, 160)
			sent = append(sent, payload...)
		}
		const late = 40 // relayDelay
		for i, from := range []int{160, 52 * 160} {
			to := []int{50 * 160, 99 * 160}[i]
			if string(out[from+late:to+late]) != string(sent[from:to]) {
				t.Errorf("%v: other bytes come out than went in, between %d and %d", codec, from, to)
			}
		}
		if after := 51 * 160; string(out[after+late:after+late+20]) == string(sent[after:after+20]) {
			t.Errorf("%v: what comes after a loss is not faded in", codec)
		}
	}
}

// The listener's codec may change at any time.
func TestARelayGoesOnInAnotherCodec(t *testing.T) {
	codecs := []sdp.Codec{sdp.PCMU, sdp.G722, sdp.PCMA, sdp.PCMU, sdp.G722}
	for _, from := range sdp.Codecs() {
		r := newRelay("", relayDelay)
		said := chant(6 * time.Second)
		c := coder{pcm: said}
		out := make([]byte, 160)
		var ear g722.Decoder
		var heard []int16 // at 8 kHz
		for i := range 50 * len(codecs) {
			n, payload := c.next(from, 160)
			if i%50 != 2 { // lost soon after the change
				r.put(n, payload)
			}
			to := codecs[i/50]
			r.fill(out, to, uint32(160*i))
			pcm := make([]int16, 160)
			switch to {
			case sdp.G722:
				if i%50 == 0 {
					ear = g722.Decoder{}
				}
				ear.DecodeNarrow(pcm, out)
			case sdp.PCMA:
				g711.DecodeA(pcm, out)
			default:
				g711.DecodeMu(pcm, out)
			}
			heard = append(heard, pcm...)
		}
		for i, to := range codecs {
			at := i*sampleRate + sampleRate/4
			if like := alike(halve(said)[at:at+sampleRate/2], heard[at:]); like < 0.97 {
				t.Errorf("%v to %v: %.3f like what was said", from, to, like)
			}
			for k, v := range heard[i*sampleRate : (i+1)*sampleRate] {
				if math.Abs(float64(v)) > 1.5*9000 {
					t.Errorf("%v to %v: a peak of %d after %d ms in a sound of 9000", from, to, v, k/8)
					break
				}
			}
		}
	}
}

// Who stops sending is concealed for a moment, and silent then.
func TestWhoStopsIsSilent(t *testing.T) {
	for _, codec := range sdp.Codecs() {
		r := newRelay("", relayDelay)
		c := coder{pcm: chant(time.Second)}
		out := make([]byte, 160)
		for i := range 30 {
			if i < 20 {
				r.put(c.next(codec, 160))
			}
			silent := r.fill(out, codec, uint32(160*i))
			if i > 0 && i < 22 && silent || i > 25 && !silent {
				t.Errorf("%v: packet %d is silent: %v", codec, i, silent)
			}
		}
	}
}

// After a loss in G.722 the listener's decoder is led on: what is coded anew sounds like what is said, up to a quiet moment.
func TestWidebandGoesOnAfterALoss(t *testing.T) {
	said := chant(5 * time.Second)
	clear(said[wideRate/2 : wideRate*6/10]) // a quiet moment, from which bytes pass
	c := coder{pcm: said}
	r := newRelay("", relayDelay)
	out := carried(r, &c, sdp.G722, sdp.G722, 200, func(i int) bool { return i == 100 })
	heard := make([]int16, 2*len(out))
	new(g722.Decoder).Decode(heard, out)
	for _, part := range [][2]time.Duration{{700 * time.Millisecond, 1980 * time.Millisecond}, {2040 * time.Millisecond, 2300 * time.Millisecond}, {2300 * time.Millisecond, 3900 * time.Millisecond}} {
		from, to := int(part[0]*wideRate/time.Second), int(part[1]*wideRate/time.Second)
		if like := alike(said[from:to], heard[from:]); like < 0.97 {
			t.Errorf("from %v on: %.3f like what was said", part[0], like)
		}
	}
	if r.raw {
		t.Error("bytes pass before a quiet moment")
	}
}

// A loss is heard no louder than what was said.
func TestALossDoesNotClick(t *testing.T) {
	for _, codecs := range [][2]sdp.Codec{{sdp.PCMU, sdp.PCMU}, {sdp.G722, sdp.G722}, {sdp.PCMA, sdp.G722}, {sdp.G722, sdp.PCMU}} {
		said := chant(5 * time.Second)
		clear(said[wideRate/2 : wideRate*6/10])
		c := coder{pcm: said}
		out := carried(newRelay("", relayDelay), &c, codecs[0], codecs[1], 200, func(i int) bool { return i > 50 && i%10 == 0 })
		heard := make([]int16, 2*len(out))
		if codecs[1] == sdp.G722 {
			new(g722.Decoder).Decode(heard, out)
		} else {
			heard = heard[:len(out)]
			g711.DecodeMu(heard, out)
		}
		most := 0.0
		for _, v := range heard[len(heard)/4:] {
			most = max(most, math.Abs(float64(v)))
		}
		if most > 1.5*9000 {
			t.Errorf("%v: a peak of %.0f in a sound of 9000", codecs, most)
		}
	}
}

func TestARelayAllocatesNothing(t *testing.T) {
	payload := make([]byte, 160)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	for _, from := range sdp.Codecs() {
		for _, to := range sdp.Codecs() {
			r := newRelay("", relayDelay)
			out := make([]byte, 160)
			n := note{codec: from, ssrc: 1}
			i := 0
			carry := func() {
				i++
				n.sequence, n.timestamp = uint16(i), uint32(160*i)
				if i%20 != 0 {
					r.put(n, payload)
				}
				r.fill(out, to, uint32(160*i))
			}
			carry() // chooses the rate
			if got := testing.AllocsPerRun(500, carry); got != 0 {
				t.Errorf("%v to %v: %v allocations a packet", from, to, got)
			}
		}
	}
}

// Rounds that a late worker leaves out are left out of the sound, and add no delay.
func TestRoundsThatAreLeftOutDelayNothing(t *testing.T) {
	r := newRelay("", relayDelay)
	said := chant(3 * time.Second)
	c := coder{pcm: said}
	heard := make([]int16, 0, 3*sampleRate)
	out := make([]byte, 160)
	for i := range 140 {
		n, payload := c.next(sdp.PCMU, 160)
		r.put(n, payload)
		heard = heard[:len(heard)+160]
		if i < 50 || i > 55 {
			r.fill(out, sdp.PCMU, uint32(160*i))
			g711.DecodeMu(heard[len(heard)-160:], out)
		}
	}
	at := 6 * sampleRate / 4
	if like := alike(halve(said)[at:at+sampleRate/2], heard[at:]); like < 0.97 { // within 25 ms
		t.Errorf("afterwards it is heard %.3f like itself within 25 ms", like)
	}
}

// What comes while nothing is taken is bounded, and so is what is heard of it afterwards.
func TestARelayKeepsNothingOld(t *testing.T) {
	r := newRelay("", relayDelay)
	c := coder{pcm: chant(30 * time.Second)}
	notes, bytes := cap(r.intake.notes), cap(r.intake.bytes)
	for range 1000 { // 20 s
		n, payload := c.next(sdp.PCMU, 160)
		r.put(n, payload)
	}
	if cap(r.intake.notes) != notes || cap(r.intake.bytes) != bytes {
		t.Errorf("grown to %d notes and %d bytes", cap(r.intake.notes), cap(r.intake.bytes))
	}
	out := make([]byte, 160)
	r.fill(out, sdp.PCMU, 0)
	r.fill(out, sdp.PCMU, 20*sampleRate) // after a long hold
	said := c.pcm[:2*wideRate]
	heard := make([]int16, 2*sampleRate)
	for i := range 100 {
		n, payload := c.next(sdp.PCMU, 160)
		r.put(n, payload)
		r.fill(out, sdp.PCMU, uint32(20*sampleRate+160*(i+1)))
		g711.DecodeMu(heard[160*i:], out)
	}
	if like := alike(halve(said)[sampleRate/2:sampleRate], heard[sampleRate/2:]); like < 0.97 { // within 25 ms
		t.Errorf("what is said after it is heard %.3f like itself within 25 ms", like)
	}
}

// Delay that jitter has demanded goes away again where it is quiet, also while wideband passes as it is.
func TestWidebandCatchesUpWhereItIsQuiet(t *testing.T) {
	const jittery, packets = 500, 3600
	said := chant(packets*20*time.Millisecond + time.Second)
	for i := range said {
		if i%wideRate < wideRate/5 {
			said[i] = int16(i * 7919 % 61) // faint, and no two bytes of it alike
		}
	}
	c := coder{pcm: said}
	r := newRelay("", relayDelay)
	out := make([]byte, 160)
	var waiting []func()
	delay := make([]time.Duration, 0, packets)
	for i := range packets {
		n, payload := c.next(sdp.G722, 160)
		waiting = append(waiting, func() { r.put(n, payload) })
		if i > jittery || i%4 == 3 { // four come at once
			for _, put := range waiting {
				put()
			}
			waiting = waiting[:0]
		}
		r.fill(out, sdp.G722, uint32(160*i))
		delay = append(delay, r.line.buffer.Delay())
	}
	if before, after := delay[jittery], delay[packets-1]; before < 60*time.Millisecond || after > 30*time.Millisecond || !r.raw {
		t.Errorf("a delay of %v while it is jittery and %v afterwards (passing: %v); want 60 ms and more, then 30 at most", before, after, r.raw)
	}
}
