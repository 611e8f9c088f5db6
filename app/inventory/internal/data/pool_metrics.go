package data

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// PoolReady says whether the pool is in memory.
func (s *Store) PoolReady() error {
	if s.pool.told.Load() == nil {
		return errors.New("inventory: the pool of stock is being loaded")
	}
	return nil
}

// PoolAge is for how long the pool has not been compared with the rows, in seconds; 0 while there is none.
func (s *Store) PoolAge() float64 {
	if m := s.pool.told.Load(); m != nil {
		return time.Since(m.at).Seconds()
	}
	return 0
}

// PoolPlaces counts the (SKU, location) pairs in memory.
func (s *Store) PoolPlaces() int { return s.pool.index.Rows() }

// PoolLoads counts how often the table was read as a whole.
func (s *Store) PoolLoads() int64 { return s.pool.loads.Load() }

// PoolCollectors tell how the pool in memory is.
func (s *Store) PoolCollectors() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "onepool_inventory_pool_" + name, Help: help}, value)
	}
	return []prometheus.Collector{
		gauge("age_seconds", "How long ago the pool in memory was compared with the database.", s.PoolAge),
		gauge("places", "SKUs at locations in the pool in memory.", func() float64 { return float64(s.PoolPlaces()) }),
		gauge("loads", "How often the pool was read as a whole.", func() float64 { return float64(s.PoolLoads()) }),
	}
}
