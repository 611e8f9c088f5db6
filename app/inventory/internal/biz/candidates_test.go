package biz

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// town is a fake of the locations and their stock; it counts what is read. The pool in memory knows what it was told.
type town struct {
	*Directory
	stock []*Stock
	asked []int // locations of each read
	index *pool.Index
	late  []*Stock // commits that the pool does not know until it catches up
	now   int
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

func (w *town) tell(stock ...*Stock) {
	for _, s := range stock {
		row := s.Row()
		row.Version++
		w.index.Tell([]pool.Row{row.Hint(w.index.Number(s.key.Location))})
	}
}

func (w *town) Pool(context.Context) (Pool, error) {
	return Pool{Directory: w.Directory, Stock: w.index, Chart: w.Directory.Chart(w.index)}, nil
}

func (w *town) PoolNow(ctx context.Context) (Pool, error) {
	w.now++
	w.tell(w.late...)
	return w.Pool(ctx)
}

// street has n stores, each a bit farther; those in has have the SKUs.
func street(t *testing.T, n int, has map[int]string) *town {
	t.Helper()
	w := &town{index: pool.New()}
	var locations []Location
	for i := range n {
		l := Location{Code: fmt.Sprintf("S-%05d", i), Org: "HQ", Kind: DirectStore, Active: true, Ways: WaysOf(Parcel, LocalDelivery), Point: &geo.Point{Lat: 31.2304 + float64(i)*0.0005, Lng: 121.4737}}
		locations = append(locations, l)
		for _, sku := range has[i] {
			w.put(t, string(sku), l.Code, 1)
		}
	}
	var err error
	w.Directory, err = NewDirectory(locations)
	require.NoError(t, err)
	w.tell(w.stock...)
	return w
}

func (w *town) put(t require.TestingT, sku, location string, pieces int64) *Stock {
	s, err := RestoreStock(StockRow{Key: StockKey{sku, location, "HQ"}, Org: "HQ", OnHand: pieces})
	require.NoError(t, err)
	w.stock = append(w.stock, s)
	return s
}

func searchIn(w *town) Search {
	return Search{Locations: finder{w}, Stock: w, Pool: w, Shares: SharesAll{}, Strategy: NearThenSplit(), Hit: func(string) {}}
}

func codesOf(candidates []Candidate) []string {
	var codes []string
	for _, c := range candidates {
		codes = append(codes, c.Location.Code)
	}
	return codes
}

func TestTheSearchGoesWhereThePoolSaysThatAllIs(t *testing.T) {
	w := street(t, 3000, map[int]string{40: "A", 50: "AB", 2000: "AB"})
	d := demand(want("1", "A", 1), want("2", "B", 1))
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, []int{looked + 2}, w.asked, "the nearest, for the explanation, and those that have all")
	require.Equal(t, []string{"S-00050", "S-02000"}, codesOf(candidates)[looked:])
	plan, _, err := Allocate(d, candidates, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-00050", plan.Takes[0].Key.Location)
	require.Zero(t, w.now)
}

func TestRareStockFarAwayIsFoundWithoutReadingAllOnTheWay(t *testing.T) {
	w := street(t, 3000, map[int]string{40: "A", 2500: "B", 2900: "AB"})
	d := demand(want("1", "A", 1), want("2", "B", 1))
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	require.True(t, slices.IsSortedFunc(candidates, func(a, b Candidate) int { return int(a.DistanceM - b.DistanceM) }))
	plan, _, err := Allocate(d, candidates, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-02900", plan.Takes[0].Key.Location, "one far parcel before two")
	require.LessOrEqual(t, w.asked[0], looked+moreSingles)
}

func TestASplitIsFoundAmongThoseThatHaveSome(t *testing.T) {
	w := street(t, 3000, map[int]string{40: "A", 700: "A", 2500: "B", 2900: "BC"})
	d := demand(want("1", "A", 1), want("2", "B", 1), want("3", "C", 1))
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	plan, _, err := Allocate(d, candidates, NearThenSplit())
	require.NoError(t, err)
	var at []string
	for _, c := range plan.Chosen {
		at = append(at, candidates[c].Location.Code)
	}
	require.Equal(t, []string{"S-00040", "S-02900"}, at)
}

func TestManyPiecesAreFoundWhereTheyLie(t *testing.T) {
	has := map[int]string{}
	for i := range 600 {
		has[i] = "A"
	}
	w := street(t, 3000, has)
	w.tell(w.put(t, "A", "S-01700", 60), w.put(t, "A", "S-02700", 40))
	d := demand(want("1", "A", 100))
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	plan, _, err := Allocate(d, candidates, NearThenSplit())
	require.NoError(t, err)
	require.Len(t, plan.Takes, 2)
}

func TestAnOldHintNeverLeadsToARefusal(t *testing.T) {
	w := street(t, 3000, map[int]string{2: "A"})
	w.stock = nil                                  // sold meanwhile, which the pool does not know
	w.late = []*Stock{w.put(t, "A", "S-02222", 1)} // received meanwhile: neither does it know that
	d := demand(want("1", "A", 1))
	candidates, _, err := searchIn(w).Candidates(t.Context(), d)
	require.NoError(t, err)
	require.Equal(t, 1, w.now, "it catches up before it gives up")
	plan, _, err := Allocate(d, candidates, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-02222", plan.Takes[0].Key.Location)
}

func TestAFewPiecesInMuchDemandBringMoreCandidates(t *testing.T) {
	has := map[int]string{}
	for i := range 200 {
		has[i*10] = "A"
	}
	scarce, _, err := searchIn(street(t, 3000, has)).Candidates(t.Context(), demand(want("1", "A", 1)))
	require.NoError(t, err)
	w := street(t, 3000, nil)
	for i := range 200 {
		w.tell(w.put(t, "A", fmt.Sprintf("S-%05d", i*10), 1000))
	}
	rich, _, err := searchIn(w).Candidates(t.Context(), demand(want("1", "A", 1)))
	require.NoError(t, err)
	require.Greater(t, len(scarce), moreSingles)
	require.Less(t, len(rich), looked+singles+1)
}

func TestAChannelThatMayNotSellALocationsStockLooksElsewhere(t *testing.T) {
	w := street(t, 3000, map[int]string{500: "A", 900: "A"})
	s := searchIn(w)
	s.Shares = sharing{"tmall": func(l *Location, online int64) int64 {
		if l.Code == "S-00500" {
			return 0
		}
		return online
	}}
	d := demand(want("1", "A", 1))
	d.Channel = "tmall"
	candidates, _, err := s.Candidates(t.Context(), d)
	require.NoError(t, err)
	require.NotContains(t, codesOf(candidates), "S-00500")
	require.Contains(t, codesOf(candidates), "S-00900")
}

// sharing is what channels may promise, as functions.
type sharing map[string]func(l *Location, online int64) int64

func (s sharing) Share(_ context.Context, channel string, _ []string, _ int64) (ChannelShare, error) {
	if may := s[channel]; may != nil {
		return sharingOf(may), nil
	}
	return nil, nil
}

type sharingOf func(l *Location, online int64) int64

func (s sharingOf) May(l *Location, _ string, online int64) int64 { return s(l, online) }
func (s sharingOf) Edition(string) uint64                         { return 1 }

// The demand is filled from the pool's candidates exactly when all locations together could fill it, and as near.
func TestCandidatesOfThePoolAreAsGoodAsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &town{index: pool.New()}
		var locations []Location
		for i := range rapid.IntRange(1, 300).Draw(t, "locations") {
			l := Location{Code: fmt.Sprintf("S-%05d", i), Org: rapid.SampledFrom([]string{"HQ", "FR1"}).Draw(t, "org"), Kind: DirectStore, Active: rapid.IntRange(0, 9).Draw(t, "active") > 0,
				Shared: rapid.Bool().Draw(t, "shared"), Ways: WaysOf(Parcel), Point: &geo.Point{Lat: float64(rapid.IntRange(-9, 9).Draw(t, "lat")), Lng: float64(rapid.IntRange(-9, 9).Draw(t, "lng"))}}
			locations = append(locations, l)
		}
		var err error
		w.Directory, err = NewDirectory(locations)
		require.NoError(t, err)
		d := demand()
		for i, sku := range []string{"A", "B", "C"} {
			share := rapid.IntRange(0, 40).Draw(t, "share")
			for _, l := range locations {
				if rapid.IntRange(1, 100).Draw(t, "has") <= share {
					w.put(t, sku, l.Code, rapid.Int64Range(0, 4).Draw(t, "pieces"))
				}
			}
			d.Lines = append(d.Lines, want(fmt.Sprint(i), sku, rapid.Int64Range(1, 3).Draw(t, "quantity")))
		}
		w.tell(w.stock...)
		if rapid.Bool().Draw(t, "nowhere") {
			d.Destination = nil
		}
		s := searchIn(w)
		candidates, _, err := s.Candidates(context.Background(), d)
		require.NoError(t, err)
		var all []Placed
		for placed := range w.Ranked(d) {
			if placed.Location.drop(d) == "" {
				all = append(all, placed)
			}
		}
		every, err := s.read(context.Background(), d, all)
		require.NoError(t, err)
		require.True(t, slices.IsSortedFunc(candidates, func(a, b Candidate) int {
			at := func(c Candidate) int {
				return slices.IndexFunc(all, func(p Placed) bool { return p.Location.Code == c.Location.Code })
			}
			return cmp.Compare(at(a), at(b))
		}), "in the order that the demand prefers")
		got, _, gotErr := Allocate(d, candidates, s.Strategy)
		best, _, bestErr := Allocate(d, every, s.Strategy)
		require.Equal(t, bestErr == nil, gotErr == nil, "%v, %v", gotErr, bestErr)
		if bestErr == nil {
			require.Equal(t, len(best.Chosen), len(got.Chosen), "parcels")
			if len(best.Chosen) == 1 {
				require.Equal(t, best.Takes, got.Takes)
			}
		}
	})
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
