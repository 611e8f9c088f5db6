package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// DemandLine is what one order line wants.
type DemandLine struct {
	ID, SKU        string
	Quantity       int64
	ListPriceMinor int64
}

// Demand is what a document wants, and how it is to be delivered.
type Demand struct {
	Document, Channel string
	Seller            string // organisation that sells
	Way               Way
	Destination       *geo.Point // where the goods go; nil: not known
	Location          string     // the chosen store, for pickup and carry-out
	Lines             []DemandLine
	MaxParcels        int // 0: the strategy's own limit
}

// Validate refuses what cannot be allocated.
func (d Demand) Validate() error {
	switch {
	case d.Document == "":
		return Invalid{"document", "must not be empty"}
	case d.Seller == "" || len(d.Seller) > MaxOrg:
		return Invalid{"seller_org", "must have 1 to 40 characters"}
	case d.Way < Parcel || d.Way > CarryOut:
		return Invalid{"way", "must be a way of delivery"}
	case d.Way == LocalDelivery && d.Destination == nil:
		return Invalid{"destination", "is needed for local delivery"}
	case d.Way.AtTheStore() && d.Location == "":
		return Invalid{"location", "is needed for pickup and carry-out"}
	case len(d.Lines) == 0:
		return Invalid{"lines", "must not be empty"}
	}
	seen := map[string]bool{}
	for _, l := range d.Lines {
		if err := pieces(l.Quantity); err != nil {
			return err
		}
		if l.ID == "" || l.SKU == "" || l.ListPriceMinor < 0 {
			return Invalid{"lines", "each needs a line id, a SKU and a price that is not negative"}
		}
		if seen[l.ID] {
			return Invalid{"lines.line_id", "occurs twice: " + l.ID}
		}
		seen[l.ID] = true
	}
	return nil
}

// SKUs are the distinct SKUs in the order of the lines.
func (d Demand) SKUs() []string {
	var skus []string
	for _, l := range d.Lines {
		if !slices.Contains(skus, l.SKU) {
			skus = append(skus, l.SKU)
		}
	}
	return skus
}

// Strategy says how a demand is allocated. It is data with a version: the explanation names it.
type Strategy struct {
	Name         string
	Version      int64
	MaxParcels   int   // of a demand that does not say
	Nodes        int   // bound of the exact search for a split
	LocalRadiusM int64 // how far local delivery goes
}

// NearThenSplit is the default: the nearest location that has all lines; else the fewest parcels, then the nearest.
func NearThenSplit() Strategy {
	return Strategy{Name: "near-then-split", Version: 1, MaxParcels: 5, Nodes: 20_000, LocalRadiusM: 20_000}
}

func (s Strategy) parcels(d Demand) int {
	if d.Way.AtTheStore() {
		return 1
	}
	if d.MaxParcels > 0 {
		return d.MaxParcels
	}
	return s.MaxParcels
}

// Candidate is a location that may deliver, with what it has of the wanted SKUs. Candidates come ranked: by distance, then
// code, when the destination is known.
type Candidate struct {
	Location  Location
	DistanceM int64
	Stock     []*Stock
}

// Take is a part of a plan: pieces of one owner for one line.
type Take struct {
	LineID   string
	Key      StockKey
	Quantity int64
}

// Plan says which locations ship what. Takes are in the order of locations' ranks, then lines.
type Plan struct {
	Takes []Take
	// Chosen are indexes into the candidates, nearest first: one a parcel.
	Chosen []int
}

// Keys are the stock rows of the plan, in the order in which they are locked.
func (p Plan) Keys() []StockKey {
	keys := make([]StockKey, 0, len(p.Takes))
	for _, t := range p.Takes {
		keys = append(keys, t.Key)
	}
	return sortKeys(keys)
}

func sortKeys(keys []StockKey) []StockKey {
	slices.SortFunc(keys, StockKey.Compare)
	return slices.Compact(keys)
}

// Allocate chooses the locations that ship. It refuses with NoLocation when there is no candidate, and with Short, for the
// first line that is short, when the candidates do not have enough within the allowed number of parcels.
func Allocate(d Demand, candidates []Candidate, s Strategy) (Plan, Explanation, error) {
	why := explain(d, s)
	if len(candidates) == 0 {
		return Plan{}, why, NoLocation{"none is active, shared with this seller and able to"}
	}
	t := tabulate(d, candidates)
	why.candidates(t)
	if at := t.single(); at >= 0 {
		why.choose(t, []int{at}, "nearest single")
		return t.plan([]int{at}), why, nil
	}
	limit := s.parcels(d)
	if limit > 1 {
		if chosen, proven := t.split(limit, s.Nodes); chosen != nil {
			how := "fewest parcels, then nearest"
			if why.Proven = proven; !proven {
				how = "few parcels (search stopped at its bound)"
			}
			why.choose(t, chosen, how)
			return t.plan(chosen), why, nil
		}
	}
	return Plan{}, why, t.short(limit)
}

// table is a demand against its candidates: has[c][s] pieces of SKU s may be sold from candidate c.
type table struct {
	demand     Demand
	skus       []string
	need       []int64 // of each SKU, over all lines
	candidates []Candidate
	has        [][]int64
}

func tabulate(d Demand, candidates []Candidate) *table {
	t := &table{demand: d, skus: d.SKUs(), candidates: candidates, has: make([][]int64, len(candidates))}
	t.need = make([]int64, len(t.skus))
	for _, l := range d.Lines {
		t.need[slices.Index(t.skus, l.SKU)] += l.Quantity
	}
	for c, candidate := range candidates {
		t.has[c] = make([]int64, len(t.skus))
		for _, stock := range candidate.Stock {
			if s := slices.Index(t.skus, stock.key.SKU); s >= 0 && stock.key.Location == candidate.Location.Code {
				t.has[c][s] += stock.Left(d.Way)
			}
		}
	}
	return t
}

// single is the first candidate that has all lines, or -1.
func (t *table) single() int {
	for c := range t.candidates {
		if t.full(c) {
			return c
		}
	}
	return -1
}

func (t *table) full(c int) bool {
	for s, need := range t.need {
		if t.has[c][s] < need {
			return false
		}
	}
	return true
}

// lines counts the SKUs of which c has enough, and those of which it has some.
func (t *table) lines(c int) (enough, some int) {
	for s, need := range t.need {
		if t.has[c][s] >= need {
			enough++
		}
		if t.has[c][s] > 0 {
			some++
		}
	}
	return enough, some
}

// plan fills the lines from the chosen candidates, nearest first, each from the owner that comes first.
func (t *table) plan(chosen []int) Plan {
	p := Plan{Chosen: chosen}
	open := make([]int64, len(t.demand.Lines))
	for i, l := range t.demand.Lines {
		open[i] = l.Quantity
	}
	for _, c := range chosen {
		at := t.candidates[c]
		stock := slices.Clone(at.Stock)
		slices.SortFunc(stock, func(a, b *Stock) int {
			return at.Location.ownersFirst(t.demand.Seller, a.key.Owner, b.key.Owner)
		})
		left := make([]int64, len(stock))
		for i, s := range stock {
			left[i] = s.Left(t.demand.Way)
		}
		for i, l := range t.demand.Lines {
			for j, s := range stock {
				if qty := min(open[i], left[j]); qty > 0 && s.key.SKU == l.SKU {
					p.Takes = append(p.Takes, Take{LineID: l.ID, Key: s.key, Quantity: qty})
					open[i], left[j] = open[i]-qty, left[j]-qty
				}
			}
		}
	}
	return p
}

// short names the first line that is short: first one of which all candidates together have too little, else one that
// would need another parcel than is allowed.
func (t *table) short(limit int) error {
	for s, need := range t.need {
		left := int64(0)
		for c := range t.candidates {
			left += t.has[c][s]
		}
		if left < need && limit > 1 {
			return Short{SKU: t.skus[s], Wanted: need, Left: left}
		}
	}
	got := t.most(limit)
	for s, need := range t.need {
		if got[s] < need {
			return Short{SKU: t.skus[s], Wanted: need, Left: got[s]}
		}
	}
	return broken("nothing is short of %v", t.need)
}

// most is what the best few candidates together have of each SKU.
func (t *table) most(limit int) []int64 {
	got := make([]int64, len(t.skus))
	for _, c := range t.greedy(limit) {
		for s := range got {
			got[s] += t.has[c][s]
		}
	}
	return got
}
