package sip

import (
	"net/netip"
	"sync"
	"time"
)

// What is kept of unknown sources on listeners that challenge.
const (
	visitorsKept = 4096
	visitorIdle  = time.Minute
	silenceFirst = time.Second // after the first wrong answer; doubles with each
	silenceMost  = 15 * time.Minute
)

// Visitors are the sources outside all trunks that were heard lately. Beyond visitorsKept, all others share one.
type visitors struct {
	mu     sync.Mutex
	known  map[netip.Addr]*visitor
	swept  time.Time
	others *visitor
}

// A visitor is a source with what it has used of its limits.
type visitor struct {
	messages   *bucket
	challenges *bucket
	shared     bool

	mu     sync.Mutex
	wrongs int
	silent time.Time // until when nothing is heard
	seen   time.Time
}

func newVisitors() *visitors {
	others := newVisitor()
	others.shared = true
	return &visitors{known: map[netip.Addr]*visitor{}, others: others}
}

func newVisitor() *visitor {
	return &visitor{
		messages:   newBucket(readPerSource, readPerSource),
		challenges: newBucket(challengesPerSource, challengesPerSource),
		seen:       time.Now(),
	}
}

// heard says whether a message of a source is looked at.
func (v *visitors) heard(source netip.Addr) bool {
	one := v.at(source)
	one.mu.Lock()
	now := time.Now()
	one.seen = now
	silent := now.Before(one.silent)
	one.mu.Unlock()
	return !silent && one.messages.take()
}

// at is the visitor of a source: an IPv4 address or an IPv6 /64.
func (v *visitors) at(source netip.Addr) *visitor {
	if source = source.Unmap().WithZone(""); source.Is6() {
		p, _ := source.Prefix(64)
		source = p.Addr()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if one := v.known[source]; one != nil {
		return one
	}
	if len(v.known) >= visitorsKept && time.Since(v.swept) > time.Second {
		v.forget()
	}
	if len(v.known) >= visitorsKept {
		return v.others
	}
	one := newVisitor()
	v.known[source] = one
	return one
}

// forget drops those that were not heard for a while and may be heard again.
func (v *visitors) forget() {
	now := time.Now()
	v.swept = now
	for source, one := range v.known {
		one.mu.Lock()
		if now.Sub(one.seen) > visitorIdle && now.After(one.silent) {
			delete(v.known, source)
		}
		one.mu.Unlock()
	}
}

// answered says whether one more INVITE of the visitor is answered now.
func (v *visitor) answered() bool { return v.challenges.take() }

// wrong makes the visitor unheard for a time that doubles with each wrong answer. Those who share one are not.
func (v *visitor) wrong() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shared {
		return
	}
	v.silent = time.Now().Add(min(silenceFirst<<min(v.wrongs, 20), silenceMost))
	v.wrongs++
}

// right forgets the wrong answers.
func (v *visitor) right() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrongs = 0
}
