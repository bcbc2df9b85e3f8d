package notify

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"readback/tickets"
)

// The secrets of the tests; the first is the one of the specification's example.
const (
	newSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// TestSignsAsTheSpecification compares with the example of the Standard Webhooks specification.
func TestSignsAsTheSpecification(t *testing.T) {
	w := hook(t, "http://127.0.0.1:1", newSecret)
	w.now = func() time.Time { return time.Unix(1614265330, 0) }
	header, err := w.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", []byte(`{"test": 2432232314}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func hook(t *testing.T, address string, secrets ...string) *Webhook {
	t.Helper()
	client := loopback()
	t.Cleanup(client.Close)
	w, err := NewWebhook(WebhookConfig{Name: "crm", URL: address, Secrets: secrets, Plain: true, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// taken is what a server of a test was sent.
type taken struct {
	header http.Header
	body   []byte
	path   string
}

// receiver answers with a status, and keeps what it was sent.
func receiver(t *testing.T, status int) (address string, all *[]taken) {
	t.Helper()
	all = &[]taken{}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s, %v", r.Method, err)
		}
		*all = append(*all, taken{r.Header, body, r.URL.RequestURI()})
		w.WriteHeader(status)
	})
	return server.URL, all
}

func TestDeliversAMessageThatEachSecretVerifies(t *testing.T) {
	address, got := receiver(t, http.StatusNoContent)
	w := hook(t, address+"/hooks?team=1", newSecret, oldSecret)
	at := time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)
	message := tickets.Message{ID: "48215906:acknowledged:1", Type: "ticket.acknowledged", At: at, Data: json.RawMessage(`{"ticket":{"number":"48215906"}}`)}
	for range 2 {
		if err := w.Deliver(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	if len(*got) != 2 {
		t.Fatalf("the server was sent %d messages, want 2", len(*got))
	}
	for _, sent := range *got {
		for _, secret := range []string{newSecret, oldSecret} {
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify(sent.body, sent.header); err != nil {
				t.Errorf("%s: %v", secret, err)
			}
			if err := verifier.Verify(append(sent.body, ' '), sent.header); err == nil {
				t.Error("another body is verified too")
			}
		}
		want := `{"type":"ticket.acknowledged","timestamp":"2026-03-04T12:00:00.123456Z","data":{"ticket":{"number":"48215906"}}}`
		if string(sent.body) != want || sent.path != "/hooks?team=1" {
			t.Errorf("got %s to %s, want %s", sent.body, sent.path, want)
		}
		if id, kind := sent.header.Get("webhook-id"), sent.header.Get("Content-Type"); id != message.ID || kind != "application/json" {
			t.Errorf("got id %s and type %s", id, kind)
		}
		seconds, err := strconv.ParseInt(sent.header.Get("webhook-timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(seconds, 0)) > time.Minute {
			t.Errorf("got timestamp %d, %v, want the attempt's", seconds, err)
		}
	}
}

func TestWhatAReceiverAnswers(t *testing.T) {
	for status, refused := range map[int]bool{http.StatusGone: true, http.StatusNotFound: true, http.StatusInternalServerError: false, http.StatusTooManyRequests: false} {
		address, _ := receiver(t, status)
		err := hook(t, address, newSecret).Deliver(t.Context(), tickets.Message{ID: "1", Type: "ticket.received", Data: json.RawMessage("{}")})
		if err == nil || errors.Is(err, tickets.ErrRefused) != refused {
			t.Errorf("%d: got %v, want refused %v", status, err, refused)
		}
	}
}

func TestAWebhookWantsWhatItAskedFor(t *testing.T) {
	all := hook(t, "http://127.0.0.1:1", newSecret)
	some := hook(t, "http://127.0.0.1:1", newSecret)
	some.events = []string{"ticket.acknowledged"}
	for kind, want := range map[string][2]bool{"ticket.acknowledged": {true, true}, "ticket.received": {true, false}} {
		if got := [2]bool{all.Wants(kind), some.Wants(kind)}; got != want {
			t.Errorf("%s: got %v, want %v", kind, got, want)
		}
	}
}

func TestRefusesAWebhookThatCannotWork(t *testing.T) {
	for name, c := range map[string]WebhookConfig{
		"no secret":      {URL: "https://hooks.example.com"},
		"an odd secret":  {URL: "https://hooks.example.com", Secrets: []string{"whsec_hush!"}},
		"in the clear":   {URL: "http://hush.example.com", Secrets: []string{newSecret}},
		"not an address": {URL: "hush", Secrets: []string{newSecret}},
	} {
		if _, err := NewWebhook(c); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, want a refusal without secrets", name, err)
		}
	}
}
