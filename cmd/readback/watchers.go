package main

import "sync"

// Bounds of those who watch calls come and go.
const (
	watchersMost  = 16
	watcherBehind = 256 // events that one may be behind
)

// A callEvent tells that a call begins, ends, or was refused.
type callEvent struct {
	Event string   `json:"event"` // begins, refused, ends; alive when nothing happens, dropped at the end of a slow reader
	Call  callLine `json:"call,omitzero"`
	Text  string   `json:"text,omitempty"`
}

// watchers are told every event. One who does not keep up is told no more.
type watchers struct {
	mu  sync.Mutex
	all map[chan callEvent]struct{}
}

func (w *watchers) tell(e callEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.all {
		select {
		case one <- e:
		default:
			close(one)
			delete(w.all, one)
		}
	}
}

// watch is closed when its reader is too slow; nil when there are enough.
func (w *watchers) watch() chan callEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) >= watchersMost {
		return nil
	}
	if w.all == nil {
		w.all = map[chan callEvent]struct{}{}
	}
	one := make(chan callEvent, watcherBehind)
	w.all[one] = struct{}{}
	return one
}

func (w *watchers) leave(one chan callEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, one)
}
