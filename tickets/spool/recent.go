package spool

import (
	"sync"

	"readback/tickets"
)

// maxRecent is how many filings are remembered: those of the calls in progress and more.
const maxRecent = 4096

// recent are the latest filings that the database committed for this gateway: should it go away in the middle of a call,
// the ticket can be spooled as well, to note there what happens to it. The zero value is ready.
type recent struct {
	mu       sync.Mutex
	filings  map[string]tickets.Filing // by key of the call
	byNumber map[tickets.Number]string
	order    []string
}

// note remembers a ticket that is new.
func (r *recent) note(f tickets.Filing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.filings == nil {
		r.filings, r.byNumber = map[string]tickets.Filing{}, map[tickets.Number]string{}
	}
	key := f.Ticket.CallID
	if _, known := r.filings[key]; known {
		return
	}
	if len(r.order) == maxRecent {
		r.drop(r.order[0])
		r.order = r.order[1:]
	}
	r.filings[key], r.byNumber[f.Ticket.Number] = f, key
	r.order = append(r.order, key)
}

func (r *recent) drop(key string) {
	delete(r.byNumber, r.filings[key].Ticket.Number)
	delete(r.filings, key)
}

// ofCall is what a call filed.
func (r *recent) ofCall(key string) (tickets.Filing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.filings[key]
	return f, ok
}

func (r *recent) ofTicket(number tickets.Number) (tickets.Filing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key, ok := r.byNumber[number]
	return r.filings[key], ok
}

// toJoin is a filing whose ticket a call may join.
func (r *recent) toJoin(f tickets.Filing) (tickets.Filing, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range r.order {
		first := r.filings[key]
		t := first.Ticket
		if f.Join.Key != "" && first.Join.Key == f.Join.Key && t.Priority == f.Ticket.Priority && t.Kind == f.Ticket.Kind &&
			!t.Received.Before(f.Join.From) && !t.Received.After(f.Join.Until) {
			return first, true
		}
	}
	return tickets.Filing{}, false
}

// part ends joining for the ticket of a call.
func (r *recent) part(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.filings[key]; ok {
		f.Join.Key = ""
		r.filings[key] = f
	}
}
