package biz

import (
	"context"

	"github.com/onepool/onepool/app/internal/geo"
)

const (
	fewBelow        = 5 // fewer than this are "few"
	defaultNear     = 5
	maxNear         = 50
	nearRing        = 64
	maxNearSearched = 512
)

// AvailabilityQuery asks what may be promised online now.
type AvailabilityQuery struct {
	SKUs      []string
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

// StockTotals sums what may be promised.
type StockTotals interface {
	// OnlineTotals sums promises over active locations that are shared or belong to org.
	OnlineTotals(ctx context.Context, skus []string, org string) (map[string]int64, error)
}

// GetAvailability tells what a channel may promise. Figures of single locations are for those who may see them; to all
// others they show as yes, few or no, and so does a total that is narrowed to a place.
type GetAvailability struct {
	Locations LocationFinder
	Stock     StockReader
	Totals    StockTotals
}

// Get answers for each SKU in the order asked.
func (uc GetAvailability) Get(ctx context.Context, by Caller, q AvailabilityQuery) ([]Availability, error) {
	directory, err := uc.Locations.Directory(ctx)
	if err != nil {
		return nil, err
	}
	if q.Locations = min(q.Locations, maxNear); q.Locations <= 0 {
		q.Locations = defaultNear
	}
	items := make(map[string]*Availability, len(q.SKUs))
	for _, sku := range q.SKUs {
		items[sku] = &Availability{SKU: sku}
	}
	switch {
	case q.Location != "":
		l, known := directory.Get(q.Location)
		if !known {
			return nil, UnknownLocation{q.Location}
		}
		err = uc.at(ctx, by, q, l, items)
	case q.Near != nil:
		err = uc.near(ctx, by, q, directory, items)
	}
	if err != nil {
		return nil, err
	}
	if q.Location == "" && (q.Near == nil || q.RadiusM == 0) {
		totals, err := uc.Totals.OnlineTotals(ctx, q.SKUs, by.Org)
		if err != nil {
			return nil, err
		}
		for sku, item := range items {
			item.Online = totals[sku]
		}
	}
	answer := make([]Availability, len(q.SKUs))
	for i, sku := range q.SKUs {
		answer[i] = *items[sku]
	}
	return answer, nil
}

// at answers for one location.
func (uc GetAvailability) at(ctx context.Context, by Caller, q AvailabilityQuery, l Location, items map[string]*Availability) error {
	placed := Placed{Location: l}
	if q.Near != nil && l.Point != nil {
		placed.DistanceM = metres(geo.Haversine(*q.Near, *l.Point))
	}
	rows, err := uc.Stock.AtLocations(ctx, q.SKUs, []string{l.Code})
	if err != nil {
		return err
	}
	at := sums(rows)
	for sku, item := range items {
		la := levelled(by, placed, at[place{sku, l.Code}])
		item.Near = append(item.Near, la)
		item.Online = la.Online
	}
	return nil
}

// near walks outwards until each SKU has enough locations, in bounded rings.
func (uc GetAvailability) near(ctx context.Context, by Caller, q AvailabilityQuery, directory *Directory, items map[string]*Availability) error {
	var ring []Placed
	searched := 0
	read := func() (bool, error) {
		codes := make([]string, len(ring))
		for i, p := range ring {
			codes[i] = p.Location.Code
		}
		rows, err := uc.Stock.AtLocations(ctx, q.SKUs, codes)
		if err != nil {
			return false, err
		}
		at := sums(rows)
		enough := true
		for _, item := range items {
			for _, p := range ring {
				has := at[place{item.SKU, p.Location.Code}]
				if has.online == 0 && has.till == 0 {
					continue
				}
				la := levelled(by, p, has)
				if q.RadiusM > 0 {
					item.Online += la.Online
				}
				if len(item.Near) < q.Locations {
					item.Near = append(item.Near, la)
				}
			}
			enough = enough && len(item.Near) >= q.Locations
		}
		searched += len(ring)
		ring = ring[:0]
		// Within a radius all locations count for the sum.
		return enough && q.RadiusM == 0 || searched >= maxNearSearched, nil
	}
	for p := range directory.Near(*q.Near) {
		if q.RadiusM > 0 && p.DistanceM > q.RadiusM {
			break
		}
		if !p.Location.Active || !p.Location.Shared && p.Location.Org != by.Org {
			continue
		}
		if ring = append(ring, p); len(ring) < nearRing {
			continue
		}
		if done, err := read(); err != nil || done {
			return err
		}
	}
	if len(ring) == 0 {
		return nil
	}
	_, err := read()
	return err
}

type place struct{ sku, location string }

type figures struct{ online, till int64 }

func sums(rows []*Stock) map[place]figures {
	at := map[place]figures{}
	for _, s := range rows {
		f := at[place{s.key.SKU, s.key.Location}]
		at[place{s.key.SKU, s.key.Location}] = figures{f.online + s.Promise(), f.till + s.AtTheTill()}
	}
	return at
}

func levelled(by Caller, p Placed, f figures) LocationAvailability {
	la := LocationAvailability{Location: p.Location, DistanceM: p.DistanceM, Level: "no"}
	switch {
	case !p.Location.Active:
		f = figures{}
	case f.online >= fewBelow:
		la.Level = "yes"
	case f.online > 0:
		la.Level = "few"
	}
	if la.Exact = by.SeesExactly(p.Location); la.Exact {
		la.Online, la.AtTheTill = f.online, f.till
	} else {
		// What a sum that is narrowed to places may show: the level as a number.
		la.Online = min(f.online, int64(map[string]int{"yes": fewBelow, "few": 1}[la.Level]))
	}
	return la
}
