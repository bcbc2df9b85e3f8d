package jitter_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"readback/media/jitter"
)

// Of the packets that the network brings, at most one in fifty comes too late once the jitter is known, and nobody waits
// much longer than for the latest.
func TestDelayFollowsJitter(t *testing.T) {
	tests := []struct {
		jitter      time.Duration
		loss, burst float64
		ptime       int
	}{
		{0, 0, 1, 20},
		{0, 0.2, 1, 20},
		{30 * time.Millisecond, 0.01, 1, 10},
		{60 * time.Millisecond, 0.05, 1, 20},
		{60 * time.Millisecond, 0.05, 4, 60},
		{120 * time.Millisecond, 0.1, 3, 20},
		{200 * time.Millisecond, 0, 1, 30},
		{200 * time.Millisecond, 0.2, 5, 20},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%v %.0f%%x%v %dms", test.jitter, 100*test.loss, test.burst, test.ptime), func(t *testing.T) {
			b := jitter.New(20*time.Millisecond, 400*time.Millisecond)
			s := newStream()
			first := s.packet.Timestamp
			path := shaky{
				Rand:   rand.New(rand.NewPCG(1, 2)),
				jitter: int64(test.jitter / time.Millisecond * ms), loss: test.loss, burst: test.burst,
			}
			s.send(test.ptime*ms, 0) // so that the first sample is known
			n := 60_000 / test.ptime
			for range n {
				s.send(test.ptime*ms, path.delay())
			}
			came := len(s.arrivals)
			h := play(b, s.arrivals, nil)
			h.check(t, first)
			if h.late > came/50 {
				t.Errorf("%d of %d packets came too late", h.late, came)
			}
			if most := max(20*time.Millisecond, test.jitter) + 30*time.Millisecond; b.Delay() > most {
				t.Errorf("the delay is %v in the end, want %v at most", b.Delay(), most)
			}
			missing := n + 1 - h.kept
			if got, want := h.samples(jitter.Lost), missing*test.ptime*ms; got < want || got > want+2*ms*500 {
				t.Errorf("%d ms to conceal, want %d ms and the changes of the delay", got/ms, want/ms)
			}
		})
	}
}

func TestGaps(t *testing.T) {
	tests := map[string]struct {
		send func(s *stream)
		want []jitter.State // from the first sound to the last
		lost int            // ms of it
	}{
		"nothing missing": {send: func(s *stream) { s.talk(9) }},
		"a packet lost":   {send: func(s *stream) { s.talk(5); s.send(160, -1); s.talk(5) }, lost: 20},
		"five lost":       {send: func(s *stream) { s.talk(9); s.lose(5); s.talk(5) }, lost: 100},
		"a pause, by the sequence": {
			send: func(s *stream) { s.talk(5); s.skip(100 * ms); s.talk(5) },
			want: []jitter.State{jitter.Sound, jitter.Lost, jitter.Silence, jitter.Sound}, lost: 40,
		},
		"a pause, by comfort noise": {
			send: func(s *stream) { s.talk(5); s.pause(); s.skip(3000 * ms); s.talk(5) },
			want: []jitter.State{jitter.Sound, jitter.Silence, jitter.Sound},
		},
		"a pause after a loss": {
			send: func(s *stream) { s.talk(5); s.send(160, -1); s.pause(); s.skip(3000 * ms); s.talk(5) },
			want: []jitter.State{jitter.Sound, jitter.Lost, jitter.Silence, jitter.Sound}, lost: 20,
		},
		"sound beside a key": {
			send: func(s *stream) { s.talk(5); s.pause(); s.talk(2); s.pause(); s.talk(5) },
		},
		"a short gap before a marker": {
			send: func(s *stream) {
				s.talk(5)
				s.send(160, -1)
				s.packet.Marker = true
				s.talk(5)
			},
			want: []jitter.State{jitter.Sound, jitter.Silence, jitter.Sound},
		},
		"odd sizes":         {send: func(s *stream) { s.sizes(33, 160, 1, 480, 7, 80, 240, 641) }},
		"twice":             {send: func(s *stream) { s.talk(5); s.arrivals = append(s.arrivals, s.arrivals...) }},
		"in another order":  {send: func(s *stream) { s.talk(1); s.send(160, 30*ms); s.talk(1); s.send(160, 35*ms); s.talk(4) }},
		"a tail comes late": {send: func(s *stream) { s.talk(4); s.send(480, 75*ms) }, lost: 15},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStream()
			first := s.packet.Timestamp
			test.send(s)
			h := play(jitter.New(60*time.Millisecond, 60*time.Millisecond), s.arrivals, nil)
			h.check(t, first)
			got := states(h)
			want := test.want
			if want == nil && test.lost == 0 {
				want = []jitter.State{jitter.Sound}
			} else if want == nil {
				want = []jitter.State{jitter.Sound, jitter.Lost, jitter.Sound}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			if lost := h.lostBeforeTheLast(); lost != test.lost*ms {
				t.Errorf("%d ms to conceal, want %d", lost/ms, test.lost)
			}
		})
	}
}

func (s *stream) sizes(n ...int) {
	for _, n := range n {
		s.send(n, 0)
	}
}

func (s *stream) lose(n int) {
	for range n {
		s.send(160, -1)
	}
}

// states are those of the runs from the first to the last sound, each once in a row.
func states(h heard) (states []jitter.State) {
	last := 0
	for _, r := range h.runs {
		if len(states) == 0 && r.State != jitter.Sound {
			continue
		}
		if len(states) == 0 || states[len(states)-1] != r.State {
			states = append(states, r.State)
		}
		if r.State == jitter.Sound {
			last = len(states)
		}
	}
	return states[:last]
}

// lostBeforeTheLast is what there was to conceal before the last sound.
func (h *heard) lostBeforeTheLast() (n int) {
	gap := 0
	for _, r := range h.runs {
		switch r.State {
		case jitter.Lost:
			gap += r.Samples
		case jitter.Sound:
			n, gap = n+gap, 0
		}
	}
	return n
}

// A stream that begins anew costs little of what was sent.
func TestStreamsBeginAnew(t *testing.T) {
	tests := map[string]struct {
		change func(s *stream)
		lost   int // packets
	}{
		"another source":                 {change: func(s *stream) { s.packet.SSRC, s.packet.Timestamp, s.packet.Sequence = 8, 99, 1 }},
		"timestamps far ahead":           {change: func(s *stream) { s.packet.Timestamp += 1 << 30 }},
		"timestamps far behind":          {change: func(s *stream) { s.packet.Timestamp -= 60_000 }},
		"timestamps a little behind":     {change: func(s *stream) { s.packet.Timestamp -= 8000 }, lost: 5},
		"timestamps a little ahead":      {change: func(s *stream) { s.packet.Timestamp += 8000 }, lost: 5},
		"timestamps stood still a while": {change: func(s *stream) { s.sent += 80_000 }},
		"sequence":                       {change: func(s *stream) { s.packet.Sequence += 30_000 }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := jitter.New(60*time.Millisecond, 300*time.Millisecond)
			s := newStream()
			s.talk(50)
			test.change(s)
			s.talk(50)
			h := play(b, s.arrivals, nil)
			if h.late != test.lost {
				t.Errorf("%d packets are not played, want %d", h.late, test.lost)
			}
			if sound := h.samples(jitter.Sound); sound != h.kept*160 {
				t.Errorf("%d samples of %d packets", sound, h.kept)
			}
			if b.Delay() > 100*time.Millisecond {
				t.Errorf("delay %v afterwards", b.Delay())
			}
		})
	}
}

// Where the sender's clock is not ours, the delay stays what it was: by and by, in the quiet of the sound.
func TestClocksDrift(t *testing.T) {
	const minutes = 10
	for _, ppm := range []int64{-300, 300} {
		t.Run(fmt.Sprint(ppm), func(t *testing.T) {
			b := jitter.New(60*time.Millisecond, 200*time.Millisecond)
			s := newStream()
			first := s.packet.Timestamp
			for i := range int64(minutes * 60 * 50) {
				s.send(160, 300*ms+i*160*ppm/1e6)
			}
			h := play(b, s.arrivals, func(now int64) bool { return now/8000%5 == 4 }) // each fifth second
			h.check(t, first)
			if h.late > 0 || b.Delay() > 90*time.Millisecond || b.Delay() < 50*time.Millisecond {
				t.Errorf("%d packets too late, a delay of %v", h.late, b.Delay())
			}
		})
	}
}

// After a bad minute the delay goes back, where that is not heard.
func TestDelayShrinks(t *testing.T) {
	b := jitter.New(20*time.Millisecond, 400*time.Millisecond)
	s := newStream()
	first := s.packet.Timestamp
	path := shaky{Rand: rand.New(rand.NewPCG(1, 2)), jitter: 150 * ms, burst: 1}
	s.send(160, 0)
	for range 500 {
		s.send(160, path.delay())
	}
	s.talk(3000)
	worst := time.Duration(0)
	h := play(b, s.arrivals, func(now int64) bool {
		worst = max(worst, b.Delay())
		return now/8000%3 == 0 // each third second
	})
	h.check(t, first)
	if worst < 100*time.Millisecond || b.Delay() > 50*time.Millisecond {
		t.Errorf("a delay of %v with jitter of 150 ms, of %v without", worst, b.Delay())
	}
}
