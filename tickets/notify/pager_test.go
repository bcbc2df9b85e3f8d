package notify

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"readback/tickets"
	"readback/tickets/egress"
)

var pagedAt = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// paged is an alert about a ticket that is full of personal data.
func paged() tickets.Alert {
	return tickets.Alert{
		ID: "page:48215906", Reason: "page", Summary: "Ticket 48215906 is P1 and waits for an engineer", Urgent: true, Node: "node-a", At: pagedAt,
		Ticket: tickets.Ticket{
			Number: "48215906", Priority: tickets.P1, Plan: "enterprise", Status: tickets.StatusOpen, Received: pagedAt, Due: pagedAt.Add(time.Hour),
			Account: "30471234", Contact: "Ann Ames", Email: "ann@example.com", Caller: "+14155550100", Callback: "+14155550101", Recording: "rec.wav", CallID: "call-1",
		},
	}
}

func sentJSON(t *testing.T, sent taken) (out map[string]any) {
	t.Helper()
	body := sent.body
	if body[0] == '[' {
		body = body[1 : len(body)-1]
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%s: %v", sent.body, err)
	}
	for _, personal := range []string{"Ann", "ann@", "4155550", "30471234", "rec.wav", "call-1"} {
		if strings.Contains(string(sent.body), personal) {
			t.Errorf("%s holds personal data: %s", sent.body, personal)
		}
	}
	return out
}

func TestPagerDuty(t *testing.T) {
	address, got := receiver(t, http.StatusAccepted)
	client := loopback()
	t.Cleanup(client.Close)
	p, err := NewPagerDuty(PagerDutyConfig{Name: "duty", URL: address, Key: "R0UTE", Link: "https://desk.example.com/t/{number}", Plain: true, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	quiet := tickets.Alert{ID: "alarm:trunk", Reason: tickets.ReasonTrunkSlowed, Summary: strings.Repeat("é", 1000), Node: "node-a", At: pagedAt}
	if err := errors.Join(p.Raise(t.Context(), paged()), p.Raise(t.Context(), paged()), p.Clear(t.Context(), paged()), p.Raise(t.Context(), quiet)); err != nil {
		t.Fatal(err)
	}
	if len(*got) != 4 {
		t.Fatalf("got %d events, want 4", len(*got))
	}
	first, again, end, other := sentJSON(t, (*got)[0]), sentJSON(t, (*got)[1]), sentJSON(t, (*got)[2]), sentJSON(t, (*got)[3])
	if first["event_action"] != "trigger" || first["routing_key"] != "R0UTE" || first["dedup_key"] != "page:48215906" || again["dedup_key"] != first["dedup_key"] {
		t.Errorf("got %v and %v, want the same trigger twice", first, again)
	}
	payload := first["payload"].(map[string]any)
	if payload["severity"] != "critical" || payload["source"] != "node-a" || payload["timestamp"] != "2026-03-04T12:00:00Z" || payload["summary"] != paged().Summary {
		t.Errorf("got %v", payload)
	}
	if link := first["links"].([]any)[0].(map[string]any); link["href"] != "https://desk.example.com/t/48215906" {
		t.Errorf("got link %v", link)
	}
	if end["event_action"] != "resolve" || end["dedup_key"] != "page:48215906" || end["payload"] != nil {
		t.Errorf("got %v, want a resolve event", end)
	}
	payload = other["payload"].(map[string]any)
	if payload["severity"] != "warning" || len(payload["summary"].(string)) > 1024 || other["links"] != nil {
		t.Errorf("got %v, want a short warning without links", other)
	}
	if path := (*got)[0].path; path != "/v2/enqueue" {
		t.Errorf("sent to %s, want /v2/enqueue", path)
	}
}

func TestPagerDutySaysWhyItRefuses(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect: R0UTE"]}`)
	})
	client := loopback()
	t.Cleanup(client.Close)
	p, err := NewPagerDuty(PagerDutyConfig{Name: "duty", URL: server.URL, Key: "R0UTE", Plain: true, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Raise(t.Context(), paged())
	if !errors.Is(err, tickets.ErrRefused) || !strings.Contains(err.Error(), "Length of 'routing_key' is incorrect") || strings.Contains(err.Error(), "R0UTE") {
		t.Errorf("got %v, want a refusal that says why, without the key", err)
	}
	if _, err := NewPagerDuty(PagerDutyConfig{Name: "duty"}); err == nil {
		t.Error("a pager without key is taken")
	}
}

func TestAlertmanager(t *testing.T) {
	address, got := receiver(t, http.StatusOK)
	client := loopback()
	t.Cleanup(client.Close)
	now := pagedAt.Add(time.Minute)
	p, err := NewAlertmanager(AlertmanagerConfig{
		Name: "am", URL: address + "/am/", Token: "hush", Labels: map[string]string{"team": "support"}, Link: "https://desk.example.com/{number}", Plain: true, Client: client,
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := paged()
	changed.Node, changed.Ticket.Priority, changed.Ticket.Status = "node-b", tickets.P3, tickets.StatusWorking
	if err := errors.Join(p.Raise(t.Context(), paged()), p.Clear(t.Context(), changed)); err != nil {
		t.Fatal(err)
	}
	raised, cleared := sentJSON(t, (*got)[0]), sentJSON(t, (*got)[1])
	labels := `{"alertname":"ReadbackPage","id":"page:48215906","reason":"page","service":"readback","severity":"critical","team":"support","ticket":"48215906"}`
	for _, alert := range []map[string]any{raised, cleared} {
		written, err := json.Marshal(alert["labels"])
		if err != nil || string(written) != labels {
			t.Errorf("got labels %s, want %s", written, labels)
		}
	}
	if raised["startsAt"] != "2026-03-04T12:00:00Z" || raised["endsAt"] != "2026-03-05T12:01:00Z" || cleared["endsAt"] != "2026-03-04T12:01:00Z" {
		t.Errorf("raised %v to %v, cleared %v", raised["startsAt"], raised["endsAt"], cleared["endsAt"])
	}
	if raised["annotations"].(map[string]any)["priority"] != "P1" || raised["generatorURL"] != "https://desk.example.com/48215906" {
		t.Errorf("got %v", raised)
	}
	if sent := (*got)[0]; sent.path != "/am/api/v2/alerts" || sent.header.Get("Authorization") != "Bearer hush" || sent.body[0] != '[' {
		t.Errorf("sent %s to %s with %q", sent.body, sent.path, sent.header.Get("Authorization"))
	}
}

func TestAlertmanagerEndsNoAlertBeforeItsBeginning(t *testing.T) {
	address, got := receiver(t, http.StatusOK)
	client := loopback()
	t.Cleanup(client.Close)
	p, err := NewAlertmanager(AlertmanagerConfig{Name: "am", URL: address, Plain: true, Client: client, Now: func() time.Time { return pagedAt.Add(-time.Second) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Clear(t.Context(), paged()); err != nil {
		t.Fatal(err)
	}
	if alert := sentJSON(t, (*got)[0]); alert["startsAt"] != alert["endsAt"] {
		t.Errorf("from %v to %v", alert["startsAt"], alert["endsAt"])
	}
}

func TestWebhookPager(t *testing.T) {
	address, got := receiver(t, http.StatusOK)
	client := loopback()
	t.Cleanup(client.Close)
	now := time.Now()
	p, err := NewWebhookPager(WebhookConfig{Name: "own", URL: address, Secrets: []string{newSecret}, Plain: true, Client: client, Now: func() time.Time {
		now = now.Add(time.Microsecond)
		return now
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Raise(t.Context(), paged()), p.Clear(t.Context(), paged()), p.Raise(t.Context(), paged())); err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(newSecret)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for i, want := range []string{PageRaised, PageCleared, PageRaised} {
		sent := (*got)[i]
		message := sentJSON(t, sent)
		data := message["data"].(map[string]any)
		if message["type"] != want || data["id"] != "page:48215906" || data["ticket"].(map[string]any)["priority"] != "P1" || data["urgent"] != true {
			t.Errorf("got %v, want %s", message, want)
		}
		if err := verifier.Verify(sent.body, sent.header); err != nil {
			t.Error(err)
		}
		ids[sent.header.Get("webhook-id")] = true
	}
	if len(ids) != 3 {
		t.Errorf("got ids %v: a receiver that drops repeated ones misses a page", ids)
	}
}

// loopback is a client that may reach servers of a test.
func loopback() *egress.Client {
	return &egress.Client{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}
