package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"readback/ivr"
	"readback/media"
	"readback/sip"
	"readback/tickets"
)

// A diary is a call record in the making: what the parts report is written down, logged and counted here and
// nowhere else.
type diary struct {
	gateway *gateway
	call    *sip.Call // nil while a call of ours is not answered
	order   *order    // nil for a call that came in
	outcome string    // of a call of ours, for its metric
	log     *slog.Logger
	record  tickets.CallRecord
	told    time.Time // when the ticket's number had been read out
	agents  []string  // what came of the caller's wishes for an agent
}

func (g *gateway) newDiary(call *sip.Call) *diary {
	d := g.begin(tickets.CallRecord{
		CallKey: rand.Text(), Direction: tickets.DirectionIncoming, SIPCallID: call.ID, Trunk: call.Trunk.Name, From: call.Caller, Called: call.Called,
		Started: call.Received, Node: g.node, Origin: originOf(call),
	})
	d.call = call
	d.log.Info("call", "trunk", call.Trunk.Name, "number", call.Called, "sip_call_id", call.ID, "from", call.Source)
	return d
}

// begin writes the first line of a diary.
func (g *gateway) begin(record tickets.CallRecord) *diary {
	g.metrics.active.Inc()
	g.traces.serve(record)
	return &diary{gateway: g, record: record, log: g.log.With("call_id", record.CallKey)}
}

// key names the call in the store, in the log and in the names of its recordings.
func (d *diary) key() string { return d.record.CallKey }

// refused: we turned the call away because of err.
func (d *diary) refused(refuseErr, err error) {
	d.record.Disposition, d.record.Reason, d.record.Status = tickets.DispositionRefused, err.Error(), 503
	if refuseErr != nil {
		d.log.Warn("a refusal could not be sent", "error", refuseErr)
	}
}

// unanswered: the call ended before the conversation began.
func (d *diary) unanswered(err error) {
	d.record.Disposition, d.record.Reason = tickets.DispositionAbandoned, err.Error()
	switch {
	case errors.Is(err, sip.ErrNotAcceptable):
		d.record.Disposition, d.record.Status = tickets.DispositionRefused, 488
	case errors.Is(err, sip.ErrCancelled), errors.Is(err, sip.ErrHangup):
		d.record.Status = 487
	case errors.Is(err, sip.ErrDrain):
		d.record.Disposition, d.record.Status = tickets.DispositionRefused, 503
	case errors.Is(err, sip.ErrNoPrack):
		d.record.Disposition, d.record.Status = tickets.DispositionFailed, 504
	}
}

func (d *diary) answered() {
	d.record.Answered, d.record.Status = time.Now(), 200
	d.gateway.traces.answered(d.key(), d.record.Answered)
	if d.order != nil {
		return // how long it rang is not our doing
	}
	d.gateway.metrics.setup.Observe(d.record.Answered.Sub(d.record.Started).Seconds())
}

// observe counts the steps of the conversation.
func (d *diary) observe(step ivr.Step) {
	m := d.gateway.metrics
	switch step.Kind {
	case ivr.Registered:
		m.toTicket.Observe(step.At.Sub(d.record.Started).Seconds())
		d.told = time.Time{} // what was told before was about another ticket
	case ivr.Acknowledged, ivr.Confirmed:
		d.told = step.At
	}
	d.gateway.traces.note(d.key(), stepOf(step))
	if d.gateway.watch != nil {
		d.gateway.watch(d.call, step)
	}
}

func (d *diary) finished(outcome ivr.Outcome, err error, stats media.Stats) {
	d.record.Disposition, d.record.Reason = outcome.Disposition, outcome.Reason
	if err != nil {
		d.record.Reason = err.Error()
	}
	d.record.Reason = strings.Join(slices.DeleteFunc(append(d.agents, d.record.Reason), func(s string) bool { return s == "" }), "; ")
	d.record.Keys = outcome.Keys
	if d.order == nil {
		d.record.Ticket, d.record.Account, d.record.Language = outcome.Ticket.Number, outcome.Account, outcome.Language
	} else if d.outcome = outcomeOf(err); d.outcome == "failed" {
		d.record.Disposition = tickets.DispositionFailed
	}
	d.sounded(stats)
	d.gateway.metrics.countAcknowledgement(outcome.Ticket, d.told)
}

// sounded notes how the call sounded; that it was heard in one way only is noted already.
func (d *diary) sounded(s media.Stats) {
	d.gateway.metrics.sound.count(d.record.Trunk, s)
	d.record.Sound = tickets.Sound{
		Codec: s.Codec, Encryption: s.Secured, IO: d.gateway.media.IO(), Ptime: s.Ptime,
		Sent: s.Sent, Received: s.Received, Lost: s.Lost, Reordered: s.Reordered, Gaps: s.Gaps, Jitter: s.Jitter,
		RemoteLost: s.RemoteLost, RemoteJitter: s.RemoteJitter, RoundTrip: s.RoundTrip, MOS: s.MOS, OneWay: d.record.OneWay,
	}
}

// quality is how the call sounded, for its line in the log; nothing when there was no sound.
func (d *diary) quality() []any {
	s := d.record.Sound
	if s.Codec == "" {
		return nil
	}
	return []any{
		"codec", s.Codec, "encryption", cmp.Or(s.Encryption, "none"), "mos", math.Round(s.MOS*100) / 100, "received", s.Received,
		"lost", s.Lost, "jitter_ms", inMS(s.Jitter), "round_trip_ms", inMS(s.RoundTrip), "gaps", s.Gaps,
	}
}

// close hands the record in to be stored, one for each call whatever happened.
func (d *diary) close() {
	r := &d.record
	r.Ended = time.Now()
	d.ended()
	m := d.gateway.metrics
	m.active.Dec()
	if d.order == nil {
		m.calls.WithLabelValues(r.Trunk, r.Called, r.Disposition).Inc()
	} else {
		m.out.WithLabelValues(string(d.order.purpose), d.outcome).Inc()
	}
	d.log.Info("call ended", append([]any{
		"outcome", r.Disposition, "reason", r.Reason, "ticket", r.Ticket, "seconds", r.Ended.Sub(r.Started).Seconds(),
	}, d.quality()...)...)
	d.gateway.traces.end(*r)
	d.gateway.records.keep(*r)
}
