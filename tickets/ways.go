package tickets

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ErrRefused: the other side took a look and will never take it (a 5xx reply of RFC 5321 section 4.2.1, a 4xx status of
// HTTP); sending the same again cannot help.
var ErrRefused = errors.New("refused for good")

// ErrNobody: a call was not accepted by a person: it was busy, not answered, or answered by a machine.
var ErrNobody = errors.New("nobody accepted the call")

// ErrTaken ends a call to an engineer when somebody else accepted the ticket, or nobody is needed any more.
var ErrTaken = errors.New("somebody else accepted the ticket")

// A Mailer hands letters to a mail relay.
type Mailer interface {
	// Mail returns nil once the relay has taken responsibility for the letter (RFC 5321 section 6.1). After ErrRefused it is
	// not to be tried again; after any other error it may be, with the same ID.
	Mail(ctx context.Context, letter Letter) error
}

// A Letter is an e-mail by its meaning; the mailer has a template for each kind and language.
type Letter struct {
	ID       string // the same letter has the same ID: it becomes the Message-ID
	Thread   string // ID of the first letter about the same thing, or empty
	Kind     NoticeKind
	To       string
	Name     string // of the contact, or empty
	Language string // like en-GB; the mailer falls back on one it has
	Ticket   Ticket // without a number when the letter is about none
	Promise  string // the response window in words of no language: an ISO 8601 duration like PT4H
	Links    Links
	Text     string // what an agent wrote, like the news of an incident; plain text
}

// Links are addresses of pages; empty ones are not mentioned.
type Links struct {
	Form   string
	Chat   string
	Survey string
}

// A Phone calls people, over a trunk and to numbers that the desk chose.
type Phone interface {
	// Acknowledge calls the ticket's contact back, reads the number and asks for a key. It returns the evidence once a key was
	// pressed after the whole number was played; ErrNobody when the call came to nothing; ErrRefused when it may not be made.
	Acknowledge(ctx context.Context, ticket Ticket) (Acknowledgement, error)
	// Page calls an engineer, says what is wrong and whose problem it is, and asks for a key. It returns nil when the engineer
	// accepted the ticket by key, ErrNobody otherwise. It ends early with ctx, whose
	// cause is ErrTaken when nobody is needed any more.
	Page(ctx context.Context, engineer Engineer, ticket Ticket) error
}

// An Engineer is somebody on the list of those on call.
type Engineer struct {
	Name   string
	Number string // E.164 or a SIP URI, from the configuration
	// Language is the locale in which they are spoken to; empty: that of the ticket.
	Language string
}

// A Pager wakes engineers by another system, like PagerDuty or Alertmanager.
type Pager interface {
	Name() string
	// Raise raises an alert, or repeats it: the same ID is the same alert.
	Raise(ctx context.Context, alert Alert) error
	// Clear says that somebody looks after it, or that it is over. One that was never raised is no error.
	Clear(ctx context.Context, alert Alert) error
}

// An Alert is what engineers are woken for, or alarmed about.
type Alert struct {
	ID      string // stable: the ID of its notice
	Reason  string
	Summary string // one line, without personal data
	Ticket  Ticket // without a number when the alert is about none
	Urgent  bool   // wake somebody; else it may wait for somebody to look
	Node    string
	At      time.Time
}

// A Hook delivers what happened to another program.
type Hook interface {
	Name() string
	// Wants reports whether messages of a type are delivered there.
	Wants(kind string) bool
	// Deliver returns nil when the other side has taken it, ErrRefused when it is not to be tried again.
	Deliver(ctx context.Context, message Message) error
}

// A Message is one event for other programs.
type Message struct {
	ID   string // stable: the same event has the same ID
	Type string // like ticket.acknowledged
	At   time.Time
	Data json.RawMessage
}

// A Mirror keeps tickets in step with another ticket system.
type Mirror interface {
	Name() string
	// Push makes the other system's ticket like ours. It may be repeated, and makes no second one.
	Push(ctx context.Context, ticket Ticket, events []Event) error
	// Pull returns what changed over there since a cursor (empty: from now on), oldest first, and the next cursor.
	Pull(ctx context.Context, cursor string) (changes []MirrorChange, next string, err error)
}

// A MirrorChange is a change made in the other system.
type MirrorChange struct {
	ID     string // stable
	Ticket Number
	At     time.Time
	Who    string
	Status Status // empty: unchanged
	Note   string // a public comment, or empty
}
