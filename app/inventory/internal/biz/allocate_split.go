package biz

import (
	"cmp"
	"slices"
)

// maxSplitCandidates bounds the search to the first in rank that have some of what is wanted.
const maxSplitCandidates = 512

// decide chooses a set of at most limit candidates that fills the demand: of all sets that could do without none of their
// members the first by the stage's preferences, then the nearest, then the fewest, then the first ranks. It is nil when there is
// none. proven is false when the search stopped at its bound of nodes: then the set is not worse than greedy choice with
// local search, but a better one may exist.
func (t *table) decide(g stage, nodes int) (chosen []int, proven bool) {
	if len(t.demand.Lines) == 0 {
		return nil, true
	}
	if one := t.single(); one >= 0 && (t.limit == 1 || t.fewestFirst()) {
		return []int{one}, true
	}
	if t.limit > 1 {
		chosen, proven = t.splitWithin(nodes)
	}
	if chosen == nil && t.demand.Partial && g.split.BackOrder {
		return t.part(), false
	}
	return chosen, proven
}

// fewestFirst says whether fewer parcels are better, whatever else.
func (t *table) fewestFirst() bool {
	return len(t.levels) > 0 && t.levels[0].name == ruleFewestParcels
}

func (t *table) splitWithin(nodes int) (chosen []int, proven bool) {
	s := newSearch(t, nodes)
	return s.split(), s.proven()
}

// split starts from greedy choice with local search, and searches for what is better. Where fewer parcels are better, sets of
// two come first, then of three, and so on: the first size that fills the demand decides.
func (s *search) split() []int {
	if !s.possible() {
		return nil
	}
	if set := s.t.greedyLocal(s.t.limit); set != nil {
		s.keep(set)
	}
	if !s.t.fewestFirst() {
		s.run(s.t.limit, false)
		return s.best
	}
	for k := 2; k <= s.t.limit && (s.best == nil || k <= len(s.best)); k++ { // one alone was tried before
		if s.run(k, true); s.nodes < 0 || len(s.best) == k {
			break
		}
	}
	return s.best
}

// search is a branch and bound over sets of candidates: it takes an open row with few suppliers, tries each of them, then
// does without it, and leaves a branch when even the best of the rest could not fill it or not better than the best so far.
type search struct {
	t       *table
	pool    []int   // candidates that have some of what is wanted, by rank
	cut     bool    // there were more
	weights []score // of each candidate: penalties of each level, then the distance
	better  [][]int // of each candidate: those it need not be tried for when it was refused itself; see dominated
	nodes   int

	picks  int // how many may be picked
	exact  bool
	open   []int64
	picked []int
	out    []int // of each candidate, how often it is banned or picked
	sum    score
	prices []int64 // multipliers of the rows in the bound
	best   []int
	least  score
}

func newSearch(t *table, nodes int) *search {
	s := &search{t: t, nodes: nodes, open: slices.Clone(t.need), out: make([]int, len(t.candidates)), sum: make(score, len(t.levels)+1)}
	for c := range t.candidates {
		if slices.Max(t.has[c]) == 0 {
			continue
		}
		if len(s.pool) == maxSplitCandidates {
			s.cut = true
			break
		}
		s.pool = append(s.pool, c)
	}
	s.weights = make([]score, len(t.candidates))
	for _, c := range s.pool {
		for _, l := range t.levels {
			s.weights[c] = append(s.weights[c], l.penalty[c])
		}
		s.weights[c] = append(s.weights[c], t.candidates[c].DistanceM)
	}
	if !t.worthless() {
		s.dominated()
	}
	return s
}

// proven says whether nothing better exists.
func (s *search) proven() bool { return s.nodes >= 0 && !s.cut }

// possible says whether all together have enough.
func (s *search) possible() bool {
	for r, need := range s.t.need {
		all := int64(0)
		for _, c := range s.pool {
			all += s.t.has[c][r]
		}
		if all < need {
			return false
		}
	}
	return len(s.pool) > 0
}

// dominated finds, for each candidate, those after it that have no more of anything and are nowhere preferred. A set with
// one of these and without the better one is never the best: so who does without the better one does without them.
func (s *search) dominated() {
	s.better = make([][]int, len(s.t.candidates))
	for i, c := range s.pool {
		for _, d := range s.pool[i+1:] {
			if s.covers(c, d) {
				s.better[c] = append(s.better[c], d)
			}
		}
	}
}

func (s *search) covers(c, d int) bool {
	for r, need := range s.t.need {
		if len(s.t.groups) == 0 {
			if min(s.t.has[c][r], need) < min(s.t.has[d][r], need) {
				return false
			}
		} else if s.t.has[c][r] < s.t.has[d][r] {
			return false
		}
	}
	for l, w := range s.weights[c] {
		if w > s.weights[d][l] {
			return false
		}
	}
	return true
}

// run searches sets of at most picks members; when exact, of just as many, because fewer are known to be too few.
func (s *search) run(picks int, exact bool) {
	s.picks, s.exact = picks, exact
	s.prices = make([]int64, len(s.open))
	s.visit()
}

func (s *search) visit() {
	if s.nodes < 0 {
		return
	}
	b, ok := s.bound()
	if !ok {
		return
	}
	if s.nodes--; s.nodes < 0 {
		return
	}
	if s.picks-len(s.picked) == 1 {
		s.last(b)
		return
	}
	prices := slices.Clone(s.prices)
	var banned []int
	for _, c := range b.suppliers {
		if s.out[c] > 0 {
			continue // dominated by one that was tried
		}
		s.pick(c)
		if s.filled() {
			s.complete()
		} else {
			s.visit()
		}
		s.unpick(c)
		copy(s.prices, prices)
		// Sets with c have been looked at: the siblings do without it, and without what is no better.
		banned = append(banned, s.ban(c)...)
		if s.nodes < 0 {
			break
		}
	}
	for _, c := range banned {
		s.out[c]--
	}
}

// ban takes c and what it dominates out, as long as c itself is out.
func (s *search) ban(c int) []int {
	banned := []int{c}
	if s.better != nil {
		banned = append(banned, s.better[c]...)
	}
	for _, c := range banned {
		s.out[c]++
	}
	return banned
}

// last tries each that fills all that is open by itself.
func (s *search) last(b bounds) {
	for _, c := range b.suppliers {
		fills := true
		for r, open := range s.open {
			fills = fills && s.t.has[c][r] >= open
		}
		if fills {
			s.pick(c)
			s.complete()
			s.unpick(c)
		}
	}
}

// complete keeps a set that has enough of each row. One whose groups stand in each other's way may become good with more.
func (s *search) complete() {
	set := sorted(slices.Clone(s.picked))
	if s.keep(set) || len(s.t.groups) == 0 || s.picks == len(s.picked) {
		return
	}
	if _, ok := s.t.assign(set); ok {
		return
	}
	var banned []int
	for _, c := range s.pool {
		if s.out[c] > 0 {
			continue
		}
		if s.nodes--; s.nodes < 0 {
			break
		}
		s.pick(c)
		s.complete()
		s.unpick(c)
		s.out[c]++
		banned = append(banned, c)
	}
	for _, c := range banned {
		s.out[c]--
	}
}

// keep remembers a set that is better than the best so far. It says whether the set is one at all.
func (s *search) keep(set []int) bool {
	set = s.t.prune(set)
	v, ok := s.t.value(set)
	if !ok {
		return false
	}
	if s.best == nil || cmp.Or(v.compare(s.least), compareTied(set, s.best)) < 0 {
		s.best, s.least = set, v
	}
	return true
}

func (s *search) filled() bool { return slices.Max(s.open) <= 0 }

func (s *search) pick(c int) {
	for r := range s.open {
		s.open[r] -= s.t.has[c][r]
	}
	for l, w := range s.weights[c] {
		s.sum[l] += w
	}
	s.picked = append(s.picked, c)
	s.out[c]++
}

func (s *search) unpick(c int) {
	for r := range s.open {
		s.open[r] += s.t.has[c][r]
	}
	for l, w := range s.weights[c] {
		s.sum[l] -= w
	}
	s.picked = s.picked[:len(s.picked)-1]
	s.out[c]--
}
