// Package jitter puts the packets of an RTP stream back in order and in time.
//
// A [Buffer] takes packets as they come ([Buffer.Put]) and gives out the stream as an unbroken sequence of samples
// ([Buffer.Next]): sound, gaps to conceal, and pauses. Its clock is what is taken out of it: whoever uses it takes as many
// samples as time has gone by, first takes and then puts. A bridge takes a packet's worth whenever it sends one; a recorder,
// which is in no hurry, can replay the arrival of packets that came a while ago.
//
// It is made for payloads of one byte for each tick of the RTP clock of 8000 Hz, which PCMU, PCMA and G.722 all are
// (RFC 3551 section 4.5). "Sample" below means such a byte of 125 µs. Sound is placed by its timestamp alone, so that
// packets may be of any length, and change it.
//
// The delay adapts: it is the lateness that 99 of 100 of the last packets stayed below, within limits. Delay is added
// where a gap is concealed anyhow and in pauses, and taken away in gaps, in pauses, and where the sound is said to be quiet
// ([Buffer.Quiet]); in the middle of loud sound only when it is beyond the limit.
//
// Sequence numbers and the marker (RFC 3550 section 5.1, RFC 3551 section 4.1) tell a pause of the sender from lost
// packets. Another SSRC, or timestamps that have jumped, begin a new stream, after what is left of the old one.
package jitter

import "time"

const (
	// rate is that of the RTP clock, in Hz, and sample its tick.
	rate   = 8000
	sample = time.Second / rate
	// longest is the longest payload taken; that of 120 ms.
	longest = 960
	// jump is a distance in timestamps that no delay in the network explains: 2 s.
	jump = 2 * rate
	// patience is for how long packets must be beyond help until the timestamps are taken to have jumped: 100 ms.
	patience = rate / 10
)

// Packet is what matters of an RTP packet.
type Packet struct {
	SSRC      uint32
	Timestamp uint32
	Sequence  uint16
	Marker    bool
	Kind      uint8  // of payload, as the user numbers codecs: 1 to 254
	Payload   []byte // copied; a byte a sample
}

// Buffer is a jitter buffer for one stream. It is not for several goroutines at once. Nothing but New allocates.
type Buffer struct {
	min, max int64 // delay, in samples

	// Positions count the samples of the stream, through all its timestamps and SSRCs.
	read int64  // next to give out
	end  int64  // behind the newest sound
	out  int64  // samples given out: out-read is by how much the stream is behind the clock
	data []byte // payload of a position, modulo size
	tags []byte // kind of a position: empty, pause, or that of its packet

	begun    bool
	ssrc     uint32
	newest   uint16 // sequence number of what ends at end
	at       int64  // position of stamp
	stamp    uint32
	paused   bool // the gap at read is the sender's
	quiet    bool
	straying bool  // packets are beyond help
	strayed  int64 // out when that began
	late     lateness
}

// The tags that are no kinds of payload.
const (
	empty = 0
	pause = 255 // from here on nothing was sent
)

// New makes a buffer whose delay stays between least and most, with least to begin with.
func New(least, most time.Duration) *Buffer {
	b := &Buffer{min: int64(least / sample), max: int64(max(least, most) / sample)}
	size := int64(1024)
	for size < b.max+2*longest {
		size *= 2
	}
	b.data, b.tags = make([]byte, size), make([]byte, size)
	return b
}

// Put takes a packet of sound. It reports whether some of that is going to be given out: it is not when all of it came too
// late, or had come before. Payloads longer than 120 ms are not taken.
func (b *Buffer) Put(p Packet) bool {
	n := int64(len(p.Payload))
	if n == 0 || n > longest || p.Kind == empty || p.Kind == pause {
		return false
	}
	if !b.begun || p.SSRC != b.ssrc {
		b.anchor(p, n)
	}
	at := b.Position(p.Timestamp)
	if !b.reaches(at, n) {
		if at < b.read && b.late.add(b.out-at, b.out, b.max) || !b.jumped(at) {
			return false
		}
		b.anchor(p, n)
		at = b.Position(p.Timestamp)
	}
	b.straying = false
	b.late.add(b.out-at, b.out, b.max)
	b.follow(p, at, n)
	return b.store(at, p.Kind, p.Payload)
}

// Pause takes a packet that tells that no sound is sent from its timestamp on: comfort noise (RFC 3389) or a key
// (RFC 4733). Its payload does not matter. Sound of that time is given out all the same, if it comes.
func (b *Buffer) Pause(p Packet) {
	if !b.begun || p.SSRC != b.ssrc {
		return
	}
	if p.Sequence == b.newest+1 {
		b.newest++
	}
	b.mark(max(b.Position(p.Timestamp), b.end))
}

// Position is where a timestamp belongs.
func (b *Buffer) Position(timestamp uint32) int64 { return b.at + int64(int32(timestamp-b.stamp)) }

// Head is where sound belongs that is made now and comes as fast as any has.
func (b *Buffer) Head() int64 {
	if !b.late.known {
		return b.read + b.min
	}
	return b.out - b.late.base()
}

// Buffered is how many samples there are from the next one to the newest.
func (b *Buffer) Buffered() int { return int(max(0, b.end-b.read)) }

// Delay is how long sound waits that comes as fast as any has.
func (b *Buffer) Delay() time.Duration { return time.Duration(b.Head()-b.read) * sample }

// anchor begins a stream with a packet of n samples: after what is left of the one before, and the delay.
func (b *Buffer) anchor(p Packet, n int64) {
	b.mark(b.end)
	at := max(b.end, b.read+b.late.target(b.min, b.max))
	b.at, b.stamp = min(at, b.read+int64(len(b.data))-n), p.Timestamp
	b.begun, b.ssrc, b.newest, b.straying = true, p.SSRC, p.Sequence-1, false
	b.late.restart()
}

// reaches reports whether n samples at a position can still be given out, and can be kept until then.
func (b *Buffer) reaches(at, n int64) bool {
	return at+n > b.read && at+n <= b.read+int64(len(b.data))
}

// jumped judges a packet that no delay within the limits would have helped: late, or the first of other timestamps.
func (b *Buffer) jumped(at int64) bool {
	if !b.straying {
		b.straying, b.strayed = true, b.out
	}
	return b.out-b.strayed >= patience || at > b.read+jump || at < b.read-jump
}

// follow keeps what is to be known of the newest packet, and notes that the gap before it is a pause, if it is.
func (b *Buffer) follow(p Packet, at, n int64) {
	if at < b.end {
		b.end = max(b.end, at+n)
		return
	}
	if at > b.end && (p.Marker || p.Sequence == b.newest+1) {
		b.mark(b.end)
	}
	b.end, b.newest, b.at, b.stamp = at+n, p.Sequence, at, p.Timestamp
}

// mark notes that nothing was sent from a position on.
func (b *Buffer) mark(at int64) {
	switch {
	case at < b.read:
		b.paused = true
	case at < b.read+int64(len(b.tags)) && *b.tag(at) == empty:
		*b.tag(at) = pause
	}
}

// store copies a payload to where nothing has come yet, and reports whether there was such a place.
func (b *Buffer) store(at int64, kind uint8, payload []byte) (stored bool) {
	for i := max(0, b.read-at); i < int64(len(payload)); i++ {
		if t := b.tag(at + i); *t == empty || *t == pause {
			*t, b.data[(at+i)&int64(len(b.data)-1)] = kind, payload[i]
			stored = true
		}
	}
	return stored
}

func (b *Buffer) tag(at int64) *byte { return &b.tags[at&int64(len(b.tags)-1)] }
