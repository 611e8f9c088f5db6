package biz

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/geo"
)

// exhaustive looks at all sets of at most limit candidates that could do without none of their members: the first by the
// preferences, then the nearest, then the fewest, then the first ranks.
func exhaustive(t *table) []int {
	var best []int
	var least score
	for mask := 1; mask < 1<<len(t.candidates); mask++ {
		var set []int
		for c := range t.candidates {
			if mask>>c&1 == 1 {
				set = append(set, c)
			}
		}
		if len(set) > t.limit || slices.ContainsFunc(set, func(c int) bool {
			return fillsAll(t, slices.DeleteFunc(slices.Clone(set), func(o int) bool { return o == c }))
		}) {
			continue
		}
		v, ok := t.value(set)
		if !ok {
			continue
		}
		if best == nil || v.compare(least) < 0 || v.compare(least) == 0 && (len(set) < len(best) || len(set) == len(best) && slices.Compare(set, best) < 0) {
			best, least = set, v
		}
	}
	return best
}

func fillsAll(t *table, set []int) bool {
	if !t.fills(set) {
		return false
	}
	_, ok := t.assign(set)
	return ok
}

var freight = `{"currency": "CNY", "zones": [{"zone": "EAST", "regions": ["31", "32"]}, {"zone": "NORTH", "regions": ["11"]}], "rows": [
	{"from": "EAST", "to": "EAST", "steps": [{"up_to_g": 1000, "price_minor": 600}, {"up_to_g": 3000, "price_minor": 900}], "extra": {"each_g": 1000, "price_minor": 200}},
	{"from": "NORTH", "to": "EAST", "steps": [{"up_to_g": 1000, "price_minor": 1000}], "extra": {"each_g": 500, "price_minor": 300}},
	{"from": "*", "to": "EAST", "steps": [{"up_to_g": 2000, "price_minor": 1200}]}]}`

func withProfile(t require.TestingT, c Candidate, body ProfileBody) Candidate {
	p, err := NewProfile(body)
	require.NoError(t, err)
	c.Location.Profile = p
	return c
}

func drawCandidates(t *rapid.T, most int) []Candidate {
	var candidates []Candidate
	for i := range rapid.IntRange(1, most).Draw(t, "candidates") {
		has := map[string]int64{}
		for _, sku := range []string{"A", "B", "C", "D"} {
			has[sku] = rapid.Int64Range(0, 3).Draw(t, sku)
		}
		c := candidate(t, fmt.Sprintf("S-%02d", i), rapid.Int64Range(0, 5).Draw(t, "distance")*1000, has)
		c.Location.Kind = rapid.SampledFrom([]LocationKind{Warehouse, DirectStore, FranchiseStore}).Draw(t, "kind")
		if c.Location.Kind == FranchiseStore {
			c.Location.Org, c.Location.Shared = rapid.SampledFrom([]string{"FR1", "FR2"}).Draw(t, "org"), true
		}
		c = withProfile(t, c, ProfileBody{TimeZone: "Asia/Shanghai", DailyOrders: 10, Region: rapid.SampledFrom([]string{"310101", "110101", "500101", ""}).Draw(t, "region"),
			Groups: []string{rapid.SampledFrom([]string{"X", "Y"}).Draw(t, "group")}})
		c.Load.Orders = rapid.Int64Range(0, 9).Draw(t, "load")
		candidates = append(candidates, c)
	}
	return candidates
}

func drawDemand(t *rapid.T, groups bool) Demand {
	var lines []DemandLine
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		l := want(fmt.Sprint(i), rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "sku"), rapid.Int64Range(1, 4).Draw(t, "qty"))
		l.WeightG, l.ListPriceMinor = rapid.Int64Range(0, 3).Draw(t, "weight")*400, rapid.Int64Range(0, 5).Draw(t, "price")*100
		if groups {
			l.Group = rapid.SampledFrom([]string{"", "", "g1", "g2"}).Draw(t, "group")
		}
		lines = append(lines, l)
	}
	d := demand(lines...)
	d.Region, d.HomeStore = "310115", "S-01"
	d.Facts.NowUS = 1_790_000_000_000_000
	d.Facts.Served = map[string]int64{"FR1": 3, "FR2": 1}
	var err error
	d.Facts.Freight, err = ParseFreight("standard", 1, []byte(freight))
	require.NoError(t, err)
	return d
}

func drawStrategy(t *rapid.T) Strategy {
	rules := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"fewest_parcels", "nearest", "cheapest_freight", "home_store", "direct_first", "franchise_first", "warehouse_first",
		"store_first", "own_stock", "least_loaded", "fair_share"}), 0, 4, rapid.ID[string]).Draw(t, "rules")
	var preferences []string
	for _, r := range rules {
		preferences = append(preferences, fmt.Sprintf(`{"rule": %q}`, r))
	}
	minimum := rapid.SampledFrom([]int{0, 0, 300}).Draw(t, "minimum")
	return parsed(t, fmt.Sprintf(`{"freight": "standard", "nodes": 100000, "stages": [{"name": "one", "preferences": [%s], "split": {"parcels": %d, "min_parcel_minor": %d}}]}`,
		strings.Join(preferences, ", "), rapid.IntRange(1, 5).Draw(t, "parcels"), minimum))
}

func TestEveryStrategyFindsWhatAnExhaustiveSearchFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		candidates, d, s := drawCandidates(t, 8), drawDemand(t, rapid.Bool().Draw(t, "groups")), drawStrategy(t)
		kept, _ := guard(d, rank(d, candidates), s)
		tab := s.stages[0].table(d, s, kept)
		wanted := exhaustive(tab)
		plan, why, err := Allocate(d, candidates, s)
		if wanted == nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.True(t, why.Proven)
		var chosen []int
		for _, c := range wanted {
			chosen = append(chosen, tab.at[c])
		}
		require.Equal(t, chosen, plan.Chosen)
		covers(t, d, candidates, plan)
	})
}

// covers checks that the plan takes what is wanted, from what is there, and keeps groups together.
func covers(t require.TestingT, d Demand, candidates []Candidate, plan Plan) {
	got, used, at := map[string]int64{}, map[StockKey]int64{}, map[string]map[string]bool{}
	for _, o := range plan.Open {
		got[o.LineID] += o.Quantity
	}
	for _, take := range plan.Takes {
		require.Positive(t, take.Quantity)
		got[take.LineID] += take.Quantity
		used[take.Key] += take.Quantity
		if at[take.LineID] == nil {
			at[take.LineID] = map[string]bool{}
		}
		at[take.LineID][take.Key.Location] = true
	}
	group := map[string]string{}
	for _, l := range d.Lines {
		require.Equal(t, l.Quantity, got[l.ID])
		if l.Group == "" || len(at[l.ID]) == 0 {
			continue
		}
		require.Len(t, at[l.ID], 1)
		for location := range at[l.ID] {
			if before, ok := group[l.Group]; ok {
				require.Equal(t, before, location)
			}
			group[l.Group] = location
		}
	}
	for _, c := range candidates {
		for _, s := range c.Stock {
			require.LessOrEqual(t, used[s.key], s.Left(d.Way), "two lines never count the same piece")
		}
	}
}

func TestTheOrderOfCandidatesChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		candidates, d, s := drawCandidates(t, 8), drawDemand(t, true), drawStrategy(t)
		if rapid.Bool().Draw(t, "nowhere") {
			d.Destination = nil
			for i := range candidates {
				candidates[i].DistanceM = 0
			}
		}
		plan, why, err := Allocate(d, candidates, s)
		other := slices.Clone(candidates)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		again, whyAgain, errAgain := Allocate(d, other, s)
		require.Equal(t, err, errAgain)
		require.Equal(t, plan.Takes, again.Takes)
		require.Equal(t, why.Text(), whyAgain.Text())
		for i, c := range plan.Chosen {
			require.Equal(t, candidates[c].Location.Code, other[again.Chosen[i]].Location.Code)
		}
	})
}

func TestASearchThatStopsIsNeverWorseThanLocalSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		candidates, d, s := drawCandidates(t, 14), drawDemand(t, true), drawStrategy(t)
		s.Nodes = rapid.IntRange(1, 4).Draw(t, "nodes")
		kept, _ := guard(d, rank(d, candidates), s)
		tab := s.stages[0].table(d, s, kept)
		local := tab.greedyLocal(tab.limit)
		plan, _, err := Allocate(d, candidates, s)
		if local == nil {
			return
		}
		require.NoError(t, err)
		covers(t, d, candidates, plan)
		chosen := make([]int, len(plan.Chosen))
		for i, c := range plan.Chosen {
			chosen[i] = slices.Index(tab.at, c)
		}
		v, ok := tab.value(chosen)
		require.True(t, ok)
		w, _ := tab.value(local)
		require.LessOrEqual(t, v.compare(w), 0)
	})
}

func TestWhatIsNotThereWaits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		candidates, d := drawCandidates(t, 6), drawDemand(t, rapid.Bool().Draw(t, "groups"))
		d.Partial = true
		s := parsed(t, fmt.Sprintf(`{"stages": [{"name": "one", "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": %d, "back_order": true}}]}`,
			rapid.IntRange(1, 3).Draw(t, "parcels")))
		plan, _, err := Allocate(d, candidates, s)
		if err == nil {
			covers(t, d, candidates, plan)
			require.NotEmpty(t, plan.Takes)
			require.LessOrEqual(t, len(plan.Chosen), s.stages[0].split.Parcels)
		} else if s.stages[0].split.Parcels == 3 {
			for _, l := range d.Lines {
				for _, c := range candidates {
					for _, stock := range c.Stock {
						require.False(t, l.Group == "" && stock.key.SKU == l.SKU && stock.Promise() > 0, "%s is there", l.SKU)
					}
				}
			}
		}
		d.Partial = false
		if _, _, whole := Allocate(d, candidates, s); whole == nil {
			require.NoError(t, err)
			require.Empty(t, plan.Open, "what can be filled as a whole is")
		}
	})
}

func TestPickupIsNeverMoved(t *testing.T) {
	candidates := []Candidate{candidate(t, "S-01", 0, map[string]int64{"A": 1}), candidate(t, "S-02", 0, map[string]int64{"A": 9})}
	for _, way := range []Way{Pickup, CarryOut} {
		d := demand(want("1", "A", 2))
		d.Way, d.Location, d.Destination = way, "S-01", &geo.Point{Lat: 31.2, Lng: 121.4}
		s := parsed(t, `{"stages": [{"name": "any", "filters": [{"rule": "distance", "at_least_m": 1}, {"rule": "area", "of": "destination", "polygon": [[30,120],[30,122],[32,122],[32,120]]}], "split": {"parcels": "any"}}]}`)
		_, _, err := Allocate(d, candidates, s)
		require.Equal(t, Short{SKU: "A", Wanted: 2, Left: 1}, err)
		d.Lines[0].Quantity = 1
		plan, _, err := Allocate(d, candidates, s)
		require.NoError(t, err)
		require.Equal(t, []Take{{"1", StockKey{"A", "S-01", "HQ"}, 1}}, plan.Takes)
	}
}
