package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"readback/sip"
	"readback/tickets"
)

// Refusals are stored at most this fast; a flood of them is still counted.
const (
	refusalsPerSecond = 100
	refusalBacklog    = 1000
)

// records turns what the user agent reports into counts, log lines and, for refused calls, call records. The
// user agent must not wait: what does not fit is only counted.
type records struct {
	desk    *tickets.Desk
	metrics *metrics
	log     *slog.Logger
	limit   *rate.Limiter
	queue   chan tickets.CallRecord
}

func newRecords(desk *tickets.Desk, m *metrics, log *slog.Logger) *records {
	return &records{
		desk: desk, metrics: m, log: log,
		limit: rate.NewLimiter(refusalsPerSecond, refusalsPerSecond),
		queue: make(chan tickets.CallRecord, refusalBacklog),
	}
}

// observe is told every fact of the user agent, from many goroutines.
func (r *records) observe(e sip.Event) {
	switch e.Kind {
	case sip.Refused:
		r.metrics.refusals.WithLabelValues(e.Trunk, e.Rule).Inc()
		if wantsCall := e.Method == "INVITE" || e.Method == ""; wantsCall && !e.Served() {
			r.keep(e)
		}
	case sip.Panicked:
		r.log.Error("a call failed", "sip_call_id", e.CallID, "panic", e.Text)
	case sip.Down:
		r.log.Error("a listener is down, it is being opened again", "what", e.Text)
	case sip.Up:
		r.log.Debug("a listener is up", "what", e.Text)
	case sip.Note:
		r.log.Info("signalling", "trunk", e.Trunk, "sip_call_id", e.CallID, "note", e.Text)
	}
}

// keep stores and logs a refused call, within the limit.
func (r *records) keep(e sip.Event) {
	if !r.limit.Allow() {
		return
	}
	record := tickets.CallRecord{
		CallKey: rand.Text(), SIPCallID: e.CallID, Trunk: e.Trunk, Disposition: tickets.DispositionRefused,
		Reason: fmt.Sprintf("%s: %s: %s", e.Rule, e.Text, e.Line), Status: e.Status, Started: e.At, Ended: e.At,
	}
	level := slog.LevelWarn
	if e.Rule == "overload" { // which the log has told of already
		level = slog.LevelDebug
	}
	r.log.Log(context.Background(), level, "call refused", "call_id", record.CallKey, "sip_call_id", e.CallID, "trunk", e.Trunk, "from", e.Peer,
		"status", e.Status, "rule", e.Rule, "reason", e.Text, "request", e.Line)
	select {
	case r.queue <- record:
	default:
	}
}

// run stores refused calls until ctx ends, and then what is still queued.
func (r *records) run(ctx context.Context) {
	for {
		select {
		case record := <-r.queue:
			r.store(record)
		case <-ctx.Done():
			for len(r.queue) > 0 {
				r.store(<-r.queue)
			}
			return
		}
	}
}

func (r *records) store(record tickets.CallRecord) {
	ctx, cancel := context.WithTimeout(context.Background(), recordPatience)
	defer cancel()
	if err := r.desk.Record(ctx, record); err != nil {
		r.log.Error("the record of a refused call could not be kept", "call_id", record.CallKey, "error", err)
	}
}

// callsKept is how long call records are kept; tidying runs this often.
const (
	callsKept  = 30 * 24 * time.Hour
	tidyPeriod = time.Hour
)
