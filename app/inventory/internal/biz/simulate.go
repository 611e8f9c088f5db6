package biz

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// Trial replays orders under one strategy on a copy of the stock of its own. Nothing outside it changes, and the same
// orders on the same stock give the same result. It is for one goroutine.
type Trial struct {
	search  Search
	stock   *StockCopy
	pool    *trialPool
	rules   *trialRules
	result  TrialResult
	metres  []int64
	load    map[string]*TrialLoad
	emptied map[string]bool
}

// TrialOf is what a trial is made of: the strategy, the freight table that it names (nil: none), the locations, the stock,
// and the policies that share it as they are now. What an exclusive quota has left stays as it is.
type TrialOf struct {
	Strategy   Strategy
	Freight    *Freight
	Directory  *Directory
	Stock      *StockCopy
	Sharing    SharingReader
	Categories CategoryFinder
	NowUS      int64
}

// trialPool is the pool in memory as it would be: the trial tells it what it takes.
type trialPool struct{ now Pool }

// Pool is the trial's own, at the time of the order that is decided.
func (p *trialPool) Pool(context.Context) (Pool, error) { return p.now, nil }

// PoolNow is the same.
func (p *trialPool) PoolNow(context.Context) (Pool, error) { return p.now, nil }

// trialRules are one strategy for every demand, and what the trial has given to whom.
type trialRules struct {
	rules  *Rules
	loads  map[LoadKey]Load
	served map[string]int64
}

// Rules are the one strategy.
func (r *trialRules) Rules(context.Context) (*Rules, error) { return r.rules, nil }

// Loads are the trial's own.
func (r *trialRules) Loads(_ context.Context, keys []LoadKey) (map[LoadKey]Load, error) {
	found := map[LoadKey]Load{}
	for _, k := range keys {
		if l, given := r.loads[k]; given {
			found[k] = l
		}
	}
	return found, nil
}

// Served counts what the trial has given, over all of its orders.
func (r *trialRules) Served(context.Context, int64) (map[string]int64, error) { return r.served, nil }

// TrialResult is what a strategy made of all orders.
type TrialResult struct {
	Strategy                      string
	Orders, FilledOrders          int64
	Pieces, FilledPieces          int64
	Parcels                       int64
	FillRateBP, ParcelsPerOrderBP int64
	MeanM, P50M, P90M, MaxM       int64
	FreightMinor                  int64
	EmptiedLocations              int64
	Load                          []TrialLoad
	DifferingOrders               int64
}

// TrialLoad is what a location would have had to ship.
type TrialLoad struct {
	Location, Name string
	Orders, Pieces int64
}

// TrialOutcome is what a strategy made of one order.
type TrialOutcome struct {
	Strategy     string        `json:"strategy"`
	Filled       bool          `json:"filled"`
	Reason       string        `json:"reason,omitempty"`
	Parcels      []TrialParcel `json:"parcels,omitempty"`
	FreightMinor int64         `json:"freight_minor,omitempty"`
}

// TrialParcel is one parcel of an order.
type TrialParcel struct {
	Location  string `json:"location"`
	DistanceM int64  `json:"distance_m"`
	Pieces    int64  `json:"pieces"`
}

// maxTrialLoad bounds the locations that a result names.
const maxTrialLoad = 50

// NewTrial begins with a copy of the stock.
func NewTrial(of TrialOf) *Trial {
	own, index := of.Stock.Copy(), pool.New()
	p := &trialPool{Pool{Directory: of.Directory, Stock: index, Chart: of.Directory.Chart(index), NowUS: of.NowUS}}
	index.Tell(own.hints(index))
	always := of.Strategy
	always.For = []Selector{{}}
	rules := &trialRules{rules: &Rules{strategies: []Strategy{always}, freight: map[string]*Freight{}, fair: always.shares()}, loads: map[LoadKey]Load{}, served: map[string]int64{}}
	if of.Freight != nil {
		rules.rules.freight[always.Freight] = of.Freight
	}
	t := &Trial{stock: own, pool: p, rules: rules, result: TrialResult{Strategy: of.Strategy.Label()}, load: map[string]*TrialLoad{}, emptied: map[string]bool{}}
	t.search = Search{Stock: own, Pool: p, Shares: SharesAll{}, Sharing: of.Sharing, Categories: of.Categories, Rules: rules, Strategy: always,
		ClockUS: func(context.Context) (int64, error) { return of.NowUS, nil }, Hit: func(string) {}}
	return t
}

// Order allocates one more order and takes its goods from the copy. A demand that no location can fill is an outcome, not
// an error.
func (t *Trial) Order(ctx context.Context, d Demand) (TrialOutcome, error) {
	out := TrialOutcome{Strategy: t.result.Strategy}
	t.result.Orders++
	for _, l := range d.Lines {
		t.result.Pieces += l.Quantity
	}
	d, plan, candidates, err := t.decide(ctx, d)
	if reason, refused := whyNot(err); refused {
		out.Reason = reason
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Filled = true
	t.result.FilledOrders++
	for _, c := range plan.Chosen {
		out.Parcels = append(out.Parcels, TrialParcel{Location: candidates[c].Location.Code, DistanceM: candidates[c].DistanceM})
	}
	weight := map[string]int64{} // of what each location ships
	lines := map[string]DemandLine{}
	for _, l := range d.Lines {
		lines[l.ID] = l
	}
	for _, take := range plan.Takes {
		if err := t.take(d, take, &out); err != nil {
			return out, err
		}
		weight[take.Key.Location] += lines[take.LineID].WeightG * take.Quantity
	}
	if f := d.Facts.Freight; f != nil && d.Way == Parcel {
		for _, c := range plan.Chosen {
			l := candidates[c].Location
			price, _ := f.Price(f.origin(l), f.Zone(d.Region), max(1, weight[l.Code])) // what the table does not price adds nothing
			out.FreightMinor += price
		}
	}
	t.count(d, candidates, plan, out)
	return out, nil
}

func (t *Trial) decide(ctx context.Context, d Demand) (Demand, Plan, []Candidate, error) {
	if d.Facts.NowUS > 0 {
		t.pool.now.NowUS = d.Facts.NowUS // a past order is decided at its own time of day
	}
	search, d, err := t.search.ruled(ctx, d)
	if err != nil {
		return d, Plan{}, nil, err
	}
	candidates, _, err := search.Candidates(ctx, d)
	if err != nil {
		return d, Plan{}, nil, err
	}
	plan, _, err := Allocate(d, candidates, search.Strategy)
	return d, plan, candidates, err
}

// take holds the pieces on the copy.
func (t *Trial) take(d Demand, take Take, out *TrialOutcome) error {
	s := t.stock.at(take.Key)
	if s == nil {
		return broken("the plan of %s takes from %s, which is not on the shelf", d.Document, take.Key)
	}
	if err := s.Hold(take.Quantity, d.Way); err != nil {
		return err
	}
	s.version++ // the pool keeps the highest version of a row
	t.pool.now.Stock.Tell([]pool.Row{s.Row().Hint(t.pool.now.Stock.Number(take.Key.Location))})
	if s.Left(d.Way) == 0 {
		t.emptied[take.Key.Location] = true
	}
	t.result.FilledPieces += take.Quantity
	for i := range out.Parcels {
		if out.Parcels[i].Location == take.Key.Location {
			out.Parcels[i].Pieces += take.Quantity
		}
	}
	return nil
}

// count notes what the order has cost, and whose work it would be.
func (t *Trial) count(d Demand, candidates []Candidate, plan Plan, out TrialOutcome) {
	lines := map[string]int64{}
	for _, take := range plan.Takes {
		lines[take.Key.Location]++
	}
	for i, p := range out.Parcels {
		at := candidates[plan.Chosen[i]].Location
		t.metres = append(t.metres, p.DistanceM)
		l := t.load[p.Location]
		if l == nil {
			l = &TrialLoad{Location: p.Location, Name: at.Name}
			t.load[p.Location] = l
		}
		l.Orders++
		l.Pieces += p.Pieces
		t.rules.served[at.Org]++
		if key, counted := at.loadKey(d, d.Facts.NowUS); counted {
			given := t.rules.loads[key]
			t.rules.loads[key] = Load{Day: key.Day, Orders: given.Orders + 1, Lines: given.Lines + lines[p.Location]}
		}
	}
	t.result.Parcels += int64(len(out.Parcels))
	t.result.FreightMinor += out.FreightMinor
}

// Result sums up. first are the outcomes' own differences, counted by the caller.
func (t *Trial) Result(differing int64) TrialResult {
	r := t.result
	r.DifferingOrders = differing
	r.EmptiedLocations = int64(len(t.emptied))
	r.FillRateBP, r.ParcelsPerOrderBP = inBasisPoints(r.FilledOrders, r.Orders), inBasisPoints(r.Parcels, r.FilledOrders)
	if n := int64(len(t.metres)); n > 0 {
		slices.Sort(t.metres)
		sum := int64(0)
		for _, m := range t.metres {
			sum += m
		}
		r.MeanM = (sum + n/2) / n
		r.P50M, r.P90M, r.MaxM = percentile(t.metres, 50), percentile(t.metres, 90), t.metres[n-1]
	}
	for _, l := range t.load {
		r.Load = append(r.Load, *l)
	}
	slices.SortFunc(r.Load, func(a, b TrialLoad) int {
		return cmp.Or(cmp.Compare(b.Orders, a.Orders), cmp.Compare(b.Pieces, a.Pieces), strings.Compare(a.Location, b.Location))
	})
	r.Load = r.Load[:min(len(r.Load), maxTrialLoad)]
	return r
}

// Differs says whether two strategies send an order from different places, or only one of them can fill it.
func (o TrialOutcome) Differs(other TrialOutcome) bool {
	if o.Filled != other.Filled || len(o.Parcels) != len(other.Parcels) {
		return true
	}
	return !slices.EqualFunc(byPlace(o.Parcels), byPlace(other.Parcels), func(a, b TrialParcel) bool { return a.Location == b.Location && a.Pieces == b.Pieces })
}

func byPlace(parcels []TrialParcel) []TrialParcel {
	sorted := slices.Clone(parcels)
	slices.SortFunc(sorted, func(a, b TrialParcel) int { return strings.Compare(a.Location, b.Location) })
	return sorted
}

// whyNot says why a demand cannot be filled, if that is what the error says.
func whyNot(err error) (string, bool) {
	if short, ok := errors.AsType[Short](err); ok {
		return short.Error(), true
	}
	if none, ok := errors.AsType[NoLocation](err); ok {
		return none.Error(), true
	}
	if unknown, ok := errors.AsType[UnknownLocation](err); ok {
		return unknown.Error(), true
	}
	return "", false
}

// inBasisPoints is part / whole, rounded half up; 0 of nothing.
func inBasisPoints(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return (part*20_000 + whole) / (2 * whole)
}

// percentile is the nearest-rank percentile of sorted values.
func percentile(sorted []int64, percent int) int64 {
	n := len(sorted)
	return sorted[max(0, (n*percent+99)/100-1)]
}
