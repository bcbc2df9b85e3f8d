package resolve

import (
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxCached = 1024
	// failureTime is how long a question that found no answer is not asked again (RFC 9520 section 3.2).
	failureTime = time.Second
)

type question struct {
	name string
	kind dnsmessage.Type
}

type cached struct {
	answer answer
	err    error
	until  time.Time
}

// cache keeps answers, and that there was none. The zero value is ready.
type cache struct {
	mu      sync.Mutex
	entries map[question]cached
}

func (c *cache) get(q question, now time.Time) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[q]
	return e, ok && now.Before(e.until)
}

// put makes room by dropping what is over, or else whatever comes first.
func (c *cache) put(q question, e cached, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[question]cached{}
	}
	if _, ok := c.entries[q]; !ok && len(c.entries) >= maxCached {
		for k, old := range c.entries {
			if !now.Before(old.until) {
				delete(c.entries, k)
			}
		}
		for k := range c.entries {
			if len(c.entries) < maxCached {
				break
			}
			delete(c.entries, k)
		}
	}
	c.entries[q] = e
}
