package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readback/tickets/recordings"
)

// recordingMetrics tells how recordings get to where they are kept, whenever the metrics are read.
type recordingMetrics struct {
	state func(context.Context) (recordings.State, error)

	moved, waiting, oldest, failing *prometheus.Desc
}

func newRecordingMetrics(shipper *recordings.Shipper) *recordingMetrics {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("readback_recordings_"+name, help, nil, nil)
	}
	return &recordingMetrics{
		state:   shipper.State,
		moved:   describe("moved_total", "Recordings that were moved to where they are kept, or encrypted."),
		waiting: describe("waiting", "Recordings that have still to be moved or encrypted."),
		oldest:  describe("oldest_seconds", "Age of the oldest of them; 0 without any."),
		failing: describe("failing_seconds", "For how long some could not be moved; 0 when all can."),
	}
}

// Describe implements prometheus.Collector.
func (m *recordingMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.moved, m.waiting, m.oldest, m.failing} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *recordingMetrics) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	state, err := m.state(ctx)
	if err != nil {
		return
	}
	since := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return time.Since(t).Seconds()
	}
	ch <- prometheus.MustNewConstMetric(m.moved, prometheus.CounterValue, float64(state.Moved))
	ch <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(state.Waiting))
	ch <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, since(state.Oldest))
	ch <- prometheus.MustNewConstMetric(m.failing, prometheus.GaugeValue, since(state.Failing))
}

// recordingsText says that recordings wait because they cannot be moved; empty when they can.
func (s *server) recordingsText() string {
	shipper, ok := s.recordings.(*recordings.Shipper)
	if !ok {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	state, err := shipper.State(ctx)
	if err != nil || state.Failing.IsZero() {
		return ""
	}
	return fmt.Sprintf("; recordings cannot be moved to where they are kept since %s: %d wait", stamp(state.Failing), state.Waiting)
}
