package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"readback/sip"
)

// trunkMetrics tells how trunks and certificates are, whenever the metrics are read.
type trunkMetrics struct {
	agent     *sip.UserAgent
	listening []sip.Listen

	calls, limit, connections, up, registered, open, handshakes, expires *prometheus.Desc
}

func newTrunkMetrics(agent *sip.UserAgent, listening []sip.Listen) *trunkMetrics {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("readback_"+name, help, labels, nil)
	}
	return &trunkMetrics{
		agent: agent, listening: listening,
		calls:       describe("trunk_calls", "Calls of a trunk at once.", "trunk"),
		limit:       describe("trunk_calls_max", "The most calls that a trunk may have at once.", "trunk"),
		connections: describe("trunk_connections", "Open TCP, TLS and WebSocket connections with a trunk.", "trunk"),
		up:          describe("trunk_up", "1 while a server of a trunk answers our OPTIONS, 0 while it does not; not there before it is known.", "trunk", "server"),
		registered:  describe("trunk_registered", "1 while we are registered at a registrar, else 0.", "trunk", "registrar"),
		open:        describe("connections", "Open connections, of trunks and of who is not known yet.", "network"),
		handshakes:  describe("handshakes", "TLS and WebSocket handshakes under way."),
		expires:     describe("certificate_expires_timestamp_seconds", "When the first certificate of a listener expires.", "listener"),
	}
}

// Describe implements prometheus.Collector.
func (m *trunkMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.calls, m.limit, m.connections, m.up, m.registered, m.open, m.handshakes, m.expires} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *trunkMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, t := range m.agent.Trunks() {
		gauge(m.calls, float64(t.Calls), t.Name)
		gauge(m.limit, float64(t.MaxCalls), t.Name)
		gauge(m.connections, float64(t.Connections), t.Name)
		for _, target := range t.Targets {
			if target.State != sip.TargetUnknown {
				gauge(m.up, oneIf(target.State == sip.TargetUp), t.Name, target.Network+" "+target.Address.String())
			}
		}
		for _, r := range t.Registrations {
			gauge(m.registered, oneIf(r.Until.After(time.Now())), t.Name, r.Registrar+" "+r.AOR)
		}
	}
	connections := m.agent.Connections()
	for network, count := range connections.ByNetwork {
		gauge(m.open, float64(count), network)
	}
	gauge(m.handshakes, float64(connections.Handshakes))
	for i, address := range m.agent.Addrs() {
		if shown := m.listening[i].TLS; shown != nil {
			gauge(m.expires, float64(shown.Expires().Unix()), m.listening[i].Network+" "+address.String())
		}
	}
}
