package sip

import (
	"log/slog"
	"net/netip"
	"time"
)

// Kind says what an Event is about.
type Kind string

// Kinds of events.
const (
	Received     Kind = "received"     // a message came in
	Sent         Kind = "sent"         // a message goes out
	Refused      Kind = "refused"      // a request of a trunk was refused, or a message of it dropped: Rule says why
	Panicked     Kind = "panicked"     // code that served one call panicked; Text holds value and stack
	Down         Kind = "down"         // a listener died; Text holds its address and the error
	Up           Kind = "up"           // a listener is open
	TrunkUp      Kind = "trunk-up"     // a target of a trunk answers pings
	TrunkDown    Kind = "trunk-down"   // it does not, or has no time; Text holds why
	Registered   Kind = "registered"   // at a registrar
	Unregistered Kind = "unregistered" // no longer, or not yet; Text holds why
	Note         Kind = "note"         // something worth knowing, such as a request too large for a frame
)

// Event is a fact. It never holds a secret: passwords in Line are masked, and so is what Message holds of keys,
// credentials, signatures and bodies other than session descriptions.
type Event struct {
	Kind      Kind
	At        time.Time
	Trunk     string         // name of the trunk; empty when none is concerned
	Peer      netip.AddrPort // the other end
	Local     netip.AddrPort // our end, of a message
	Transport string         // "udp" or "tcp", of a message or a refused request
	CallID    string
	Caller    string // E.164, of a refused INVITE that named one
	Line      string // first line of the message
	Method    string // of the request, also for its response
	CSeq      uint32 // of a message
	Status    int    // of a response, or of the refusal; 0 for a request, or when nothing was sent
	Reason    string // Reason header of a message (RFC 3326), such as Q.850;cause=16
	Rule      string // which rule refused, such as "unknown-number"
	Text      string // the rule in words
	Message   []byte // the message itself, masked and at most 8 kB, with Config.Trace; for the receiver to keep
}

// observe tells a fact once: to Observe, or else, when an operator must know of it, to the log.
func (u *UserAgent) observe(e Event) {
	if e.Kind == Refused && e.Trunk != "" {
		u.countRefusal(e)
	}
	if u.config.Observe != nil {
		e.At = time.Now()
		u.config.Observe(e)
		return
	}
	level := slog.LevelError
	switch e.Kind {
	case Up, TrunkUp, Registered:
		level = slog.LevelInfo
	case Down, Panicked, TrunkDown, Unregistered:
	default:
		return
	}
	u.config.Log.Log(u.ctx, level, "sip", "kind", e.Kind, "call_id", e.CallID, "trunk", e.Trunk, "text", e.Text)
}

// Served reports whether the refused request is the INVITE of a call that the Handler had: whoever serves calls
// knows of it already.
func (e Event) Served() bool {
	switch e.Rule {
	case "handler", "offer", "unanswered", "panic", "drained", "no-prack":
		return e.Kind == Refused && e.Method == "INVITE"
	}
	return false
}
