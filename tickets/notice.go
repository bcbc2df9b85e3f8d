package tickets

import (
	"fmt"
	"time"
)

// A NoticeKind is what has to be sent, and how.
type NoticeKind string

// The kinds of notice. The first three are the acknowledgement ladder: every ticket has exactly one of them, the
// first way that can reach its customer, and it is cancelled once the customer was told.
const (
	AcknowledgeByEmail    NoticeKind = "acknowledge-by-email"
	AcknowledgeByCallback NoticeKind = "acknowledge-by-callback"
	AcknowledgeByAgent    NoticeKind = "acknowledge-by-agent" // no address and no number that may be dialled
	LinksByEmail          NoticeKind = "links-by-email"       // form and chat, for a plan without telephone
	NumberByEmail         NoticeKind = "number-by-email"      // the caller asked for it
	Alarm                 NoticeKind = "alarm"                // agents must look now
)

// Why an alarm was raised.
const (
	ReasonUnverifiedP1 = "unverified-p1" // P1 by key, nobody proved an account
	ReasonNoWay        = "no-way-to-acknowledge"
	ReasonTrunkSlowed  = "trunk-slowed" // many wrong PINs over one trunk
)

// Ladder reports whether the notice is a step of the acknowledgement ladder.
func (k NoticeKind) Ladder() bool {
	return k == AcknowledgeByEmail || k == AcknowledgeByCallback || k == AcknowledgeByAgent
}

// A Notice is a row of the outbox: something that has to be sent, committed with what it is about.
type Notice struct {
	ID        string     `json:"id"` // the same thing to send has the same ID, and is one row
	Kind      NoticeKind `json:"kind"`
	Reason    string     `json:"reason,omitempty"`
	Ticket    Number     `json:"ticket,omitempty"`
	Account   string     `json:"account,omitempty"`
	To        string     `json:"to,omitempty"` // e-mail address or E.164
	Language  string     `json:"language,omitempty"`
	CallID    string     `json:"call_id,omitempty"`
	Created   time.Time  `json:"created_at"`
	Due       time.Time  `json:"due_at"`
	Cancelled time.Time  `json:"cancelled_at,omitzero"` // no longer needed
}

// ladder is the acknowledgement row of a new ticket.
func (p Policy) ladder(t Ticket, filed time.Time, hungUp bool) Notice {
	n := Notice{
		ID: "acknowledge:" + string(t.Number), Kind: AcknowledgeByAgent, Ticket: t.Number, Account: t.Account,
		Language: t.Language, CallID: t.CallID, Created: filed, Due: filed,
	}
	switch {
	case t.Email != "":
		n.Kind, n.To = AcknowledgeByEmail, t.Email
	case t.CallbackVerified:
		n.Kind, n.To = AcknowledgeByCallback, t.Callback
	}
	if !hungUp {
		n.Due = later(t.Received.Add(p.Ladder.After), filed.Add(p.Ladder.AtLeast))
	}
	return n
}

// alarm is a row that agents must see at once. A ticket has at most one for each reason.
func alarm(t Ticket, reason string, now time.Time) Notice {
	return Notice{
		ID: fmt.Sprintf("alarm:%s:%s", t.Number, reason), Kind: Alarm, Reason: reason, Ticket: t.Number,
		Account: t.Account, Language: t.Language, CallID: t.CallID, Created: now, Due: now,
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
