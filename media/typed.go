package media

import "strings"

// typed are the keys of one side of a bridge, on their way to the other.
type typed struct {
	keep  string // those that stay
	keys  [maxTypedAhead]Key
	n     int
	ready chan struct{} // has a token when keys wait
}

func newTyped(keep string) typed { return typed{keep: keep, ready: make(chan struct{}, 1)} }

// press takes a key that was heard on a way; false for one that stays. A tone is carried by the sound, unless it could be
// that of a key that stays.
func (r *relay) press(key Key, by way) bool {
	if strings.IndexByte(r.typed.keep, byte(key)) >= 0 {
		return false
	}
	if r.carriesTones(by) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.typed
	if t.n < maxTypedAhead {
		t.keys[t.n] = key
		t.n++
		select {
		case t.ready <- struct{}{}:
		default:
		}
	}
	return true
}

// carriesTones reports whether tones are left in the sound where keys are heard on a way.
func (r *relay) carriesTones(by way) bool {
	return r.typed.keep == "" && (by == byTone || by == byNone)
}

// takeTyped takes the keys that wait. The string is the only copy of them.
func (r *relay) takeTyped() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.typed
	b := make([]byte, t.n)
	for i := range b {
		b[i] = byte(t.keys[i])
	}
	t.keys, t.n = [maxTypedAhead]Key{}, 0
	return string(b)
}
