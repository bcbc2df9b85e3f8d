package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"readback/tickets"
)

const (
	listLimit    = 50 // of a list without one
	aliveEvery   = 15 * time.Second
	showPatience = 20 * time.Second
)

// controlled is the gateway that the control socket is of.
type controlled interface {
	trunks() []trunkLine
	page() gatewayPage
	serveDoctor(w http.ResponseWriter, r *http.Request)
}

// apiHandler serves /api/v1 to whoever may open the control socket: it only reads, and lets the doctor in and out. Streams
// end with ctx.
func apiHandler(ctx context.Context, book *callBook, gateway controlled) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/calls", book.serveList)
	mux.HandleFunc("GET /api/v1/calls/stream", func(w http.ResponseWriter, r *http.Request) { book.serveStream(ctx, w, r) })
	mux.HandleFunc("GET /api/v1/calls/{id}", book.serveCall)
	mux.HandleFunc("GET /api/v1/trunks", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", trunkList{gateway.trunks()})
	})
	mux.HandleFunc("GET /api/v1/gateway", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", gateway.page())
	})
	mux.HandleFunc("POST /api/v1/doctor", gateway.serveDoctor)
	mux.HandleFunc("DELETE /api/v1/doctor", gateway.serveDoctor)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed, "the control socket only reads")
			return
		}
		problem(w, http.StatusNotFound, "there is nothing at "+r.URL.Path)
	})
	return mux
}

// A callList is the answer to a list.
type callList struct {
	Calls []callLine `json:"calls"`
	Next  string     `json:"next,omitempty"` // the parameter before of the next page
}

func (b *callBook) serveList(w http.ResponseWriter, r *http.Request) {
	q, err := callQueryOf(r)
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	lines, err := b.list(r.Context(), q)
	if err != nil {
		problem(w, statusOf(err), err.Error())
		return
	}
	answer := callList{Calls: lines}
	if len(lines) == q.Limit && q.State != "live" {
		answer.Next = lines[len(lines)-1].Started.Format(time.RFC3339Nano)
	}
	writeJSON(w, http.StatusOK, "application/json", answer)
}

func callQueryOf(r *http.Request) (q callQuery, err error) {
	form := r.URL.Query()
	q = callQuery{State: form.Get("state"), Trunk: form.Get("trunk"), Limit: listLimit}
	switch q.State {
	case "":
		q.State = "recent"
	case "live", "recent", "refused":
	default:
		return q, fmt.Errorf("state is %q; it is live, recent or refused", q.State)
	}
	if limit := form.Get("limit"); limit != "" {
		if q.Limit, err = strconv.Atoi(limit); err != nil || q.Limit < 1 || q.Limit > tickets.MaxPage {
			return q, fmt.Errorf("limit is %q; it is a number from 1 to %d", limit, tickets.MaxPage)
		}
	}
	if before := form.Get("before"); before != "" {
		if q.Before, err = time.Parse(time.RFC3339Nano, before); err != nil {
			return q, fmt.Errorf("before is %q; it is a time like 2026-03-04T12:00:00Z", before)
		}
	}
	return q, nil
}

func (b *callBook) serveCall(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), showPatience)
	defer cancel()
	detail, err := b.show(ctx, r.PathValue("id"))
	if err != nil {
		problem(w, statusOf(err), err.Error())
		return
	}
	writeJSON(w, http.StatusOK, "application/json", detail)
}

// serveStream sends an event a line, as calls begin, are refused and end.
func (b *callBook) serveStream(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	events := b.traces.watched.watch()
	if events == nil {
		problem(w, http.StatusServiceUnavailable, fmt.Sprintf("%d others watch already", watchersMost))
		return
	}
	defer b.traces.watched.leave(events)
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for e := (callEvent{Event: "alive"}); ; {
		if errors.Join(out.SetWriteDeadline(time.Now().Add(writePatience)), json.NewEncoder(w).Encode(e), out.Flush()) != nil || e.Event == "dropped" {
			return
		}
		var keepsUp bool
		select {
		case e, keepsUp = <-events:
			if !keepsUp {
				e = callEvent{Event: "dropped", Text: fmt.Sprintf("the reader is more than %d events behind", watcherBehind)}
			}
		case <-alive.C:
			e = callEvent{Event: "alive"}
		case <-r.Context().Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

// statusOf is the one table of what errors mean in HTTP.
func statusOf(err error) int {
	switch {
	case errors.Is(err, errManyCalls):
		return http.StatusConflict
	case errors.Is(err, tickets.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, errNoCall):
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// A problemDocument is an error for programs (RFC 9457).
type problemDocument struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func problem(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, status, "application/problem+json", problemDocument{http.StatusText(status), status, detail})
}

func writeJSON(w http.ResponseWriter, status int, kind string, value any) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // who asked may be gone
}
