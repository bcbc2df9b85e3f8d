package tickets

import (
	"fmt"
	"time"
)

// What happens to a ticket. Events are only ever added.
const (
	EventReceived     = "received"     // the call opened it
	EventJoined       = "joined"       // another call of the same caller joined it
	EventHungUp       = "hung-up"      // the caller was gone before hearing the number
	EventAcknowledged = "acknowledged" // the customer was told
	EventChanged      = "changed"      // an agent gave it another priority or status
	EventNote         = "note"         // somebody wrote or said something about it
	EventAlarmed      = "alarmed"      // agents were alarmed
	EventPaged        = "paged"        // an engineer was called, or another system told to wake one
	EventAccepted     = "accepted"     // an engineer took it
	EventSent         = "sent"         // a letter was taken by the relay
	EventUndelivered  = "undelivered"  // a letter was given up
	EventBounced      = "bounced"      // the acknowledgement came back
	EventTranscribed  = "transcribed"  // a machine wrote down what was said
	EventErased       = "erased"       // what belonged to its people was deleted
)

// Who makes events.
const (
	WhoCaller  = "caller"
	WhoGateway = "readback"
)

// An Event is one thing that happened to a ticket: who, when, what.
type Event struct {
	Ticket Number            `json:"ticket"`
	At     time.Time         `json:"at"`
	Who    string            `json:"who"`
	What   string            `json:"what"`
	Detail map[string]string `json:"detail,omitempty"` // empty values are left out
}

// detail makes an event's details of name, value pairs, without the empty ones.
func detail(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out[pairs[i]] = pairs[i+1]
		}
	}
	return out
}

// Keys are names for the events of a ticket, in their order. The same event has the same name for ever, also when what it says
// about people is erased.
func Keys(events []Event) []string {
	keys := make([]string, len(events))
	seen := map[string]int{}
	for i, e := range events {
		keys[i] = e.key(seen)
	}
	return keys
}

// key names an event after those that were seen.
func (e Event) key(seen map[string]int) string {
	key := fmt.Sprintf("%s:%d", e.What, e.At.UnixMicro())
	if seen[key]++; seen[key] > 1 {
		return fmt.Sprintf("%s:%d", key, seen[key])
	}
	return key
}
