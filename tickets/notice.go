package tickets

import (
	"fmt"
	"maps"
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
	SurveyByEmail         NoticeKind = "survey-by-email"      // the ticket is resolved: was it well done?
	Alarm                 NoticeKind = "alarm"                // agents must look now
	Page                  NoticeKind = "page"                 // an engineer must begin now
	PageClear             NoticeKind = "page-clear"           // somebody looks after it: pagers may rest
	Transcribe            NoticeKind = "transcribe"           // a machine writes a recording down
	Publish               NoticeKind = "publish"              // an event, for other programs
	Deliver               NoticeKind = "hook"                 // an event, for one program
	MirrorPush            NoticeKind = "mirror-push"          // what is new of a ticket, for the other ticket system
	MirrorPull            NoticeKind = "mirror-pull"          // what is new there; this row stays open
)

// Why an alarm was raised.
const (
	ReasonUnverifiedP1 = "unverified-p1" // P1 by key, nobody proved an account
	ReasonNoWay        = "no-way-to-acknowledge"
	ReasonTrunkSlowed  = "trunk-slowed" // many wrong PINs over one trunk
	// ReasonUnacknowledged: most of the response window is over and the customer was not told.
	ReasonUnacknowledged = "unacknowledged"
	ReasonUndelivered    = "undelivered" // a letter that nobody would take
)

// Ladder reports whether the notice is a step of the acknowledgement ladder.
func (k NoticeKind) Ladder() bool {
	return k == AcknowledgeByEmail || k == AcknowledgeByCallback || k == AcknowledgeByAgent
}

// A Notice is a row of the outbox: something that has to be sent, committed with what it is about. It is open until it is done,
// cancelled or given up.
type Notice struct {
	ID        string     `json:"id"` // the same thing to send has the same ID, and is one row
	Kind      NoticeKind `json:"kind"`
	Reason    string     `json:"reason,omitempty"`
	Ticket    Number     `json:"ticket,omitempty"`
	Account   string     `json:"account,omitempty"`
	To        string     `json:"to,omitempty"` // e-mail address, E.164, or the name of an endpoint or a recording
	Language  string     `json:"language,omitempty"`
	CallID    string     `json:"call_id,omitempty"`
	Created   time.Time  `json:"created_at"`
	Due       time.Time  `json:"due_at"`
	Cancelled time.Time  `json:"cancelled_at,omitzero"` // no longer needed
	Done      time.Time  `json:"done_at,omitzero"`
	Dead      time.Time  `json:"dead_at,omitzero"`       // given up, until somebody has it tried again
	Working   time.Time  `json:"working_until,omitzero"` // somebody is at it, and says so again before then
	Attempts  int        `json:"attempts,omitempty"`     // that failed
	Failure   string     `json:"failure,omitempty"`      // of the last attempt
	// Detail is what its kind has to remember from attempt to attempt.
	Detail map[string]string `json:"detail,omitempty"`
}

// Open reports whether there is still something to do.
func (n Notice) Open() bool { return n.Cancelled.IsZero() && n.Done.IsZero() && n.Dead.IsZero() }

// State is open, working, done, cancelled or dead.
func (n Notice) State(now time.Time) string {
	switch {
	case !n.Done.IsZero():
		return "done"
	case !n.Cancelled.IsZero():
		return "cancelled"
	case !n.Dead.IsZero():
		return "dead"
	case n.Working.After(now):
		return "working"
	}
	return "open"
}

// with is the notice with a detail set.
func (n Notice) with(name, value string) Notice {
	n.Detail = maps.Clone(n.Detail)
	if n.Detail == nil {
		n.Detail = map[string]string{}
	}
	n.Detail[name] = value
	return n
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

// warning is the alarm that is raised unless the customer is told before: when most of the response window is over.
func (p Policy) warning(t Ticket, now time.Time) Notice {
	n := alarm(t, ReasonUnacknowledged, now)
	n.Due = p.warnAt(t)
	return n
}

func (p Policy) warnAt(t Ticket) time.Time {
	return t.Received.Add(t.Due.Sub(t.Received) * warnPercent / 100)
}

// warnPercent is how much of the response window may pass before agents are alarmed.
const warnPercent = 75

// page is the row that wakes an engineer for a ticket.
func page(t Ticket, now time.Time) Notice {
	return Notice{
		ID: "page:" + string(t.Number), Kind: Page, Ticket: t.Number, Account: t.Account, Language: t.Language, CallID: t.CallID,
		Created: now, Due: now,
	}
}

// publication is the row that tells other programs of an event, by its key.
func publication(t Ticket, e Event, key string) Notice {
	return Notice{
		ID: fmt.Sprintf("publish:%s:%s", t.Number, key), Kind: Publish, Ticket: t.Number, Account: t.Account,
		CallID: t.CallID, Created: e.At, Due: e.At, Detail: map[string]string{"what": e.What, "key": key},
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
