package biz

import (
	"cmp"
	"math"
	"slices"
)

const (
	// unit is a whole row in the bound: what a candidate fills of it is counted in parts, rounded up, so that no part is lost.
	unit = 1 << 16
	// maxPrice keeps the bound far from overflow.
	maxPrice = math.MaxInt64 / unit / 4_096
	// rounds of improving the multipliers of the rows, at the root and below it.
	rootRounds, nodeRounds = 60, 12
	// stalled rounds without progress end the improving.
	stalled = 10
)

// bounds are what is left to do at a node.
type bounds struct {
	suppliers []int // of the row to branch on, the most promising first
}

// bound says whether a better set can be below this node, and how to go on.
func (s *search) bound() (bounds, bool) {
	left := s.picks - len(s.picked)
	avail := make([]int, 0, len(s.pool))
	for _, c := range s.pool {
		if s.out[c] == 0 {
			avail = append(avail, c)
		}
	}
	if left == 0 || len(avail) == 0 || s.exact && len(avail) < left {
		return bounds{}, false
	}
	row, ok := s.tightest(avail, left)
	if !ok {
		return bounds{}, false
	}
	part := s.parts(avail)
	if s.best == nil || s.exact && len(s.best) > s.picks {
		// No set of this size is known: is there any?
		if !s.coverable(avail, part, left) {
			return bounds{}, false
		}
	} else if !s.improvable(avail, part, left) {
		return bounds{}, false
	}
	b := bounds{}
	filled := make([]int64, len(s.t.candidates))
	for i, c := range avail {
		if s.t.has[c][row] > 0 {
			b.suppliers = append(b.suppliers, c)
		}
		for r := range s.open {
			filled[c] += part[i][r]
		}
	}
	slices.SortStableFunc(b.suppliers, func(a, c int) int { return cmp.Compare(filled[c], filled[a]) })
	return b, true
}

// tightest is the open row with the fewest suppliers. It is not ok when even the best suppliers of a row do not fill it.
func (s *search) tightest(avail []int, left int) (row int, ok bool) {
	row = -1
	fewest := 0
	amounts := make([]int64, 0, len(avail))
	for r, open := range s.open {
		if open <= 0 {
			continue
		}
		amounts = amounts[:0]
		for _, c := range avail {
			if s.t.has[c][r] > 0 {
				amounts = append(amounts, s.t.has[c][r])
			}
		}
		if topSum(amounts, left) < open {
			return 0, false
		}
		if row < 0 || len(amounts) < fewest {
			row, fewest = r, len(amounts)
		}
	}
	return row, true
}

// firstOf moves the n first by less to the front, in order, and returns them.
func firstOf(list []int, n int, less func(a, b int) bool) []int {
	if n = min(n, len(list)); n > 12 {
		slices.SortFunc(list, func(a, b int) int {
			switch {
			case less(a, b):
				return -1
			case less(b, a):
				return 1
			}
			return a - b
		})
		return list[:n]
	}
	for i, v := range list {
		j := min(i, n)
		if i >= n && !less(v, list[n-1]) {
			continue
		}
		if i >= n {
			list[i] = list[n-1]
			j = n - 1
		}
		for ; j > 0 && less(v, list[j-1]); j-- {
			list[j] = list[j-1]
		}
		list[j] = v
	}
	return list[:n]
}

// topSum is the sum of the n largest.
func topSum(list []int64, n int) int64 {
	if len(list) > n {
		slices.SortFunc(list, func(a, b int64) int { return cmp.Compare(b, a) })
		list = list[:n]
	}
	sum := int64(0)
	for _, v := range list {
		sum += v
	}
	return sum
}

// parts says what each candidate fills of each open row, in units, rounded up.
func (s *search) parts(avail []int) [][]int64 {
	part, n := make([][]int64, len(avail)), len(s.open)
	cells := make([]int64, n*len(avail))
	for i, c := range avail {
		part[i] = cells[i*n : (i+1)*n : (i+1)*n]
		for r, open := range s.open {
			if open > 0 {
				part[i][r] = (min(open, s.t.has[c][r])*unit + open - 1) / open
			}
		}
	}
	return part
}

// coverable looks for a proof that no left candidates fill all rows: multipliers of the rows for which the best of them
// together fill less than all is worth.
func (s *search) coverable(avail []int, part [][]int64, left int) bool {
	y := make([]int64, len(s.open))
	for r, open := range s.open {
		if open > 0 {
			y[r] = 1 << 10
		}
	}
	gains := make([]int64, len(avail))
	order := make([]int, len(avail))
	for round := range s.rounds() {
		wanted := int64(0)
		for _, p := range y {
			wanted += p * unit
		}
		for i := range avail {
			gains[i], order[i] = 0, i
			for r, p := range y {
				gains[i] += p * part[i][r]
			}
		}
		chosen := firstOf(order, left, func(a, b int) bool { return gains[a] > gains[b] })
		got := int64(0)
		for _, i := range chosen {
			got += gains[i]
		}
		if got < wanted {
			return false
		}
		step := int64(512) >> (round / 4)
		if step == 0 {
			step = 1
		}
		for r, open := range s.open {
			if open <= 0 {
				continue
			}
			filled := int64(0)
			for _, i := range chosen {
				filled += part[i][r]
			}
			// What is filled too little is worth more.
			y[r] = max(0, y[r]+step*(unit-filled)/unit)
		}
	}
	return true
}

func (s *search) rounds() int {
	if len(s.picked) == 0 {
		return rootRounds
	}
	return nodeRounds
}

// improvable looks for a proof that nothing below is better than the best: the sums so far, and for each level what the
// rest costs at least, already exceed it.
func (s *search) improvable(avail []int, part [][]int64, left int) bool {
	low := make(score, len(s.sum))
	deciding := -1
	for l := range low {
		low[l] = s.sum[l] + s.leastOf(avail, l, left)
		if deciding < 0 && !s.constant(avail, l) {
			deciding = l
		}
	}
	if low.compare(s.least) > 0 {
		return false
	}
	if deciding < 0 {
		return true
	}
	// Only where all levels before are no better already does this one decide.
	target := s.least[deciding] - s.sum[deciding]
	if low[:deciding].compare(s.least[:deciding]) < 0 {
		return true
	}
	return s.relaxed(avail, part, left, deciding, target) <= target
}

// constant says whether a level makes no difference between the candidates.
func (s *search) constant(avail []int, l int) bool {
	first := s.weights[avail[0]][l]
	if !s.exact && first != 0 {
		return false
	}
	for _, c := range avail {
		if s.weights[c][l] != first {
			return false
		}
	}
	return true
}

// leastOf is what a level adds at least: the cheapest that can be picked when the number of picks is known, else the
// cheapest supplier of the row whose cheapest is dearest.
func (s *search) leastOf(avail []int, l, left int) int64 {
	if s.exact {
		costs := make([]int64, len(avail))
		for i, c := range avail {
			costs[i] = -s.weights[c][l]
		}
		return -topSum(costs, left)
	}
	most := int64(0)
	for r, open := range s.open {
		if open <= 0 {
			continue
		}
		least := int64(math.MaxInt64)
		for _, c := range avail {
			if s.t.has[c][r] > 0 {
				least = min(least, s.weights[c][l])
			}
		}
		most = max(most, least)
	}
	return most
}

// relaxed is a lower bound of what a level costs: rows need not be filled, but what is missing has a price. The prices are
// made better in a few rounds, and handed down.
func (s *search) relaxed(avail []int, part [][]int64, left, l int, target int64) int64 {
	if target < 0 || target > maxPrice {
		return math.MinInt64
	}
	best := int64(math.MinInt64)
	y := slices.Clone(s.prices)
	costs, order := make([]int64, len(avail)), make([]int, len(avail))
	agility, since := int64(8), 0
	for round := range s.rounds() {
		sum := int64(0)
		for r, p := range y {
			if s.open[r] > 0 {
				sum += p
			}
		}
		for i, c := range avail {
			order[i] = i
			covered := int64(0)
			for r, p := range y {
				covered += p * part[i][r]
			}
			costs[i] = s.weights[c][l] - (covered+unit-1)/unit
		}
		chosen := firstOf(order, left, func(a, b int) bool { return costs[a] < costs[b] })
		for i, o := range chosen {
			if !s.exact && costs[o] >= 0 {
				chosen = chosen[:i]
				break
			}
		}
		for _, o := range chosen {
			sum += costs[o]
		}
		if sum > best {
			best, since = sum, 0
			copy(s.prices, y)
		} else if since++; round%4 == 3 {
			agility = max(1, agility/2)
		}
		if best > target || since == stalled {
			return best
		}
		s.reprice(y, chosen, part, max(target-sum, 1), agility)
	}
	return best
}

// reprice raises the prices of rows that are filled too little, and lowers those of rows that are filled too much, in
// proportion to how far the bound is from what it should prove.
func (s *search) reprice(y []int64, chosen []int, part [][]int64, gap, agility int64) {
	missing := make([]int64, len(y))
	norm := int64(0)
	for r, open := range s.open {
		if open <= 0 {
			continue
		}
		missing[r] = unit
		for _, i := range chosen {
			missing[r] -= part[i][r]
		}
		missing[r] /= unit / 256 // 256ths are enough for a direction
		norm += missing[r] * missing[r]
	}
	if norm == 0 {
		return
	}
	for r := range y {
		if missing[r] != 0 {
			y[r] = min(maxPrice, max(0, y[r]+muldiv(gap*agility/8, missing[r]*256, norm)))
		}
	}
}

// muldiv is a * b / c for b / c that is not large.
func muldiv(a, b, c int64) int64 {
	if a > math.MaxInt64/(1<<24) {
		return a / c * b
	}
	return a * b / c
}
