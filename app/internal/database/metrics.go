package database

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	retries   *prometheus.CounterVec
	exhausted prometheus.Counter
	seconds   *prometheus.HistogramVec
}

func newMetrics(name string) *metrics {
	labels := prometheus.Labels{"database": name}
	return &metrics{
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "onepool_database_tx_retries_total", Help: "Transactions tried again, by reason.", ConstLabels: labels,
		}, []string{"reason"}),
		exhausted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "onepool_database_tx_retries_exhausted_total", Help: "Transactions given up after the last retry.", ConstLabels: labels,
		}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "onepool_database_tx_seconds", Help: "Duration of transactions, retries included.", ConstLabels: labels,
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"outcome"}),
	}
}

// Collectors are the metrics of this database, to be registered once.
func (db *DB) Collectors() []prometheus.Collector {
	return []prometheus.Collector{db.metrics.retries, db.metrics.exhausted, db.metrics.seconds}
}
