package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readback/tickets"
)

// scrapeTime is how long a scrape waits for a store.
const scrapeTime = time.Second

// A backlogged store knows what waits in its outbox.
type backlogged interface {
	Backlog(ctx context.Context, now time.Time) (tickets.Backlog, error)
}

// jobMetrics are what waits in the outbox, and what came of attempts to work it.
type jobMetrics struct {
	attempts *prometheus.CounterVec
	outboxes []backlogged
	waiting  *prometheus.Desc
	oldest   *prometheus.Desc
}

func newJobMetrics(s store) *jobMetrics {
	m := &jobMetrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "readback_jobs_total", Help: "Attempts to send, call or raise something, by what came of them.",
		}, []string{"kind", "outcome"}),
		waiting: prometheus.NewDesc("readback_jobs_waiting", "What is due to be sent, called or raised.", nil, nil),
		oldest:  prometheus.NewDesc("readback_jobs_oldest_seconds", "For how long the oldest of it has been due.", nil, nil),
	}
	if behind, ok := s.(*spooled); ok {
		m.outboxes = []backlogged{behind.database, behind.local}
	} else if one, ok := s.(backlogged); ok {
		m.outboxes = []backlogged{one}
	}
	return m
}

// observe counts an attempt of the clerk.
func (m *jobMetrics) observe(kind tickets.NoticeKind, outcome string) {
	m.attempts.WithLabelValues(string(kind), outcome).Inc()
}

// Describe implements prometheus.Collector.
func (m *jobMetrics) Describe(out chan<- *prometheus.Desc) {
	m.attempts.Describe(out)
	out <- m.waiting
	out <- m.oldest
}

// Collect implements prometheus.Collector. What waits in a store that is away is not known, so nothing is said then.
func (m *jobMetrics) Collect(out chan<- prometheus.Metric) {
	m.attempts.Collect(out)
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	now, waiting, oldest := time.Now(), 0.0, 0.0
	for _, outbox := range m.outboxes {
		backlog, err := outbox.Backlog(ctx, now)
		if err != nil {
			return
		}
		waiting += float64(backlog.Waiting)
		if !backlog.Oldest.IsZero() {
			oldest = max(oldest, now.Sub(backlog.Oldest).Seconds())
		}
	}
	out <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, waiting)
	out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, oldest)
}
