package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"readback/media"
)

// engineMetrics tells what the media engine does, whenever the metrics are read.
type engineMetrics struct {
	engine    *media.Engine
	admission *admission

	info, overloaded, sessions, busy, late, latest, realTime *prometheus.Desc
}

func newEngineMetrics(engine *media.Engine, admission *admission) *engineMetrics {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("readback_"+name, help, labels, nil)
	}
	return &engineMetrics{
		engine: engine, admission: admission,
		info:       describe("media_info", "Always 1; the label io says how packets reach the kernel: io_uring or plain system calls.", "io"),
		overloaded: describe("overloaded", "1 while new calls are refused because sound needs the machine, else 0."),
		sessions:   describe("media_worker_sessions", "Calls whose sound a media worker serves.", "worker"),
		busy:       describe("media_worker_busy_ratio", "Share of the last second in which a media worker was busy.", "worker"),
		late:       describe("media_worker_late_seconds", "How late the ticks of a media worker began in the last second: the 99th percentile.", "worker"),
		latest:     describe("media_worker_late_max_seconds", "How late the latest tick of a media worker in the last second began.", "worker"),
		realTime:   describe("media_worker_realtime", "1 when the thread of a media worker runs at real-time priority, else 0.", "worker"),
	}
}

// Describe implements prometheus.Collector.
func (m *engineMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.info, m.overloaded, m.sessions, m.busy, m.late, m.latest, m.realTime} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *engineMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(m.info, 1, m.engine.IO())
	gauge(m.overloaded, oneIf(m.admission.overloaded() != ""))
	for i, load := range m.engine.Load() {
		worker := strconv.Itoa(i)
		gauge(m.sessions, float64(load.Sessions), worker)
		gauge(m.busy, load.Busy, worker)
		gauge(m.late, load.Late99.Seconds(), worker)
		gauge(m.latest, load.LateMax.Seconds(), worker)
		gauge(m.realTime, oneIf(load.RealTime), worker)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
