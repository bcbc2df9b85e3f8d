package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"readback/config"
	"readback/tickets"
	"readback/tickets/jobs"
	"readback/tickets/recordings"
	"readback/tickets/sqlite"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// A switchboard is a server that takes everything, and notes it.
type switchboard struct {
	mu    sync.Mutex
	heard []string // path and type or action
}

func (s *switchboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var one struct {
		Type   string `json:"type"`
		Action string `json:"event_action"`
	}
	_ = json.Unmarshal(body, &one) // a list of alerts has neither
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, strings.TrimSpace(r.URL.Path+" "+one.Type+one.Action))
	if strings.HasPrefix(r.URL.Path, "/api/v2/tickets") && r.Method == http.MethodGet {
		_, _ = io.WriteString(w, `{"tickets":[]}`)
		return
	}
	if r.URL.Path == "/api/v2/users/me" {
		_, _ = io.WriteString(w, `{"user":{"id":7,"name":"Readback"}}`)
		return
	}
	_, _ = io.WriteString(w, fmt.Sprintf(`{"ticket":{"id":1,"external_id":%q}}`, "10000004"))
}

func (s *switchboard) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.heard))
}

// TestOtherProgramsAreTold has a ticket with everything configured, and works its outbox.
func TestOtherProgramsAreTold(t *testing.T) {
	board := &switchboard{}
	listener := httptest.NewServer(board)
	t.Cleanup(listener.Close)
	c := configured(t, fmt.Sprintf(`
notify:
  webhooks:
    - {name: all, url: "%[1]s/all", secrets: [%[2]s], allow: [127.0.0.1], plain: true}
    - {name: some, url: "%[1]s/some", secrets: [%[2]s], events: [ticket.acknowledged], allow: [127.0.0.1], plain: true}
    - {name: inside, url: "%[1]s/inside", secrets: [%[2]s], plain: true}
  zendesk: {url: "%[1]s", email: a@example.com, token: hush, fields: {360001234567: account}, group: "360000000001", recordings: false, allow: [127.0.0.1], plain: true}
paging:
  webhooks:
    - {name: duty, kind: pagerduty, url: "%[1]s/duty", key: hush, allow: [127.0.0.1], plain: true}
    - {name: prometheus, kind: alertmanager, url: "%[1]s/prometheus", allow: [127.0.0.1], plain: true}
    - {name: own, kind: webhook, url: "%[1]s/own", secrets: [%[2]s], allow: [127.0.0.1], plain: true}
`, listener.URL, hookSecret))
	s := &server{config: c}
	var err error
	if s.store, err = openMigrated(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	if s.desk, err = deskOf(c, s.store); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s.desk.Now = func() time.Time { return now }
	s.clerk = &tickets.Clerk{Desk: s.desk}
	if err := s.openHooks(); err != nil {
		t.Fatal(err)
	}
	account := tickets.Account{ID: "30471234", Name: "Acme", Plan: "enterprise"}
	ticket, err := s.desk.Open(t.Context(), tickets.Request{CallKey: "call-1", Account: &account, Verified: true, Called: "+18887999666", Priority: tickets.P1, Received: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.desk.Acknowledge(t.Context(), ticket.Number, tickets.Acknowledgement{By: tickets.ByReadback}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // what one row leads to is another one
		now = now.Add(3 * time.Second)
		rows, err := s.store.OpenNotices(t.Context(), false, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if err := s.clerk.Work(t.Context(), row.ID); err != nil {
				t.Errorf("%s: %v", row.ID, err)
			}
		}
	}
	want := []string{
		"/all ticket.acknowledged", "/all ticket.paged", "/all ticket.received", "/api/v2/tickets", "/api/v2/tickets", "/duty/v2/enqueue trigger",
		"/own page.raised", "/prometheus/api/v2/alerts", "/some ticket.acknowledged",
	}
	if got := board.all(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	refused := failures(t, s.store, "inside")
	if len(refused) < 2 || !strings.Contains(refused[0], "not on the public internet") || strings.Contains(refused[0], "/inside") {
		t.Errorf("got %q, want refusals to dial this machine", refused)
	}
}

// failures are what went wrong in telling a program.
func failures(t *testing.T, s store, name string) (all []string) {
	t.Helper()
	rows, err := s.OpenNotices(t.Context(), false, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.To == name {
			all = append(all, row.Failure)
		}
	}
	return all
}

func configured(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse(filepath.Join(t.TempDir(), "readback.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c.Data = t.TempDir()
	return c
}

func TestNobodyIsToldUnlessConfigured(t *testing.T) {
	c := config.Default()
	hooks, err := hooksOf(c)
	pagers, errPagers := pagersOf(c)
	mirror, errMirror := mirrorOf(c, nil)
	if err := errors.Join(err, errPagers, errMirror); err != nil || len(hooks)+len(pagers) != 0 || mirror != nil || publishes(c) {
		t.Errorf("got %v, %v, %v, publishes %v, %v, want nothing", hooks, pagers, mirror, publishes(c), err)
	}
}

func TestRecordingsAreOpenedInTheirFolderOnly(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "recordings")
	for path, content := range map[string]string{"recordings/a.wav": "sound", "secret": "hush"} {
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(root, path), []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	open := openerOf(recordings.Directory(folder), slog.New(slog.DiscardHandler))
	content, size, err := open(t.Context(), "a.wav")
	if err != nil || size != 5 {
		t.Fatalf("size %d, %v", size, err)
	}
	read, err := io.ReadAll(content)
	if err := errors.Join(err, content.Close()); err != nil || string(read) != "sound" {
		t.Errorf("got %q, %v", read, err)
	}
	if _, _, err := open(t.Context(), "b.wav"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	for _, name := range []string{"../secret", filepath.Join(root, "secret")} {
		if _, _, err := open(t.Context(), name); err == nil {
			t.Errorf("%s is opened", name)
		}
	}
}

func TestNotifyHook(t *testing.T) {
	board := &switchboard{}
	listener := httptest.NewServer(board)
	t.Cleanup(listener.Close)
	path := filepath.Join(t.TempDir(), "readback.yaml")
	written := fmt.Sprintf(`
notify: {webhooks: [{name: crm, url: "%[1]s/crm", secrets: [%[2]s], allow: [127.0.0.1], plain: true}], zendesk: {url: "%[1]s", token: hush, allow: [127.0.0.1], plain: true}}
paging: {webhooks: [{name: duty, kind: pagerduty, url: "%[1]s", key: hush, plain: true, allow: [127.0.0.1]}, {name: inside, kind: pagerduty, url: "%[1]s", key: hush, plain: true}]}
`, listener.URL, hookSecret)
	if err := os.WriteFile(path, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"crm": "crm took the message\n", "duty": "duty took the alert\nduty took its end\n", "zendesk": "zendesk knows us as \"Readback\"\n", "inside": "", "nobody": ""} {
		var out, errs strings.Builder
		err := run(t.Context(), []string{"notify", "hook", "-c", path, name}, strings.NewReader(""), &out, &errs)
		if out.String() != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %q, %v, want %q", name, out.String(), err, want)
		}
	}
	if got, want := board.all(), []string{"/api/v2/users/me", "/crm test", "/v2/enqueue resolve", "/v2/enqueue trigger"}; !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

// TestAFailedDeliveryIsRepeatedByAJob goes the whole way: an event, its row, River's job, the clerk, a program that is down at first.
func TestAFailedDeliveryIsRepeatedByAJob(t *testing.T) {
	deliveries := make(chan string, 10)
	var times atomic.Int32
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if times.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		deliveries <- r.Header.Get("webhook-id")
	}))
	t.Cleanup(listener.Close)
	c := configured(t, fmt.Sprintf(`notify: {webhooks: [{name: crm, url: %q, secrets: [%s], events: [ticket.received], allow: [127.0.0.1], plain: true}]}`, listener.URL, hookSecret))
	lite, err := sqlite.Open(t.Context(), filepath.Join(c.Data, "tickets.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lite.Close() })
	if _, err := lite.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &server{config: c}
	if s.desk, err = deskOf(c, lite); err != nil {
		t.Fatal(err)
	}
	s.clerk = &tickets.Clerk{Desk: s.desk}
	if err := s.openHooks(); err != nil {
		t.Fatal(err)
	}
	runner, err := jobs.New(lite.River(), lite, s.clerk, jobs.Config{Node: "test", Poll: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	ticket, err := s.desk.Open(t.Context(), tickets.Request{CallKey: "call-1", Called: "+18887999666", Priority: tickets.P3, Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 2 {
		select {
		case id := <-deliveries:
			ids = append(ids, id)
		case <-time.After(30 * time.Second):
			t.Fatalf("delivered %q, want it twice", ids)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if ids[0] != ids[1] || !strings.HasPrefix(ids[0], string(ticket.Number)+":received:") {
		t.Errorf("delivered as %q, want the same id twice", ids)
	}
}
