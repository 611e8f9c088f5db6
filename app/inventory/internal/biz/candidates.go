package biz

import (
	"cmp"
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

const (
	// looked are the nearest locations that become candidates whatever they have: the explanation says why they were passed.
	looked = 12
	// singles are the nearest locations that have all lines; there are more when all of them together have few to give, since
	// others take from them at the same time.
	singles, moreSingles = 8, 64
	// plenty is how many such orders the singles should be able to serve.
	plenty = 64
	// partly bounds the locations that have some, for a demand that no single location can fill: of each of four kinds.
	partly = 64
	// wider is how much farther is looked before a demand is refused.
	wider      = 4
	maxWalked  = 4096 // locations that are dropped on the way to the first candidates
	maxDropped = 12   // locations named in an explanation that did not become candidates
	maxRead    = 1024 // locations of one reading
)

// Search gathers the candidates of a demand. The pool in memory says where they are, at the cost of a few microseconds; then
// their rows are read, and only what these say counts. Before a demand goes on to be refused, the pool catches up with every
// commit made so far and is asked again, farther: what is in stock is found, however old the hint was.
type Search struct {
	Locations LocationFinder
	Stock     StockReader
	Pool      PoolKeeper
	Shares    ChannelShares
	// Sharing says what of the rows the channel may take, Categories what policies call SKUs; nil: all may be taken.
	Sharing    SharingReader
	Categories CategoryFinder
	ClockUS    func(ctx context.Context) (int64, error)
	// Rules choose the strategy of each demand; nil: it is always this one.
	Rules    RuleKeeper
	Strategy Strategy
	// now: the pool must know every commit made so far.
	now bool
	// Hit counts that a bound was hit: the answer is right for what was looked at, and more was there.
	Hit func(bound string)
}

// Candidates returns them ranked, and what was dropped on the way.
func (s Search) Candidates(ctx context.Context, d Demand) ([]Candidate, []Explained, error) {
	ask, wide := s.Pool.Pool, 1
	if s.now {
		ask, wide = s.Pool.PoolNow, wider
	}
	p, err := ask(ctx)
	if err != nil {
		return nil, nil, err
	}
	if d.Way.AtTheStore() {
		return s.atTheStore(ctx, d, p)
	}
	var share ChannelShare
	if d.Way != CarryOut { // at the till no policy counts
		if share, err = s.Shares.Share(ctx, d.Channel, d.SKUs(), p.NowUS); err != nil {
			return nil, nil, err
		}
	}
	found, dropped, err := s.gather(ctx, d, p, share, wide)
	if err != nil || s.now || s.enough(d, found) {
		return found, dropped, err
	}
	return s.anew().Candidates(ctx, d)
}

// anew is a search that knows every commit made so far, and looks farther.
func (s Search) anew() Search {
	s.now = true
	return s
}

// enough says whether the candidates can fill the demand, as far as can be seen without what the rows say under their lock.
func (s Search) enough(d Demand, candidates []Candidate) bool {
	if s.Strategy.ByDistance() && tabulate(d, candidates).single() >= 0 {
		return true
	}
	plan, _, err := Allocate(d, candidates, s.Strategy)
	return err == nil && len(plan.Open) == 0
}

// atTheStore reads the chosen store.
func (s Search) atTheStore(ctx context.Context, d Demand, p Pool) ([]Candidate, []Explained, error) {
	l, known := p.Get(d.Location)
	if !known {
		return nil, nil, UnknownLocation{d.Location}
	}
	var dropped Explanation
	if reason := l.drop(d); reason != "" {
		dropped.Drop(l, 0, reason)
		return nil, dropped.Candidates, nil
	}
	found, err := s.read(ctx, d, []Placed{{Location: l}})
	return found, nil, err
}

// gather asks the pool where to look, and reads what is there.
func (s Search) gather(ctx context.Context, d Demand, p Pool, share ChannelShare, wide int) ([]Candidate, []Explained, error) {
	g := &gathering{search: s, demand: d, pool: p, refs: map[int]bool{}}
	dropped := g.nearest()
	g.plan(share, wide)
	var found []Candidate
	for part := range slices.Chunk(g.ranked(), maxRead) {
		read, err := s.read(ctx, d, part)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, read...)
	}
	return found, dropped, nil
}

// gathering is the set of locations that will be read.
type gathering struct {
	search Search
	demand Demand
	pool   Pool
	refs   map[int]bool // places in the directory
}

// nearest takes the first locations in the order that the demand prefers, whatever they have.
func (g *gathering) nearest() []Explained {
	var dropped Explanation
	walked := 0
	for placed := range g.pool.Ranked(g.demand) {
		if reason := g.search.drop(g.demand, placed); reason != "" {
			if len(dropped.Candidates) < maxDropped {
				dropped.Drop(placed.Location, placed.DistanceM, reason)
			}
			if walked++; walked > maxWalked || g.demand.Way == LocalDelivery && placed.DistanceM > g.search.Strategy.LocalRadiusM {
				break // others are farther, and the planner finds those that come so far
			}
			continue
		}
		g.refs[g.pool.byCode[placed.Location.Code]] = true
		if len(g.refs) == looked {
			break
		}
	}
	return dropped.Candidates
}

// plan takes the nearest that have all lines; when there are none, or when they were not enough, those that have some: of
// most lines, enough of one line, some of one line, and most pieces of one line.
func (g *gathering) plan(share ChannelShare, wide int) {
	d := g.demand
	for _, code := range g.search.Strategy.Named(d) {
		if ref, known := g.pool.byCode[code]; known && g.keepAnywhere(ref) {
			g.refs[ref] = true
		}
	}
	q := pool.Question{From: d.Destination, Most: moreSingles * wide, NowUS: g.pool.NowUS, Keep: g.keep}
	t := tabulate(d, nil)
	for i, shelf := range g.pool.Stock.Shelves(t.skus) {
		q.Wants = append(q.Wants, pool.Want{Shelf: shelf, Need: t.need[i], Limit: g.pool.limit(share, t.skus[i])})
	}
	all := g.pool.Chart.Nearest(q)
	switch {
	case wide > 1:
		g.take(all)
	case g.search.Strategy.ByDistance():
		g.takeSingles(all, q)
	default:
		g.take(all)
		g.preferred(q)
	}
	if len(all) == 0 || wide > 1 {
		g.parts(q, wide)
	}
}

// preferred takes those that have all lines and that a strategy may rank before nearer ones.
func (g *gathering) preferred(q pool.Question) {
	q.Most = singles
	for _, first := range []func(l *Location) bool{
		func(l *Location) bool { return l.Kind == Warehouse },
		func(l *Location) bool { return l.Kind == DirectStore },
		func(l *Location) bool { return l.Kind == FranchiseStore },
		func(l *Location) bool { return l.Org == g.demand.Seller },
	} {
		q.Keep = func(ref int, mm int64) bool { return first(g.pool.at(ref)) && g.keep(ref, mm) }
		g.take(g.pool.Chart.Nearest(q))
	}
}

// parts takes those that have a part of the demand.
func (g *gathering) parts(q pool.Question, wide int) {
	each := max(4, partly/len(q.Wants)) * wide
	wants := q.Wants
	q.Most = partly * wide
	g.take(g.pool.Chart.Covering(q))
	q.Most = each
	for _, w := range wants {
		q.Wants = []pool.Want{w}
		g.take(g.pool.Chart.Nearest(q))
		w.Need = 1
		q.Wants = []pool.Want{w}
		g.take(g.pool.Chart.Nearest(q))
		for _, ref := range g.pool.Chart.Richest(w, each, q.NowUS, g.keepAnywhere) {
			g.refs[ref] = true
		}
	}
}

// takeSingles takes the nearest, until they have plenty.
func (g *gathering) takeSingles(found []pool.Found, q pool.Question) {
	orders := int64(0)
	for i, f := range found {
		if i >= singles && orders >= plenty {
			return
		}
		g.refs[f.Ref] = true
		serves := int64(plenty)
		for _, w := range q.Wants {
			serves = min(serves, w.Shelf.At(g.pool.Chart.Number(f.Ref), q.NowUS).Online/w.Need)
		}
		orders += serves
	}
}

func (g *gathering) take(found []pool.Found) {
	for _, f := range found {
		g.refs[f.Ref] = true
	}
}

func (g *gathering) keep(ref int, mm int64) bool {
	p := Placed{Location: *g.pool.at(ref)}
	if g.demand.Way == LocalDelivery {
		p.DistanceM = metres(geo.ArcKM(mm))
	}
	return g.search.drop(g.demand, p) == ""
}

// keepAnywhere is keep for a location whose distance is not known yet.
func (g *gathering) keepAnywhere(ref int) bool {
	if g.demand.Destination == nil {
		return g.keep(ref, 0)
	}
	mm, placed := g.pool.Chart.Distance(g.demand.Destination.Vector(), g.pool.Chart.Number(ref))
	return placed && g.keep(ref, mm)
}

// ranked puts what was taken in the order that the demand prefers.
func (g *gathering) ranked() []Placed {
	type ranked struct {
		ref int
		mm  int64
	}
	list := make([]ranked, 0, len(g.refs))
	var from geo.Vector
	if g.demand.Destination != nil {
		from = g.demand.Destination.Vector()
	}
	for ref := range g.refs {
		r := ranked{ref: ref}
		if g.demand.Destination != nil {
			r.mm, _ = g.pool.Chart.Distance(from, g.pool.Chart.Number(ref))
		} else if g.pool.at(ref).Kind != Warehouse {
			r.mm = 1 // warehouses come first
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.mm, b.mm), cmp.Compare(a.ref, b.ref)) })
	placed := make([]Placed, len(list))
	for i, r := range list {
		placed[i].Location = *g.pool.at(r.ref)
		if g.demand.Destination != nil {
			placed[i].DistanceM = metres(geo.ArcKM(r.mm))
		}
	}
	return placed
}

func (s Search) drop(d Demand, p Placed) string {
	if s.beyond(d, p) {
		return "beyond the radius of local delivery"
	}
	return p.Location.drop(d)
}

func (s Search) beyond(d Demand, p Placed) bool {
	says, _ := p.Location.reaches(d)
	return d.Way == LocalDelivery && !says && p.DistanceM > s.Strategy.LocalRadiusM
}

// read makes candidates of locations.
func (s Search) read(ctx context.Context, d Demand, at []Placed) ([]Candidate, error) {
	codes := make([]string, len(at))
	for i, p := range at {
		codes[i] = p.Location.Code
	}
	rows, err := s.Stock.AtLocations(ctx, d.SKUs(), codes)
	if err != nil {
		return nil, err
	}
	has := byLocation(rows)
	candidates := make([]Candidate, len(at))
	for i, p := range at {
		candidates[i] = Candidate{Location: p.Location, DistanceM: p.DistanceM, Stock: has[p.Location.Code]}
	}
	limits, err := s.limits(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := limits.apply(ctx, d, candidates); err != nil {
		return nil, err
	}
	return candidates, s.loaded(ctx, d, candidates)
}

// refresh reads the stock of the candidates again.
func (s Search) refresh(ctx context.Context, d Demand, candidates []Candidate) ([]Candidate, error) {
	fresh := make([]Candidate, 0, len(candidates))
	for part := range slices.Chunk(candidates, maxRead) {
		placed := make([]Placed, len(part))
		for i, c := range part {
			placed[i] = Placed{Location: c.Location, DistanceM: c.DistanceM}
		}
		read, err := s.read(ctx, d, placed)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, read...)
	}
	return fresh, nil
}

func byLocation(rows []*Stock) map[string][]*Stock {
	at := map[string][]*Stock{}
	for _, s := range rows {
		at[s.key.Location] = append(at[s.key.Location], s)
	}
	return at
}
