package biz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// noneDrawn: nothing was drawn from any quota.
var noneDrawn = QuotasUsed{}

func shared(t testing.TB, id string, scope SharingScope, mode SharingMode, value int64) *SharingPolicy {
	t.Helper()
	p, err := NewSharingPolicy(SharingRow{ID: id, SharingScope: scope, Mode: mode, Value: value}, 1)
	require.NoError(t, err)
	return p
}

// in is the profile of a location in a region.
func in(region string) *Profile { return &Profile{body: ProfileBody{Region: region}} }

var nanjingRoad = Location{Code: "S-01", Kind: DirectStore, Profile: in("310101")}

func may(s *Sharing, channel string, l Location, sku, category string, online int64) int64 {
	share := s.For(channel)
	share.At(&l)
	return share.Promise(sku, category, online, noneDrawn)
}

func TestEachModeSharesItsPart(t *testing.T) {
	for _, c := range []struct {
		mode         SharingMode
		value        int64
		online, want int64
	}{
		{ShareAll, 0, 9, 9}, {ShareAll, 0, -4, 0},
		{SharePercentage, 2500, 9, 2}, {SharePercentage, 9999, 1, 0}, {SharePercentage, 9999, MaxOnHand, 999_900_000_000},
		{ShareQuota, 3, 9, 3}, {ShareQuota, 3, 2, 2}, {ShareQuota, 3, 0, 0},
		{ShareAllBut, 4, 9, 5}, {ShareAllBut, 4, 3, 0},
		{ShareNone, 0, 9, 0},
	} {
		s := NewSharing([]*SharingPolicy{shared(t, "p", SharingScope{Channel: "tmall"}, c.mode, c.value)}, 1)
		require.Equal(t, c.want, may(s, "tmall", nanjingRoad, "LJ", "green", c.online), "%+v", c)
	}
}

func TestTheMorePreciseOneCounts(t *testing.T) {
	everywhere := SharingScope{}
	ladder := []SharingScope{
		everywhere,
		{Channel: "tmall"},
		{ProductKind: OfCategory, Product: "green"},
		{ProductKind: OfSKU, Product: "LJ"},
		{PlaceKind: OfStoreType, Place: "DIRECT_STORE"},
		{PlaceKind: OfStoreType, Place: "DIRECT_STORE", Channel: "tmall"},
		{PlaceKind: OfStoreType, Place: "DIRECT_STORE", ProductKind: OfSKU, Product: "LJ"},
		{PlaceKind: InRegion, Place: "31"},
		{PlaceKind: InRegion, Place: "31", ProductKind: OfCategory, Product: "green"},
		{PlaceKind: InRegion, Place: "3101", Channel: "tmall"},
		{PlaceKind: InRegion, Place: "310101"},
		{PlaceKind: AtLocation, Place: "S-01"},
		{PlaceKind: AtLocation, Place: "S-01", ProductKind: OfCategory, Product: "green"},
		{PlaceKind: AtLocation, Place: "S-01", ProductKind: OfSKU, Product: "LJ"},
		{PlaceKind: AtLocation, Place: "S-01", ProductKind: OfSKU, Product: "LJ", Channel: "tmall"},
	}
	var policies []*SharingPolicy
	for n, scope := range ladder {
		policies = append(policies, shared(t, fmt.Sprintf("p%02d", n), scope, ShareAllBut, int64(n+1)))
		shuffled := slices.Clone(policies)
		slices.Reverse(shuffled)
		s := NewSharing(shuffled, 1)
		require.Equal(t, 1000-int64(n+1), may(s, "tmall", nanjingRoad, "LJ", "green", 1000), "%+v", scope)
	}
	s := NewSharing(policies, 1)
	elsewhere := Location{Code: "W-09", Kind: Warehouse, Profile: in("4401")}
	require.Equal(t, int64(999), may(s, "jd", elsewhere, "TG", "oolong", 1000), "a channel that no policy names has those for every channel")
	require.Equal(t, int64(997), may(s, "jd", elsewhere, "TG", "green", 1000))
	require.Equal(t, int64(1000), may(NewSharing(nil, 1), "jd", elsewhere, "TG", "green", 1000), "no policy shares all")
	require.True(t, NewSharing(nil, 1).Free())
	require.False(t, s.Free())
}

func TestRegionsNestByTheirCodes(t *testing.T) {
	for _, c := range []struct {
		code, region string
		want         bool
	}{
		{"31", "310101", true}, {"310101", "310101", true}, {"310101", "31", false}, {"32", "310101", false}, {"", "31", false},
		{"east", "east/shanghai", true}, {"east/sh", "east", false},
	} {
		require.Equal(t, c.want, Covers(c.code, c.region), "%+v", c)
	}
}

// The figures of the domain's example, step by step.
func TestAnExclusiveQuotaIsTakenAwayFromAllOthers(t *testing.T) {
	s := NewSharing([]*SharingPolicy{shared(t, "q", SharingScope{Channel: "douyin", PlaceKind: AtLocation, Place: "S-01"}, ShareQuota, 3)}, 1)
	shelf, err := RestoreStock(StockRow{Key: StockKey{"LJ", "S-01", "HQ"}, Org: "HQ", OnHand: 10, SafetyStock: 2})
	require.NoError(t, err)
	figures := func() []int64 {
		return []int64{may(s, "miniprogram", nanjingRoad, "LJ", "", shelf.Promise()), may(s, "douyin", nanjingRoad, "LJ", "", shelf.Promise()), shelf.AtTheTill()}
	}
	require.Equal(t, []int64{5, 3, 10}, figures())
	require.NoError(t, shelf.Hold(5, Parcel))
	require.Equal(t, []int64{0, 3, 5}, figures())
	require.Equal(t, int64(7), may(s, "miniprogram", Location{Code: "S-02", Kind: DirectStore}, "LJ", "", 7), "elsewhere it keeps nothing")

	share := s.For("miniprogram")
	require.True(t, share.At(&nanjingRoad))
	used := QuotasUsed{{"q", "LJ", "S-01"}: 2}
	require.Equal(t, int64(7), share.Promise("LJ", "", 8, used), "what is drawn is not kept twice")
	require.Equal(t, int64(8), share.Promise("LJ", "", 8, QuotasUsed{{"q", "LJ", "S-01"}: 5}))
}

func TestPoliciesCountBetweenTheirTimes(t *testing.T) {
	p, err := NewSharingPolicy(SharingRow{ID: "p", SharingScope: SharingScope{Channel: "douyin"}, Mode: ShareQuota, Value: 3, FromUS: 100, UntilUS: 200}, 50)
	require.NoError(t, err)
	for at, want := range map[int64]int64{50: 9, 99: 9, 100: 3, 199: 3, 200: 9} {
		s := NewSharing([]*SharingPolicy{p}, at)
		require.Equal(t, want, may(s, "douyin", nanjingRoad, "LJ", "", 9), "at %d", at)
		require.True(t, s.Valid(at))
	}
	early := NewSharing([]*SharingPolicy{p}, 60)
	require.True(t, early.Valid(99))
	require.False(t, early.Valid(100))
	require.False(t, NewSharing([]*SharingPolicy{p}, 150).Valid(200))
	require.NoError(t, p.End(150))
	require.False(t, p.InForce(150))
	require.True(t, p.InForce(149))
	require.ErrorAs(t, p.End(160), new(PolicyOver))
}

func TestEqualPoliciesConflictWhileBothAreInForce(t *testing.T) {
	policy := func(id string, scope SharingScope, from, until int64) *SharingPolicy {
		p, err := NewSharingPolicy(SharingRow{ID: id, SharingScope: scope, Mode: ShareNone, FromUS: from, UntilUS: until}, 1)
		require.NoError(t, err)
		return p
	}
	tmall := SharingScope{Channel: "tmall", PlaceKind: InRegion, Place: "31"}
	first := policy("a", tmall, 100, 200)
	for _, c := range []struct {
		p    *SharingPolicy
		want bool
	}{
		{policy("b", tmall, 150, 0), true}, {policy("b", tmall, 1, 101), true}, {policy("b", tmall, 200, 0), false}, {policy("b", tmall, 1, 100), false},
		{policy("b", SharingScope{PlaceKind: InRegion, Place: "31"}, 100, 200), false},
		{policy("b", SharingScope{Channel: "tmall", PlaceKind: InRegion, Place: "3101"}, 100, 200), false},
		{policy("b", SharingScope{Channel: "tmall", PlaceKind: InRegion, Place: "31", ProductKind: OfCategory, Product: "green"}, 100, 200), false},
		{policy("a", tmall, 100, 200), false},
	} {
		require.Equal(t, c.want, c.p.Conflict([]*SharingPolicy{first}) != nil, "%+v", c.p.row)
	}
	require.NoError(t, first.End(150))
	require.Nil(t, policy("b", tmall, 150, 0).Conflict([]*SharingPolicy{first}), "what was ended makes room")
}

func TestWrongPoliciesAreRefusedByName(t *testing.T) {
	for field, rows := range map[string][]SharingRow{
		"mode":  {{}, {Mode: 9}},
		"value": {{Mode: ShareAll, Value: 1}, {Mode: SharePercentage}, {Mode: SharePercentage, Value: 10_000}, {Mode: ShareAllBut}, {Mode: ShareAllBut, Value: MaxQuantity + 1}, {SharingScope: SharingScope{Channel: "jd"}, Mode: ShareQuota}},
		"channel": {{Mode: ShareQuota, Value: 3}, {Mode: ShareNone, SharingScope: SharingScope{Channel: strings.Repeat("x", 33)}},
			{Mode: ShareNone, SharingScope: SharingScope{Channel: "a\nb"}}, {Mode: ShareNone, SharingScope: SharingScope{Channel: " a"}}, {Mode: ShareNone, SharingScope: SharingScope{Channel: "a\u202e"}}},
		"place": {{Mode: ShareNone, SharingScope: SharingScope{Place: "x"}}, {Mode: ShareNone, SharingScope: SharingScope{PlaceKind: OfStoreType, Place: "KIOSK"}},
			{Mode: ShareNone, SharingScope: SharingScope{PlaceKind: AtLocation}}, {Mode: ShareNone, SharingScope: SharingScope{PlaceKind: 9, Place: "x"}}},
		"product": {{Mode: ShareNone, SharingScope: SharingScope{Product: "x"}}, {Mode: ShareNone, SharingScope: SharingScope{ProductKind: OfSKU}},
			{Mode: ShareNone, SharingScope: SharingScope{ProductKind: 9, Product: "x"}}},
		"from_us":  {{Mode: ShareNone, FromUS: 99}},
		"until_us": {{Mode: ShareNone, UntilUS: 100}, {Mode: ShareNone, UntilUS: -1}, {Mode: ShareNone, FromUS: 300, UntilUS: 200}},
	} {
		for _, row := range rows {
			row.ID = "p"
			_, err := NewSharingPolicy(row, 100)
			var invalid Invalid
			require.ErrorAs(t, err, &invalid, "%+v", row)
			require.Equal(t, field, invalid.Field, "%+v", row)
		}
	}
	_, err := RestoreSharingPolicy(SharingRow{Mode: ShareNone})
	require.ErrorAs(t, err, new(Broken))
}

// slowly finds the policy by the words of the rule: all that apply, the most specific one last.
func slowly(policies []*SharingPolicy, atUS int64, channel string, l Location, sku, category string) *SharingPolicy {
	var apply []SharingRow
	byID := map[string]*SharingPolicy{}
	for _, p := range policies {
		r := p.row
		placed := r.PlaceKind == Everywhere || r.PlaceKind == OfStoreType && storeTypes[r.Place] == l.Kind || r.PlaceKind == InRegion && Covers(r.Place, l.region()) || r.PlaceKind == AtLocation && r.Place == l.Code
		of := r.ProductKind == Everything || r.ProductKind == OfCategory && r.Product == category || r.ProductKind == OfSKU && r.Product == sku
		if p.InForce(atUS) && placed && of && (r.Channel == "" || r.Channel == channel) {
			apply = append(apply, r)
			byID[r.ID] = p
		}
	}
	slices.SortFunc(apply, func(a, b SharingRow) int {
		return cmp.Or(cmp.Compare(a.PlaceKind, b.PlaceKind), cmp.Compare(len(a.Place), len(b.Place)), cmp.Compare(a.ProductKind, b.ProductKind), cmp.Compare(a.Channel, b.Channel))
	})
	if len(apply) == 0 {
		return nil
	}
	return byID[apply[len(apply)-1].ID]
}

var (
	someChannels   = []string{"", "tmall", "jd", "douyin"}
	someRegions    = []string{"31", "3101", "310101", "east", "east/sh", "44"}
	someCategories = []string{"green", "black"}
	someSKUs       = []string{"A", "B", "C"}
	somePlaces     = []Location{{Code: "W-01", Kind: Warehouse, Profile: in("310101")}, {Code: "S-01", Kind: DirectStore, Profile: in("3101")}, {Code: "F-01", Kind: FranchiseStore, Profile: in("east/sh")}, {Code: "F-02", Kind: FranchiseStore}}
)

// drawPolicies makes policies that do not conflict.
func drawPolicies(rt *rapid.T) []*SharingPolicy {
	var policies []*SharingPolicy
	for n := range rapid.IntRange(0, 14).Draw(rt, "policies") {
		r := SharingRow{ID: fmt.Sprintf("p%02d", n)}
		r.Channel = rapid.SampledFrom(someChannels).Draw(rt, "channel")
		switch r.PlaceKind = PlaceKind(rapid.IntRange(0, 3).Draw(rt, "place kind")); r.PlaceKind {
		case OfStoreType:
			r.Place = rapid.SampledFrom([]string{"WAREHOUSE", "DIRECT_STORE", "FRANCHISE_STORE"}).Draw(rt, "type")
		case InRegion:
			r.Place = rapid.SampledFrom(someRegions).Draw(rt, "region")
		case AtLocation:
			r.Place = rapid.SampledFrom(somePlaces).Draw(rt, "location").Code
		}
		switch r.ProductKind = ProductKind(rapid.IntRange(0, 2).Draw(rt, "product kind")); r.ProductKind {
		case OfCategory:
			r.Product = rapid.SampledFrom(someCategories).Draw(rt, "category")
		case OfSKU:
			r.Product = rapid.SampledFrom(someSKUs).Draw(rt, "sku")
		}
		r.Mode = SharingMode(rapid.IntRange(1, 5).Draw(rt, "mode"))
		if r.Mode == ShareQuota && r.Channel == "" {
			r.Mode = ShareAllBut
		}
		if r.Mode == SharePercentage {
			r.Value = rapid.Int64Range(1, 9999).Draw(rt, "basis points")
		} else if r.Mode == ShareQuota || r.Mode == ShareAllBut {
			r.Value = rapid.Int64Range(1, 9).Draw(rt, "pieces")
		}
		r.FromUS = rapid.Int64Range(1, 30).Draw(rt, "from")
		if rapid.Bool().Draw(rt, "ends") {
			r.UntilUS = r.FromUS + rapid.Int64Range(1, 30).Draw(rt, "for")
		}
		p, err := NewSharingPolicy(r, 1)
		require.NoError(rt, err)
		if p.Conflict(policies) == nil {
			policies = append(policies, p)
		}
	}
	return policies
}

func TestResolvingAgreesWithTheRuleInWords(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		policies := drawPolicies(rt)
		at := rapid.Int64Range(1, 60).Draw(rt, "at")
		s := NewSharing(policies, at)
		for _, channel := range append(someChannels, "other") {
			share := s.For(channel)
			for _, l := range somePlaces {
				counts := share.At(&l)
				for _, sku := range someSKUs {
					for _, category := range append(someCategories, "") {
						want := slowly(policies, at, channel, l, sku, category)
						require.Equal(rt, want, share.Policy(sku, category), "%s %s %s %s", channel, l.Code, sku, category)
						require.True(rt, counts || want == nil)
					}
				}
			}
		}
	})
}

// Whatever the policies and whoever comes first: together the channels never reserve more than was online, no quota is
// overdrawn, and what a quota keeps is there for its channel as long as nobody but channels takes goods.
func TestChannelsTogetherNeverReserveMoreThanIsOnline(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		policies := drawPolicies(rt)
		s := NewSharing(policies, rapid.Int64Range(1, 60).Draw(rt, "at"))
		l := rapid.SampledFrom(somePlaces).Draw(rt, "location")
		sku, category := rapid.SampledFrom(someSKUs).Draw(rt, "sku"), rapid.SampledFrom(someCategories).Draw(rt, "category")
		online := rapid.Int64Range(0, 40).Draw(rt, "online")
		used := QuotasUsed{}
		left, kept := online, int64(0)
		nobody := s.For("nobody")
		nobody.At(&l)
		kept = nobody.Kept(sku, category, used)
		for range rapid.IntRange(1, 20).Draw(rt, "reservations") {
			share := s.For(rapid.SampledFrom([]string{"tmall", "jd", "douyin", "miniprogram"}).Draw(rt, "who"))
			share.At(&l)
			promise := share.Promise(sku, category, left, used)
			require.GreaterOrEqual(rt, promise, int64(0))
			require.LessOrEqual(rt, promise, left)
			take := rapid.Int64Range(0, promise).Draw(rt, "take")
			left -= take
			if k, own := share.Quota(sku, category); own {
				used[k] += take
			} else if take > 0 {
				require.GreaterOrEqual(rt, left, nobody.Kept(sku, category, used), "others have taken what a quota keeps")
			}
		}
		for k, n := range used {
			i := slices.IndexFunc(policies, func(p *SharingPolicy) bool { return p.row.ID == k.Policy })
			require.LessOrEqual(rt, n, policies[i].row.Value)
		}
		require.GreaterOrEqual(rt, left, int64(0))
		require.LessOrEqual(rt, nobody.Kept(sku, category, used), kept)
	})
}

func TestADryRunNamesTheChannelsThatWouldSeeAnotherFigure(t *testing.T) {
	quota := shared(t, "q", SharingScope{Channel: "douyin"}, ShareQuota, 3)
	buffer := shared(t, "b", SharingScope{Channel: "jd"}, ShareAllBut, 8)
	before, after := NewSharing([]*SharingPolicy{buffer}, 1), NewSharing([]*SharingPolicy{buffer, quota}, 1)
	require.Equal(t, []SharingChange{{"", 8, 5}, {"douyin", 8, 3}},
		Differences(before, after, []string{"", "douyin", "jd"}, nanjingRoad, "LJ", "", 8, noneDrawn), "jd has nothing before and after")
}

func TestAskingAllocatesNothing(t *testing.T) {
	s := NewSharing([]*SharingPolicy{shared(t, "q", SharingScope{Channel: "douyin", PlaceKind: InRegion, Place: "31"}, ShareQuota, 3),
		shared(t, "b", SharingScope{ProductKind: OfCategory, Product: "green"}, ShareAllBut, 1)}, 1)
	share := s.For("tmall")
	var drawn Drawn = QuotasUsed{{"q", "LJ", "S-01"}: 2}
	asked, sum := int64(0), int64(0)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		share.At(&nanjingRoad)
		asked++
		sum += share.Promise("LJ", "green", 9, drawn)
	}))
	require.Equal(t, 7*asked, sum, "9 online, 1 kept for douyin, 1 for the buffer")
}

func TestDifferentScopesHaveDifferentNames(t *testing.T) {
	seen := map[string]SharingScope{}
	for _, s := range []SharingScope{{}, {Channel: "a"}, {Channel: "a/3"}, {PlaceKind: AtLocation, Place: "a"}, {PlaceKind: InRegion, Place: "a"}, {PlaceKind: AtLocation, Place: "a/2:1:b"},
		{PlaceKind: AtLocation, Place: "a", ProductKind: OfSKU, Product: "b"}, {ProductKind: OfCategory, Product: "b"}, {ProductKind: OfSKU, Product: "b"}} {
		require.NotContains(t, seen, s.String(), "%+v", s)
		seen[s.String()] = s
	}
	long := SharingScope{strings.Repeat("c", maxChannel), AtLocation, strings.Repeat("l", maxPlace), OfSKU, strings.Repeat("s", maxSKU)}
	require.LessOrEqual(t, len(long.String())+len("|9223372036854775807"), 200, "it must fit its column with a time")
}
