package biz

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// Directory is all locations as they were at one moment. It never changes: a new one takes its place. What it says is a
// hint; the decision under the lock asks the rows again.
type Directory struct {
	list   []Location // by code
	byCode map[string]int
	index  *geo.Index // those with a position; Ref is the number in list
	// own are the active locations of each organisation that nobody else may sell from.
	own map[string][]int
	// guarded are those with a territory; franchisees are the organisations that have a franchise store.
	guarded     []int
	franchisees map[string]bool
}

// Placed is a location and how far it is.
type Placed struct {
	Location  Location
	DistanceM int64
}

// NewDirectory takes the locations over.
func NewDirectory(locations []Location) (*Directory, error) {
	d := &Directory{list: slices.Clone(locations), byCode: make(map[string]int, len(locations)), own: map[string][]int{}, franchisees: map[string]bool{}}
	slices.SortFunc(d.list, func(a, b Location) int { return cmp.Compare(a.Code, b.Code) })
	items := make([]geo.Item, 0, len(d.list))
	for i, l := range d.list {
		d.byCode[l.Code] = i
		if l.Active && !l.Shared {
			d.own[l.Org] = append(d.own[l.Org], i)
		}
		if l.Profile != nil && l.Profile.territory != nil {
			d.guarded = append(d.guarded, i)
		}
		if l.Kind == FranchiseStore {
			d.franchisees[l.Org] = true
		}
		if l.Point != nil {
			items = append(items, geo.Item{ID: l.Code, Point: *l.Point, Ref: uint32(i)})
		}
	}
	var err error
	d.index, err = geo.Build(items)
	return d, err
}

// Get finds a location by its code.
func (d *Directory) Get(code string) (Location, bool) {
	i, ok := d.byCode[code]
	if !ok {
		return Location{}, false
	}
	return d.list[i], true
}

// Any says whether a location is of some sort.
func (d *Directory) Any(of func(Location) bool) bool { return slices.ContainsFunc(d.list, of) }

// Len is the number of locations.
func (d *Directory) Len() int { return len(d.list) }

// at is the location at a place in the list.
func (d *Directory) at(ref int) *Location { return &d.list[ref] }

// Chart numbers the locations for the pool's index. Open are those whose stock every channel may promise.
func (d *Directory) Chart(x *pool.Index) *pool.Chart {
	spots := make([]pool.Spot, len(d.list))
	for i := range d.list {
		l := &d.list[i]
		spots[i] = pool.Spot{Code: l.Code, Point: l.Point, Open: l.Active && l.Shared, First: l.Kind == Warehouse}
	}
	return pool.NewChart(x, spots, d.index)
}

// Near yields the locations with a position, nearest first, then by code.
func (d *Directory) Near(from geo.Point) iter.Seq[Placed] {
	return func(yield func(Placed) bool) {
		for item, km := range d.index.Walk(from) {
			if !yield(Placed{Location: d.list[item.Ref], DistanceM: metres(km)}) {
				return
			}
		}
	}
}

// Ranked yields the locations in the order in which this demand prefers them: the chosen store alone; else the nearest
// first; else, where the goods go being unknown, warehouses by code, then stores by code.
func (d *Directory) Ranked(demand Demand) iter.Seq[Placed] {
	switch {
	case demand.Way.AtTheStore():
		return func(yield func(Placed) bool) {
			if l, ok := d.Get(demand.Location); ok {
				yield(Placed{Location: l})
			}
		}
	case demand.Destination != nil:
		return d.Near(*demand.Destination)
	}
	return func(yield func(Placed) bool) {
		for _, warehouses := range []bool{true, false} {
			for _, l := range d.list {
				if (l.Kind == Warehouse) == warehouses && !yield(Placed{Location: l}) {
					return
				}
			}
		}
	}
}

func metres(km float64) int64 { return int64(math.Round(km * 1000)) }
