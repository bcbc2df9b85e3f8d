package media

import (
	"math/rand/v2"
	"sync"
	"time"
)

// ports is the pool of even ports. They are given out in random order, so that a port says nothing about calls, and rest
// after use, so that late packets of one call don't reach the next.
type ports struct {
	size int

	mu      sync.Mutex
	free    []uint16
	resting []rested // oldest first
	rest    time.Duration
}

type rested struct {
	port  uint16
	since time.Time
}

func newPorts(first, last uint16, rest time.Duration) *ports {
	p := &ports{rest: rest}
	for n := int(first) + int(first)%2; n < int(last); n += 2 {
		p.free = append(p.free, uint16(n))
	}
	p.size = len(p.free)
	return p
}

// take returns a port, false when there is none.
func (p *ports) take() (uint16, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.resting) > 0 && time.Since(p.resting[0].since) >= p.rest {
		p.free = append(p.free, p.resting[0].port)
		p.resting = p.resting[1:]
	}
	if len(p.free) == 0 {
		return 0, false
	}
	i, end := rand.IntN(len(p.free)), len(p.free)-1
	port := p.free[i]
	p.free[i] = p.free[end]
	p.free = p.free[:end]
	return port, true
}

func (p *ports) put(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resting = append(p.resting, rested{port, time.Now()})
}
