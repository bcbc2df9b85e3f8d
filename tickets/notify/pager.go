package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"readback/tickets"
	"readback/tickets/egress"
)

// Types of a WebhookPager's messages.
const (
	PageRaised  = "page.raised"
	PageCleared = "page.cleared"
)

// A WebhookPager tells a program of one's own whom to wake, by signed messages of types page.raised and page.cleared. It
// implements tickets.Pager.
type WebhookPager struct{ hook *Webhook }

var _ tickets.Pager = (*WebhookPager)(nil)

// NewWebhookPager is a pager behind a webhook; the webhook's events do not matter.
func NewWebhookPager(c WebhookConfig) (*WebhookPager, error) {
	hook, err := NewWebhook(c)
	if err != nil {
		return nil, err
	}
	return &WebhookPager{hook: hook}, nil
}

// Name implements tickets.Pager.
func (p *WebhookPager) Name() string { return p.hook.Name() }

// Raise implements tickets.Pager. An alert can be raised again after it was cleared, so that each attempt is a message of its own;
// the alert is known by the id in its data.
func (p *WebhookPager) Raise(ctx context.Context, alert tickets.Alert) error {
	return p.send(ctx, PageRaised, alert)
}

// Clear implements tickets.Pager.
func (p *WebhookPager) Clear(ctx context.Context, alert tickets.Alert) error {
	return p.send(ctx, PageCleared, alert)
}

func (p *WebhookPager) send(ctx context.Context, kind string, alert tickets.Alert) error {
	data, err := json.Marshal(alertJSON(alert))
	if err != nil {
		return fmt.Errorf("%w: write alert %s: %w", tickets.ErrRefused, alert.ID, err)
	}
	now := p.hook.now()
	id := alert.ID + ":" + strings.TrimPrefix(kind, "page.") + ":" + strconv.FormatInt(now.UnixMicro(), 10)
	return p.hook.Deliver(ctx, tickets.Message{ID: id, Type: kind, At: now, Data: data})
}

// pagedAlert is an alert as programs are told of it: without personal data.
type pagedAlert struct {
	ID      string       `json:"id"`
	Reason  string       `json:"reason"`
	Summary string       `json:"summary"`
	Urgent  bool         `json:"urgent"`
	Node    string       `json:"node"`
	At      time.Time    `json:"at"`
	Ticket  *pagedTicket `json:"ticket,omitempty"`
}

type pagedTicket struct {
	Number   tickets.Number   `json:"number"`
	Priority tickets.Priority `json:"priority"`
	Plan     string           `json:"plan,omitempty"`
	Status   tickets.Status   `json:"status"`
	Received time.Time        `json:"received_at"`
	Due      time.Time        `json:"due_at"`
}

func alertJSON(a tickets.Alert) pagedAlert {
	out := pagedAlert{ID: a.ID, Reason: a.Reason, Summary: a.Summary, Urgent: a.Urgent, Node: a.Node, At: a.At.UTC()}
	if t := a.Ticket; t.Number != "" {
		out.Ticket = &pagedTicket{
			Number: t.Number, Priority: t.Priority, Plan: t.Plan, Status: t.Status, Received: t.Received.UTC(), Due: t.Due.UTC(),
		}
	}
	return out
}

// severity is how loud an alert is, in the words of PagerDuty and of most Alertmanager routes.
func severity(a tickets.Alert) string {
	if a.Urgent {
		return "critical"
	}
	return "warning"
}

// ticketLink is the address of a ticket's page: {number} stands for its number. Empty: there is none.
func ticketLink(pattern string, number tickets.Number) string {
	if pattern == "" || number == "" {
		return ""
	}
	return strings.ReplaceAll(pattern, "{number}", url.PathEscape(string(number)))
}

// postJSON sends a value, and returns the answer if that says it was taken.
func postJSON(ctx context.Context, c *egress.Client, to *url.URL, header http.Header, value any, now time.Time) (egress.Answer, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return egress.Answer{}, fmt.Errorf("%w: %w", tickets.ErrRefused, err)
	}
	got, err := c.Do(ctx, egress.Request{Method: http.MethodPost, URL: to, Header: header, Body: body})
	if err != nil {
		return egress.Answer{}, err
	}
	return got, got.Verdict(now)
}
