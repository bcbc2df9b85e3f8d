package media

import "time"

// tapDelay is how long a tap waits for late packets.
const tapDelay = 60 * time.Millisecond

// tap hands on what is heard.
type tap struct {
	line timeline
	fn   func(pcm []int16, rate int)
}

// Tap hands what is heard to fn, in order and without gaps: 16-bit samples at rate 8000 Hz, 60 ms late; silence where
// packets are missing. fn runs on the packet path: it must not wait, nor call the session, nor keep pcm. nil ends it.
func (s *Session) Tap(fn func(pcm []int16, rate int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tap = nil
	if fn != nil {
		s.tap = &tap{fn: fn, line: newTimeline(s.clock.time, tapDelay)}
	}
}

func (t *tap) pass(buf []int16, at time.Duration) {
	for {
		n := t.line.take(buf, at, false)
		if n == 0 {
			return
		}
		t.fn(buf[:n], sampleRate)
	}
}
