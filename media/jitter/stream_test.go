package jitter_test

import (
	"math/rand/v2"
	"slices"

	"pgregory.net/rapid"

	"readback/media/jitter"
)

// ms is a millisecond in samples.
const ms = 8

// arrival is a packet that comes at a time, in samples.
type arrival struct {
	at     int64
	packet jitter.Packet
	pause  bool
}

// stream is the sender of a test: packets of 20 ms, whose bytes follow from their place in the stream.
type stream struct {
	packet   jitter.Packet
	sent     int64 // when the next leaves
	arrivals []arrival
}

func newStream() *stream {
	return &stream{packet: jitter.Packet{SSRC: 7, Sequence: 65_500, Timestamp: 1<<32 - 4000, Kind: 1}}
}

// code is the byte of the sample with a timestamp.
func code(timestamp uint32) byte { return byte(timestamp * 2654435761 >> 24) }

// send makes a packet of n samples that takes so long; lost when that is negative.
func (s *stream) send(n int, delay int64) {
	p := s.packet
	p.Payload = make([]byte, n)
	for i := range p.Payload {
		p.Payload[i] = code(p.Timestamp + uint32(i))
	}
	if delay >= 0 {
		s.arrivals = append(s.arrivals, arrival{at: s.sent + delay, packet: p})
	}
	s.packet.Sequence++
	s.packet.Marker = false
	s.skip(n)
}

// skip lets time go by without a packet.
func (s *stream) skip(n int) {
	s.packet.Timestamp += uint32(n)
	s.sent += int64(n)
}

// talk sends so many packets of 20 ms without delay.
func (s *stream) talk(packets int) {
	for range packets {
		s.send(160, 0)
	}
}

// pause sends a packet that says that nothing is being said.
func (s *stream) pause() {
	s.arrivals = append(s.arrivals, arrival{at: s.sent, packet: s.packet, pause: true})
	s.packet.Sequence++
}

// heard is what a buffer made of a stream.
type heard struct {
	runs []jitter.Run // joined where nothing changes; payloads copied
	kept int          // packets
	late int
}

// play replays arrivals into a buffer, and gives back everything that comes out until the last has been played. The
// sound is quiet where quiet says so, by the time.
func play(b *jitter.Buffer, arrivals []arrival, quiet func(now int64) bool) heard {
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return int(a.at - b.at) })
	var h heard
	now := int64(0)
	until := func(t int64) {
		for now < t {
			if quiet != nil && quiet(now) {
				b.Quiet()
			}
			r := b.Next(int(min(80, t-now)))
			now += int64(r.Samples)
			h.add(r)
		}
	}
	for _, a := range arrivals {
		until(a.at)
		switch {
		case a.pause:
			b.Pause(a.packet)
		case b.Put(a.packet):
			h.kept++
		default:
			h.late++
		}
	}
	until(now + int64(b.Buffered()) + 2000)
	return h
}

func (h *heard) add(r jitter.Run) {
	r.Payload = slices.Clone(r.Payload)
	if n := len(h.runs); n > 0 {
		last := &h.runs[n-1]
		if last.State == r.State && last.Kind == r.Kind && last.Position+int64(last.Samples) == r.Position {
			last.Samples += r.Samples
			last.Payload = append(last.Payload, r.Payload...)
			return
		}
	}
	h.runs = append(h.runs, r)
}

// samples is how many there are of a state.
func (h *heard) samples(state jitter.State) (n int) {
	for _, r := range h.runs {
		if r.State == state {
			n += r.Samples
		}
	}
	return n
}

// check fails a test unless the sound is that of a stream, in order and nothing twice. It knows a place in the stream by
// its position: the first sound is at timestamp first.
func (h *heard) check(t rapid.TB, first uint32) {
	t.Helper()
	next, origin, begun := int64(0), int64(0), false
	for _, r := range h.runs {
		if r.State != jitter.Sound {
			continue
		}
		if !begun {
			begun, origin = true, r.Position
		}
		if r.Position < next {
			t.Fatalf("position %d is given out again after %d", r.Position, next)
		}
		next = r.Position + int64(r.Samples)
		for i, got := range r.Payload {
			if want := code(first + uint32(r.Position-origin) + uint32(i)); got != want {
				t.Fatalf("position %d is %d, want %d", r.Position+int64(i), got, want)
			}
		}
	}
}

// shaky gives delays: up to so much jitter, a share lost, in bursts of a mean length.
type shaky struct {
	*rand.Rand
	jitter      int64
	loss, burst float64
	losing      bool
}

func (s *shaky) delay() int64 {
	stays := s.Float64() < 1-1/s.burst
	if !s.losing || !stays {
		s.losing = s.Float64() < s.loss/s.burst/(1-s.loss+s.loss/s.burst)
	}
	if s.losing {
		return -1
	}
	if s.jitter == 0 {
		return 0
	}
	return s.Int64N(s.jitter)
}
