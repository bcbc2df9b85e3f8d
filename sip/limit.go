package sip

import (
	"sync"
	"time"
)

// A bucket allows rate events a second on average and burst at once.
type bucket struct {
	mu          sync.Mutex
	rate, burst float64
	spent       float64 // of burst, as of at
	at          time.Time
}

func newBucket(rate, burst int) *bucket {
	return &bucket{rate: float64(rate), burst: float64(burst)}
}

// limit changes the rate; what was spent stays spent.
func (b *bucket) limit(rate, burst int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rate, b.burst = float64(rate), float64(burst)
}

// take reports whether one more event is within the rate, and counts it then.
func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.spent = max(0, b.spent-b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.spent+1 > b.burst {
		return false
	}
	b.spent++
	return true
}
