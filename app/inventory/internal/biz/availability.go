package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

const (
	fewBelow    = 5 // fewer than this are "few"
	defaultNear = 5
	maxNear     = 50
	// nearLooked are the nearest locations that are looked through for each SKU before it is looked for by itself.
	nearLooked = 128
	// borderMM: so near to a radius the distance is looked at in metres, as it is shown.
	borderMM = 2000
)

// AvailabilityQuery asks what may be promised online now.
type AvailabilityQuery struct {
	SKUs      []string
	Channel   string
	Near      *geo.Point
	RadiusM   int64 // 0: without limit
	Locations int   // how many to name of each SKU
	Location  string
}

// Availability is the answer for one SKU.
type Availability struct {
	SKU    string
	Online int64
	Near   []LocationAvailability
}

// LocationAvailability is what one location has. Exact says whether the caller may see figures.
type LocationAvailability struct {
	Location          *Location
	DistanceM         int64
	Level             string
	Exact             bool
	Online, AtTheTill int64
}

// GetAvailability tells what a channel may promise, from the pool in memory: at most a second behind the rows. Figures of
// single locations are for those who may see them; to all others they show as yes, few or no, and so does a total that is
// narrowed to a place.
//
// A kit has no stock of its own: a location has as many as its parts there make, of what the channel may promise of each.
//
// Locations count when they are active, and shared or the caller's own. Within a radius all of them do.
type GetAvailability struct {
	Pool   PoolKeeper
	Shares ChannelShares
	Kits   KitFinder
}

// Get answers for each SKU in the order asked. A SKU that nobody ever had has 0.
func (uc GetAvailability) Get(ctx context.Context, by Caller, q AvailabilityQuery) ([]Availability, error) {
	p, err := uc.Pool.Pool(ctx)
	if err != nil {
		return nil, err
	}
	kits, err := uc.Kits.Kits(ctx)
	if err != nil {
		return nil, err
	}
	share, err := uc.Shares.Share(ctx, q.Channel, kits.WithParts(q.SKUs), p.NowUS)
	if err != nil {
		return nil, err
	}
	if q.Locations = min(q.Locations, maxNear); q.Locations <= 0 {
		q.Locations = defaultNear
	}
	a := availability{pool: p, share: share, by: by, query: q}
	if err := a.place(); err != nil {
		return nil, err
	}
	answer := make([]Availability, len(q.SKUs))
	for i, shelf := range p.Stock.Shelves(q.SKUs) {
		answer[i].SKU = q.SKUs[i]
		a.sku, a.shelf, a.limit, a.kit = q.SKUs[i], shelf, p.limit(share, q.SKUs[i]), a.kit[:0]
		a.from = kits.partsOf(a.sku)
		if kit, is := kits[q.SKUs[i]]; is {
			a.takeApart(kit)
		}
		a.answer(&answer[i])
	}
	return answer, nil
}

// availability is a question under way; the last four are of one SKU.
type availability struct {
	pool  Pool
	share ChannelShare
	by    Caller
	query AvailabilityQuery

	asked         int      // the location of the question, by its place in the directory
	exact, rough  pool.Set // those within the radius whose figures the caller may see, and the others
	nearest       []pool.Found
	numbers       []uint32 // of the nearest
	nearestAreAll bool     // there are no others
	shown         []int

	sku   string
	from  []string // the SKUs whose figures the answer shows: its own, or those of its parts
	shelf *pool.Shelf
	limit pool.Limit
	kit   []boxed // the parts, if it is a kit; its own shelf does not count then
}

// place finds out what all SKUs have in common: which locations are asked for.
func (a *availability) place() error {
	q := a.query
	switch {
	case q.Location != "":
		var known bool
		if a.asked, known = a.pool.byCode[q.Location]; !known {
			return UnknownLocation{q.Location}
		}
		return nil
	case q.Near == nil:
		return nil
	case q.RadiusM > 0:
		a.within()
	}
	most := max(nearLooked, 2*q.Locations)
	a.nearest = a.pool.Chart.Nearest(pool.Question{From: q.Near, Most: most, WithinMM: a.withinMM(), Keep: a.keep})
	a.nearestAreAll = len(a.nearest) < most
	a.numbers = make([]uint32, len(a.nearest))
	for i, f := range a.nearest {
		a.numbers[i] = a.pool.Chart.Number(f.Ref)
	}
	return nil
}

func (a *availability) answer(item *Availability) {
	switch q := a.query; {
	case q.Location != "":
		la := a.at(a.asked)
		item.Near, item.Online = []LocationAvailability{la}, la.Online
		return
	case q.Near != nil && q.RadiusM > 0:
		item.Online = a.inRadius() - a.unseen()
	default:
		item.Online = a.total()
	}
	if a.query.Near != nil {
		item.Near = a.near()
	}
}

// counts says whether a location's stock may be promised to this caller's customers.
func (a *availability) counts(l *Location) bool {
	return l.Active && (l.Shared || l.Org == a.by.Org)
}

// keep says whether a location counts, and is within the radius.
func (a *availability) keep(ref int, mm int64) bool {
	return a.counts(a.pool.at(ref)) && (a.query.RadiusM == 0 || a.inside(mm))
}

// total is over all locations: those open to all, and the caller's own that are not.
func (a *availability) total() int64 {
	online := int64(0)
	if len(a.kit) > 0 {
		online = a.kits(a.pool.Chart.AllOpen(), exactly)
	} else {
		terms := pool.Terms{Chart: a.pool.Chart}
		if a.share != nil {
			terms.Channel, terms.Edition = a.query.Channel, a.share.Edition(a.sku)
		}
		online = a.shelf.Total(terms, a.limit, a.pool.NowUS)
	}
	for _, ref := range a.pool.own[a.by.Org] {
		online += a.figures(a.pool.Chart.Number(ref)).Online
	}
	return online
}

// figures are what a location has, within what the channel may promise.
func (a *availability) figures(n uint32) pool.Figures {
	if len(a.kit) > 0 {
		return a.kitsAt(n)
	}
	f := a.shelf.At(n, a.pool.NowUS)
	if a.limit != nil && f.Online > 0 {
		f.Online = a.limit(n, f.Online)
	}
	return f
}

// withinMM is a chord that holds the radius; 0: there is none.
func (a *availability) withinMM() int64 {
	if a.query.RadiusM == 0 {
		return 0
	}
	return geo.ChordMM(a.km())
}

func (a *availability) km() float64 { return float64(a.query.RadiusM+1) / 1000 }

// inside says whether a chord is within the radius, in metres as they are shown.
func (a *availability) inside(mm int64) bool {
	return mm < a.withinMM()-borderMM || metres(geo.ArcKM(mm)) <= a.query.RadiusM
}

// within finds the locations that count within the radius.
func (a *availability) within() {
	a.pool.Chart.Within(*a.query.Near, a.km(), func(n uint32, mm int64) {
		ref, known := a.pool.Chart.Ref(n)
		if !known || !a.keep(ref, mm) {
			return
		}
		if a.by.SeesExactly(*a.pool.at(ref)) {
			a.exact.Add(n)
		} else {
			a.rough.Add(n)
		}
	})
}

// inRadius sums over all locations within the radius.
func (a *availability) inRadius() int64 {
	if len(a.kit) > 0 {
		return a.kits(a.exact, exactly) + a.kits(a.rough, roughly)
	}
	if a.limit == nil {
		return a.shelf.Sum(a.exact, nil, a.pool.NowUS) + a.shelf.Sum(a.rough, roughly, a.pool.NowUS)
	}
	online := int64(0)
	for _, part := range []struct {
		in  pool.Set
		say func(int64) int64
	}{{a.exact, exactly}, {a.rough, roughly}} {
		a.shelf.Each(part.in, a.pool.NowUS, func(n uint32, f pool.Figures) {
			if f.Online > 0 {
				online += part.say(a.limit(n, f.Online))
			}
		})
	}
	return online
}

// unseen is what a sum has too much because it shows figures that a stocktake hides.
func (a *availability) unseen() int64 {
	more := int64(0)
	for _, l := range a.blindAt() {
		ref, known := a.pool.byCode[l]
		if !known {
			continue
		}
		if n := a.pool.Chart.Number(ref); a.exact.Has(n) {
			online := a.figures(n).Online
			more += online - roughly(online)
		}
	}
	return more
}

// blindAt are the locations where the SKU is counted blind.
func (a *availability) blindAt() []string {
	var at []string
	for shelf := range a.by.Blind {
		if slices.Contains(a.from, shelf.SKU) && !slices.Contains(at, shelf.Location) {
			at = append(at, shelf.Location)
		}
	}
	return at
}

// near names the nearest locations that have something. Mostly they are among the nearest of all; what is rare is looked
// for by itself.
func (a *availability) near() []LocationAvailability {
	if len(a.kit) > 0 {
		return a.nearKits()
	}
	if a.shelf == nil {
		return nil
	}
	a.shown = a.shelf.Shown(a.nearest, a.numbers, a.query.Locations, a.pool.NowUS, a.shown[:0])
	if len(a.shown) == a.query.Locations || a.nearestAreAll {
		list := make([]LocationAvailability, len(a.shown))
		for i, at := range a.shown {
			list[i] = a.placed(a.nearest[at].Ref, a.nearest[at].MM)
		}
		return list
	}
	return a.nearestWith([]pool.Want{{Shelf: a.shelf, Shown: true}})
}

// nearestWith looks through all locations for what is wanted.
func (a *availability) nearestWith(wants []pool.Want) []LocationAvailability {
	found := a.pool.Chart.Nearest(pool.Question{Wants: wants, From: a.query.Near, Most: a.query.Locations, WithinMM: a.withinMM(), Keep: a.keep,
		NowUS: a.pool.NowUS})
	list := make([]LocationAvailability, len(found))
	for i, f := range found {
		list[i] = a.placed(f.Ref, f.MM)
	}
	return list
}

// at is what one location has.
func (a *availability) at(ref int) LocationAvailability {
	mm := int64(0)
	if a.query.Near != nil {
		mm, _ = a.pool.Chart.Distance(a.query.Near.Vector(), a.pool.Chart.Number(ref))
	}
	return a.placed(ref, mm)
}

func (a *availability) placed(ref int, mm int64) LocationAvailability {
	l := a.pool.at(ref)
	f := a.figures(a.pool.Chart.Number(ref))
	if !l.Active {
		f = pool.Figures{}
	}
	la := LocationAvailability{Location: l, DistanceM: metres(geo.ArcKM(mm)), Level: "no"}
	switch {
	case f.Online >= fewBelow:
		la.Level = "yes"
	case f.Online > 0:
		la.Level = "few"
	}
	if la.Exact = a.by.SeesFigures(*l, a.from...); la.Exact {
		la.Online, la.AtTheTill = f.Online, f.Till
	} else {
		la.Online = roughly(f.Online)
	}
	return la
}

// roughly is what a sum that is narrowed to places may show of one of them: its level as a number.
func roughly(online int64) int64 {
	switch {
	case online >= fewBelow:
		return fewBelow
	case online > 0:
		return 1
	}
	return 0
}

func exactly(online int64) int64 { return online }
