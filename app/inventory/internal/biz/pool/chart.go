package pool

import (
	"math"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// Spot is a location as a planner sees it.
type Spot struct {
	Code  string
	Point *geo.Point // nil: not known
	// Open says that every channel may promise its stock.
	Open bool
	// First is before the others when no distance counts.
	First bool
}

// Chart is a list of locations by the numbers of an index. It never changes: when the locations do, another takes its place.
type Chart struct {
	numbers []uint32 // by place in the list
	refs    []int32  // by number: place in the list, or -1
	vectors []geo.Vector
	all     Set
	open    Set
	order   []int32 // by number: rank when no distance counts
	levels  [][]box // of 64 numbers, then of fanout boxes of the level below
}

// fanout is how many boxes a larger one holds.
const fanout = 8

// nowhere is far from every place: locations without a position are never near.
var nowhere = geo.Vector{9, 9, 9}

// box holds the places of a run of numbers. Numbers follow the places, so it is small.
type box struct{ low, high geo.Vector }

func (b *box) grow(o box) {
	for axis := range b.low {
		b.low[axis], b.high[axis] = min(b.low[axis], o.low[axis]), max(b.high[axis], o.high[axis])
	}
}

// squared is at most the squared chord to any place in the box: also after rounding, since each step keeps the order.
func (b *box) squared(at geo.Vector) float64 {
	dx := max(b.low[0]-at[0], at[0]-b.high[0], 0)
	dy := max(b.low[1]-at[1], at[1]-b.high[1], 0)
	dz := max(b.low[2]-at[2], at[2]-b.high[2], 0)
	return float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
}

// NewChart numbers the locations of a list, which is sorted by code. tree holds those with a position; its references are
// places in the list. Where numbers are new, they follow the tree.
func NewChart(x *Index, spots []Spot, tree *geo.Index) *Chart {
	for _, ref := range tree.Refs() {
		x.Number(spots[ref].Code)
	}
	c := &Chart{numbers: make([]uint32, len(spots))}
	for ref, spot := range spots {
		c.numbers[ref] = x.Number(spot.Code)
	}
	n := 0
	if len(spots) > 0 {
		n = int(slices.Max(c.numbers)) + 1
	}
	c.refs, c.order, c.vectors = make([]int32, n), make([]int32, n), make([]geo.Vector, n)
	for i := range c.refs {
		c.refs[i], c.order[i], c.vectors[i] = -1, math.MaxInt32, nowhere
	}
	rank := int32(0)
	for _, first := range []bool{true, false} {
		for ref, spot := range spots {
			if spot.First == first {
				c.order[c.numbers[ref]] = rank
				rank++
			}
		}
	}
	for ref, spot := range spots {
		number := c.numbers[ref]
		c.refs[number] = int32(ref)
		c.all.Add(number)
		if spot.Point != nil {
			c.vectors[number] = spot.Point.Vector()
		}
		if spot.Open {
			c.open.Add(number)
		}
	}
	c.pack()
	return c
}

// pack makes the boxes, level by level.
func (c *Chart) pack() {
	var level []box
	for run := range slices.Chunk(c.vectors, 64) {
		b := box{nowhere, geo.Vector{-9, -9, -9}}
		for _, v := range run {
			if v != nowhere {
				b.grow(box{v, v})
			}
		}
		level = append(level, b)
	}
	for {
		c.levels = append(c.levels, level)
		if len(level) <= fanout {
			return
		}
		var above []box
		for run := range slices.Chunk(level, fanout) {
			b := run[0]
			for _, o := range run[1:] {
				b.grow(o)
			}
			above = append(above, b)
		}
		level = above
	}
}

// Ref is the place in the list of the location with a number; false: the list does not have it.
func (c *Chart) Ref(n uint32) (int, bool) {
	if int(n) >= len(c.refs) || c.refs[n] < 0 {
		return 0, false
	}
	return int(c.refs[n]), true
}

// Number is that of the location at a place in the list.
func (c *Chart) Number(ref int) uint32 { return c.numbers[ref] }

// Open says whether every channel may promise the stock of a location.
func (c *Chart) Open(n uint32) bool { return c.open.Has(n) }

// AllOpen are the locations whose stock every channel may promise. It must not be changed.
func (c *Chart) AllOpen() Set { return c.open }

// Within visits all locations within km of a point, in the order of their numbers; some may be a few millimetres beyond.
func (c *Chart) Within(from geo.Point, km float64, visit func(n uint32, mm int64)) {
	limit := geo.SquaredMM(geo.ChordMM(km))
	at := from.Vector()
	for n := range c.vectors {
		if d := c.vectors[n].Squared(at); d <= limit {
			visit(uint32(n), geo.MM(d))
		}
	}
}
