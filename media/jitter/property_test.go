package jitter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"readback/media/jitter"
)

// Whatever the network does, each packet that comes within the delay is given out whole, once, and in order.
func TestInTimeIsPlayedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := jitter.New(60*time.Millisecond, 500*time.Millisecond)
		s := newStream()
		first := s.packet.Timestamp
		shakes := rapid.Int64Range(0, 200*ms).Draw(t, "jitter")
		s.send(160, 0)
		for range rapid.IntRange(1, 150).Draw(t, "packets") {
			event := rapid.IntRange(0, 20).Draw(t, "event")
			n := rapid.SampledFrom([]int{80, 160, 240, 480, 77}).Draw(t, "size")
			switch {
			case event < 3:
				s.send(n, -1)
			case event == 3:
				s.pause()
				s.skip(rapid.IntRange(1, 5000).Draw(t, "pause"))
			default:
				s.send(n, rapid.Int64Range(0, shakes).Draw(t, "delay"))
			}
			if event == 4 { // the last one twice
				again := s.arrivals[len(s.arrivals)-1]
				again.at += shakes
				s.arrivals = append(s.arrivals, again)
			}
		}
		whole := 0
		for i := range s.arrivals {
			whole += len(s.arrivals[i].packet.Payload)
		}
		h := play(b, s.arrivals, nil)
		h.check(t, first)
		inTime := replay(s.arrivals)
		if got := h.samples(jitter.Sound); got != inTime {
			t.Fatalf("%d samples are given out, want the %d of %d that came in time", got, inTime, whole)
		}
	})
}

// replay is how many samples come in time, by the position that is due when a packet comes.
func replay(arrivals []arrival) (inTime int) {
	b := jitter.New(60*time.Millisecond, 500*time.Millisecond)
	seen := map[uint32]bool{}
	now := int64(0)
	due := int64(0) // position
	for _, a := range arrivals {
		for now < a.at {
			r := b.Next(int(min(80, a.at-now)))
			now += int64(r.Samples)
		}
		if a.pause {
			b.Pause(a.packet)
			continue
		}
		b.Put(a.packet)
		due = b.Head() - int64(b.Delay()/(125*time.Microsecond))
		for i := range a.packet.Payload {
			stamp := a.packet.Timestamp + uint32(i)
			if b.Position(stamp) >= due && !seen[stamp] {
				seen[stamp] = true
				inTime++
			}
		}
	}
	return inTime
}

// Whatever comes, time goes on, and never back.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 160, 0, 0, 0, 1, 20, 200, 0, 2, 160, 160, 0, 0, 1, 100})
	f.Add([]byte{9, 255, 255, 255, 255, 255, 2, 1, 1, 3, 0, 0, 0, 1, 255, 4, 4, 4, 4})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := jitter.New(time.Duration(len(script)%80)*time.Millisecond, 250*time.Millisecond)
		payload := make([]byte, 2048)
		var position, taken int64
		for script = script[:min(len(script), 600)]; len(script) > 6; {
			op, p := script[0], jitter.Packet{
				SSRC: uint32(script[0] >> 7), Sequence: uint16(script[1]) << (script[0] & 8), Kind: script[2],
				Timestamp: uint32(script[3])<<(script[0]&24) + uint32(script[4])*40, Marker: script[0]&64 != 0,
				Payload: payload[:int(script[5])*int(script[1]&7+1)],
			}
			script = script[6:]
			switch op & 3 {
			case 0:
				b.Put(p)
			case 1:
				b.Pause(p)
			case 2:
				b.Quiet()
			}
			n := int(p.Kind) * int(p.Sequence&15)
			for taken = 0; taken < int64(n); {
				r := b.Next(n)
				taken += int64(r.Samples)
				if r.Samples < 1 || r.Samples > n || r.Position < position ||
					r.State == jitter.Sound && (len(r.Payload) != r.Samples || r.Kind == 0) {
					t.Fatalf("%+v at %d, asked for %d", r, position, n)
				}
				position = r.Position
				if r.State == jitter.Sound {
					position += int64(r.Samples)
				}
			}
			if b.Buffered() < 0 || b.Buffered() > 8192 {
				t.Fatalf("%d samples buffered", b.Buffered())
			}
		}
	})
}

func BenchmarkPutNext(b *testing.B) {
	buffer := jitter.New(60*time.Millisecond, 250*time.Millisecond)
	p := jitter.Packet{SSRC: 1, Kind: 1, Payload: make([]byte, 160)}
	b.ReportAllocs()
	for b.Loop() {
		buffer.Put(p)
		p.Sequence++
		p.Timestamp += 160
		for n := 160; n > 0; {
			n -= buffer.Next(n).Samples
		}
	}
}
