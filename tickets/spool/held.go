package spool

import (
	"sync"
	"sync/atomic"
	"time"

	"readback/tickets"
)

// held are the tickets in the spool, with the time their calls were received.
type held struct {
	mu      sync.Mutex
	tickets map[tickets.Number]time.Time
}

func (h *held) add(number tickets.Number, received time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tickets == nil {
		h.tickets = map[tickets.Number]time.Time{}
	}
	h.tickets[number] = received
}

func (h *held) remove(number tickets.Number) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.tickets, number)
}

func (h *held) has(number tickets.Number) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.tickets[number]
	return ok
}

func (h *held) depth() (depth int, oldest time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, received := range h.tickets {
		if oldest.IsZero() || received.Before(oldest) {
			oldest = received
		}
	}
	return len(h.tickets), oldest
}

func (h *held) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.tickets) == 0
}

// counter is a number of things held.
type counter struct{ n atomic.Int64 }

func (c *counter) add(n int) { c.n.Add(int64(n)) }

func (c *counter) read() int { return int(c.n.Load()) }

// moving are the tickets on their way to the database: nobody begins to work on their notices meanwhile. The zero value is
// ready.
type moving struct {
	gate    sync.RWMutex // held to read while a claim is being written, to write while it is decided what moves
	tickets map[tickets.Number]bool
}

func (m *moving) set(parcels []tickets.Parcel) {
	m.tickets = map[tickets.Number]bool{}
	for _, p := range parcels {
		m.tickets[p.Ticket.Number] = true
	}
}

func (m *moving) clear() {
	m.gate.Lock()
	defer m.gate.Unlock()
	m.tickets = nil
}
