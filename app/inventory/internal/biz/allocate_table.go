package biz

import (
	"cmp"
	"slices"
)

// table is a demand against the candidates that a stage keeps, in rank order: has[c][r] is what candidate c can give to row
// r, and the set that is chosen must give need[r] to each. Rows are SKUs, then groups of lines that must not be split: a
// candidate has a whole group (1), or not (0).
type table struct {
	demand     Demand
	skus       []string
	need       []int64
	candidates []*Candidate
	at         []int // the candidates' numbers in the caller's list
	has        [][]int64
	lessen     []lessener
	groups     []lineGroup
	levels     []level
	limit      int
	split      Split

	notes map[int]note // by the caller's number: the filter of this stage that dropped it
	asked []DemandLine // the lines as they were asked, when the demand was lowered to what is there
}

// note says which filter dropped a candidate, and why.
type note struct{ name, reason string }

// lineGroup are lines that must come from one location.
type lineGroup struct {
	lines []int
	need  map[int]int64 // of SKUs by their number
}

// level is a preference that has something to say.
type level struct {
	name, text string
	penalty    []int64
	freight    *cheapestFreight // its sum depends on what each takes
}

// tabulate is a demand against candidates as they are, without a strategy.
func tabulate(d Demand, candidates []Candidate) *table {
	all, at := make([]*Candidate, len(candidates)), make([]int, len(candidates))
	for i := range candidates {
		all[i], at[i] = &candidates[i], i
	}
	return newTable(d, all, at, nil)
}

func newTable(d Demand, candidates []*Candidate, at []int, lessen []lessener) *table {
	t := &table{demand: d, skus: d.SKUs(), candidates: candidates, at: at, lessen: lessen, notes: map[int]note{}}
	t.need = make([]int64, len(t.skus))
	for _, l := range d.Lines {
		t.need[t.sku(l.SKU)] += l.Quantity
	}
	t.groupLines()
	t.has = make([][]int64, len(candidates))
	n := len(t.need)
	cells := make([]int64, n*len(candidates))
	for c := range candidates {
		t.has[c] = cells[c*n : (c+1)*n : (c+1)*n]
		t.fill(candidates[c], t.has[c])
	}
	return t
}

func (t *table) sku(code string) int { return slices.Index(t.skus, code) }

// groupLines makes a row of each group of several lines.
func (t *table) groupLines() {
	byName := map[string]int{}
	for i, l := range t.demand.Lines {
		if l.Group == "" {
			continue
		}
		g, known := byName[l.Group]
		if !known {
			g = len(t.groups)
			byName[l.Group] = g
			t.groups = append(t.groups, lineGroup{need: map[int]int64{}})
			t.need = append(t.need, 1)
		}
		t.groups[g].lines = append(t.groups[g].lines, i)
		t.groups[g].need[t.sku(l.SKU)] += l.Quantity
	}
}

// fill writes what one candidate can give.
func (t *table) fill(c *Candidate, row []int64) {
	for _, s := range c.Stock {
		if i := t.sku(s.key.SKU); i >= 0 && s.key.Location == c.Location.Code {
			row[i] += t.left(c, s)
		}
	}
	for g := range t.groups {
		if t.groups[g].fits(row) {
			row[len(t.skus)+g] = 1
		}
	}
}

func (g lineGroup) fits(has []int64) bool {
	for sku, need := range g.need {
		if has[sku] < need {
			return false
		}
	}
	return true
}

// left is what may be taken of a stock row: by the books, the sharing policy, and the rules that keep something back.
func (t *table) left(c *Candidate, s *Stock) int64 {
	left := s.Left(t.demand.Way)
	if most, limited := c.Left[s.key]; limited {
		left = min(left, max(0, most))
	}
	for _, rule := range t.lessen {
		left = rule.lessen(t.demand, c, s, left)
	}
	return left
}

// table filters what the guards have kept, and ranks what is left by each preference.
func (g stage) table(d Demand, s Strategy, kept []placed) *table {
	filters := slices.Concat(s.filters, g.filters)
	if d.Way == CarryOut {
		filters = nil
	}
	var lessen []lessener
	for _, f := range filters {
		if l, ok := f.rule.(lessener); ok {
			lessen = append(lessen, l)
		}
	}
	notes := map[int]note{}
	for _, f := range filters {
		kept = f.keep(d, kept, lessen, notes)
	}
	candidates, at := make([]*Candidate, len(kept)), make([]int, len(kept))
	for i, p := range kept {
		candidates[i], at[i] = p.Candidate, p.at
	}
	t := newTable(d, candidates, at, lessen)
	t.notes, t.split = notes, g.split
	for _, p := range g.preferences {
		if penalty := p.rule.penalties(d, candidates); penalty != nil {
			freight, _ := p.rule.(*cheapestFreight)
			t.levels = append(t.levels, level{p.name, p.rule.text(), penalty, freight})
		}
	}
	if t.limit = g.parcels(d, len(candidates)); d.Partial && g.split.BackOrder {
		t.lower(t.has)
	}
	return t
}

// keep applies a filter. A soft one is left out when nothing that has any of the goods would remain.
func (f filter) keep(d Demand, all []placed, lessen []lessener, notes map[int]note) []placed {
	kept, reasons, some := all[:0:0], map[int]note{}, false
	for _, p := range all {
		if reason := f.rule.drop(d, p.Candidate); reason != "" {
			reasons[p.at] = note{f.name, reason}
			continue
		}
		kept = append(kept, p)
		if f.soft && !some {
			some = slices.Max(append(newTable(d, []*Candidate{p.Candidate}, []int{0}, lessen).has[0], 0)) > 0
		}
	}
	if f.soft && !some {
		return all
	}
	for at, reason := range reasons {
		notes[at] = reason
	}
	return kept
}

// single is the best candidate that has all rows, or -1.
func (t *table) single() int {
	best := -1
	for c := range t.candidates {
		if !t.full(c) {
			continue
		}
		if len(t.groups) > 0 {
			if _, ok := t.assign([]int{c}); !ok {
				continue
			}
		}
		if best < 0 {
			best = c
		} else if _, order := t.compareAlone(c, best); order < 0 {
			best = c
		}
	}
	return best
}

// compareAlone compares two candidates that each give all that is wanted: the level that decides, and how.
func (t *table) compareAlone(a, b int) (level, order int) {
	for i, l := range t.levels {
		x, y := l.penalty[a], l.penalty[b]
		if l.freight != nil {
			x, y = t.freightOfAll(l, a), t.freightOfAll(l, b)
		}
		if x != y {
			return i, cmp.Compare(x, y)
		}
	}
	return len(t.levels), cmp.Compare(t.candidates[a].DistanceM, t.candidates[b].DistanceM)
}

// freightOfAll is what one parcel with all that is wanted costs.
func (t *table) freightOfAll(l level, c int) int64 {
	weight := int64(0)
	for _, line := range t.demand.Lines {
		weight += line.Quantity * line.WeightG
	}
	return steps(t.demand.freight(t.candidates[c], max(weight, 1)), l.freight.StepMinor)
}

func (t *table) full(c int) bool {
	for r, need := range t.need {
		if t.has[c][r] < need {
			return false
		}
	}
	return true
}

// lines counts the SKUs of which c has enough, and those of which it has some.
func (t *table) lines(c int) (enough, some int) {
	for s := range t.skus {
		if t.has[c][s] >= t.need[s] {
			enough++
		}
		if t.has[c][s] > 0 {
			some++
		}
	}
	return enough, some
}

// score compares sets: the sum of penalties of each preference in their strict order, then the distance.
type score []int64

func (a score) compare(b score) int { return slices.Compare(a, b) }

// value says what a set, in rank order, is worth. It is no set when it does not fill the demand: in sum, with the groups
// as a whole, and with parcels that are worth enough.
func (t *table) value(set []int) (score, bool) {
	if !t.fills(set) {
		return nil, false
	}
	v := make(score, len(t.levels)+1)
	for i, l := range t.levels {
		for _, c := range set {
			v[i] += l.penalty[c]
		}
	}
	for _, c := range set {
		v[len(t.levels)] += t.candidates[c].DistanceM
	}
	if !t.depends() {
		return v, true
	}
	give, ok := t.assign(set)
	if !ok || !t.worth(give) {
		return nil, false
	}
	for i, l := range t.levels {
		if l.freight != nil {
			v[i] = 0
			for j, c := range set {
				v[i] += steps(t.demand.freight(t.candidates[c], t.weight(give[j])), l.freight.StepMinor)
			}
		}
	}
	return v, true
}

// depends says whether a set's value is more than the sum of its members': it depends on what each of them gives.
func (t *table) depends() bool {
	return len(t.groups) > 0 || t.worthless()
}

// worthless says whether what a member gives changes how good the set is.
func (t *table) worthless() bool {
	return t.split.MinParcelMinor > 0 || slices.ContainsFunc(t.levels, func(l level) bool { return l.freight != nil })
}

// worth says whether each of several parcels is worth what the stage asks.
func (t *table) worth(give [][]int64) bool {
	if len(give) < 2 || t.split.MinParcelMinor == 0 {
		return true
	}
	for _, parcel := range give {
		sum := int64(0)
		for i, qty := range parcel {
			if price := t.demand.Lines[i].ListPriceMinor; qty > 0 && price >= t.split.MinParcelMinor {
				sum = t.split.MinParcelMinor // no need to multiply what may be large
				break
			} else {
				sum += qty * price
			}
		}
		if sum < t.split.MinParcelMinor {
			return false
		}
	}
	return true
}

// weight of a parcel in grams; at least one, since a parcel is never nothing.
func (t *table) weight(parcel []int64) int64 {
	sum := int64(0)
	for i, qty := range parcel {
		sum += qty * t.demand.Lines[i].WeightG
	}
	return max(sum, 1)
}

// fills says whether the set has all that is wanted.
func (t *table) fills(set []int) bool {
	for r, need := range t.need {
		got := int64(0)
		for _, c := range set {
			got += t.has[c][r]
		}
		if got < need {
			return false
		}
	}
	return len(set) > 0
}

// maxPlacings bounds how many ways to place groups are tried for one set.
const maxPlacings = 2_000

// assign says how many pieces of each line each member of a set gives: groups go first, each to the nearest that has it as
// a whole; then the nearest gives what it can.
func (t *table) assign(set []int) (give [][]int64, ok bool) {
	left, give := make([][]int64, len(set)), make([][]int64, len(set))
	for i, c := range set {
		left[i], give[i] = slices.Clone(t.has[c][:len(t.skus)]), make([]int64, len(t.demand.Lines))
	}
	tries := maxPlacings
	if !t.place(0, left, give, &tries) {
		return nil, false
	}
	for l, line := range t.demand.Lines {
		if line.Group != "" {
			continue
		}
		open, s := line.Quantity, t.sku(line.SKU)
		for i := range set {
			qty := min(open, left[i][s])
			give[i][l], left[i][s], open = qty, left[i][s]-qty, open-qty
		}
		if open > 0 {
			return nil, false
		}
	}
	return give, true
}

// place puts group g and those after it so that the rest can still be filled.
func (t *table) place(g int, left, give [][]int64, tries *int) bool {
	if g == len(t.groups) {
		return t.restFits(left)
	}
	group := t.groups[g]
	for i := range left {
		if *tries--; *tries < 0 {
			return false
		}
		if !group.fits(left[i]) {
			continue
		}
		group.move(t, left[i], give[i], 1)
		if t.place(g+1, left, give, tries) {
			return true
		}
		group.move(t, left[i], give[i], -1)
	}
	return false
}

func (g lineGroup) move(t *table, left, give []int64, sign int64) {
	for _, l := range g.lines {
		line := t.demand.Lines[l]
		left[t.sku(line.SKU)] -= sign * line.Quantity
		give[l] += sign * line.Quantity
	}
}

// restFits says whether what the groups have left is enough for the lines of no group.
func (t *table) restFits(left [][]int64) bool {
	open := make([]int64, len(t.skus))
	for _, l := range t.demand.Lines {
		if l.Group == "" {
			open[t.sku(l.SKU)] += l.Quantity
		}
	}
	for _, row := range left {
		for s := range open {
			open[s] -= row[s]
		}
	}
	return slices.Max(append(open, 0)) == 0
}

// plan fills the lines from the chosen candidates, nearest first, each from the owner that comes first.
func (t *table) plan(chosen []int) (Plan, error) {
	p := Plan{Chosen: slices.Clone(chosen), Open: t.waiting()}
	give, ok := t.assign(chosen)
	if !ok {
		return Plan{}, broken("a chosen set does not fill %v", t.need)
	}
	for i, c := range chosen {
		at := t.candidates[c]
		stock := slices.Clone(at.Stock)
		slices.SortFunc(stock, func(a, b *Stock) int {
			return at.Location.ownersFirst(t.demand.Seller, a.key.Owner, b.key.Owner)
		})
		left := make([]int64, len(stock))
		for j, s := range stock {
			left[j] = t.left(at, s)
		}
		for l, line := range t.demand.Lines {
			for j, s := range stock {
				if s.key.SKU != line.SKU || s.key.Location != at.Location.Code {
					continue
				}
				if qty := min(give[i][l], left[j]); qty > 0 {
					p.Takes = append(p.Takes, Take{LineID: line.ID, Key: s.key, Quantity: qty})
					give[i][l], left[j] = give[i][l]-qty, left[j]-qty
				}
			}
		}
	}
	return p, nil
}

// short names the first line that is short: first one of which all candidates together have too little, else one that
// would need another parcel than is allowed, or that cannot be split as it would have to be.
func (t *table) short(limit int) error {
	if t.asked != nil {
		d := t.demand
		d.Lines = t.asked
		t = newTable(d, t.candidates, t.at, t.lessen)
	}
	for s, sku := range t.skus {
		left := int64(0)
		for c := range t.candidates {
			left += t.has[c][s]
		}
		if left < t.need[s] && limit > 1 {
			return Short{SKU: sku, Wanted: t.need[s], Left: left}
		}
	}
	got := t.most(limit)
	for s, sku := range t.skus {
		if got[s] < t.need[s] {
			return Short{SKU: sku, Wanted: t.need[s], Left: got[s]}
		}
	}
	for g, group := range t.groups {
		if got[len(t.skus)+g] == 0 {
			return Short{SKU: t.demand.Lines[group.lines[0]].SKU, Wanted: t.demand.Lines[group.lines[0]].Quantity}
		}
	}
	return NoLocation{"the parcels would be too many or too small, or a group of lines would have to be split, and none alone is"}
}

// most is what the best few candidates together have of each row.
func (t *table) most(limit int) []int64 {
	got := make([]int64, len(t.need))
	for _, c := range t.greedy(limit) {
		for r := range got {
			got[r] += t.has[c][r]
		}
	}
	return got
}
