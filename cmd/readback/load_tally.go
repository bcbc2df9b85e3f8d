package main

import (
	"errors"
	"sync"
	"time"

	"readback/media"
	"readback/sip"
)

// maxReasons bounds how many reasons are told apart.
const maxReasons = 20

// loadTally counts what becomes of calls.
type loadTally struct {
	mu             sync.Mutex
	began, ended   time.Time
	firstAt        time.Time // when the first and
	lastAt         time.Time // the last call was placed
	placed, over   int
	up, most       int
	answered       int
	refused        map[sip.StatusError]int
	failed, early  map[string]int
	pressed        int
	withoutKeys    int // calls whose other side takes no key presses
	sent, unsent   int64
	received, lost int64
	told           int   // calls of which the other side reported
	toldSent       int64 // packets we sent in those
	toldLost       int64
}

// clock frames the test.
func (t *loadTally) clock() (stop func()) {
	t.began = time.Now()
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended = time.Now()
	}
}

func (t *loadTally) place() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastAt = time.Now()
	if t.placed == 0 {
		t.firstAt = t.lastAt
	}
	t.placed++
}

// fail counts a call that was never answered.
func (t *loadTally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over++
	var status *sip.StatusError
	if errors.As(err, &status) {
		count(&t.refused, sip.StatusError{Status: status.Status, Reason: status.Reason})
		return
	}
	count(&t.failed, reasonOf(err))
}

// reasonOf is the innermost error: the outer ones name the call.
func reasonOf(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func (t *loadTally) answer() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered++
	t.up++
	t.most = max(t.most, t.up)
}

func (t *loadTally) press() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pressed++
}

func (t *loadTally) keyless() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.withoutKeys++
}

// end counts a call that was answered and is over; early is why it ended before its time, or nil.
func (t *loadTally) end(early error, who func() string, s media.Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over++
	t.up--
	if early != nil {
		count(&t.early, who())
	}
	t.sent, t.unsent = t.sent+s.Sent, t.unsent+s.Failed
	t.received, t.lost = t.received+s.Received, t.lost+s.Lost
	if s.RemoteLost >= 0 {
		t.told++
		t.toldSent, t.toldLost = t.toldSent+s.Sent, t.toldLost+s.RemoteLost
	}
}

// count counts under a key, while there are not too many.
func count[K comparable](counts *map[K]int, key K) {
	if *counts == nil {
		*counts = map[K]int{}
	}
	if _, known := (*counts)[key]; !known && len(*counts) == maxReasons {
		var others K
		key = others
	}
	(*counts)[key]++
}
