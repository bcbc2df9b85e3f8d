package jitter

// State is what there is of a piece of the stream.
type State uint8

// The states.
const (
	Silence State = iota // nothing was sent: before the first packet, and in pauses
	Sound
	Lost // a packet is missing, or the delay grows: to be concealed
)

// Run is a piece of the stream.
type Run struct {
	State    State
	Kind     uint8  // of Sound, as it was put
	Payload  []byte // of Sound; valid until the next call of Put
	Samples  int
	Position int64 // of its first sample in the stream
}

const (
	// slack is how much longer than needed the delay may be before that is changed, and how far it may be beyond its
	// limit before it is changed at once, loud or not: 20 ms.
	slack = rate / 50
)

// Next gives out the next samples: all of one state and kind, at least one and n at most.
func (b *Buffer) Next(n int) Run {
	if n <= 0 {
		return Run{Position: b.read}
	}
	quiet := b.quiet
	b.quiet = false
	run := b.run(n)
	gap := run.State != Sound
	switch excess := b.excess(); {
	case excess < 0 && (gap || quiet):
		return b.stretch(run, int(min(int64(n), -excess)))
	case excess > 2*slack && excess+b.late.target(b.min, b.max) > b.max+slack:
		b.drop(min(excess, max(b.end, b.read+int64(run.Samples))-b.read))
		run = b.run(n)
	case excess > slack && (gap || quiet):
		b.drop(min(excess, int64(run.Samples)))
		run = b.run(n)
	}
	b.out += int64(run.Samples)
	b.drop(int64(run.Samples))
	return run
}

// Slow reports whether the delay is to be shortened when it will not be heard: then it matters what is quiet.
func (b *Buffer) Slow() bool { return b.excess() > slack }

// Quiet tells that the sound given out last was so quiet that a change of the delay will not be heard there.
func (b *Buffer) Quiet() { b.quiet = true }

// excess is by how much the delay is longer than needed.
func (b *Buffer) excess() int64 {
	if !b.late.known {
		return 0
	}
	return b.out - b.late.base() - b.read - b.late.target(b.min, b.max)
}

// stretch gives out samples that are not in the stream, before run.
func (b *Buffer) stretch(run Run, n int) Run {
	if run.State == Sound {
		run = Run{State: Lost, Position: run.Position}
	}
	run.Samples = n
	b.out += int64(n)
	return run
}

// run finds what is next, up to n samples, and leaves it there.
func (b *Buffer) run(n int) Run {
	if *b.tag(b.read) == pause {
		b.paused = true
		*b.tag(b.read) = empty
	}
	from := int(b.read & int64(len(b.tags)-1))
	tags := b.tags[from:min(from+n, len(b.tags))]
	kind, length := tags[0], 1
	for length < len(tags) && tags[length] == kind {
		length++
	}
	run := Run{Kind: kind, Samples: length, Position: b.read}
	switch {
	case kind != empty:
		b.paused = false
		run.State, run.Payload = Sound, b.data[from:from+length]
	case b.begun && !b.paused:
		run.State = Lost
	}
	return run
}

// drop goes on by n samples.
func (b *Buffer) drop(n int64) {
	for ; n > 0; n-- {
		t := b.tag(b.read)
		switch *t {
		case empty:
		case pause:
			b.paused = true
		default:
			b.paused = false
		}
		*t = empty
		b.read++
	}
}
