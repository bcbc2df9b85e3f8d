package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"

	"readback/sip"
	"readback/tickets"
)

// Refusals are stored at most this fast; a flood of them is still counted.
const (
	refusalsPerSecond = 100
	refusalBacklog    = 1000
)

// observe turns what the user agent reports, from many goroutines, into counts, log lines and, for refused calls, call
// records. The user agent must not wait.
func (r *records) observe(e sip.Event) {
	switch e.Kind {
	case sip.Refused:
		r.metrics.refusals.WithLabelValues(e.Trunk, e.Rule).Inc()
		if wantsCall := e.Method == "INVITE" || e.Method == ""; wantsCall && !e.Served() && !r.traces.served(e) {
			r.refuse(e)
		}
	case sip.Panicked:
		r.log.Error("a call failed", "sip_call_id", e.CallID, "panic", e.Text)
	case sip.Down:
		r.log.Error("a listener is down, it is being opened again", "what", e.Text)
	case sip.Up:
		r.log.Debug("a listener is up", "what", e.Text)
	case sip.TrunkUp:
		r.log.Info("a trunk answers", "trunk", e.Trunk, "at", e.Peer)
	case sip.TrunkDown:
		r.log.Warn("a trunk does not answer; calls to it go elsewhere", "trunk", e.Trunk, "at", e.Peer, "reason", e.Text)
	case sip.Registered:
		r.log.Info("registered", "trunk", e.Trunk, "at", e.Peer)
	case sip.Unregistered:
		r.log.Warn("not registered", "trunk", e.Trunk, "at", e.Peer, "reason", e.Text)
	case sip.Note:
		r.log.Info("signalling", "trunk", e.Trunk, "sip_call_id", e.CallID, "note", e.Text)
	}
}

// refuse hands in the record of a refused call and logs the call, within the limit.
func (r *records) refuse(e sip.Event) {
	if !r.limit.Allow() {
		r.metrics.unrecorded.Inc()
		return
	}
	record := tickets.CallRecord{
		CallKey: rand.Text(), SIPCallID: e.CallID, Trunk: e.Trunk, From: e.Caller, Disposition: tickets.DispositionRefused,
		Reason: e.Text, Rule: e.Rule, Status: e.Status, Node: r.desk.Node, EndedBy: tickets.EndedByGateway, Started: e.At, Ended: e.At,
		Origin: tickets.Origin{Source: e.Peer.String(), Transport: e.Transport, Dialled: requestURI(e.Line)},
	}
	level := slog.LevelWarn
	if e.Rule == "overload" { // which the log has told of already
		level = slog.LevelDebug
	}
	r.log.Log(context.Background(), level, "call refused", "call_id", record.CallKey, "sip_call_id", e.CallID, "trunk", e.Trunk, "from", e.Peer,
		"status", e.Status, "rule", e.Rule, "reason", e.Text, "request", e.Line)
	r.traces.end(record)
	select {
	case r.refused <- &record:
	default:
		r.metrics.unrecorded.Inc()
	}
}

// requestURI is what a request line asks for; empty without one.
func requestURI(line string) string {
	words := strings.Fields(line)
	if len(words) < 3 {
		return ""
	}
	return words[1]
}
