package biz

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/money"
)

// slowly finds a price as the contract says it, list against list, without sorting: of the lists that apply and price the SKU,
// none is more specific than the one that counts.
func slowly(sku string, lists []PriceList, entries []PriceEntry, a PriceAsk, tier, currency string) (Price, bool) {
	stands := func(l PriceList) (PriceEntry, bool) {
		var at PriceEntry
		has := false
		for _, e := range entries {
			if e.List == l.Code && e.SKU == sku && e.FromUS <= a.AtUS && (!has || e.FromUS > at.FromUS || e.FromUS == at.FromUS && e.Version > at.Version) {
				at, has = e, true
			}
		}
		return at, has && !at.Withdrawn
	}
	beats := func(l, o PriceList) bool {
		switch {
		case (l.Store != "") != (o.Store != ""):
			return l.Store != ""
		case len(l.Region) != len(o.Region):
			return len(l.Region) > len(o.Region)
		case (l.Channel != "") != (o.Channel != ""):
			return l.Channel != ""
		case l.FromUS != o.FromUS:
			return l.FromUS > o.FromUS
		}
		return l.Code < o.Code
	}
	var best *PriceList
	for i, l := range lists {
		in := l.Tier == tier && (l.Channel == "" || l.Channel == a.Channel) && (l.Store == "" || l.Store == a.Store) &&
			(l.Region == "" || strings.HasPrefix(a.Region, l.Region)) && l.FromUS <= a.AtUS && (l.UntilUS == 0 || a.AtUS < l.UntilUS) &&
			(currency == "" || l.Currency == currency)
		if _, has := stands(l); in && has && (best == nil || beats(l, *best)) {
			best = &lists[i]
		}
	}
	if best == nil {
		return Price{}, false
	}
	e, _ := stands(*best)
	return Price{e.PriceMinor, best.Currency, best.Code}, true
}

func TestTheMostSpecificListCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
		var lists []PriceList
		var entries []PriceEntry
		for i := range rapid.IntRange(0, 8).Draw(t, "lists") {
			l := PriceList{Code: fmt.Sprint("L", i), FromUS: rapid.Int64Range(0, 4).Draw(t, "from"),
				PriceScope: PriceScope{Channel: pick("channel", "", "pos", "mall"), Store: pick("store", "", "S1", "S2"), Tier: pick("tier", "", "", "gold"), Currency: pick("currency", "CNY", "CNY", "EUR")}}
			if l.Store == "" {
				l.Region = pick("region", "", "33", "3301")
			}
			if rapid.Bool().Draw(t, "ends") {
				l.UntilUS = l.FromUS + rapid.Int64Range(1, 4).Draw(t, "length")
			}
			lists = append(lists, l)
			for j := range rapid.IntRange(0, 4).Draw(t, "entries") {
				entries = append(entries, PriceEntry{List: l.Code, SKU: pick("sku", "A", "B"), FromUS: rapid.Int64Range(0, 6).Draw(t, "at"), Version: int64(j + 1),
					PriceMinor: rapid.Int64Range(0, 99).Draw(t, "price"), Withdrawn: rapid.IntRange(0, 4).Draw(t, "gone") == 0})
			}
		}
		a := PriceAsk{Channel: pick("channel", "", "pos", "mall"), Store: pick("store", "", "S1", "S2"), Region: pick("region", "", "33", "330106", "44"),
			Tier: pick("tier", "", "gold"), Currency: pick("currency", "", "", "CNY", "EUR"), AtUS: rapid.Int64Range(0, 8).Draw(t, "now")}
		skus := []SKU{{code: "A", price: money.Money{Minor: 500, Currency: "CNY"}}, {code: "B", price: money.Money{Minor: 700, Currency: "EUR"}}}
		got := PriceAll(skus, lists, entries, a)
		for _, s := range skus {
			want, listed := slowly(s.code, lists, entries, a, "", a.Currency)
			if !listed {
				want = Price{Minor: s.price.Minor, Currency: s.price.Currency}
			}
			if a.Currency != "" && want.Currency != a.Currency {
				continue
			}
			require.NotEmpty(t, got)
			require.Equal(t, s.code, got[0].SKU.code)
			require.Equal(t, want, got[0].Price, s.code)
			tier := Price{}
			if a.Tier != "" {
				tier, _ = slowly(s.code, lists, entries, a, a.Tier, want.Currency)
			}
			require.Equal(t, tier, got[0].Tier, s.code)
			got = got[1:]
		}
		require.Empty(t, got)
	})
}

func TestRowsOfListsThatSayNothingAreRefused(t *testing.T) {
	good := ListRow{Line: 2, Code: "L", Name: "List", Channel: "pos", Currency: "CNY", FromUS: 5, UntilUS: 9}
	known := map[string]PriceList{}
	for name, c := range map[string]struct {
		change func(r *ListRow)
		field  string
	}{
		"no code":             {func(r *ListRow) { r.Code = "" }, "code"},
		"no name":             {func(r *ListRow) { r.Name = " " }, "name"},
		"two words":           {func(r *ListRow) { r.Channel = "a b" }, "channel"},
		"a store in a region": {func(r *ListRow) { r.Store, r.Region = "S1", "33" }, "region"},
		"no currency":         {func(r *ListRow) { r.Currency = "" }, "currency"},
		"ends first":          {func(r *ListRow) { r.UntilUS = 5 }, "until"},
		"long tier":           {func(r *ListRow) { r.Tier = strings.Repeat("x", 65) }, "tier"},
	} {
		row := good
		c.change(&row)
		plan := ImportLists(known, []ListRow{row}, "hq:pia", 7)
		require.Empty(t, plan.Create, name)
		require.Equal(t, c.field, plan.Result.Errors[0].Field, name)
	}
	plan := ImportLists(known, []ListRow{good, good}, "hq:pia", 7)
	require.Equal(t, []int{1, 1}, []int{len(plan.Create), len(plan.Result.Errors)})
	require.Equal(t, PriceList{Code: "L", Name: "List", PriceScope: PriceScope{Channel: "pos", Currency: "CNY"}, FromUS: 5, UntilUS: 9, Version: 1, ChangedBy: "hq:pia", ChangedUS: 7}, plan.Create[0])
	known["L"] = plan.Create[0]
	require.EqualValues(t, 1, ImportLists(known, []ListRow{good}, "x", 8).Result.Unchanged)
	longer := good
	longer.UntilUS = 10
	plan = ImportLists(known, []ListRow{longer}, "x", 8)
	require.Equal(t, int64(2), plan.Update[0].Version)
	other := good
	other.Channel = ""
	require.Equal(t, "PRICE_LIST_FIXED", ImportLists(known, []ListRow{other}, "x", 8).Result.Errors[0].Reason)
}
