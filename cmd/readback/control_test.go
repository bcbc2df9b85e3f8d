package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/config"
	"readback/sip"
	"readback/tickets"
	"readback/tickets/sqlite"
)

func TestControlSocket(t *testing.T) {
	for name, test := range map[string]struct {
		before func(t *testing.T, path string)
		want   string // in the error
	}{
		"nothing there": {func(*testing.T, string) {}, ""},
		"left by a gateway that was killed": {func(t *testing.T, path string) {
			left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
			if err != nil {
				t.Fatal(err)
			}
			left.SetUnlinkOnClose(false)
			_ = left.Close()
		}, ""},
		"another gateway answers": {func(t *testing.T, path string) {
			other, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = other.Close() })
		}, "another gateway answers"},
		"a file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is no socket"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "readback.sock")
			test.before(t, path)
			listener, err := listenControl(path)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("got %v, %v, want mode 0600", info.Mode(), err)
			}
			_ = listener.Close()
			if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
				t.Errorf("after the end: %v, %v, want nothing left", left, err)
			}
		})
	}
	if _, err := listenControl("/" + strings.Repeat("long/", 30)); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("a long path: got %v, want what mends it", err)
	}
}

// shortDir is a temporary directory whose path leaves room for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rb-") //nolint:usetesting // whose path holds the name of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// A desk of calls: a book with two calls that are over and one in progress, at its control socket.
func startBook(t *testing.T) (*callBook, *controlClient) {
	t.Helper()
	c := config.Default()
	c.Data = shortDir(t)
	store, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	book := &callBook{traces: newTraces(nil, func(string) {}), store: store, folder: tracesFolder(c), node: "gw1"}
	log, err := openTracelog(book.folder, config.Default().Calls, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []callDetail{pages["refused"], pages["completed"]} {
		record := d.CallRecord
		if err := (&tickets.Desk{Store: store}).Record(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		if err := log.write(traceEntry{CallKey: d.CallKey, SIPCallID: d.SIPCallID, Stored: d.Ended, Record: record, ladder: d.ladder}, d.Ended); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := tickets.CallRecord{CallKey: "ELSEWHERE", Node: "gw2", Trunk: "carrier", Started: noon.Add(-time.Hour), Ended: noon.Add(-time.Hour)}
	if err := store.PutCalls(t.Context(), []tickets.CallRecord{elsewhere}); err != nil {
		t.Fatal(err)
	}
	book.traces.observe(sip.Event{Kind: sip.Received, At: noon, Trunk: "carrier", CallID: "live@x", Method: "INVITE", Line: "INVITE sip:x SIP/2.0", CSeq: 1})
	book.traces.serve(tickets.CallRecord{CallKey: "LIVE", SIPCallID: "live@x", Trunk: "carrier", Started: noon.Add(time.Hour)})
	listener, err := listenControl(controlPath(c))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serveHTTP(ctx, listener, apiHandler(ctx, book, (*standIn)(nil))) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	client := newControlClient(c)
	t.Cleanup(client.http.CloseIdleConnections)
	return book, client
}

// A standIn is a gateway as far as the control socket asks one.
type standIn struct{}

func (*standIn) trunks() []trunkLine { return trunkLines() }
func (*standIn) page() gatewayPage   { return gatewayPage{Node: "gw1", Since: noon} }
func (*standIn) serveDoctor(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusForbidden, "nobody is let in")
}

func TestControlListsCalls(t *testing.T) {
	_, client := startBook(t)
	for name, test := range map[string]struct {
		q    callQuery
		want []string
	}{
		"live":           {callQuery{State: "live", Limit: 10}, []string{"LIVE"}},
		"live elsewhere": {callQuery{State: "live", Trunk: "rival", Limit: 10}, nil},
		"recent":         {callQuery{State: "recent", Limit: 10}, []string{"COMPLETEDCALL", "REFUSEDCALL", "ELSEWHERE"}},
		"one":            {callQuery{State: "recent", Limit: 1}, []string{"COMPLETEDCALL"}},
		"refused":        {callQuery{State: "refused", Limit: 10}, []string{"REFUSEDCALL"}},
	} {
		lines, err := client.list(t.Context(), test.q)
		var got []string
		for _, line := range lines {
			got = append(got, line.CallKey)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, test.want)
		}
	}
}

func TestControlPages(t *testing.T) {
	_, client := startBook(t)
	for path, test := range map[string]struct {
		status int
		want   string
	}{
		"calls?limit=1":                     {200, `"next":"2026-03-04T12:00:00Z"`},
		"calls?before=2026-03-04T11:59:30Z": {200, `"call_id":"ELSEWHERE"`},
		"calls?state=dead":                  {400, `"detail":"state is \"dead\"; it is live, recent or refused"`},
		"calls?limit=many":                  {400, `"status":400`},
		"calls?limit=100000":                {400, `from 1 to 1000`},
		"calls?before=noon":                 {400, `a time like`},
		"calls/COMPL":                       {200, `"messages":[{"at":`},
		"calls/48215906":                    {200, `"call_id":"COMPLETEDCALL"`},
		"calls/refused@example.com":         {200, `"rule":"unknown-number"`},
		"calls/LIVE":                        {200, `"state":"ringing"`},
		"calls/live@x":                      {200, `"line":"INVITE sip:x SIP/2.0"`},
		"calls/ELSE":                        {200, `"missing":"the signalling of this call is on node gw2"`},
		"calls/NOBODY":                      {404, `there is no such call`},
		"calls/E%2F..%2F..":                 {404, `there is no such call`},
		"trunks":                            {200, `"calls":12,"max_calls":200,"connections":2,"refusals":{"call-rate":12,"unknown-number":3}}`},
		"gateway":                           {200, `"node":"gw1","since":"2026-03-04T12:00:00Z","draining":false`},
		"nothing":                           {404, `"title":"Not Found"`},
	} {
		response, err := client.http.Get("http://readback/api/v1/" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		kind := "application/json"
		if test.status != 200 {
			kind = "application/problem+json"
		}
		if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.want) || response.Header.Get("Content-Type") != kind {
			t.Errorf("%s: got %s %s %s, want %d with %s", path, response.Status, response.Header.Get("Content-Type"), body, test.status, test.want)
		}
	}
	response, err := client.http.Post("http://readback/api/v1/calls", "text/plain", nil)
	if err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %v, %v, want 405", response, err)
	}
	_ = response.Body.Close()
}

func TestControlTellsWhenMoreThanOneCallIsMeant(t *testing.T) {
	book, client := startBook(t)
	book.traces.serve(tickets.CallRecord{CallKey: "LIVELY", SIPCallID: "b", Trunk: "carrier", Started: noon})
	if _, err := client.show(t.Context(), "LIV"); err == nil || !strings.Contains(err.Error(), "LIVELY (2026-03-04 12:00:00Z, ringing)") {
		t.Errorf("got %v, want both calls named", err)
	}
}

func TestControlStreamsCallsAndDropsWhoIsSlow(t *testing.T) {
	book, client := startBook(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	response, err := client.open(ctx, "calls/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	next := func() callEvent {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var e callEvent
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := next(); e.Event != "alive" {
		t.Fatalf("the first is %+v", e)
	}
	book.traces.serve(tickets.CallRecord{CallKey: "NEW", SIPCallID: "new", Trunk: "carrier", Started: noon})
	book.traces.end(tickets.CallRecord{CallKey: "NEW", SIPCallID: "new", Trunk: "carrier", Disposition: tickets.DispositionCompleted, Ended: noon})
	book.traces.end(tickets.CallRecord{CallKey: "NO", SIPCallID: "no", Trunk: "carrier", Disposition: tickets.DispositionRefused, Ended: noon})
	for _, want := range []string{"begins NEW ringing", "ends NEW ended", "refused NO ended"} {
		if e := next(); e.Event+" "+e.Call.CallKey+" "+e.Call.State != want {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
	slow := book.traces.watched.watch()
	for range watcherBehind + 1 {
		book.traces.watched.tell(callEvent{Event: "ends"})
	}
	got := 0
	for range slow {
		got++
	}
	if got != watcherBehind {
		t.Errorf("who is slow was told %d events before the end, want %d", got, watcherBehind)
	}
	for book.traces.watched.watch() != nil {
	}
	if err := client.get(ctx, "calls/stream", nil, new(callEvent)); err == nil || !strings.Contains(err.Error(), "others watch already") {
		t.Errorf("one watcher too many: %v", err)
	}
}

func TestNobodyAtTheControlSocket(t *testing.T) {
	c := config.Default()
	c.Data = shortDir(t)
	if _, err := newControlClient(c).show(t.Context(), "A"); !errors.Is(err, errNotRunning) {
		t.Errorf("got %v, want errNotRunning", err)
	}
}
