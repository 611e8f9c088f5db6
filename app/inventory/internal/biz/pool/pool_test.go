package pool

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
)

// model is the pool as a plain map: the highest version of each row.
type model map[string]map[string]map[string]Row // SKU, location, owner

func (m model) tell(code string, r Row) {
	if m[r.SKU] == nil {
		m[r.SKU] = map[string]map[string]Row{}
	}
	if m[r.SKU][code] == nil {
		m[r.SKU][code] = map[string]Row{}
	}
	if known, ok := m[r.SKU][code][r.Owner]; !ok || r.Version > known.Version {
		m[r.SKU][code][r.Owner] = r
	}
}

func (m model) at(sku, code string, nowUS int64) (f Figures) {
	for _, r := range m[sku][code] {
		f.Till += r.Till
		if r.OutageUntilUS <= nowUS {
			f.Online += r.Online
		}
	}
	return f
}

// world is a list of locations with their chart.
type world struct {
	index *Index
	spots []Spot
	chart *Chart
}

func newWorld(t require.TestingT, spots []Spot) world {
	x := New()
	return world{x, spots, chartOf(t, x, spots)}
}

func chartOf(t require.TestingT, x *Index, spots []Spot) *Chart {
	var items []geo.Item
	for i, s := range spots {
		if s.Point != nil {
			items = append(items, geo.Item{ID: s.Code, Point: *s.Point, Ref: uint32(i)})
		}
	}
	tree, err := geo.Build(items)
	require.NoError(t, err)
	return NewChart(x, spots, tree)
}

// Coordinates from a coarse grid make exact ties common.
func drawSpots(t *rapid.T, most int) []Spot {
	n := rapid.IntRange(1, most).Draw(t, "locations")
	spots := make([]Spot, n)
	for i := range spots {
		spots[i] = Spot{Code: fmt.Sprintf("s%03d", i), Open: rapid.IntRange(0, 4).Draw(t, "open") > 0, First: rapid.IntRange(0, 4).Draw(t, "first") == 0}
		if rapid.IntRange(0, 9).Draw(t, "placed") > 0 {
			spots[i].Point = &geo.Point{Lat: float64(rapid.IntRange(-3, 3).Draw(t, "lat")) * 10, Lng: float64(rapid.IntRange(-3, 3).Draw(t, "lng")) * 20}
		}
	}
	return spots
}

func drawRow(t *rapid.T, sku string, at uint32) Row {
	r := Row{SKU: sku, At: at, Version: rapid.Int64Range(1, 6).Draw(t, "version"), Online: rapid.SampledFrom([]int64{0, 0, 1, 2, 5, 1 << 40}).Draw(t, "online")}
	r.Till = r.Online + rapid.Int64Range(0, 2).Draw(t, "safety")
	if rapid.IntRange(0, 5).Draw(t, "consigned") == 0 {
		r.Owner = rapid.SampledFrom([]string{"BRAND", "OTHER"}).Draw(t, "owner")
	}
	if rapid.IntRange(0, 7).Draw(t, "outage") == 0 {
		r.OutageUntilUS = rapid.Int64Range(1, 20).Draw(t, "until")
	}
	return r
}

func TestTheIndexKeepsTheHighestVersionInWhateverOrderItIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, drawSpots(t, 200))
		m := model{}
		skus := []string{"A", "B", "C"}
		seen := map[string]Row{}
		for range rapid.IntRange(0, 8).Draw(t, "turns") {
			var rows []Row
			for range rapid.IntRange(0, 60).Draw(t, "rows") {
				i := rapid.IntRange(0, len(w.spots)-1).Draw(t, "at")
				r := drawRow(t, rapid.SampledFrom(skus).Draw(t, "sku"), w.index.Number(w.spots[i].Code))
				// One version of a row has one content.
				id := fmt.Sprint(r.SKU, r.At, r.Owner, r.Version)
				if known, ok := seen[id]; ok {
					r = known
				}
				seen[id] = r
				m.tell(w.spots[i].Code, r)
				rows = append(rows, r)
			}
			w.index.Tell(rows)
			for _, sku := range skus { // sums that are remembered follow what is told
				sum := int64(0)
				for _, spot := range w.spots {
					if spot.Open {
						sum += m.at(sku, spot.Code, 10).Online
					}
				}
				require.Equal(t, sum, w.index.Shelf(sku).Total(Terms{Channel: "a", Chart: w.chart}, nil, 10))
			}
		}
		rows := 0
		for _, sku := range skus {
			shelf := w.index.Shelf(sku)
			some := 0
			for i, spot := range w.spots {
				n := w.index.Number(spot.Code)
				for _, now := range []int64{0, 10, 30} {
					require.Equal(t, m.at(sku, spot.Code, now), shelf.At(n, now), "%s at %s", sku, spot.Code)
				}
				owners := map[string]int64{}
				for _, r := range shelf.Owners(n) {
					owners[r.Owner] = r.Online
				}
				want := map[string]int64{}
				for owner, r := range m[sku][spot.Code] {
					want[owner] = r.Online
				}
				require.Equal(t, want, owners, "figures per owner, %s at %s", sku, w.spots[i].Code)
				if slices.ContainsFunc(shelf.Owners(n), func(r Row) bool { return r.Online > 0 }) {
					some++
				}
			}
			if shelf != nil {
				require.Equal(t, some, shelf.some)
			}
			rows += len(m[sku])
			total := map[int64]int64{}
			for _, now := range []int64{10, 10, 30, 30} { // every second one from memory
				total[now] = 0
				var open Set
				for _, spot := range w.spots {
					if spot.Open {
						total[now] += m.at(sku, spot.Code, now).Online
						open.Add(w.index.Number(spot.Code))
					}
				}
				require.Equal(t, total[now], shelf.Total(Terms{Channel: "a", Chart: w.chart}, nil, now))
				require.Equal(t, total[now], shelf.Sum(open, nil, now))
				require.Equal(t, total[now], shelf.Sum(open, func(online int64) int64 { return online }, now))
				half := int64(0)
				for _, spot := range w.spots {
					if spot.Open {
						half += m.at(sku, spot.Code, now).Online / 2
					}
				}
				require.Equal(t, half, shelf.Total(Terms{Channel: "b", Chart: w.chart}, func(_ uint32, online int64) int64 { return online / 2 }, now))
			}
		}
		require.Equal(t, rows, w.index.Rows())
	})
}

func TestThePlannerEqualsABruteForceScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, drawSpots(t, 150))
		m := model{}
		skus := []string{"A", "B", "C"}
		for _, sku := range skus {
			share := rapid.SampledFrom([]int{0, 1, 50, 100}).Draw(t, "share of "+sku)
			var rows []Row
			for _, spot := range w.spots {
				if rapid.IntRange(1, 100).Draw(t, "has") <= share {
					r := drawRow(t, sku, w.index.Number(spot.Code))
					m.tell(spot.Code, r)
					rows = append(rows, r)
				}
			}
			w.index.Tell(rows)
		}
		q := Question{Most: rapid.IntRange(1, 12).Draw(t, "most"), NowUS: 10}
		if rapid.IntRange(0, 4).Draw(t, "somewhere") > 0 {
			q.From = &geo.Point{Lat: float64(rapid.IntRange(-3, 3).Draw(t, "lat")) * 10, Lng: float64(rapid.IntRange(-30, 30).Draw(t, "lng"))}
			if rapid.Bool().Draw(t, "bounded") {
				q.WithinMM = geo.ChordMM(3000)
			}
		}
		odd := rapid.Bool().Draw(t, "odd only")
		q.Keep = func(ref int, _ int64) bool { return !odd || ref%2 == 1 }
		limit := func(_ uint32, online int64) int64 { return online - 1 }
		for i, sku := range skus[:rapid.IntRange(0, 3).Draw(t, "wants")] {
			want := Want{Shelf: w.index.Shelf(sku), Need: rapid.Int64Range(1, 3).Draw(t, "need")}
			if i == 0 {
				want.Limit = limit
			}
			q.Wants = append(q.Wants, want)
		}
		var all []Found
		for ref, spot := range w.spots {
			has := q.Keep(ref, 0)
			for i, want := range q.Wants {
				online := m.at(skus[i], spot.Code, q.NowUS).Online
				if i == 0 {
					online--
				}
				has = has && online >= want.Need
			}
			f := Found{ref, int64(w.chart.order[w.index.Number(spot.Code)])}
			if q.From != nil {
				if spot.Point == nil {
					continue
				}
				f.MM = geo.MM(q.From.Vector().Squared(spot.Point.Vector()))
			}
			if has && (len(q.Wants) > 0 || q.From != nil) && (q.WithinMM == 0 || f.MM <= q.WithinMM) {
				all = append(all, f)
			}
		}
		slices.SortFunc(all, func(a, b Found) int { return cmp.Or(cmp.Compare(a.MM, b.MM), cmp.Compare(a.Ref, b.Ref)) })
		want := all[:min(len(all), q.Most)]
		require.Equal(t, len(want), len(w.chart.Nearest(q)))
		for i, f := range w.chart.Nearest(q) {
			require.Equal(t, want[i], f)
		}
		// Both ways of the planner give the same, whatever it would choose.
		if q.From != nil && len(q.Wants) > 0 && !slices.ContainsFunc(q.Wants, func(w Want) bool { return w.Shelf == nil }) {
			a := answer{chart: w.chart, q: q, wants: q.Wants, at: q.From.Vector(), limit: math.Inf(1)}
			a.intersect()
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(a.found()))
			if !slices.ContainsFunc(q.Wants, func(w Want) bool { return w.Shelf.many == nil }) {
				a.best, a.limit = nil, math.Inf(1)
				a.outwards()
				require.Equal(t, fmt.Sprint(want), fmt.Sprint(a.found()))
			}
		}
	})
}

func TestRichestFindsWhereMostIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, drawSpots(t, 60))
		type rich struct {
			ref    int
			pieces int64
		}
		var all []rich
		var rows []Row
		for ref, spot := range w.spots {
			pieces := rapid.Int64Range(0, 4).Draw(t, "pieces")
			rows = append(rows, Row{SKU: "A", At: w.index.Number(spot.Code), Online: pieces, Till: pieces, Version: 1})
			if pieces > 0 && ref%3 > 0 {
				all = append(all, rich{ref, pieces})
			}
		}
		w.index.Tell(rows)
		slices.SortStableFunc(all, func(a, b rich) int { return cmp.Compare(b.pieces, a.pieces) })
		want := []int{}
		for _, r := range all[:min(5, len(all))] {
			want = append(want, r.ref)
		}
		require.Equal(t, want, w.chart.Richest(Want{Shelf: w.index.Shelf("A")}, 5, 0, func(ref int) bool { return ref%3 > 0 }))
	})
}
