package pool

import "slices"

// maxTotals bounds the sums that a shelf remembers: one for each channel that asks.
const maxTotals = 32

// Terms are what a sum over all locations depends on, beside the stock itself.
type Terms struct {
	Channel string
	Chart   *Chart
	// Edition changes with what the channel may promise of the SKU.
	Edition uint64
}

type total struct {
	Terms
	changes uint64
	all     bool  // no limit: a change of one location is a change of the sum
	untilUS int64 // the next outage ends; 0: none does
	online  int64
}

// Limit says how many of the pieces at a location may be promised. It must not come back to the index.
type Limit func(n uint32, online int64) int64

// Total sums what may be promised over the locations that are open to all, within limit; nil: all of it may be. The sum is
// remembered until the stock of the SKU or the terms change.
func (s *Shelf) Total(t Terms, limit Limit, nowUS int64) int64 {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	changes := s.changes
	for _, known := range s.totals {
		if known.Terms == t && known.changes == changes && (known.untilUS == 0 || nowUS < known.untilUS) {
			s.mu.RUnlock()
			return known.online
		}
	}
	fresh := total{Terms: t, changes: changes, all: limit == nil, untilUS: s.nextUS(nowUS)}
	if limit == nil {
		fresh.online = s.sum(t.Chart.open, nowUS)
	}
	s.mu.RUnlock()
	if limit != nil {
		s.Each(t.Chart.open, nowUS, func(n uint32, f Figures) {
			if f.Online > 0 {
				fresh.online += limit(n, f.Online)
			}
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// What changed meanwhile has changed the counter too, so the next question sums again.
	s.totals = slices.DeleteFunc(s.totals, func(known total) bool {
		return known.Channel == t.Channel || known.Chart != t.Chart || known.changes != s.changes
	})
	if len(s.totals) < maxTotals {
		s.totals = append(s.totals, fresh)
	}
	return fresh.online
}

// adjust changes the sums that depend on nothing but the figures; the others have to be made again.
func (s *Shelf) adjust(n uint32, delta int64) {
	if delta == 0 {
		return
	}
	s.changes++
	for i := range s.totals {
		if t := &s.totals[i]; t.all && t.changes == s.changes-1 {
			t.changes++
			if t.Chart.open.Has(n) {
				t.online += delta
			}
		}
	}
}

// nextUS is when the next outage ends.
func (s *Shelf) nextUS(nowUS int64) int64 {
	next := int64(0)
	for _, rows := range s.several {
		for _, r := range rows {
			if r.OutageUntilUS > nowUS && (next == 0 || r.OutageUntilUS < next) {
				next = r.OutageUntilUS
			}
		}
	}
	return next
}
