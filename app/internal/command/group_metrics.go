package command

import "github.com/prometheus/client_golang/prometheus"

type groupMetrics struct {
	waiting                           prometheus.Gauge
	members                           prometheus.Histogram
	full, split, retries, again, last prometheus.Counter
}

func newGroupMetrics(database string) *groupMetrics {
	labels := prometheus.Labels{"database": database}
	count := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "onepool_command_group_" + name, Help: help, ConstLabels: labels})
	}
	return &groupMetrics{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "onepool_command_group_waiting", Help: "Commands that wait for their transaction.", ConstLabels: labels}),
		members: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "onepool_command_group_members", Help: "Commands of one transaction.", ConstLabels: labels,
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, maxMembers}}),
		full:    count("full_total", "Commands refused because the queue was full."),
		split:   count("split_total", "Transactions that failed as a whole, so that each command ran alone."),
		retries: count("retries_total", "Transactions done again because another had the same key."),
		again:   count("again_total", "Commands that needed another round of facts."),
		last:    count("last_total", "Commands that no round of facts was enough for."),
	}
}

func (m *groupMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.waiting, m.members, m.full, m.split, m.retries, m.again, m.last}
}
