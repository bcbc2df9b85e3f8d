package tickets

import "sync"

// maxReserved bounds the calls whose ticket is under way. A gateway has far fewer calls than this.
const maxReserved = 10_000

// reserved are the numbers of calls whose commit is not known to have succeeded, so that a call keeps its number
// whatever happens to it. The zero value is ready.
type reserved struct {
	mu      sync.Mutex
	numbers map[string]Number
}

func (r *reserved) of(callKey string) (Number, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, ok := r.numbers[callKey]
	return number, ok
}

// keep remembers the number, and returns the one that was first.
func (r *reserved) keep(callKey string, number Number) Number {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.numbers[callKey]; ok {
		return first
	}
	if r.numbers == nil {
		r.numbers = map[string]Number{}
	}
	for other := range r.numbers {
		if len(r.numbers) < maxReserved {
			break
		}
		delete(r.numbers, other)
	}
	r.numbers[callKey] = number
	return number
}

func (r *reserved) forget(callKey string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.numbers, callKey)
}
