package biz

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/geo"
)

// scene is a small town: two direct stores, two franchisees' stores and a warehouse, all with five of A.
func scene(t *testing.T, profile map[string]ProfileBody) (Demand, []Candidate) {
	t.Helper()
	var all []Candidate
	for i, l := range []Location{
		{Code: "D-1", Org: "HQ", Kind: DirectStore}, {Code: "D-2", Org: "HQ", Kind: DirectStore},
		{Code: "F-1", Org: "FR1", Kind: FranchiseStore}, {Code: "F-2", Org: "FR2", Kind: FranchiseStore}, {Code: "W-1", Org: "HQ", Kind: Warehouse},
	} {
		c := candidate(t, l.Code, int64(i+1)*1000, nil)
		c.Location.Org, c.Location.Kind, c.Location.Shared = l.Org, l.Kind, true
		c.Location.Point = &geo.Point{Lat: 31, Lng: 121 + float64(i)}
		s, err := RestoreStock(StockRow{Key: StockKey{"A", l.Code, l.Org}, Org: l.Org, OnHand: 5, SafetyStock: 0})
		require.NoError(t, err)
		c.Stock = []*Stock{s}
		if body, ok := profile[l.Code]; ok {
			c = withProfile(t, c, body)
		}
		all = append(all, c)
	}
	d := demand(want("1", "A", 2))
	d.Facts.NowUS = atUTC("2026-11-27T02:00:00Z") // Friday, 10:00 in Shanghai
	return d, all
}

func atUTC(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UnixMicro()
}

func stageOf(rules string) string {
	return fmt.Sprintf(`{"stages": [{"name": "one", "filters": [%s], "preferences": [{"rule": "nearest"}], "split": {"parcels": "any"}}]}`, rules)
}

// keptBy says which locations a filter keeps, and with what it names those that it drops.
func keptBy(t *testing.T, rules string, d Demand, all []Candidate) (kept []string, why map[string]string) {
	t.Helper()
	s := parsed(t, stageOf(rules))
	ranked, _ := guard(d, rank(d, all), s)
	tab := s.stages[0].table(d, s, ranked)
	for i, c := range tab.candidates {
		if tab.has[i][0] > 0 {
			kept = append(kept, c.Location.Code)
		}
	}
	why = map[string]string{}
	for at, n := range tab.notes {
		why[all[at].Location.Code] = n.name
	}
	return kept, why
}

func TestEachFilter(t *testing.T) {
	const shanghai = "Asia/Shanghai"
	day := []WeeklyHours{{Days: []int{1, 2, 3, 4, 5}, Open: "09:00", Close: "12:00"}, {Days: []int{1, 2, 3, 4, 5}, Open: "14:00", Close: "22:00"}}
	profiles := map[string]ProfileBody{
		"D-1": {TimeZone: shanghai, Weekly: day, CutOff: "16:00", Groups: []string{"flagship"}, Region: "310101", DailyOrders: 10},
		"D-2": {TimeZone: shanghai, Weekly: day, Exceptions: []DayHours{{Date: "2026-11-27"}}, Region: "310115", Groups: []string{"small"}},
		"F-1": {TimeZone: "America/New_York", Weekly: day, Region: "320102", DailyLines: 4, Territory: &AreaBody{Regions: []string{"3101"}}},
		"F-2": {TimeZone: shanghai, Region: "110101", Groups: []string{"flagship"}},
	}
	type change = func(d *Demand, all []Candidate)
	all := "D-1 D-2 F-1 F-2 W-1"
	for _, c := range []struct {
		name, rules, kept string
		change            change
	}{
		{"none", "", all, nil},
		{"kind", `{"rule": "kind", "in": ["warehouse", "franchise_store"]}`, "F-1 F-2 W-1", nil},
		{"group in", `{"rule": "group", "in": ["flagship"]}`, "D-1 F-2", nil},
		{"group not in", `{"rule": "group", "not_in": ["flagship"]}`, "D-2 F-1 W-1", nil},
		{"locations only", `{"rule": "locations", "only": ["D-2", "W-1"]}`, "D-2 W-1", nil},
		{"locations never", `{"rule": "locations", "never": ["D-2", "W-1"]}`, "D-1 F-1 F-2", nil},
		{"organisation seller", `{"rule": "organisation", "of": "seller"}`, "D-1 D-2 W-1", nil},
		{"organisation others", `{"rule": "organisation", "of": "others"}`, "F-1 F-2", nil},
		{"distance at most", `{"rule": "distance", "at_most_m": 2000}`, "D-1 D-2", nil},
		{"distance at least", `{"rule": "distance", "at_least_m": 2001}`, "F-1 F-2 W-1", nil},
		{"distance without a place", `{"rule": "distance", "at_most_m": 1}`, "W-1 D-1 D-2 F-1 F-2", func(d *Demand, all []Candidate) {
			d.Destination = nil
			for i := range all {
				all[i].DistanceM = 0
			}
		}},
		{"area", `{"rule": "area", "polygon": [[30, 120.5], [30, 122.5], [32, 122.5], [32, 120.5]]}`, "D-1 D-2", nil},
		{"area of the destination", `{"rule": "area", "of": "destination", "polygon": [[31, 121], [31, 122], [32, 122], [32, 121]]}`, all, nil},
		{"area of another destination", `{"rule": "area", "of": "destination", "polygon": [[41, 121], [41, 122], [42, 122], [42, 121]]}`, "", nil},
		{"region in", `{"rule": "region", "in": ["31", "1101"]}`, "D-1 D-2 F-2", nil},
		{"region same", `{"rule": "region", "same": 4}`, "D-1 D-2", func(d *Demand, _ []Candidate) { d.Region = "310104" }},
		{"region same, not known", `{"rule": "region", "same": 4}`, all, nil},
		{"open now", `{"rule": "open", "by": "now"}`, "D-1 F-1 F-2 W-1", nil}, // New York: 21:00 the day before, a Thursday
		{"open now at noon", `{"rule": "open", "by": "now"}`, "F-2 W-1", func(d *Demand, _ []Candidate) { d.Facts.NowUS = atUTC("2026-11-27T04:00:00Z") }},
		{"open by a promised time", `{"rule": "open", "by": "promised"}`, "D-1 F-1 F-2 W-1", func(d *Demand, _ []Candidate) { d.PromisedUS = atUTC("2026-11-27T15:00:00Z") }},
		{"open, nothing promised", `{"rule": "open", "by": "promised"}`, all, nil},
		{"cut-off", `{"rule": "cut_off"}`, "F-1 F-2 W-1", func(d *Demand, _ []Candidate) { d.Facts.NowUS = atUTC("2026-11-27T08:00:00Z") }},
		{"before the cut-off", `{"rule": "cut_off"}`, "D-1 F-1 F-2 W-1", func(d *Demand, _ []Candidate) { d.Facts.NowUS = atUTC("2026-11-27T07:59:59Z") }},
		{"capacity, the limit itself", "", "D-2 F-2 W-1", func(_ *Demand, all []Candidate) { all[0].Load.Orders, all[2].Load.Lines = 10, 4 }},
		{"capacity, nearly full", "", all, func(_ *Demand, all []Candidate) { all[0].Load.Orders, all[2].Load.Lines = 9, 3 }},
		{"capacity, a part of it", `{"rule": "capacity", "at_most_percent": 50}`, "D-1 D-2 F-2 W-1", func(_ *Demand, all []Candidate) { all[0].Load.Orders, all[2].Load.Lines = 4, 2 }},
		{"territory against franchisees", `{"rule": "territory", "against": "franchisees"}`, "D-1 D-2 F-1 W-1", func(d *Demand, _ []Candidate) { d.Facts.Protectors = []string{"FR1"} }},
		{"territory against everyone", `{"rule": "territory", "against": "everyone"}`, "F-1", func(d *Demand, _ []Candidate) { d.Facts.Protectors = []string{"FR1"} }},
		{"territory for franchise sellers", `{"rule": "territory", "against": "everyone", "sellers": "franchise"}`, all, func(d *Demand, _ []Candidate) { d.Facts.Protectors = []string{"FR1"} }},
		{"territory of nobody", `{"rule": "territory", "against": "everyone"}`, all, nil},
		{"brokering safety in pieces", `{"rule": "brokering_safety", "pieces": 5}`, "D-1 D-2 W-1", nil},
		{"brokering safety in percent", `{"rule": "brokering_safety", "percent": 81}`, "D-1 D-2 W-1", nil},
		{"brokering safety that leaves one", `{"rule": "brokering_safety", "percent": 80}`, all, nil},
		{"last mile by SKU", `{"rule": "last_mile", "skus": ["A"], "ways": ["parcel"], "groups": ["flagship"]}`, "D-2 F-1 W-1", nil},
		{"last mile by category", `{"rule": "last_mile", "categories": ["cold"], "groups": ["small"]}`, "D-1 F-1 F-2 W-1", func(d *Demand, _ []Candidate) { d.Lines[0].Category = "cold" }},
		{"last mile, another category", `{"rule": "last_mile", "categories": ["cold"]}`, all, func(d *Demand, _ []Candidate) { d.Lines[0].Category = "dry" }},
		{"last mile, another way", `{"rule": "last_mile", "skus": ["A"], "ways": ["pickup"]}`, all, nil},
		{"two filters", `{"rule": "kind", "in": ["direct_store"]}, {"rule": "distance", "at_most_m": 1000}`, "D-1", nil},
		{"soft, something remains", `{"rule": "kind", "in": ["warehouse"], "soft": true}`, "W-1", nil},
		{"soft, nothing would remain", `{"rule": "locations", "only": ["X"], "soft": true}`, all, nil},
		{"soft, what remains has nothing", `{"rule": "kind", "in": ["warehouse"], "soft": true}`, "D-1 D-2 F-1 F-2", func(_ *Demand, all []Candidate) { all[4].Stock = nil }},
		{"guard: not active", "", "D-2 F-1 F-2 W-1", func(_ *Demand, all []Candidate) { all[0].Location.Active = false }},
		{"guard: no contract", "", "D-1 D-2 F-2 W-1", func(_ *Demand, all []Candidate) { all[2].Location.Shared = false }},
		{"guard: not able", "", "D-2 F-1 F-2 W-1", func(_ *Demand, all []Candidate) { all[0].Location.Ways = WaysOf(Pickup) }},
		{"guard: declined", "", "D-2 F-1 F-2 W-1", func(d *Demand, _ []Candidate) { d.Facts.Declined = map[string]string{"D-1": " (shelf empty)"} }},
		{"guard: sharing policy", "", "D-2 F-1 F-2 W-1", func(_ *Demand, all []Candidate) { all[0].Left = map[StockKey]int64{{"A", "D-1", "HQ"}: 0} }},
		{"guard: radius of local delivery", "", "D-1 D-2", func(d *Demand, all []Candidate) {
			d.Way = LocalDelivery
			all[2].DistanceM, all[3].DistanceM, all[4].DistanceM = 20_001, 20_002, 30_000
		}},
		{"guard: its own area of local delivery", "", "D-1 D-2 F-1 F-2", func(d *Demand, all []Candidate) {
			d.Way = LocalDelivery
			all[4] = withProfile(t, all[4], ProfileBody{Delivery: &AreaBody{RadiusM: 100}})
			all[3] = withProfile(t, all[3], ProfileBody{Delivery: &AreaBody{Polygon: [][2]float64{{31, 121}, {31, 122}, {32, 122}, {32, 121}}}})
			all[3].DistanceM = 50_000
		}},
		{"carry-out asks no filter", `{"rule": "kind", "in": ["warehouse"]}`, "D-1", func(d *Demand, all []Candidate) {
			d.Way, d.Location = CarryOut, "D-1"
			all[0].Load.Orders = 10
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, all := scene(t, profiles)
			if c.change != nil {
				c.change(&d, all)
			}
			kept, why := keptBy(t, c.rules, d, all)
			require.Equal(t, c.kept, strings.Join(kept, " "))
			for _, name := range why {
				require.Contains(t, c.rules, `"rule": "`+name+`"`, "the filter is named")
			}
		})
	}
}

func pointers(all []Candidate) []*Candidate {
	list := make([]*Candidate, len(all))
	for i := range all {
		list[i] = &all[i]
	}
	return list
}

func TestEachPreference(t *testing.T) {
	profiles := map[string]ProfileBody{
		"D-1": {TimeZone: "Asia/Shanghai", Region: "110101", DailyOrders: 10, DailyLines: 100},
		"D-2": {TimeZone: "Asia/Shanghai", Region: "310101", DailyOrders: 100}, "F-1": {FreightZone: "EAST"}, "W-1": {Region: "500101"},
	}
	for _, c := range []struct {
		name, rule, order string
		change            func(d *Demand, all []Candidate)
	}{
		{"nearest", "nearest", "0 1000 2000 3000 4000", func(_ *Demand, all []Candidate) {
			for i := range all {
				all[i].DistanceM -= 1000
			}
		}},
		{"nearest, a step", `nearest", "step_m": 2000, "x": "`, "", nil},
		{"nearest, no place", "nearest", "abstains", func(d *Demand, _ []Candidate) { d.Destination = nil }},
		{"nearest, at the store", "nearest", "abstains", func(d *Demand, _ []Candidate) { d.Way, d.Location = Pickup, "D-1" }},
		{"fewest parcels", "fewest_parcels", "1 1 1 1 1", nil},
		{"cheapest freight", "cheapest_freight", "1000 600 600 1200 1200", nil},
		{"cheapest freight, no table", "cheapest_freight", "abstains", func(d *Demand, _ []Candidate) { d.Facts.Freight = nil }},
		{"cheapest freight, no parcel", "cheapest_freight", "abstains", func(d *Demand, _ []Candidate) { d.Way = LocalDelivery }},
		{"cheapest freight, unknown place", "cheapest_freight", fmt.Sprint(unpriced, unpriced, unpriced, unpriced, unpriced), func(d *Demand, _ []Candidate) { d.Region = "999" }},
		{"home store", "home_store", "1 0 1 1 1", func(d *Demand, _ []Candidate) { d.HomeStore = "D-2" }},
		{"home store, none", "home_store", "abstains", nil},
		{"direct first", "direct_first", "0 0 1 1 0", nil},
		{"franchise first", "franchise_first", "1 1 0 0 1", nil},
		{"warehouse first", "warehouse_first", "1 1 1 1 0", nil},
		{"store first", "store_first", "0 0 0 0 1", nil},
		{"own stock", "own_stock", "0 1 2 2 0", func(_ *Demand, all []Candidate) {
			s, err := RestoreStock(StockRow{Key: StockKey{"A", "D-2", "FR1"}, Org: "HQ", OnHand: 1})
			require.NoError(t, err)
			all[1].Stock = append(all[1].Stock, s)
		}},
		{"territory first", "territory_first", "1 1 0 1 1", func(d *Demand, _ []Candidate) { d.Facts.Protectors = []string{"FR1"} }},
		{"territory first, nobody's", "territory_first", "abstains", nil},
		{"least loaded", "least_loaded", "500 10 0 0 0", func(_ *Demand, all []Candidate) {
			all[0].Load, all[1].Load, all[3].Load = Load{1, 2, 50}, Load{1, 1, 9}, Load{1, 7, 7}
		}},
		{"oldest stock", "oldest_stock", "0 3 10 10 10", func(d *Demand, all []Candidate) {
			const day = 86_400_000_000
			all[0].Stock[0].receivedUS, all[1].Stock[0].receivedUS = d.Facts.NowUS-10*day, d.Facts.NowUS-7*day
		}},
		{"fair share", "fair_share", "0 0 4 0 0", func(d *Demand, _ []Candidate) { d.Facts.Served = map[string]int64{"FR1": 5, "FR2": 1, "HQ": 900} }},
		{"fair share, no franchisee", "fair_share", "abstains", func(_ *Demand, all []Candidate) {
			for i := range all {
				all[i].Location.Kind = DirectStore
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, all := scene(t, profiles)
			d.Region = "310115"
			f, err := ParseFreight("standard", 1, []byte(freight))
			require.NoError(t, err)
			d.Facts.Freight = f
			if c.change != nil {
				c.change(&d, all)
			}
			if c.order == "" {
				near := nearest{StepM: 2000}
				require.Equal(t, []int64{0, 1, 1, 2, 2}, near.penalties(d, pointers(all)))
				return
			}
			rule := newPreference(c.rule)
			got := "abstains"
			if p := rule.penalties(d, pointers(all)); p != nil {
				got = strings.Trim(fmt.Sprint(p), "[]")
			}
			require.Equal(t, c.order, got)
			require.NotEmpty(t, rule.text())
		})
	}
}

// The ladder that every brand asks for: near and single, near and split, far and single, any and split.
const nearFarLadder = `{"for": [{"channel": "miniprogram"}], "stages": [
	{"name": "near, single", "filters": [{"rule": "distance", "at_most_m": 30000}], "preferences": [{"rule": "nearest"}], "split": {"parcels": "never"}},
	{"name": "near, split", "filters": [{"rule": "distance", "at_most_m": 30000}], "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": 2}},
	{"name": "far, single", "preferences": [{"rule": "nearest"}], "split": {"parcels": "never"}},
	{"name": "any, split", "preferences": [{"rule": "fewest_parcels"}, {"rule": "nearest"}], "split": {"parcels": "any", "back_order": true}}]}`

func TestTheLadderIsTriedInItsOrder(t *testing.T) {
	s := parsed(t, nearFarLadder)
	for _, c := range []struct {
		stage  string
		near   map[string]int64 // at two stores near by
		other  map[string]int64
		far    map[string]int64
		lines  []DemandLine
		chosen []int
		open   []OpenLine
	}{
		{"near, single", map[string]int64{"A": 1}, map[string]int64{"A": 1, "B": 1}, map[string]int64{"A": 9, "B": 9}, []DemandLine{want("1", "A", 1), want("2", "B", 1)}, []int{1}, nil},
		{"near, split", map[string]int64{"A": 1}, map[string]int64{"B": 1}, map[string]int64{"A": 9, "B": 9}, []DemandLine{want("1", "A", 1), want("2", "B", 1)}, []int{0, 1}, nil},
		{"far, single", map[string]int64{"A": 1}, map[string]int64{"A": 1}, map[string]int64{"A": 9, "B": 9}, []DemandLine{want("1", "A", 1), want("2", "B", 1)}, []int{2}, nil},
		{"any, split", map[string]int64{"A": 1}, map[string]int64{"A": 1}, map[string]int64{"B": 9}, []DemandLine{want("1", "A", 2), want("2", "B", 1)}, []int{0, 1, 2}, nil},
		{"any, split", map[string]int64{"A": 1}, map[string]int64{"A": 1}, map[string]int64{"B": 9}, []DemandLine{want("1", "A", 5), want("2", "B", 1)}, []int{0, 1, 2}, []OpenLine{{"1", "A", 3}}},
	} {
		d := demand(c.lines...)
		d.Partial = true
		plan, why, err := Allocate(d, []Candidate{candidate(t, "S-1", 1000, c.near), candidate(t, "S-2", 2000, c.other), candidate(t, "W-1", 900_000, c.far)}, s)
		require.NoError(t, err)
		require.Equal(t, c.stage, why.Stage)
		require.Equal(t, c.chosen, plan.Chosen)
		require.Equal(t, c.open, plan.Open)
	}
}

func TestPreferencesAreComparedInStrictOrder(t *testing.T) {
	d, all := scene(t, nil)
	d.HomeStore = "D-2"
	for rules, chosen := range map[string]string{
		`{"rule": "nearest"}, {"rule": "home_store"}`:                                                           "D-1",
		`{"rule": "home_store"}, {"rule": "nearest"}`:                                                           "D-2",
		`{"rule": "franchise_first"}, {"rule": "home_store"}, {"rule": "nearest"}`:                              "F-1",
		`{"rule": "warehouse_first"}, {"rule": "franchise_first"}`:                                              "W-1",
		`{"rule": "nearest", "step_m": 10000}, {"rule": "franchise_first"}, {"rule": "fair_share"}`:             "F-2",
		`{"rule": "nearest", "step_m": 2500}, {"rule": "franchise_first"}, {"rule": "fair_share"}`:              "D-1",
		`{"rule": "territory_first"}, {"rule": "own_stock"}, {"rule": "store_first"}, {"rule": "direct_first"}`: "D-1",
	} {
		d.Facts.Served = map[string]int64{"FR1": 2, "FR2": 1}
		plan, _, err := Allocate(d, all, parsed(t, `{"stages": [{"name": "one", "preferences": [`+rules+`]}]}`))
		require.NoError(t, err)
		require.Equal(t, chosen, plan.Takes[0].Key.Location, rules)
	}
}
