package main

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"readback/media"
)

// soundMetrics count how calls sounded, by trunk: which carrier is it?
type soundMetrics struct {
	calls     *prometheus.CounterVec
	unheard   *prometheus.CounterVec
	mos       *prometheus.HistogramVec
	loss      *prometheus.HistogramVec
	jitter    *prometheus.HistogramVec
	roundTrip *prometheus.HistogramVec
	gaps      *prometheus.CounterVec
}

func newSoundMetrics() *soundMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "readback_" + name, Help: help}, append([]string{"trunk"}, labels...))
	}
	histogram := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "readback_" + name, Help: help, Buckets: buckets}, []string{"trunk"})
	}
	return &soundMetrics{
		calls: counter("answered_calls_total", "Answered calls that ended, by codec and by encryption: the SRTP suite, or none.", "codec", "encryption"),
		unheard: counter("silent_calls_total",
			"Answered calls from which nothing was received in their first five seconds off hold: one-way audio. The log says why it may be."),
		mos: histogram("mos", "How a call's caller sounded: mean opinion score by the E-model (ITU-T G.107), at most 4.41; under 3.6 many are dissatisfied.",
			1.5, 2, 2.6, 3.1, 3.6, 4, 4.3, 4.5),
		loss: histogram("loss_ratio", "Share of a call's packets that were lost on their way to us.",
			0, .001, .005, .01, .02, .05, .1, .2, .5),
		jitter: histogram("jitter_seconds", "Interarrival jitter of a call's packets (RFC 3550 section 6.4.1).",
			.0005, .001, .002, .005, .01, .02, .05, .1),
		roundTrip: histogram("round_trip_seconds", "Time to the other side of a call and back, of calls whose other side sends reports (RFC 3550 section 6.4.1).",
			.005, .01, .02, .05, .1, .15, .2, .3, .5, 1),
		gaps: counter("sound_gaps_total", "Packets of ours that left over 20 ms later than their time: what callers hear as gaps."),
	}
}

func (m *soundMetrics) register(registry *prometheus.Registry) {
	registry.MustRegister(m.calls, m.unheard, m.mos, m.loss, m.jitter, m.roundTrip, m.gaps)
}

// count takes the figures of a call that has ended.
func (m *soundMetrics) count(trunk string, s media.Stats) {
	m.calls.WithLabelValues(trunk, s.Codec, cmp.Or(s.Secured, "none")).Inc()
	m.gaps.WithLabelValues(trunk).Add(float64(s.Gaps))
	if total := s.Received + s.Lost; total > 0 {
		m.mos.WithLabelValues(trunk).Observe(s.MOS)
		m.loss.WithLabelValues(trunk).Observe(float64(s.Lost) / float64(total))
		m.jitter.WithLabelValues(trunk).Observe(s.Jitter.Seconds())
	}
	if s.RoundTrip > 0 {
		m.roundTrip.WithLabelValues(trunk).Observe(s.RoundTrip.Seconds())
	}
}
