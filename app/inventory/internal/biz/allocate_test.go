package biz

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
)

func candidate(t require.TestingT, code string, distanceM int64, has map[string]int64) Candidate {
	c := Candidate{Location: Location{Code: code, Name: "Tea " + code, Org: "HQ", Kind: DirectStore, Active: true,
		Point: &geo.Point{Lat: 31, Lng: 121}, Ways: WaysOf(Parcel, LocalDelivery, Pickup)}, DistanceM: distanceM}
	for _, sku := range []string{"A", "B", "C", "D"} {
		if qty, ok := has[sku]; ok {
			s, err := RestoreStock(StockRow{Key: StockKey{sku, code, "HQ"}, Org: "HQ", OnHand: qty})
			require.NoError(t, err)
			c.Stock = append(c.Stock, s)
		}
	}
	return c
}

func demand(lines ...DemandLine) Demand {
	return Demand{Document: "ord_1", Channel: "miniprogram", Seller: "HQ", Way: Parcel, Destination: &geo.Point{Lat: 31.2304, Lng: 121.4737}, Lines: lines}
}

func parsed(t require.TestingT, body string) Strategy {
	s, err := ParseStrategy("test", 1, []byte(body))
	require.NoError(t, err)
	return s
}

func want(id, sku string, qty int64) DemandLine { return DemandLine{ID: id, SKU: sku, Quantity: qty} }

// brute looks at all sets of at most limit candidates: the fewest, then the nearest, then the lower ranks.
func brute(t *table, limit int) []int {
	var best []int
	bestM := int64(0)
	for mask := 1; mask < 1<<len(t.candidates); mask++ {
		var set []int
		distance := int64(0)
		for c := range t.candidates {
			if mask>>c&1 == 1 {
				set = append(set, c)
				distance += t.candidates[c].DistanceM
			}
		}
		if len(set) > limit || !t.fills(set) {
			continue
		}
		if best == nil || len(set) < len(best) || len(set) == len(best) && (distance < bestM || distance == bestM && slices.Compare(set, best) < 0) {
			best, bestM = set, distance
		}
	}
	return best
}

func TestAllocateFindsWhatAnExhaustiveSearchFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var candidates []Candidate
		distance := int64(0)
		for i := range rapid.IntRange(1, 9).Draw(t, "candidates") {
			distance += rapid.Int64Range(0, 3).Draw(t, "farther") // ties are common
			has := map[string]int64{}
			for _, sku := range []string{"A", "B", "C", "D"} {
				has[sku] = rapid.Int64Range(0, 3).Draw(t, sku)
			}
			candidates = append(candidates, candidate(t, fmt.Sprintf("S-%02d", i), distance, has))
		}
		var lines []DemandLine
		for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
			lines = append(lines, want(fmt.Sprint(i), rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "sku"), rapid.Int64Range(1, 5).Draw(t, "qty")))
		}
		d := demand(lines...)
		d.MaxParcels = rapid.IntRange(1, 6).Draw(t, "parcels")
		tab := tabulate(d, candidates)
		wanted := brute(tab, min(d.MaxParcels, 5))

		plan, why, err := Allocate(d, candidates, NearThenSplit())
		again, _, _ := Allocate(d, candidates, NearThenSplit())
		require.Equal(t, plan, again, "the same input gives the same answer")
		if wanted == nil {
			var short Short
			require.ErrorAs(t, err, &short)
			require.Less(t, short.Left, short.Wanted)
			require.Equal(t, tab.need[slices.Index(tab.skus, short.SKU)], short.Wanted)
			return
		}
		require.NoError(t, err)
		require.Equal(t, wanted, plan.Chosen)
		got := map[string]int64{}
		used := map[StockKey]int64{}
		for _, take := range plan.Takes {
			got[take.LineID] += take.Quantity
			used[take.Key] += take.Quantity
		}
		for _, l := range lines {
			require.Equal(t, l.Quantity, got[l.ID])
		}
		for _, c := range candidates {
			for _, s := range c.Stock {
				require.LessOrEqual(t, used[s.key], s.Promise(), "two lines never count the same piece")
			}
		}
		for _, c := range plan.Chosen {
			require.True(t, slices.ContainsFunc(why.Candidates, func(x Explained) bool { return x.Chosen && x.Location == candidates[c].Location.Code }))
		}
	})
}

func TestASearchAtItsBoundStillFillsTheDemand(t *testing.T) {
	var candidates []Candidate
	for i := range 60 {
		has := map[string]int64{}
		for j, sku := range []string{"A", "B", "C", "D"} {
			has[sku] = int64((i*7 + j*13) % 3)
		}
		candidates = append(candidates, candidate(t, fmt.Sprintf("S-%02d", i), int64(i), has))
	}
	d := demand(want("1", "A", 9), want("2", "B", 9), want("3", "C", 9), want("4", "D", 9))
	s := parsed(t, `{"stages": [{"name": "split", "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": 20}}], "nodes": 1}`)
	plan, why, err := Allocate(d, candidates, s)
	require.NoError(t, err)
	require.True(t, tabulate(d, candidates).fills(plan.Chosen))
	require.Contains(t, why.Text(), "search stopped at its bound")
}

func TestTiesGoToTheLowerCode(t *testing.T) {
	plan, _, err := Allocate(demand(want("1", "A", 1)), []Candidate{candidate(t, "S-01", 5, map[string]int64{"A": 1}), candidate(t, "S-02", 5, map[string]int64{"A": 1})}, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, "S-01", plan.Takes[0].Key.Location)
}

func TestTheSellersOwnGoodsGoFirst(t *testing.T) {
	c := candidate(t, "S-01", 5, map[string]int64{"A": 1})
	c.Location.Shared = true
	own, err := RestoreStock(StockRow{Key: StockKey{"A", "S-01", "SELLER"}, Org: "HQ", OnHand: 1})
	require.NoError(t, err)
	c.Stock = append(c.Stock, own)
	d := demand(want("1", "A", 2))
	d.Seller = "SELLER"
	plan, _, err := Allocate(d, []Candidate{c}, NearThenSplit())
	require.NoError(t, err)
	require.Equal(t, []Take{{"1", StockKey{"A", "S-01", "SELLER"}, 1}, {"1", StockKey{"A", "S-01", "HQ"}, 1}}, plan.Takes)
}

func TestNoCandidateIsNoLocation(t *testing.T) {
	_, _, err := Allocate(demand(want("1", "A", 1)), nil, NearThenSplit())
	require.ErrorAs(t, err, &NoLocation{})
	pickup := demand(want("1", "A", 2))
	pickup.Way, pickup.Location = Pickup, "S-01"
	_, _, err = Allocate(pickup, []Candidate{candidate(t, "S-01", 0, map[string]int64{"A": 1})}, NearThenSplit())
	require.Equal(t, Short{SKU: "A", Wanted: 2, Left: 1}, err)
}

func TestTheExplanationReadsLikeASentence(t *testing.T) {
	candidates := []Candidate{
		candidate(t, "S-0231", 600, map[string]int64{"A": 5}),
		candidate(t, "S-0117", 1200, map[string]int64{"A": 5, "B": 5}),
		candidate(t, "W-01", 18400, map[string]int64{"A": 5, "B": 5}),
	}
	_, why, err := Allocate(demand(want("1", "A", 2), want("2", "B", 1)), candidates, NearThenSplit())
	require.NoError(t, err)
	why.Drop(Location{Code: "S-0042", Name: "The Bund"}, 900, "its organisation does not share stock")
	text := why.Text()
	for _, part := range []string{
		`ord_1 wanted 2 x A, 1 x B near 31.2304,121.4737, parcel, strategy "near-then-split v1"`,
		"1 of 2 lines   dropped: B 0 to promise (0 on hand, 0 reserved, safety stock 0)",
		"all lines      chosen: nearest single",
		"all lines      ranked after 2: farther",
		"its organisation does not share stock",
		"3 candidates",
	} {
		require.Contains(t, text, part)
	}
	require.Equal(t, 6, strings.Count(text, "\n"))
}

func TestDemandsThatCannotBeAreRefused(t *testing.T) {
	good := demand(want("1", "A", 1))
	require.NoError(t, good.Validate())
	for name, spoil := range map[string]func(*Demand){
		"no lines":             func(d *Demand) { d.Lines = nil },
		"line twice":           func(d *Demand) { d.Lines = []DemandLine{want("1", "A", 1), want("1", "B", 1)} },
		"no pieces":            func(d *Demand) { d.Lines = []DemandLine{want("1", "A", 0)} },
		"too many pieces":      func(d *Demand) { d.Lines = []DemandLine{want("1", "A", MaxQuantity+1)} },
		"no document":          func(d *Demand) { d.Document = "" },
		"no seller":            func(d *Demand) { d.Seller = "" },
		"no way":               func(d *Demand) { d.Way = 0 },
		"local without place":  func(d *Demand) { d.Way, d.Destination = LocalDelivery, nil },
		"pickup without store": func(d *Demand) { d.Way = Pickup },
	} {
		d := good
		spoil(&d)
		require.Error(t, d.Validate(), name)
	}
}
