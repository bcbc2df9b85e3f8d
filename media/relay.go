package media

import (
	"sync"
	"time"

	"readback/media/g711"
	"readback/media/g722"
	"readback/media/jitter"
	"readback/media/sdp"
)

const (
	// relayDelay is how long a relay waits for late packets, and relayPatience how long it does where many are late.
	relayDelay    = 5 * time.Millisecond
	relayPatience = 200 * time.Millisecond
	// relayWithTones is the delay where tones are kept from the other side: they are certain only after 45 ms.
	relayWithTones = 60 * time.Millisecond
	// relayIntake is room for what comes between two packets that go, also where a worker is late.
	relayIntake = 250 * time.Millisecond
	// remembered is how much of what was passed on is decoded when what follows it is to be mended: 160 ms, in which a
	// decoder of G.722 finds into a stream.
	remembered = 160 * sampleRate / 1000
)

// A relay carries what is heard on one session to another, which may be another worker's. The one puts what comes; the
// other makes its packets of it. Under the relay's lock is only what they share, the intake: neither waits for longer than
// the other takes to copy a packet. It is taken inside a session's lock, and no other inside it.
//
// Where both speak the same codec its bytes pass as they are. What is lost or muted is decoded, mended and coded anew; in
// G.722, whose decoders remember, so is what follows, up to where it is quiet.
type relay struct {
	mu     sync.Mutex
	intake intake
	typed  typed

	// Of the session that speaks, under its lock.
	batch   intake
	line    *playout
	encoder g722.Encoder
	codec   sdp.Codec // of the packets that were made
	begun   bool
	next    uint32 // timestamp of the next packet
	raw     bool   // the last bytes passed as they were
	follows bool   // and the line's decoder has followed them
	calm    bool   // the last sound that was decoded was quiet
	recent  [remembered]byte
	noise   [maxComfort]byte // what the peer says of its silence
	noisy   int              // its size
	pcm     [2 * remembered]int16
}

// newRelay makes one that does not carry some keys, and begins with a delay.
func newRelay(keep string, delay time.Duration) *relay {
	return &relay{
		intake: newIntake(relayIntake), batch: newIntake(relayIntake), typed: newTyped(keep),
		line: newPlayout(sampleRate, 0, delay, relayPatience), encoder: g722.AtRest(),
	}
}

// put takes what has come.
func (r *relay) put(n note, payload []byte) {
	r.mu.Lock()
	r.intake.add(n, payload)
	r.mu.Unlock()
}

// collect takes over what was put.
func (r *relay) collect() {
	r.mu.Lock()
	r.batch, r.intake = r.intake, r.batch
	r.mu.Unlock()
	payloads := r.batch.bytes
	for _, n := range r.batch.notes {
		payload := payloads[:n.size]
		if n.what != noteSound || r.begun { // what was said before anybody listened is past
			r.line.accept(n, payload)
		}
		switch {
		case n.what == noteEvent || n.what == noteTone:
			r.line.mute(n.timestamp, int(n.duration))
		case n.what == noteComfort && n.size > 0:
			r.noisy = copy(r.noise[:], payload)
		}
		payloads = payloads[n.size:]
	}
	r.batch.reset()
}

// skip goes on to a timestamp: what was to be heard until then is not.
func (r *relay) skip(until uint32) {
	r.collect()
	if !r.begun {
		r.begun, r.next = true, until
	}
	late := min(int(int32(until-r.next)), sampleRate)
	if late > 0 {
		r.raw = false
	}
	for late > 0 {
		late -= r.line.buffer.Next(late).Samples
	}
	r.next = until
}

// fill makes the packet that begins at a timestamp, and tells whether nothing is to be heard in it.
func (r *relay) fill(payload []byte, codec sdp.Codec, timestamp uint32) (silent bool) {
	r.skip(timestamp)
	r.next += uint32(len(payload))
	r.speak(codec)
	for silent = true; len(payload) > 0; {
		run := r.line.buffer.Next(min(len(payload), piece))
		if r.passes(run, codec) {
			r.pass(payload, run, codec)
		} else {
			r.code(payload, run, codec)
		}
		silent = silent && (run.State == jitter.Silence || run.State == jitter.Lost && r.line.conceal.Faded())
		payload = payload[run.Samples:]
	}
	return silent
}

// speak goes over to a codec.
func (r *relay) speak(codec sdp.Codec) {
	if codec != r.codec {
		r.codec, r.raw, r.calm, r.encoder = codec, false, false, g722.AtRest()
		r.line.setRate(codec.Rate())
	}
}

// interrupt tells that what was made is not sent, or goes to a decoder at rest.
func (r *relay) interrupt(codec sdp.Codec) {
	if r.raw {
		r.resume(codec)
	}
	r.calm, r.encoder = false, g722.AtRest()
}

// passes reports whether the bytes of a run can go as they are.
func (r *relay) passes(run jitter.Run, codec sdp.Codec) bool {
	return run.State == jitter.Sound && sdp.Codec(run.Kind) == codec && (r.raw || r.calm || codec != sdp.G722) &&
		!r.line.conceal.Mending() && !r.line.muted(run.Position, run.Samples)
}

// pass sends the bytes of a run as they are.
func (r *relay) pass(dst []byte, run jitter.Run, codec sdp.Codec) {
	if !r.raw {
		r.raw, r.follows = true, codec == sdp.G722
	}
	copy(dst, run.Payload)
	still := false
	if codec == sdp.G722 && r.line.buffer.Slow() { // only its sound tells whether it is quiet
		r.follow(codec)
		pcm := r.pcm[:2*run.Samples]
		r.line.decodeAs(codec, pcm, run.Payload)
		still = quiet(pcm)
	} else {
		r.follows = false
		still = loudness(codec, run.Payload) <= maxQuiet
	}
	if still {
		r.line.buffer.Quiet()
	}
	copy(r.recent[:], r.recent[run.Samples:])
	copy(r.recent[remembered-run.Samples:], run.Payload)
}

// follow brings the line's decoder to where the bytes that passed are.
func (r *relay) follow(codec sdp.Codec) {
	if r.follows {
		return
	}
	r.follows = true
	r.line.decoder = g722.Decoder{}
	pcm := r.pcm[:remembered*codec.Rate()/sampleRate]
	r.line.decodeAs(codec, pcm, r.recent[:])
}

// code makes the bytes of a run by its sound.
func (r *relay) code(dst []byte, run jitter.Run, codec sdp.Codec) {
	if r.raw {
		r.resume(codec)
	}
	pcm := r.pcm[:run.Samples*codec.Rate()/sampleRate]
	mending := r.line.conceal.Mending()
	r.line.render(pcm, run)
	r.calm = run.State == jitter.Sound && quiet(pcm)
	switch {
	case run.State == jitter.Silence && !mending && r.line.noise.Silent():
		silence(dst[:run.Samples], codec)
		r.encoder = g722.AtRest()
	case codec == sdp.G722:
		r.encoder.Encode(dst, pcm)
	case codec == sdp.PCMA:
		g711.EncodeA(dst, pcm)
	default:
		g711.EncodeMu(dst, pcm)
	}
}

// resume goes over to coding, where bytes have passed so far.
func (r *relay) resume(codec sdp.Codec) {
	r.raw, r.follows = false, false
	r.follow(codec)
	pcm := r.pcm[:remembered*codec.Rate()/sampleRate]
	r.line.conceal.Good(pcm)
	if codec == sdp.G722 {
		r.encoder = r.line.decoder.Encoder(pcm)
	}
}

// describe puts together the packet of the peer's silence (RFC 3389), in its words: its size, 0 when it has none.
func (r *relay) describe(payload []byte) int { return copy(payload, r.noise[:r.noisy]) }
