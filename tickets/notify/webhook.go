package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"readback/tickets"
	"readback/tickets/egress"
)

// A WebhookConfig says where messages are sent, and how they are signed.
type WebhookConfig struct {
	Name    string
	URL     string
	Secrets []string // like whsec_…, base64; the first is the newest: a receiver needs to know one of them
	Events  []string // types of messages that are wanted; none: all
	Plain   bool     // http:// is allowed
	Client  *egress.Client
	Now     func() time.Time // nil: time.Now
}

// A Webhook delivers messages by Standard Webhooks 1.0: a POST of JSON with type, timestamp and data, signed by HMAC-SHA256 with
// each of its secrets. It implements tickets.Hook.
type Webhook struct {
	name    string
	url     *url.URL
	signers []*standardwebhooks.Webhook
	events  []string
	client  *egress.Client
	now     func() time.Time
}

var _ tickets.Hook = (*Webhook)(nil)

// NewWebhook checks the configuration; its errors hold neither address nor secrets.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	w := &Webhook{name: c.Name, events: c.Events, client: c.Client, now: clock(c.Now)}
	var err error
	if w.url, err = egress.Target(c.URL, c.Plain); err != nil {
		return nil, fmt.Errorf("webhook %s: %w", c.Name, err)
	}
	for _, secret := range c.Secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("webhook %s: a secret is not whsec_ and base64", c.Name)
		}
		w.signers = append(w.signers, signer)
	}
	if len(w.signers) == 0 {
		return nil, fmt.Errorf("webhook %s: it has no secret to sign with", c.Name)
	}
	return w, nil
}

// Name implements tickets.Hook.
func (w *Webhook) Name() string { return w.name }

// Wants implements tickets.Hook.
func (w *Webhook) Wants(kind string) bool {
	return len(w.events) == 0 || slices.Contains(w.events, kind)
}

// Deliver implements tickets.Hook. Each attempt is signed anew: its timestamp is that of the attempt.
func (w *Webhook) Deliver(ctx context.Context, m tickets.Message) error {
	body, err := json.Marshal(hookBody{Type: m.Type, Timestamp: m.At.UTC(), Data: m.Data})
	if err != nil {
		return fmt.Errorf("%w: write message %s: %w", tickets.ErrRefused, m.ID, err)
	}
	header, err := w.sign(m.ID, body)
	if err != nil {
		return fmt.Errorf("sign message %s: %w", m.ID, err)
	}
	got, err := w.client.Do(ctx, egress.Request{Method: http.MethodPost, URL: w.url, Header: header, Body: body})
	if err != nil {
		return err
	}
	return got.Verdict(w.now())
}

// hookBody is the body of a message (Standard Webhooks 1.0, "Payload structure").
type hookBody struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// sign makes the headers of a message (Standard Webhooks 1.0, "Webhook headers"): a signature for each secret, so that a secret
// can be exchanged while both sides know two.
func (w *Webhook) sign(id string, body []byte) (http.Header, error) {
	now := w.now()
	signatures := make([]string, len(w.signers))
	for i, signer := range w.signers {
		var err error
		if signatures[i], err = signer.Sign(id, now, body); err != nil {
			return nil, err
		}
	}
	header := jsonHeader()
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return header, nil
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
}

func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}
