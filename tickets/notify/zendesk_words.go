package notify

import (
	"fmt"
	"strings"
	"time"

	"readback/tickets"
)

// theirStatus is the status over there. A ticket that was opened there can never be new again, so that only a new one is.
var theirStatus = map[tickets.Status]string{
	tickets.StatusOpen: "open", tickets.StatusWorking: "open", tickets.StatusWaiting: "pending", tickets.StatusResolved: "solved",
}

// ourStatus is the status here: on hold, Zendesk waits for somebody else than the customer.
var ourStatus = map[string]tickets.Status{
	"new": tickets.StatusOpen, "open": tickets.StatusWorking, "hold": tickets.StatusWorking, "pending": tickets.StatusWaiting,
	"solved": tickets.StatusResolved, "closed": tickets.StatusResolved,
}

var theirPriority = map[tickets.Priority]string{tickets.P1: "urgent", tickets.P2: "high", tickets.P3: "normal", tickets.P4: "low"}

func statusOfNew(s tickets.Status) string {
	if s == tickets.StatusOpen {
		return "new"
	}
	return theirStatus[s]
}

// fieldOf is what fills a custom field; nil for a name that means nothing.
func fieldOf(t tickets.Ticket, source string) any {
	switch source {
	case "account":
		return t.Account
	case "plan":
		return t.Plan
	case "number":
		return string(t.Number)
	case "priority":
		return t.Priority.String()
	case "trunk":
		return t.Trunk
	case "called":
		return t.Called
	case "due":
		return t.Due.UTC().Format(time.RFC3339)
	}
	return nil
}

// subject is a new ticket's, for people who look at a list.
func subject(t tickets.Ticket) string {
	what := "Problem"
	if t.Kind == tickets.KindServices {
		what = "Services enquiry"
	}
	who := t.Contact
	if who == "" {
		who = t.Caller
	}
	if who == "" {
		return fmt.Sprintf("%s by phone, ticket %s", what, t.Number)
	}
	return fmt.Sprintf("%s by phone, ticket %s, %s", what, t.Number, oneLine(who, 100))
}

// story is a new ticket in words.
func (z *Zendesk) story(t tickets.Ticket) string {
	var out strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, oneLine(value, 500))
		}
	}
	line("Ticket", string(t.Number))
	line("Priority", t.Priority.String())
	line("Account", t.Account)
	line("Plan", t.Plan)
	if t.Account == "" {
		line("Account", "none was proved")
	}
	line("Contact", t.Contact)
	line("Called from", t.Caller)
	line("Call back", t.Callback)
	line("Called", t.Called)
	line("Received", t.Received.UTC().Format(time.RFC1123))
	line("To be acknowledged by", t.Due.UTC().Format(time.RFC1123))
	line("Recording", t.Recording)
	line("Page", ticketLink(z.config.Link, t.Number))
	return out.String()
}

// told is an event as a line of an internal comment; empty when it is of no interest there, or came from there.
func told(e tickets.Event) string {
	d := e.Detail
	text := ""
	switch e.What {
	case tickets.EventTranscribed:
		return fmt.Sprintf("Machine transcript of %s (%s), which may be wrong:\n%s", oneLine(d["recording"], 200),
			oneLine(strings.TrimPrefix(d["language"]+", "+d["model"], ", "), 100), manyLines(d["transcript"], 20_000))
	case tickets.EventJoined:
		text = "called again about it"
	case tickets.EventHungUp:
		text = "hung up before hearing the number"
	case tickets.EventAcknowledged:
		text = "was told that it is registered, by " + d["by"]
	case tickets.EventChanged:
		text = changedWords(d)
	case tickets.EventNote:
		text = noteWords(d)
	case tickets.EventAlarmed:
		text = "agents were alarmed: " + oneLine(d["reason"], 200)
	case tickets.EventAccepted:
		text = "took it"
	case tickets.EventAttached:
		text = "put it to incident " + oneLine(d["incident"], 100)
	case tickets.EventSurveyed:
		text = fmt.Sprintf("rated how well it was done: %s of %d", oneLine(d["score"], 10), tickets.MaxScore)
	case tickets.EventBounced:
		text = "the letter to the customer came back: " + oneLine(d["because"], 300)
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%s, %s %s", e.At.UTC().Format(time.RFC1123), oneLine(whoOf(e), 100), text)
}

func whoOf(e tickets.Event) string {
	if e.What == tickets.EventAcknowledged {
		return "the customer"
	}
	return e.Who
}

// noteWords are an agent's note, or that a caller left one by voice.
func noteWords(d map[string]string) string {
	if d["note"] == "" {
		return "left a message by telephone"
	}
	return "wrote:\n" + manyLines(d["note"], 10_000)
}

func changedWords(d map[string]string) string {
	for _, what := range []string{"priority", "status"} {
		if d[what] != "" {
			return fmt.Sprintf("changed the %s from %s to %s", what, oneLine(d["from"], 50), oneLine(d[what], 50))
		}
	}
	return ""
}
