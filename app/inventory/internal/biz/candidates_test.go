package biz

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/geo"
)

// town is a fake of the locations and their stock; it counts what is read.
type town struct {
	*Directory
	stock []*Stock
	asked []int // locations of each read
	rare  int
}

type finder struct{ *town }

func (f finder) Directory(context.Context) (*Directory, error) { return f.town.Directory, nil }

func (f finder) Fresh(_ context.Context, codes []string) ([]Location, error) {
	var found []Location
	for _, c := range codes {
		if l, ok := f.town.Directory.Get(c); ok {
			found = append(found, l)
		}
	}
	return found, nil
}

func (w *town) AtLocations(_ context.Context, skus, locations []string) ([]*Stock, error) {
	w.asked = append(w.asked, len(locations))
	var found []*Stock
	for _, s := range w.stock {
		if slices.Contains(skus, s.key.SKU) && slices.Contains(locations, s.key.Location) {
			found = append(found, s)
		}
	}
	return found, nil
}

func (w *town) WithSome(_ context.Context, skus []string, limit int) ([]*Stock, bool, error) {
	w.rare++
	var found []*Stock
	for _, s := range w.stock {
		if slices.Contains(skus, s.key.SKU) && s.onHand > s.reserved {
			found = append(found, s)
		}
	}
	return found[:min(len(found), limit)], len(found) > limit, nil
}

// street has n stores, each a bit farther; those in has have the SKUs.
func street(t *testing.T, n int, has map[int]string) *town {
	t.Helper()
	w := &town{}
	var locations []Location
	for i := range n {
		l := Location{Code: fmt.Sprintf("S-%05d", i), Org: "HQ", Kind: DirectStore, Active: true, Ways: WaysOf(Parcel, LocalDelivery), Point: &geo.Point{Lat: 31.2304 + float64(i)*0.0005, Lng: 121.4737}}
		locations = append(locations, l)
		for _, sku := range has[i] {
			s, err := RestoreStock(StockRow{Key: StockKey{string(sku), l.Code, "HQ"}, Org: "HQ", OnHand: 1})
			require.NoError(t, err)
			w.stock = append(w.stock, s)
		}
	}
	var err error
	w.Directory, err = NewDirectory(locations)
	require.NoError(t, err)
	return w
}

func searchIn(w *town) Search {
	return Search{Locations: finder{w}, Stock: w, Strategy: NearThenSplit(), Hit: func(string) {}}
}

func TestTheSearchStopsAtTheRingThatHasAll(t *testing.T) {
	w := street(t, 3000, map[int]string{40: "A", 50: "AB", 2000: "AB"})
	candidates, _, err := searchIn(w).Candidates(t.Context(), demand(want("1", "A", 1), want("2", "B", 1)))
	require.NoError(t, err)
	require.Equal(t, []int{32, 32}, w.asked)
	require.Len(t, candidates, 64)
	plan, _, err := Allocate(demand(want("1", "A", 1), want("2", "B", 1)), candidates, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-00050", plan.Takes[0].Key.Location)
}

func TestRareStockFarAwayIsFoundWithoutReadingAllOnTheWay(t *testing.T) {
	w := street(t, 3000, map[int]string{40: "A", 2500: "B", 2900: "AB"})
	candidates, _, err := searchIn(w).Candidates(t.Context(), demand(want("1", "A", 1), want("2", "B", 1)))
	require.NoError(t, err)
	read := 0
	for _, n := range w.asked {
		read += n
	}
	require.Equal(t, maxRinged, read)
	require.Equal(t, 1, w.rare)
	require.Len(t, candidates, maxRinged+2)
	require.True(t, slices.IsSortedFunc(candidates, func(a, b Candidate) int { return int(a.DistanceM - b.DistanceM) }))
	plan, _, err := Allocate(demand(want("1", "A", 1), want("2", "B", 1)), candidates, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-02900", plan.Takes[0].Key.Location, "one far parcel before two")
}

func TestLocalDeliveryStaysWithinItsRadius(t *testing.T) {
	w := street(t, 1000, map[int]string{600: "A"})
	d := demand(want("1", "A", 1))
	d.Way = LocalDelivery
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	require.Less(t, len(candidates), 600)
	_, _, err = Allocate(d, candidates, NearThenSplit())
	require.ErrorAs(t, err, &Short{})
}
