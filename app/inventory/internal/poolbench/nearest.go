// Package poolbench measures the pool in memory: its planner, what may be promised near a point, and what it takes to have
// it. Each function gives figures of one run; comparing them, and judging, is for who calls.
package poolbench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// Latency of many calls.
type Latency struct{ P50, P99 time.Duration }

func latency(took []time.Duration) Latency {
	slices.Sort(took)
	return Latency{took[len(took)/2], took[len(took)*99/100]}
}

// most is how many locations are asked for.
const most = 8

// Nearest is the question for the nearest 8 locations that have all three SKUs.
type Nearest struct {
	chart   *pool.Chart
	wants   []pool.Want
	vectors []geo.Vector
	has     [3]pool.Set
	from    []geo.Point
}

// NewNearest makes that many locations, a part of which, drawn at random for each, have each SKU; and that many places to
// ask from.
func NewNearest(locations int, part float64, questions int, seed uint64) (*Nearest, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	anywhere := func() geo.Point { return geo.Point{Lat: 18 + 30*r.Float64(), Lng: 75 + 55*r.Float64()} }
	spots, items := make([]pool.Spot, locations), make([]geo.Item, locations)
	for i := range spots {
		p := anywhere()
		spots[i] = pool.Spot{Code: fmt.Sprintf("loc_%06d", i), Point: &p, Open: true}
		items[i] = geo.Item{ID: spots[i].Code, Point: p, Ref: uint32(i)}
	}
	tree, err := geo.Build(items)
	if err != nil {
		return nil, err
	}
	x := pool.New()
	n := &Nearest{chart: pool.NewChart(x, spots, tree), vectors: make([]geo.Vector, locations)}
	// The scan goes along the same numbers, with the same sets.
	for ref, spot := range spots {
		n.vectors[n.chart.Number(ref)] = spot.Point.Vector()
	}
	for k := range n.has {
		sku := fmt.Sprint("sku", k)
		n.has[k] = make(pool.Set, (locations+63)/64)
		var rows []pool.Row
		for ref := range spots {
			if r.Float64() < part {
				at := n.chart.Number(ref)
				rows = append(rows, pool.Row{SKU: sku, At: at, Online: 1 + r.Int64N(20), Till: 30, Version: 1})
				n.has[k].Add(at)
			}
		}
		x.Tell(rows)
		n.wants = append(n.wants, pool.Want{Shelf: x.Shelf(sku), Need: 1})
	}
	for range questions {
		n.from = append(n.from, anywhere())
	}
	return n, nil
}

// Plan asks the planner.
func (n *Nearest) Plan() Latency {
	took := make([]time.Duration, len(n.from))
	for i := range n.from {
		began := time.Now()
		n.chart.Nearest(pool.Question{Wants: n.wants, From: &n.from[i], Most: most})
		took[i] = time.Since(began)
	}
	return latency(took)
}

// Scan looks at each location in turn: those that have all three, by the same sets, are compared by a dot product of unit
// vectors, without trigonometry.
func (n *Nearest) Scan() Latency {
	took := make([]time.Duration, len(n.from))
	for i := range n.from {
		began := time.Now()
		n.scan(n.from[i].Vector())
		took[i] = time.Since(began)
	}
	return latency(took)
}

type dotted struct {
	dot float64
	at  int
}

func (n *Nearest) scan(from geo.Vector) [most]dotted {
	var best [most]dotted
	for i := range best {
		best[i].dot = -2
	}
	a, b, c := n.has[0], n.has[1], n.has[2]
	for i := range n.vectors {
		if (a[i>>6]&b[i>>6]&c[i>>6])>>(i&63)&1 == 0 {
			continue
		}
		v := &n.vectors[i]
		dot := v[0]*from[0] + v[1]*from[1] + v[2]*from[2]
		if dot <= best[most-1].dot {
			continue
		}
		k := most - 1
		for ; k > 0 && dot > best[k-1].dot; k-- {
			best[k] = best[k-1]
		}
		best[k] = dotted{dot, i}
	}
	return best
}

// Same says whether both find the same locations, as far as they are not equally far.
func (n *Nearest) Same() error {
	for i := range n.from {
		from := n.from[i].Vector()
		found := n.chart.Nearest(pool.Question{Wants: n.wants, From: &n.from[i], Most: most})
		for k, x := range n.scan(from) {
			if x.dot == -2 {
				if len(found) > k {
					return fmt.Errorf("question %d: the scan found %d, the planner %d", i, k, len(found))
				}
				break
			}
			if len(found) <= k || geo.MM(n.vectors[x.at].Squared(from)) != found[k].MM {
				return fmt.Errorf("question %d: the planner's number %d is not the scan's", i, k)
			}
		}
	}
	return nil
}
