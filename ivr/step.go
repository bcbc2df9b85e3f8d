package ivr

import (
	"time"

	"readback/tickets"
)

// A Step is something that happened in a conversation, told to Script.Observe as it happens and in
// order. Secrets are not in it: a PIN that was entered is one • of unknown length, and so are keys that
// answered nothing, since they may be a PIN typed too early.
type Step struct {
	At        time.Time
	Kind      StepKind
	Prompts   []Prompt       // Said: what begins to play
	Keys      string         // Pressed
	Locale    string         // of the conversation
	Account   string         // Identified
	Ticket    tickets.Number // Registered, Acknowledged, Confirmed, Accepted, Informed, Noted
	Recording Recording      // Recorded, Noted
	Err       error          // Trouble: what the desk could not do. Unreached: why
}

// A StepKind tells what a Step is.
type StepKind string

const (
	Said         StepKind = "said"
	Pressed      StepKind = "pressed"
	NoInput      StepKind = "no-input" // the caller pressed nothing
	NoMatch      StepKind = "no-match" // the caller pressed what is no answer
	Identified   StepKind = "identified"
	Denied       StepKind = "denied" // account and PIN do not match
	Refused      StepKind = "refused"
	Recorded     StepKind = "recorded"
	Registered   StepKind = "registered"
	Acknowledged StepKind = "acknowledged"
	Informed     StepKind = "informed"   // the caller hears about a ticket that there was
	Noted        StepKind = "noted"      // and left a message on it
	Connecting   StepKind = "connecting" // an agent is called
	Connected    StepKind = "connected"  // and was spoken to, or has the caller now
	Unreached    StepKind = "unreached"  // or nobody was there
	Confirmed    StepKind = "confirmed"  // somebody we called has heard the number
	Accepted     StepKind = "accepted"   // an engineer we called takes the ticket
	Trouble      StepKind = "trouble"
)

// secret stands for keys that are nobody's business.
const secret = "•"

func (c *conversation) observe(step Step) {
	if c.script.Observe == nil {
		return
	}
	step.At, step.Locale = time.Now(), c.locale
	c.script.Observe(step)
}

// pressed notes keys that the script took as an answer, secrets already masked.
func (c *conversation) pressed(keys string) {
	c.keys = append(c.keys, keys)
	c.observe(Step{Kind: Pressed, Keys: keys})
}

// trouble notes that the desk failed at something, and tells the operator.
func (c *conversation) trouble(what string, err error) {
	c.log.Warn("the desk failed a caller", "doing", what, "error", err)
	c.observe(Step{Kind: Trouble, Err: err})
}
