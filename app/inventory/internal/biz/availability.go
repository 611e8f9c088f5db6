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
	Location          Location
	DistanceM         int64
	Level             string
	Exact             bool
	Online, AtTheTill int64
}

// GetAvailability tells what a channel may promise, from the pool in memory: at most a second behind the rows. Figures of
// single locations are for those who may see them; to all others they show as yes, few or no, and so does a total that is
// narrowed to a place.
//
// Locations count when they are active, and shared or the caller's own. Within a radius all of them do.
type GetAvailability struct {
	Pool   PoolKeeper
	Shares ChannelShares
}

// Get answers for each SKU in the order asked. A SKU that nobody ever had has 0.
func (uc GetAvailability) Get(ctx context.Context, by Caller, q AvailabilityQuery) ([]Availability, error) {
	p, err := uc.Pool.Pool(ctx)
	if err != nil {
		return nil, err
	}
	share, err := uc.Shares.Share(ctx, q.Channel)
	if err != nil {
		return nil, err
	}
	if q.Locations = min(q.Locations, maxNear); q.Locations <= 0 {
		q.Locations = defaultNear
	}
	a := availability{pool: p, share: share, by: by, query: q}
	if q.Location != "" {
		var known bool
		if a.place, known = p.byCode[q.Location]; !known {
			return nil, UnknownLocation{q.Location}
		}
	} else if q.Near != nil && q.RadiusM > 0 {
		a.around = a.within()
	}
	answer := make([]Availability, len(q.SKUs))
	for i, shelf := range p.Stock.Shelves(q.SKUs) {
		answer[i].SKU = q.SKUs[i]
		a.sku, a.shelf, a.limit = q.SKUs[i], shelf, p.limit(share, q.SKUs[i])
		a.answer(&answer[i])
	}
	return answer, nil
}

// availability is a question under way; the last three are of one SKU.
type availability struct {
	pool   Pool
	share  ChannelShare
	by     Caller
	query  AvailabilityQuery
	place  int         // of the asked location in the directory
	around pool.Around // within the radius

	sku   string
	shelf *pool.Shelf
	limit pool.Limit
}

func (a *availability) answer(item *Availability) {
	switch q := a.query; {
	case q.Location != "":
		la := a.at(a.place)
		item.Near, item.Online = []LocationAvailability{la}, la.Online
	case q.Near != nil && q.RadiusM > 0:
		a.inRadius(item)
	case q.Near != nil:
		found := a.pool.Chart.Nearest(pool.Question{Wants: []pool.Want{{Shelf: a.shelf, Shown: true}}, From: q.Near, Most: q.Locations, NowUS: a.pool.NowUS,
			Keep: func(ref int, _ int64) bool { return a.counts(a.pool.at(ref)) }})
		for _, f := range found {
			item.Near = append(item.Near, a.at(f.Ref))
		}
		item.Online = a.total()
	default:
		item.Online = a.total()
	}
}

// counts says whether a location's stock may be promised to this caller's customers.
func (a *availability) counts(l *Location) bool {
	return l.Active && (l.Shared || l.Org == a.by.Org)
}

// total is over all locations: those open to all, and the caller's own that are not.
func (a *availability) total() int64 {
	terms := pool.Terms{Chart: a.pool.Chart}
	if a.share != nil {
		terms.Channel, terms.Edition = a.query.Channel, a.share.Edition(a.sku)
	}
	online := a.shelf.Total(terms, a.limit, a.pool.NowUS)
	for _, ref := range a.pool.own[a.by.Org] {
		online += a.figures(a.pool.Chart.Number(ref)).Online
	}
	return online
}

// figures are what a location has, within what the channel may promise.
func (a *availability) figures(n uint32) pool.Figures {
	return a.limited(n, a.shelf.At(n, a.pool.NowUS))
}

func (a *availability) limited(n uint32, f pool.Figures) pool.Figures {
	if a.limit != nil && f.Online > 0 {
		f.Online = a.limit(n, f.Online)
	}
	return f
}

// within finds the locations that count within the radius, in metres as they are shown.
func (a *availability) within() pool.Around {
	km := float64(a.query.RadiusM+1) / 1000
	border := geo.ChordMM(km) - borderMM
	return a.pool.Chart.Within(*a.query.Near, km, func(n uint32, mm int64) bool {
		ref, known := a.pool.Chart.Ref(n)
		return known && a.counts(a.pool.at(ref)) && (mm < border || metres(geo.ArcKM(mm)) <= a.query.RadiusM)
	})
}

// inRadius sums over all locations within the radius, and names the nearest.
func (a *availability) inRadius(item *Availability) {
	type near struct {
		mm  int64
		ref int
	}
	nearest := make([]near, 0, maxNear)
	exactly := a.by.Service || a.by.Headquarters
	a.shelf.Each(a.around.In, a.pool.NowUS, func(n uint32, f pool.Figures) {
		if f.Till <= 0 {
			return
		}
		ref, _ := a.pool.Chart.Ref(n)
		online := a.limited(n, f).Online
		if !exactly && !a.by.SeesExactly(*a.pool.at(ref)) {
			online = roughly(online)
		}
		item.Online += online
		x := near{a.around.MM(n), ref}
		at := len(nearest)
		for at > 0 && (x.mm < nearest[at-1].mm || x.mm == nearest[at-1].mm && x.ref < nearest[at-1].ref) {
			at--
		}
		if at == a.query.Locations {
			return
		}
		if len(nearest) == a.query.Locations {
			nearest = nearest[:len(nearest)-1]
		}
		nearest = slices.Insert(nearest, at, x)
	})
	for _, x := range nearest {
		item.Near = append(item.Near, a.at(x.ref))
	}
}

// at is what one location has.
func (a *availability) at(ref int) LocationAvailability {
	l := a.pool.at(ref)
	n := a.pool.Chart.Number(ref)
	p := Placed{Location: *l}
	if a.query.Near != nil {
		if mm, placed := a.pool.Chart.Distance(a.query.Near.Vector(), n); placed {
			p.DistanceM = metres(geo.ArcKM(mm))
		}
	}
	return levelled(a.by, p, a.figures(n))
}

func levelled(by Caller, p Placed, f pool.Figures) LocationAvailability {
	if !p.Location.Active {
		f = pool.Figures{}
	}
	la := LocationAvailability{Location: p.Location, DistanceM: p.DistanceM, Level: "no"}
	switch {
	case f.Online >= fewBelow:
		la.Level = "yes"
	case f.Online > 0:
		la.Level = "few"
	}
	if la.Exact = by.SeesExactly(p.Location); la.Exact {
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
