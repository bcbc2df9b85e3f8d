package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"readback/sip"
	"readback/tickets"
)

// metrics counts what an operator asks about. Labels never carry a caller's number or an account.
type metrics struct {
	registry     *prometheus.Registry
	calls        *prometheus.CounterVec
	active       prometheus.Gauge
	refusals     *prometheus.CounterVec
	setup        prometheus.Histogram
	sound        *soundMetrics
	toTicket     prometheus.Histogram
	acknowledged *prometheus.HistogramVec
	lockouts     *prometheus.CounterVec
	agents       *prometheus.CounterVec
	out          *prometheus.CounterVec
	unrecorded   prometheus.Counter
	logged       prometheus.Counter
	untraced     *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_calls_total", Help: "Calls that ended, by trunk, dialled number and outcome.",
		}, []string{"trunk", "number", "outcome"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "readback_calls_active", Help: "Calls in progress.",
		}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_refusals_total", Help: "Requests of known trunks that were refused, by the rule that refused them.",
		}, []string{"trunk", "reason"}),
		setup: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "readback_setup_seconds", Help: "From the INVITE's arrival to the 200 being sent, ring time included.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .5, 1, 5, 15},
		}),
		sound: newSoundMetrics(),
		toTicket: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "readback_time_to_ticket_seconds", Help: "From the INVITE's arrival to the ticket being on disk.",
			Buckets: []float64{5, 10, 20, 30, 45, 60, 90, 120, 180, 300},
		}),
		acknowledged: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "readback_acknowledgement_window_ratio", Help: "Share of the response window used up when the customer was told, by priority: over 1 is a promise broken.",
			Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, .75, 1},
		}, []string{"priority"}),
		lockouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_lockouts_total", Help: "PINs that were wrong, that met a lock, or were slowed down for their trunk.",
		}, []string{"trunk", "kind"}),
		agents: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_agent_calls_total", Help: "Callers who asked for an agent, by what came of it.",
		}, []string{"outcome"}),
		out: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_calls_out_total", Help: "Calls of ours to customers (callback) and engineers on call (page), by what came of them.",
		}, []string{"purpose", "outcome"}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "readback_refusals_unrecorded_total", Help: "Refused calls without a call record, because there were too many at once.",
		}),
		logged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "readback_call_records_logged_total", Help: "Call records that are in the log and not in the store, because it was away for too long.",
		}),
		untraced: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_call_traces_lost_total", Help: "Calls whose signalling was not stored: too many ended at once (rate), or the disk did not take it (disk).",
		}, []string{"why"}),
	}
	m.registry.MustRegister(
		m.calls, m.active, m.refusals, m.setup, m.toTicket, m.acknowledged, m.lockouts, m.agents, m.out, m.unrecorded, m.logged, m.untraced,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.sound.register(m.registry)
	return m
}

// countStrangers has the user agent asked for what it dropped whenever the metrics are read.
func (m *metrics) countStrangers(agent *sip.UserAgent) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "readback_strangers_total", Help: "Packets and connections from sources that belong to no trunk; they get no answer.",
	}, func() float64 {
		var total uint64
		for _, stranger := range agent.Strangers() {
			total += stranger.Count
		}
		return float64(total)
	}))
}

// countAcknowledgement tells how much of a ticket's response window was used up; the zero time is not yet.
func (m *metrics) countAcknowledgement(t tickets.Ticket, told time.Time) {
	if window := t.Due.Sub(t.Received); !told.IsZero() && window > 0 {
		m.acknowledged.WithLabelValues(t.Priority.String()).Observe(float64(told.Sub(t.Received)) / float64(window))
	}
}
