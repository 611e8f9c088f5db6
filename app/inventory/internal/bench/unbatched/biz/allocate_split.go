package biz

import (
	"cmp"
	"math"
	"slices"
)

// maxSplitCandidates bounds the search to the nearest locations that have some of what is wanted.
const maxSplitCandidates = 512

// split returns the fewest candidates that together fill the demand, the nearest of such sets, in order of rank. It is nil
// when no set of at most limit does. proven is false when the search stopped at its bound of nodes: then the set fills the
// demand, but a better one may exist.
func (t *table) split(limit, nodes int) (chosen []int, proven bool) {
	s := newSearch(t, limit, nodes)
	if s == nil {
		return nil, true
	}
	for k := s.fewest(); k <= limit; k++ {
		if s.run(k); s.best != nil || s.nodes <= 0 {
			break
		}
	}
	if s.best != nil {
		return s.best, s.nodes > 0
	}
	if s.nodes > 0 {
		return nil, true
	}
	if set := t.greedy(limit); t.fills(set) {
		return t.nearer(t.prune(set)), false
	}
	return nil, false
}

// search is a branch and bound over sets of k candidates: it takes the first SKU that is open, tries its suppliers nearest
// first, and leaves a branch when even the best k could not fill it, or when it cannot become nearer than the best so far.
type search struct {
	t         *table
	suppliers [][]int   // of each SKU, by rank
	top       [][]int64 // top[s][k]: what the k best suppliers of s have together
	order     []int     // SKUs, those with the fewest suppliers first
	nodes     int

	k          int
	open       []int64
	picked     []int
	banned     []bool
	distance_m int64
	best       []int
	best_m     int64
}

// newSearch is nil when all candidates together do not have enough.
func newSearch(t *table, limit, nodes int) *search {
	s := &search{t: t, suppliers: make([][]int, len(t.skus)), top: make([][]int64, len(t.skus)), nodes: nodes, banned: make([]bool, len(t.candidates))}
	used := 0
	for c := range t.candidates {
		if _, some := t.lines(c); some == 0 {
			continue
		}
		if used++; used > maxSplitCandidates {
			break
		}
		for sku := range t.skus {
			if t.has[c][sku] > 0 {
				s.suppliers[sku] = append(s.suppliers[sku], c)
			}
		}
	}
	for sku := range t.skus {
		amounts := make([]int64, 0, len(s.suppliers[sku]))
		for _, c := range s.suppliers[sku] {
			amounts = append(amounts, t.has[c][sku])
		}
		slices.SortFunc(amounts, func(a, b int64) int { return cmp.Compare(b, a) })
		s.top[sku] = make([]int64, limit+1)
		for k := 1; k <= limit; k++ {
			s.top[sku][k] = s.top[sku][k-1]
			if k <= len(amounts) {
				s.top[sku][k] += amounts[k-1]
			}
		}
		if s.top[sku][limit] < t.need[sku] {
			return nil
		}
		s.order = append(s.order, sku)
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return len(s.suppliers[a]) - len(s.suppliers[b]) })
	return s
}

// fewest is a lower bound of the parcels: each SKU needs that many suppliers by itself.
func (s *search) fewest() int {
	k := 1
	for sku, need := range s.t.need {
		for s.top[sku][k] < need {
			k++
		}
	}
	return max(k, 2) // one alone was tried before
}

func (s *search) run(k int) {
	s.k, s.best, s.best_m = k, nil, math.MaxInt64
	s.open = slices.Clone(s.t.need)
	s.visit()
}

func (s *search) visit() {
	if s.nodes--; s.nodes < 0 {
		return
	}
	first, left := -1, s.k-len(s.picked)
	for _, sku := range s.order {
		if s.open[sku] > s.top[sku][left] {
			return // not even the best suppliers fill it
		}
		if first < 0 && s.open[sku] > 0 {
			first = sku
		}
	}
	if first < 0 {
		s.keep()
		return
	}
	var tried []int
	for _, c := range s.suppliers[first] {
		if s.banned[c] || slices.Contains(s.picked, c) {
			continue
		}
		if s.distance_m+s.t.candidates[c].DistanceM > s.best_m {
			break // suppliers are by rank: the rest is farther
		}
		s.pick(c, 1)
		s.visit()
		s.pick(c, -1)
		// A set with c has been looked at: the siblings do without it.
		s.banned[c] = true
		tried = append(tried, c)
	}
	for _, c := range tried {
		s.banned[c] = false
	}
}

func (s *search) pick(c int, sign int64) {
	for sku := range s.open {
		s.open[sku] -= sign * s.t.has[c][sku]
	}
	s.distance_m += sign * s.t.candidates[c].DistanceM
	if sign > 0 {
		s.picked = append(s.picked, c)
	} else {
		s.picked = s.picked[:len(s.picked)-1]
	}
}

// keep remembers a set that fills the demand: the nearest, then the one with the lower ranks.
func (s *search) keep() {
	set := slices.Clone(s.picked)
	slices.Sort(set)
	if s.best == nil || s.distance_m < s.best_m || s.distance_m == s.best_m && slices.Compare(set, s.best) < 0 {
		s.best, s.best_m = set, s.distance_m
	}
}

// greedy picks at most limit candidates, each time the one that fills the most of what is still open, the nearer of equals.
func (t *table) greedy(limit int) []int {
	open := slices.Clone(t.need)
	var chosen []int
	for len(chosen) < limit {
		best, most := -1, int64(0)
		for c := range t.candidates {
			if slices.Contains(chosen, c) {
				continue
			}
			filled := int64(0)
			for s := range open {
				filled += min(max(open[s], 0), t.has[c][s])
			}
			if filled > most {
				best, most = c, filled
			}
		}
		if best < 0 {
			break
		}
		chosen = append(chosen, best)
		for s := range open {
			open[s] -= t.has[best][s]
		}
	}
	slices.Sort(chosen)
	return chosen
}

// fills says whether the set has all that is wanted.
func (t *table) fills(set []int) bool {
	for s, need := range t.need {
		got := int64(0)
		for _, c := range set {
			got += t.has[c][s]
		}
		if got < need {
			return false
		}
	}
	return len(set) > 0
}

// prune drops what the others can do without, the farthest first.
func (t *table) prune(set []int) []int {
	for i := len(set) - 1; i >= 0; i-- {
		if without := slices.Delete(slices.Clone(set), i, i+1); t.fills(without) {
			set = without
		}
	}
	return set
}

// nearer replaces members by nearer candidates as long as the set still fills the demand: one pass, farthest first.
func (t *table) nearer(set []int) []int {
	for i := len(set) - 1; i >= 0; i-- {
		for c := 0; c < set[i] && c < len(t.candidates); c++ {
			if slices.Contains(set, c) {
				continue
			}
			other := slices.Clone(set)
			other[i] = c
			if t.fills(other) {
				set = other
				break
			}
		}
	}
	slices.Sort(set)
	return set
}
