package notify

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

// alertFor is how long an Alertmanager takes an alert for firing when nobody clears it. Raised again, it begins anew.
const alertFor = 24 * time.Hour

// An AlertmanagerConfig says which Alertmanager is told.
type AlertmanagerConfig struct {
	Name   string
	URL    string            // of its web page, without /api/v2
	Token  string            // sent as Authorization: Bearer; empty: none
	Labels map[string]string // put on each alert, for routes
	Link   string            // of a ticket's page, with {number}; empty: none
	Plain  bool              // http:// is allowed
	Client *egress.Client
	Now    func() time.Time // nil: time.Now
}

// An Alertmanager pages by the API v2 of Prometheus' Alertmanager, or what understands the same. It implements tickets.Pager.
type Alertmanager struct {
	config AlertmanagerConfig
	url    *url.URL
	now    func() time.Time
}

var _ tickets.Pager = (*Alertmanager)(nil)

// NewAlertmanager checks the configuration.
func NewAlertmanager(c AlertmanagerConfig) (*Alertmanager, error) {
	u, err := egress.Target(c.URL, c.Plain)
	if err != nil {
		return nil, fmt.Errorf("pager %s: %w", c.Name, err)
	}
	return &Alertmanager{config: c, url: u.JoinPath("api/v2/alerts"), now: clock(c.Now)}, nil
}

// Name implements tickets.Pager.
func (p *Alertmanager) Name() string { return p.config.Name }

// Raise implements tickets.Pager. The alert fires until it is cleared, or for a day.
func (p *Alertmanager) Raise(ctx context.Context, a tickets.Alert) error {
	return p.send(ctx, a, p.now().Add(alertFor))
}

// Clear implements tickets.Pager: the same alert, ended now.
func (p *Alertmanager) Clear(ctx context.Context, a tickets.Alert) error {
	return p.send(ctx, a, p.now())
}

type postedAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

func (p *Alertmanager) send(ctx context.Context, a tickets.Alert, until time.Time) error {
	starts := a.At
	if starts.After(until) {
		starts = until // another node's clock may be ahead of ours
	}
	alert := postedAlert{
		Labels: p.labels(a), Annotations: annotations(a), StartsAt: starts.UTC(), EndsAt: until.UTC(),
		GeneratorURL: ticketLink(p.config.Link, a.Ticket.Number),
	}
	header := jsonHeader()
	if p.config.Token != "" {
		header.Set("Authorization", "Bearer "+p.config.Token)
	}
	_, err := postJSON(ctx, p.config.Client, p.url, header, []postedAlert{alert}, p.now())
	return err
}

// labels are what an alert is known by, and so nothing that may change before it is cleared.
func (p *Alertmanager) labels(a tickets.Alert) map[string]string {
	labels := map[string]string{
		"alertname": "ReadbackAlarm", "id": a.ID, "reason": a.Reason, "severity": severity(a), "service": "readback",
	}
	if a.Reason == string(tickets.Page) {
		labels["alertname"] = "ReadbackPage"
	}
	if a.Ticket.Number != "" {
		labels["ticket"] = string(a.Ticket.Number)
	}
	for name, value := range p.config.Labels {
		labels[name] = value
	}
	return labels
}

func annotations(a tickets.Alert) map[string]string {
	all := map[string]string{"summary": a.Summary, "node": a.Node}
	if t := a.Ticket; t.Number != "" {
		all["priority"] = t.Priority.String()
		all["status"] = string(t.Status)
		all["due"] = t.Due.UTC().Format(time.RFC3339)
		if t.Plan != "" {
			all["plan"] = t.Plan
		}
	}
	return all
}
