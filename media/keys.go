package media

import (
	"context"

	"readback/media/dtmf"
)

// Key is a key of the telephone: '0' to '9', '*', '#' or 'A' to 'D'.
type Key = dtmf.Key

// maxTypedAhead bounds the keys that wait to be read; later ones are lost.
const maxTypedAhead = 64

// way is how keys reach us.
type way uint8

const (
	byNone way = iota
	byEvent
	byInfo
	byTone
)

// typeahead holds the keys that were pressed and not yet read.
type typeahead struct {
	keys [maxTypedAhead]Key
	n    int
	way  way // the first way on which a key was heard in the call is the only one believed
}

// ReadKey waits for the next key. One that was typed ahead is returned even when ctx is done already. It returns the
// cause of ctx, or ErrClosed.
func (s *Session) ReadKey(ctx context.Context) (Key, error) {
	for {
		if key, ok := s.takeKey(); ok {
			return key, nil
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		select {
		case <-s.keyed:
		case <-ctx.Done():
		case <-s.done:
			return 0, ErrClosed
		}
	}
}

// DropKeys forgets what was typed ahead.
func (s *Session) DropKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys.keys, s.keys.n = [maxTypedAhead]Key{}, 0
}

func (s *Session) takeKey() (Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.keys
	if k.n == 0 {
		return 0, false
	}
	key := k.keys[0]
	copy(k.keys[:], k.keys[1:k.n])
	k.n--
	k.keys[k.n] = 0 // it may be a digit of a PIN
	if k.n > 0 {
		s.tellKeys() // another reader may wait
	}
	return key, true
}

func (s *Session) tellKeys() {
	select {
	case s.keyed <- struct{}{}:
	default:
	}
}

// press takes a key that was heard on a way. In a bridge it is for the other side, unless it is to be kept. While a
// recording runs, '#' ends it and goes nowhere else. s.mu is held.
func (s *Session) press(key Key, by way) {
	k := &s.keys
	if k.way == byNone {
		k.way = by
	}
	if k.way != by {
		return
	}
	if s.bridged != nil && s.bridged.out.press(key, by) {
		return
	}
	if key == '#' && s.recording != nil && s.recording.endByKey(s.clock.time) {
		return
	}
	if k.n < maxTypedAhead {
		k.keys[k.n] = key
		k.n++
		s.tellKeys()
	}
}
