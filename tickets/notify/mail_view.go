package notify

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
)

// A mailView is what templates see of a letter. Its texts are cleaned, and escaped where they become HTML.
type mailView struct {
	Kind     string // acknowledgement, number, links, survey or incident
	Language string // of the template, like en-GB
	Vendor   string // the name in From
	Name     string // of the contact, or empty
	Number   string // 4821 5906, or empty
	Priority int    // 1 to 4; 0 without a ticket
	Services bool   // an enquiry, no problem
	Verified bool   // the account was proved
	Received time.Time
	Due      time.Time
	Starts   time.Time // when engineers begin to work on it; zero: at once
	Window   window
	Links    tickets.Links
	Until    time.Time // when the survey's link ends; zero: not said
	Text     string    // what an agent wrote
}

// A window is a response window.
type window struct {
	Hours, Minutes int
}

// mailKinds are the letters there are, with the names of their templates.
var mailKinds = map[tickets.NoticeKind]string{
	tickets.AcknowledgeByEmail: "acknowledgement",
	tickets.NumberByEmail:      "number",
	tickets.LinksByEmail:       "links",
	tickets.SurveyByEmail:      "survey",
	tickets.IncidentByEmail:    "incident",
}

func (m *Mailer) view(l tickets.Letter) mailView {
	t := l.Ticket
	v := mailView{
		Kind: mailKinds[l.Kind], Language: m.words.language(l.Language), Vendor: oneLine(m.config.From.Name, maxName),
		Name: oneLine(l.Name, maxName), Priority: int(t.Priority), Services: t.Kind == tickets.KindServices, Verified: t.Verified,
		Links: l.Links, Text: manyLines(l.Text, maxText), Window: windowOf(l.Promise),
	}
	if groups := t.Number.Groups(); groups[0] != "" {
		v.Number = groups[0] + " " + groups[1]
	}
	zone := m.zone(t)
	v.Received, v.Due = t.Received.In(zone), t.Due.In(zone)
	if t.Starts.After(t.Received) {
		v.Starts = t.Starts.In(zone)
	}
	if m.config.SurveyUntil != nil && l.Links.Survey != "" {
		v.Until = m.config.SurveyUntil(t).In(zone)
	}
	return v
}

func (m *Mailer) zone(t tickets.Ticket) *time.Location {
	if m.config.Zone != nil {
		if zone := m.config.Zone(t); zone != nil {
			return zone
		}
	}
	return time.UTC
}

var iso8601 = regexp.MustCompile(`^PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?$`)

// windowOf reads hours and minutes of an ISO 8601 duration; anything else is no window.
func windowOf(promise string) window {
	parts := iso8601.FindStringSubmatch(promise)
	if parts == nil {
		return window{}
	}
	hours, _ := strconv.Atoi(parts[1])
	minutes, _ := strconv.Atoi(parts[2])
	return window{Hours: hours, Minutes: minutes}
}

// rehearse writes a sample of each letter in each language.
func (m *Mailer) rehearse() error {
	for kind := range mailKinds {
		for _, language := range m.words.languages() {
			for _, about := range []tickets.Kind{tickets.KindProblem, tickets.KindServices} {
				letter := SampleLetter(kind, m.config.From.Address, language)
				letter.Ticket.Kind = about
				if _, err := m.compose(letter); err != nil {
					return fmt.Errorf("the template of %s in %s: %w", mailKinds[kind], language, err)
				}
			}
		}
	}
	return nil
}

// SampleLetter is a letter about a ticket that is none, to see what letters look like and whether they arrive.
func SampleLetter(kind tickets.NoticeKind, to, language string) tickets.Letter {
	received := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	return tickets.Letter{
		ID: strings.Join([]string{"sample", string(kind), language, strconv.FormatInt(time.Now().UnixNano(), 36)}, ":"), Kind: kind,
		To: to, Name: "Ann Ames", Language: language, Promise: "PT4H", Text: "This is what an agent wrote.\n\nIn two paragraphs.",
		Links: tickets.Links{Form: "https://support.example.com/form", Chat: "https://support.example.com/chat", Survey: "https://support.example.com/survey/sample"},
		Ticket: tickets.Ticket{
			Number: "48215906", Priority: tickets.P2, Kind: tickets.KindProblem, Status: tickets.StatusOpen, Language: language,
			Received: received, Due: received.Add(4 * time.Hour), Verified: true,
		},
	}
}
