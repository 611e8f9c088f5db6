package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// byForce sorts all items the slow way, in the same unit.
func byForce(items []Item, from Point) []string {
	at := from.Vector()
	type far struct {
		id string
		mm int64
	}
	all := make([]far, len(items))
	for i, item := range items {
		v := item.Vector()
		all[i] = far{item.ID, chordMM(v[0]-at[0], v[1]-at[1], v[2]-at[2])}
	}
	slices.SortFunc(all, func(a, b far) int {
		if a.mm != b.mm {
			return int(min(1, max(-1, a.mm-b.mm)))
		}
		return strings.Compare(a.id, b.id)
	})
	ids := make([]string, len(all))
	for i, f := range all {
		ids[i] = f.id
	}
	return ids
}

// Coordinates from a coarse grid make exact ties common; the poles and the date line are in it.
func point(t *rapid.T, label string) Point {
	if rapid.Bool().Draw(t, label+" on the grid") {
		return Point{Lat: float64(rapid.IntRange(-6, 6).Draw(t, label+" lat")) * 15, Lng: float64(rapid.IntRange(-6, 6).Draw(t, label+" lng")) * 30}
	}
	return Point{Lat: rapid.Float64Range(-90, 90).Draw(t, label+" lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, label+" lng")}
}

func TestWalkEqualsBruteForceWithTiesByID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 120).Draw(t, "n")
		items := make([]Item, n)
		for i := range items {
			items[i] = Item{ID: fmt.Sprintf("s%03d", i*37%n), Point: point(t, "item"), Ref: uint32(i)}
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "same place") == 0 {
				items[i].Point = items[i-1].Point
			}
		}
		if n%37 == 0 {
			for i := range items {
				items[i].ID = fmt.Sprintf("s%03d", i)
			}
		}
		x, err := Build(items)
		require.NoError(t, err)
		require.Equal(t, n, x.Len())
		from := point(t, "from")
		want := byForce(items, from)
		var got []string
		last := -1.0
		for item, km := range x.Walk(from) {
			got = append(got, item.ID)
			require.GreaterOrEqual(t, km, last)
			require.InDelta(t, Haversine(from, item.Point), km, 0.2) // near the antipode a chord hardly grows
			require.Equal(t, item.Point, items[item.Ref].Point)
			last = km
		}
		require.Equal(t, len(want), len(got))
		require.Equal(t, strings.Join(want, " "), strings.Join(got, " "))

		k := rapid.IntRange(-1, n+1).Draw(t, "k")
		even := func(item Item) bool { return item.Ref%2 == 0 }
		var kept []string
		for _, id := range want {
			i := slices.IndexFunc(items, func(item Item) bool { return item.ID == id })
			if even(items[i]) && len(kept) < k {
				kept = append(kept, id)
			}
		}
		var nearest []string
		for _, neighbour := range x.Nearest(from, k, even) {
			nearest = append(nearest, neighbour.ID)
		}
		require.Equal(t, kept, nearest)
	})
}

func TestAWalkCanStopAndTheIndexBeSharedAfterwards(t *testing.T) {
	items := random(500, 1)
	x, err := Build(items)
	require.NoError(t, err)
	for item := range x.Walk(Point{30, 120}) {
		_ = item
		break
	}
	// A walk inside a walk must not share a queue with it.
	outer := 0
	for item := range x.Walk(Point{30, 120}) {
		require.Equal(t, item.ID, x.Nearest(item.Point, 1, nil)[0].ID)
		if outer++; outer == 50 {
			break
		}
	}
	require.Equal(t, byForce(items, Point{30, 120})[:3], []string{
		x.Nearest(Point{30, 120}, 3, nil)[0].ID, x.Nearest(Point{30, 120}, 3, nil)[1].ID, x.Nearest(Point{30, 120}, 3, nil)[2].ID})
}

func TestManyItemsOnOnePoint(t *testing.T) {
	items := make([]Item, 1000)
	for i := range items {
		items[i] = Item{ID: fmt.Sprintf("%04d", 999-i), Point: Point{31.23, 121.47}}
	}
	x, err := Build(items)
	require.NoError(t, err)
	for i, neighbour := range x.Nearest(Point{31, 121}, 1000, nil) {
		require.Equal(t, fmt.Sprintf("%04d", i), neighbour.ID)
	}
}

func TestBuildRefusesWhatCannotBe(t *testing.T) {
	for name, items := range map[string][]Item{
		"twice":     {{ID: "a"}, {ID: "b"}, {ID: "a"}},
		"latitude":  {{ID: "a", Point: Point{Lat: 90.0001}}},
		"longitude": {{ID: "a", Point: Point{Lng: -180.1}}},
		"nan":       {{ID: "a", Point: Point{Lat: math.NaN()}}},
		"infinite":  {{ID: "a", Point: Point{Lng: math.Inf(1)}}},
	} {
		_, err := Build(items)
		require.ErrorIs(t, err, ErrGeo, name)
	}
	empty, err := Build(nil)
	require.NoError(t, err)
	require.Empty(t, empty.Nearest(Point{}, 3, nil))
	one, err := Build([]Item{{ID: "a"}})
	require.NoError(t, err)
	require.Empty(t, one.Nearest(Point{Lat: math.NaN()}, 3, nil))
}

func TestHaversineKnownDistances(t *testing.T) {
	require.InDelta(t, 1067.3, Haversine(Point{39.9042, 116.4074}, Point{31.2304, 121.4737}), 1) // Beijing, Shanghai
	require.InDelta(t, math.Pi*EarthKM, Haversine(Point{0, 0}, Point{0, 180}), 1e-6)
	require.InDelta(t, math.Pi*EarthKM, Haversine(Point{90, 0}, Point{-90, 77}), 1e-6)
	require.InDelta(t, 22.239, Haversine(Point{0, 179.9}, Point{0, -179.9}), 0.001)
	require.Zero(t, Haversine(Point{12, 34}, Point{12, 34}))
}

func random(n int, seed uint64) []Item {
	r := rand.New(rand.NewPCG(seed, 0))
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{ID: fmt.Sprintf("loc_%06d", i), Point: Point{18 + 30*r.Float64(), 75 + 55*r.Float64()}, Ref: uint32(i)}
	}
	return items
}

func BenchmarkNearest10Of100000(b *testing.B) {
	x, err := Build(random(100_000, 7))
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(8, 0))
	b.ReportAllocs()
	for b.Loop() {
		x.Nearest(Point{18 + 30*r.Float64(), 75 + 55*r.Float64()}, 10, nil)
	}
}

func BenchmarkBuild100000(b *testing.B) {
	items := random(100_000, 7)
	for b.Loop() {
		if _, err := Build(items); err != nil {
			b.Fatal(err)
		}
	}
}
