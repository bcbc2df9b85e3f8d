package tickets

import "time"

// Hours are when engineers work, by the country of the number that was called (E.164).
type Hours interface {
	// Working reports whether they are at work.
	Working(called string, at time.Time) bool
	// Next is the first moment from at on when they are.
	Next(called string, at time.Time) time.Time
}

// starts is when engineers begin to work on a ticket: at once when they are paged for it, else when they are at work.
func (d *Desk) starts(t Ticket) time.Time {
	if t.Priority == P1 || d.Hours == nil || d.policy.PageP2 && t.Priority == P2 {
		return t.Received
	}
	return instant(d.Hours.Next(t.Called, t.Received))
}

// pages reports whether engineers are woken for a ticket: for every P1, and for a P2 outside working hours where the policy
// says so. Nobody is for a ticket without a proven account, or for one of an incident, which they know of.
func (d *Desk) pages(t Ticket) bool {
	if !d.Paging || !t.Verified || t.Kind != KindProblem || t.Incident != "" {
		return false
	}
	away := d.Hours != nil && !d.Hours.Working(t.Called, d.now())
	return t.Priority == P1 || t.Priority == P2 && d.policy.PageP2 && away
}
