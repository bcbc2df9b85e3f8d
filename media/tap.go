package media

import "time"

const (
	// tapDelay is how long a tap waits for late packets, and tapPatience how long it does where many are late.
	tapDelay    = 60 * time.Millisecond
	tapPatience = 250 * time.Millisecond
)

// tap hands on what is heard.
type tap struct {
	*playout
	fn  func(pcm []int16, rate int)
	pcm [4 * piece]int16
}

// Tap hands what is heard to fn, in order and without gaps: 16-bit samples at rate 8000 Hz, 60 to 250 ms late as the
// jitter demands; what is lost is concealed, and pauses are filled with the noise that the peer describes. fn runs on the
// packet path: it must not wait, nor call the session, nor keep pcm. nil ends it.
func (s *Session) Tap(fn func(pcm []int16, rate int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tap = nil
	if fn != nil {
		s.tap = &tap{fn: fn, playout: newPlayout(sampleRate, s.clock.time, tapDelay, tapPatience)}
	}
}

// pass hands on what is due at a time.
func (t *tap) pass(at time.Duration) {
	for {
		n := t.take(t.pcm[:], at)
		if n == 0 {
			return
		}
		t.fn(t.pcm[:n], t.rate)
	}
}
