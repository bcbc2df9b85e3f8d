package media

import (
	"context"
	"math/bits"
	"time"

	"readback/media/sdp"
)

const (
	// maxQuiet is the loudest sample of a packet that may still be quiet, in steps of the finest segment of PCMU: -48 dBov.
	maxQuiet = 15
	// fewBytes is how many different bytes a quiet packet of G.722 has at most: a coder at rest repeats itself.
	fewBytes = 8
	// settled is how long the far end has been quiet before a key, for its next sound to be the answer to that key.
	settled = 300 * time.Millisecond
	// tooLate is how long after a key a sound is no answer to it any more.
	tooLate = 3 * time.Second
)

// Reaction measures how soon far ends answer keys: from the first packet of a press, when it was given to the kernel,
// to the arrival of the first packet of what they say next. It may be given to many sessions at once.
//
// A press counts when the far end was quiet before it: it sent comfort noise, silence, or nothing. What it says next
// begins with the first packet of sound after comfort noise, or else with the first that is louder than the quiet was;
// then the silence at the beginning of a prompt counts as well. A far end that is never quiet is not measured.
type Reaction struct{ Histogram }

// turns follows the far end's speech and silence, for a Reaction. Times are on the session's clock.
type turns struct {
	came    time.Duration // when its last packet did
	comfort bool          // that was comfort noise
	spoken  bool          // it has said something
	sound   time.Duration // when it said something last
	floor   uint8         // how loud its quiet is
	pressed time.Duration // by the wall clock: when our key went out; 0 when none waits for an answer
	hush    time.Duration // how much quiet somebody waits for
	hushed  chan struct{} // closed when it is there; nil when nobody waits
}

// Hush waits until the far end has said something and then been quiet for d. It returns the cause of ctx, or ErrClosed.
// It is for sessions with Options.Reaction, one call at a time.
func (s *Session) Hush(ctx context.Context, d time.Duration) error {
	hushed := make(chan struct{})
	s.mu.Lock()
	s.meter.turns.hush, s.meter.turns.hushed = d, hushed
	s.mu.Unlock()
	select {
	case <-hushed:
		return nil
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter.turns.hushed = nil
	return context.Cause(ctx)
}

// watch tells who waits for quiet that it is there.
func (t *turns) watch(now time.Duration) {
	if t.hushed != nil && t.spoken && now-t.sound >= t.hush {
		close(t.hushed)
		t.hushed = nil
	}
}

// press takes the beginning of a key press of ours, at both clocks.
func (t *turns) press(now, wall time.Duration) {
	t.pressed = 0
	if now-t.sound >= settled {
		t.pressed = wall
	}
}

// packet takes one of the far end's, of sound or comfort noise, that came at a time of the wall clock.
func (t *turns) packet(r *Reaction, f sdp.Format, payload []byte, now, at time.Duration) {
	begins := t.comfort || t.came != 0 && now-t.came >= settled
	t.came, t.comfort = now, f.Noise
	if f.Noise {
		return
	}
	loud := loudness(f.Codec, payload)
	stands := now-t.sound >= settled && loud > 2*min(t.floor, maxQuiet)+1 // out of the quiet
	if !begins && !stands && loud <= maxQuiet {
		t.floor = max(loud, t.floor-min(t.floor, 1)) // the end of a prompt is forgotten
		return
	}
	if t.pressed != 0 && at > t.pressed && at-t.pressed < tooLate {
		r.Observe(at - t.pressed)
	}
	t.spoken, t.sound, t.pressed, t.floor = true, now, 0, 0
}

// loudness is that of the loudest sample in a payload, in steps of the finest segment of PCMU. G.722 cannot be told
// without decoding: it is silent or not.
func loudness(codec sdp.Codec, payload []byte) (most uint8) {
	switch codec {
	case sdp.PCMU:
		for _, b := range payload {
			most = max(most, ^b&0x7F)
		}
	case sdp.PCMA:
		for _, b := range payload {
			most = max(most, (b^0x55)&0x7F)
		}
		most *= 2 // its finest step is twice as high
	case sdp.G722:
		if distinct(payload) > fewBytes {
			return 0xFF
		}
	}
	return most
}

// distinct is how many different bytes there are.
func distinct(p []byte) (n int) {
	var seen [4]uint64
	for _, b := range p {
		seen[b>>6] |= 1 << (b & 63)
	}
	for _, s := range seen {
		n += bits.OnesCount64(s)
	}
	return n
}
