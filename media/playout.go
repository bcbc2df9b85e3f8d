package media

import (
	"time"

	"readback/media/g711"
	"readback/media/g722"
	"readback/media/jitter"
	"readback/media/noise"
	"readback/media/plc"
	"readback/media/sdp"
)

const (
	// muteBefore and muteAfter are how much around a press is silenced, in samples: tones leak from either side of it.
	muteBefore = 30 * sampleRate / 1000
	muteAfter  = 40 * sampleRate / 1000
	// muteAhead is how far a press may be ahead of the sound: it is not delayed as that may be, by 100 ms; and muteBehind
	// how long ago it may have ended: 1 s. Others have timestamps that are not the sound's.
	muteAhead  = 100 * sampleRate / 1000
	muteBehind = sampleRate
	// hushed is the amplitude below which sound is quiet enough to be shortened or prolonged: -48 dBov.
	hushed = 128
)

// playout makes a stream of sound, without gaps, of a peer's packets: in order, decoded, with what is lost concealed, with
// comfort noise in the pauses, and without key presses. It gives the sound out by the session's clock, delayed.
type playout struct {
	rate    int // of the sound given out: 8000 or 16000 Hz
	buffer  *jitter.Buffer
	conceal *plc.Concealer
	noise   noise.Generator
	decoder g722.Decoder
	convert [2]converter  // to 8 and to 16 kHz
	begin   time.Duration // on the session's clock
	given   int64         // samples of 8 kHz; below 0 they are the delay before anything can be heard
	mutes   [4]span
	scratch [2 * piece]int16
}

// span is a piece of the stream, by the positions of its jitter buffer.
type span struct{ from, to int64 }

// newPlayout makes one that begins at a time and delays sound by least to most.
func newPlayout(rate int, begin, least, most time.Duration) *playout {
	return &playout{
		rate: rate, begin: begin + least, given: -int64(samplesIn(least)), buffer: jitter.New(least, most), conceal: plc.New(rate),
	}
}

// setRate changes that of the sound given out.
func (p *playout) setRate(rate int) {
	if p.rate != rate {
		p.rate, p.conceal = rate, plc.New(rate)
	}
}

// accept takes what has come. Everything that was due then has been given out.
func (p *playout) accept(n note, payload []byte) {
	packet := jitter.Packet{
		SSRC: n.ssrc, Timestamp: n.timestamp, Sequence: n.sequence, Marker: n.marker, Kind: uint8(n.codec), Payload: payload,
	}
	switch n.what {
	case noteSound:
		p.buffer.Put(packet)
	case noteComfort:
		p.noise.Set(payload)
		p.buffer.Pause(packet)
	case noteEvent:
		p.buffer.Pause(packet)
	}
}

// due is how many samples of 8 kHz are to be given out at a time.
func (p *playout) due(at time.Duration) int { return int(int64((at-p.begin)/sample) - p.given) }

// take fills dst with what is due at a time, as far as it goes.
func (p *playout) take(dst []int16, at time.Duration) (n int) {
	for {
		left := min(p.due(at), (len(dst)-n)*sampleRate/p.rate)
		if left <= 0 {
			return n
		}
		pcm, _ := p.next(dst[n:], left)
		n += len(pcm)
	}
}

// next gives out so many samples of 8 kHz or fewer, at the rate of the playout, in dst, and tells whether the peer was
// silent in them.
func (p *playout) next(dst []int16, n int) (pcm []int16, silent bool) {
	if p.given < 0 {
		p.given += int64(p.buffer.Next(int(min(int64(n), -p.given))).Samples)
		return nil, true
	}
	run := p.buffer.Next(min(n, piece))
	p.given += int64(run.Samples)
	pcm = dst[:run.Samples*p.rate/sampleRate]
	p.render(pcm, run)
	return pcm, run.State == jitter.Silence
}

// render makes the sound of a run.
func (p *playout) render(pcm []int16, run jitter.Run) {
	switch run.State {
	case jitter.Sound:
		p.decode(pcm, run)
		p.silence(pcm, run.Position)
		p.conceal.Good(pcm)
		if quiet(pcm) {
			p.buffer.Quiet()
		}
	case jitter.Lost:
		p.conceal.Lost(pcm)
	default:
		p.noise.Fill(pcm)
		p.conceal.Good(pcm)
	}
}

// decode turns a run of sound into samples of the playout's rate.
func (p *playout) decode(dst []int16, run jitter.Run) {
	codec := sdp.Codec(run.Kind)
	if codec.Rate() == p.rate {
		p.decodeAs(codec, dst, run.Payload)
		return
	}
	pcm := p.scratch[:run.Samples*codec.Rate()/sampleRate]
	p.decodeAs(codec, pcm, run.Payload)
	if p.rate == sampleRate {
		p.convert[0].narrow(dst, pcm)
	} else {
		p.convert[1].widen(dst, pcm)
	}
}

func (p *playout) decodeAs(codec sdp.Codec, dst []int16, payload []byte) {
	switch codec {
	case sdp.G722:
		p.decoder.Decode(dst, payload)
	case sdp.PCMA:
		g711.DecodeA(dst, payload)
	default:
		g711.DecodeMu(dst, payload)
	}
}

// mute keeps a press out of what has not been given out, which began at timestamp and has lasted duration samples of
// 8 kHz. One that does not fit the sound is taken to be now.
func (p *playout) mute(timestamp uint32, duration int) {
	now := p.buffer.Head()
	from := p.buffer.Position(timestamp)
	to := from + int64(duration)
	if from > now+muteAhead || to < now-muteBehind {
		from, to = now, now
	}
	m := span{from - muteBefore, max(now, min(to, now+muteAhead)) + muteAfter}
	last := &p.mutes[len(p.mutes)-1]
	if m.from <= last.to && m.from >= last.from {
		last.to = max(last.to, m.to)
		return
	}
	copy(p.mutes[:], p.mutes[1:])
	*last = m
}

// muted reports whether a press is in so many samples of 8 kHz from a position on.
func (p *playout) muted(at int64, n int) bool {
	for _, m := range p.mutes {
		if m.from < at+int64(n) && at < m.to {
			return true
		}
	}
	return false
}

// silence clears the presses in sound from a position on.
func (p *playout) silence(pcm []int16, at int64) {
	factor := int64(p.rate / sampleRate)
	for _, m := range p.mutes {
		from, to := max(0, (m.from-at)*factor), min(int64(len(pcm)), (m.to-at)*factor)
		if from < to {
			clear(pcm[from:to])
		}
	}
}

// quiet reports whether nothing in a sound is loud.
func quiet(pcm []int16) bool {
	for _, s := range pcm {
		if s < -hushed || s > hushed {
			return false
		}
	}
	return true
}
