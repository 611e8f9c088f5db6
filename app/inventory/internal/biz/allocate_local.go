package biz

import (
	"cmp"
	"slices"
)

// maxLocalRounds bounds the local search: each round must have found something better.
const maxLocalRounds = 50

// greedyLocal is a set by greedy choice, made better by local search; nil when it finds none of at most limit parcels.
func (t *table) greedyLocal(limit int) []int {
	var best []int
	var least score
	for _, set := range [][]int{t.greedy(limit), t.greedyByValue(limit)} {
		if len(set) == 0 || !t.fills(set) {
			continue
		}
		set = t.prune(set)
		if v, ok := t.value(set); ok && (best == nil || v.compare(least) < 0) {
			best, least = set, v
		}
	}
	if best == nil {
		return nil
	}
	return t.improve(best, least, limit)
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
			for r := range open {
				filled += min(max(open[r], 0), t.has[c][r])
			}
			if filled > most {
				best, most = c, filled
			}
		}
		if best < 0 {
			break
		}
		chosen = append(chosen, best)
		for r := range open {
			open[r] -= t.has[best][r]
		}
	}
	slices.Sort(chosen)
	return chosen
}

// greedyByValue walks the candidates in the order of the preferences and picks those that fill something that is open.
func (t *table) greedyByValue(limit int) []int {
	order := make([]int, len(t.candidates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		for _, l := range t.levels {
			if l.penalty[a] != l.penalty[b] {
				return cmp.Compare(l.penalty[a], l.penalty[b])
			}
		}
		return 0
	})
	open := slices.Clone(t.need)
	var chosen []int
	for _, c := range order {
		useful := false
		for r := range open {
			useful = useful || open[r] > 0 && t.has[c][r] > 0
		}
		if !useful {
			continue
		}
		if chosen = append(chosen, c); len(chosen) > limit {
			if chosen = t.prune(sorted(chosen)); len(chosen) > limit {
				return nil
			}
		}
		for r := range open {
			open[r] -= t.has[c][r]
		}
	}
	return sorted(chosen)
}

// prune drops what the others can do without, the last in rank first.
func (t *table) prune(set []int) []int {
	for i := len(set) - 1; i >= 0 && len(set) > 1; i-- {
		without := slices.Delete(slices.Clone(set), i, i+1)
		if !t.fills(without) {
			continue
		}
		if len(t.groups) > 0 {
			if _, ok := t.assign(without); !ok {
				continue
			}
		}
		set = without
	}
	return set
}

// improve replaces one or two members by one other, as long as the set gets better.
func (t *table) improve(set []int, v score, limit int) []int {
	for range maxLocalRounds {
		better, least := set, v
		spare := t.spare(set)
		for c := range t.candidates {
			if slices.Contains(set, c) {
				continue
			}
			for i := range set {
				for j := i; j < len(set); j++ {
					if !t.swappable(spare, set[i], set[j], c) {
						continue
					}
					other := swapped(set, i, j, c)
					if other = t.prune(other); len(other) > limit {
						continue
					}
					if w, ok := t.value(other); ok && (w.compare(least) < 0 || w.compare(least) == 0 && compareTied(other, better) < 0) {
						better, least = other, w
					}
				}
			}
		}
		if slices.Equal(better, set) {
			break
		}
		set, v = better, least
	}
	return set
}

// spare is what a set has of each row beyond the need.
func (t *table) spare(set []int) []int64 {
	spare := make([]int64, len(t.need))
	for r, need := range t.need {
		spare[r] = -need
		for _, c := range set {
			spare[r] += t.has[c][r]
		}
	}
	return spare
}

// swappable says whether c fills what a and b (or a alone, when they are the same) would leave open.
func (t *table) swappable(spare []int64, a, b, c int) bool {
	for r, more := range spare {
		more += t.has[c][r] - t.has[a][r]
		if a != b {
			more -= t.has[b][r]
		}
		if more < 0 {
			return false
		}
	}
	return true
}

// swapped is a set with c in place of its members i and j, which may be the same.
func swapped(set []int, i, j, c int) []int {
	other := make([]int, 0, len(set))
	for k, member := range set {
		if k != i && k != j {
			other = append(other, member)
		}
	}
	return sorted(append(other, c))
}

func sorted(set []int) []int {
	slices.Sort(set)
	return set
}

// compareTied orders sets that are worth the same: fewer members, then the first ranks.
func compareTied(a, b []int) int { return cmp.Or(len(a)-len(b), slices.Compare(a, b)) }
