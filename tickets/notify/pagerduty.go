package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

// PagerDutyURL is where PagerDuty's events go, outside its European region.
const PagerDutyURL = "https://events.pagerduty.com"

// Bounds of PagerDuty's Events API v2.
const (
	maxDedupKey = 255
	maxSummary  = 1024
)

// A PagerDutyConfig says which service of PagerDuty is told.
type PagerDutyConfig struct {
	Name   string
	URL    string // empty: PagerDutyURL
	Key    string // the integration (routing) key
	Link   string // of a ticket's page, with {number}; empty: none
	Plain  bool   // http:// is allowed
	Client *egress.Client
	Now    func() time.Time // nil: time.Now
}

// A PagerDuty pages by PagerDuty's Events API v2, or what understands the same. It implements tickets.Pager.
type PagerDuty struct {
	name   string
	url    *url.URL
	key    string
	link   string
	client *egress.Client
	now    func() time.Time
}

var _ tickets.Pager = (*PagerDuty)(nil)

// NewPagerDuty checks the configuration.
func NewPagerDuty(c PagerDutyConfig) (*PagerDuty, error) {
	if c.URL == "" {
		c.URL = PagerDutyURL
	}
	u, err := egress.Target(c.URL, c.Plain)
	if err != nil {
		return nil, fmt.Errorf("pager %s: %w", c.Name, err)
	}
	if c.Key == "" {
		return nil, fmt.Errorf("pager %s: it has no integration key", c.Name)
	}
	return &PagerDuty{name: c.Name, url: u.JoinPath("v2/enqueue"), key: c.Key, link: c.Link, client: c.Client, now: clock(c.Now)}, nil
}

// Name implements tickets.Pager.
func (p *PagerDuty) Name() string { return p.name }

// Raise implements tickets.Pager: a trigger event. The alert's ID is the dedup_key, so that a repeated one opens no second incident.
func (p *PagerDuty) Raise(ctx context.Context, a tickets.Alert) error {
	event := dutyEvent{
		Key: p.key, Action: "trigger", Dedup: dedupKey(a.ID), Client: "Readback",
		Payload: &dutyPayload{
			Summary: shorten(a.Summary, maxSummary), Source: a.Node, Severity: severity(a), Timestamp: a.At.UTC(),
			Component: "tickets", Group: a.Ticket.Plan, Class: a.Reason, Details: alertJSON(a),
		},
	}
	if link := ticketLink(p.link, a.Ticket.Number); link != "" {
		event.ClientURL = link
		event.Links = []dutyLink{{Href: link, Text: "Ticket " + string(a.Ticket.Number)}}
	}
	return p.send(ctx, event)
}

// Clear implements tickets.Pager: a resolve event.
func (p *PagerDuty) Clear(ctx context.Context, a tickets.Alert) error {
	return p.send(ctx, dutyEvent{Key: p.key, Action: "resolve", Dedup: dedupKey(a.ID)})
}

type dutyEvent struct {
	Key       string       `json:"routing_key"`
	Action    string       `json:"event_action"`
	Dedup     string       `json:"dedup_key"`
	Payload   *dutyPayload `json:"payload,omitempty"`
	Links     []dutyLink   `json:"links,omitempty"`
	Client    string       `json:"client,omitempty"`
	ClientURL string       `json:"client_url,omitempty"`
}

type dutyPayload struct {
	Summary   string     `json:"summary"`
	Source    string     `json:"source"`
	Severity  string     `json:"severity"`
	Timestamp time.Time  `json:"timestamp"`
	Component string     `json:"component,omitempty"`
	Group     string     `json:"group,omitempty"`
	Class     string     `json:"class,omitempty"`
	Details   pagedAlert `json:"custom_details"`
}

type dutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

func (p *PagerDuty) send(ctx context.Context, event dutyEvent) error {
	got, err := postJSON(ctx, p.client, p.url, jsonHeader(), event, p.now())
	if err == nil || !errors.Is(err, tickets.ErrRefused) {
		return err
	}
	var said struct {
		Errors []string `json:"errors"`
	}
	if json.Unmarshal(got.Body, &said) == nil && len(said.Errors) > 0 {
		return fmt.Errorf("%w: %s", err, strings.ReplaceAll(shorten(oneLine(strings.Join(said.Errors, "; "), maxSummary), maxSummary), p.key, "[key]"))
	}
	return err
}

// dedupKey is an alert's ID within PagerDuty's bound. IDs of ours are far shorter.
func dedupKey(id string) string { return id[:min(len(id), maxDedupKey)] }
