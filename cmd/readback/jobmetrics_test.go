package main

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readback/config"
	"readback/tickets"
)

func TestJobMetrics(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	s, err := openMigrated(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	due := tickets.Notice{ID: "alarm:1", Kind: tickets.Alarm, Created: time.Now(), Due: time.Now().Add(-time.Hour)}
	later := tickets.Notice{ID: "alarm:2", Kind: tickets.Alarm, Created: time.Now(), Due: time.Now().Add(time.Hour)}
	for _, n := range []tickets.Notice{due, later} {
		if err := s.Enqueue(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	m := newJobMetrics(s)
	m.observe(tickets.Alarm, "failed")
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.Metric {
			got[family.GetName()] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	if got["readback_jobs_total"] != 1 || got["readback_jobs_waiting"] != 1 || got["readback_jobs_oldest_seconds"] < 3600 || len(got) != 3 {
		t.Errorf("got %v, want one attempt, and one alarm that has been due for an hour", got)
	}
}
