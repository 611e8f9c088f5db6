package pricing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/money"
)

var hq = []Bearer{{Party{Role: Headquarters}, 10_000}}

// three lines of the worked example.
func basket() []Line {
	return []Line{
		{ID: "1", SKU: "POT", Category: "ware/pot", Brand: "OP", Quantity: 1, ListMinor: 19900, TaxBP: 1300},
		{ID: "2", SKU: "CUP", Category: "ware/cup", Brand: "OP", Quantity: 1, ListMinor: 8900, TaxBP: 1300},
		{ID: "3", SKU: "TEA", Category: "tea/green", Brand: "LJ", Quantity: 3, ListMinor: 1500, TaxBP: 900},
	}
}

func priced(t testing.TB, in Input) Result {
	t.Helper()
	for _, p := range in.Promotions {
		require.NoError(t, p.Validate(), p.ID)
	}
	got, err := Calculate(in)
	require.NoError(t, err)
	check(t, in, got)
	return got
}

// check is what holds for every price.
func check(t require.TestingT, in Input, r Result) {
	goods, discounts, amounts, points := int64(0), int64(0), int64(0), int64(0)
	borne := map[Party]int64{}
	bear := func(d Discount) {
		sum := int64(0)
		for _, b := range d.Bearers {
			require.Positive(t, b.AmountMinor)
			borne[b.Party] += b.AmountMinor
			sum += b.AmountMinor
		}
		require.Equal(t, d.AmountMinor, sum, "the bearers of %s", d.Promotion)
	}
	used := map[string]int64{}
	for _, l := range r.Lines {
		off := int64(0)
		for _, d := range l.Discounts {
			require.Positive(t, d.AmountMinor)
			off += d.AmountMinor
			used[d.Promotion] += d.AmountMinor
			bear(d)
		}
		require.Equal(t, l.DiscountMinor, off)
		require.Equal(t, l.GrossMinor-l.DiscountMinor, l.PayableMinor)
		require.GreaterOrEqual(t, l.PayableMinor, int64(0))
		require.LessOrEqual(t, l.PointsAmountMinor, l.PayableMinor)
		require.True(t, l.Gift == "" || l.PayableMinor == 0, "a gift costs nothing")
		goods, discounts, amounts, points = goods+l.PayableMinor, discounts+off, amounts+l.PointsAmountMinor, points+l.Points
	}
	freight := int64(0)
	for _, d := range r.FreightDiscounts {
		freight += d.AmountMinor
		used[d.Promotion] += d.AmountMinor
		bear(d)
	}
	require.Equal(t, []int64{goods, discounts, amounts, points, freight}, []int64{r.GoodsMinor, r.DiscountMinor, r.PointsAmountMinor, r.Points, r.FreightDiscountMinor})
	charged := in.FreightMinor
	if in.Freight != nil {
		weight := int64(0)
		for _, l := range r.Lines {
			weight += l.WeightG * l.Quantity
		}
		charged = in.Freight.FirstMinor
		for over := weight - in.Freight.FirstG; over > 0 && in.Freight.StepG > 0; over -= in.Freight.StepG {
			charged += in.Freight.StepMinor
		}
		if in.Freight.FreeFromMinor > 0 && goods >= in.Freight.FreeFromMinor {
			charged = 0
		}
	}
	require.Equal(t, charged, r.FreightMinor+r.FreightDiscountMinor)
	require.GreaterOrEqual(t, r.FreightMinor, int64(0))
	tax := int64(0)
	if in.TaxOnTop {
		tax = r.TaxMinor
	}
	require.Equal(t, goods+r.FreightMinor+tax, r.TotalMinor)
	require.GreaterOrEqual(t, r.ToPayMinor(), int64(0))
	for _, b := range r.Bearers {
		require.Equal(t, borne[b.Party], b.AmountMinor)
		delete(borne, b.Party)
	}
	require.Empty(t, borne)
	for _, u := range r.Uses {
		require.Equal(t, used[u.Promotion], u.AmountMinor, u.Promotion)
		delete(used, u.Promotion)
	}
	require.Empty(t, used)
	// The steps lead from the list prices to what is to pay.
	sum := int64(0)
	for _, s := range r.Steps {
		if s.Applied {
			sum += s.AmountMinor
		} else {
			require.NotEmpty(t, s.Reason, s.Promotion)
			require.Zero(t, s.AmountMinor)
		}
	}
	gifts := int64(0)
	for _, l := range r.Lines {
		if l.Gift != "" {
			gifts += l.GrossMinor // worth what its step takes off again
		}
	}
	require.Equal(t, r.ToPayMinor(), sum+gifts)
}

// The example of the order center: 50.00 off three lines, borne 60/40.
func TestTheWorkedExample(t *testing.T) {
	got := priced(t, Input{Currency: "CNY", Lines: basket(), Promotions: []Promotion{{
		ID: "p1", Version: 3, Name: "50 off 300", Kind: Threshold, Stacking: WithAll, Levels: []Level{{FromMinor: 30000, OffMinor: 5000}},
		Bearers: []Bearer{{Party{Role: Headquarters}, 6000}, {Party{Role: Franchisee}, 4000}},
	}}})
	var discounts, payables []int64
	for _, l := range got.Lines {
		discounts, payables = append(discounts, l.DiscountMinor), append(payables, l.PayableMinor)
	}
	require.Equal(t, []int64{2988, 1336, 676}, discounts)
	require.Equal(t, []int64{16912, 7564, 3824}, payables)
	require.Equal(t, []Borne{{Party{Role: Franchisee}, 2000}, {Party{Role: Headquarters}, 3000}}, got.Bearers)
	require.Equal(t, []Use{{Promotion: "p1", Version: 3, AmountMinor: 5000}}, got.Uses)
	var back []int64
	for n := range int64(3) {
		back = append(back, money.Proportion(3824, n+1, 3)-money.Proportion(3824, n, 3))
	}
	require.Equal(t, []int64{1275, 1274, 1275}, back, "returned piece by piece")
}

// Pieces that are bought, and those that another promotion gives, are not given again.
func TestAGiftIsGivenOnce(t *testing.T) {
	gift := func(id string) Promotion {
		return Promotion{ID: id, Name: id, Kind: Gift, GiftSKU: "TEA", GiftPieces: 2, Stacking: WithAll, Levels: []Level{{FromMinor: 10000}}, Bearers: hq}
	}
	in := Input{Currency: "CNY", Lines: basket(), Gifts: map[string]Line{"TEA": {ListMinor: 1500}}, Promotions: []Promotion{gift("g1"), gift("g2")}}
	for left, want := range map[int64][]bool{4: {false, false}, 5: {true, false}, 6: {true, false}, 7: {true, true}} {
		in.GiftsLeft = map[string]int64{"TEA": left}
		got := priced(t, in)
		require.Equal(t, want, []bool{got.Steps[1].Applied, got.Steps[2].Applied}, left)
		require.Equal(t, map[string]int64{"TEA": left}, in.GiftsLeft, "the input stays as it was")
	}
}

// TestEachKind prices the basket, 333.00 at list, with one promotion.
func TestEachKind(t *testing.T) {
	gifts := map[string]Line{"SPOON": {ListMinor: 500, TaxBP: 1300}}
	for name, c := range map[string]struct {
		p       Promotion
		in      Input
		want    int64 // off the goods
		freight int64 // off the freight
		reason  string
	}{
		"money off each piece":            {p: Promotion{Kind: MoneyOff, OffMinor: 200, Scope: Scope{SKUs: []string{"TEA"}}}, want: 600},
		"never more than the price":       {p: Promotion{Kind: MoneyOff, OffMinor: 9900, Scope: Scope{Categories: []string{"tea"}}}, want: 4500},
		"percent":                         {p: Promotion{Kind: PercentOff, OffBP: 1000}, want: 3330},
		"percent of a brand, capped":      {p: Promotion{Kind: PercentOff, OffBP: 5000, CapMinor: 700, Scope: Scope{Brands: []string{"OP"}}}, want: 700},
		"all but a SKU":                   {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{ExceptSKUs: []string{"POT"}}}, want: 1340},
		"no line of it":                   {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Categories: []string{"te"}}}, reason: NoLine},
		"below the threshold":             {p: Promotion{Kind: Threshold, Levels: []Level{{FromMinor: 33301, OffMinor: 1}}}, reason: BelowThreshold},
		"at the threshold":                {p: Promotion{Kind: Threshold, Levels: []Level{{FromMinor: 33300, OffMinor: 1}}}, want: 1},
		"the highest step":                {p: Promotion{Kind: Threshold, Levels: []Level{{FromMinor: 10000, OffMinor: 500}, {FromMinor: 30000, OffMinor: 2000}, {FromMinor: 50000, OffMinor: 9000}}}, want: 2000},
		"for each time":                   {p: Promotion{Kind: Threshold, Every: true, Levels: []Level{{FromMinor: 10000, OffMinor: 1000}}}, want: 3000},
		"a rate from a quantity":          {p: Promotion{Kind: Threshold, Levels: []Level{{FromQuantity: 3, OffBP: 1000}}, Scope: Scope{SKUs: []string{"TEA"}}}, want: 450},
		"second piece at half price":      {p: Promotion{Kind: NthItem, Nth: 2, OffBP: 5000, Scope: Scope{SKUs: []string{"TEA"}}}, want: 750},
		"the cheapest of three is free":   {p: Promotion{Kind: NthItem, Nth: 3, OffBP: 10000}, want: 1500},
		"too few for the Nth":             {p: Promotion{Kind: NthItem, Nth: 4, OffBP: 5000, Scope: Scope{SKUs: []string{"TEA"}}}, reason: NothingOff},
		"bundle":                          {p: Promotion{Kind: Bundle, PriceMinor: 9900, Parts: []Part{{"CUP", 1}, {"TEA", 2}}}, want: 2000},
		"a part of the bundle is missing": {p: Promotion{Kind: Bundle, PriceMinor: 1, Parts: []Part{{"CUP", 2}}}, reason: BelowThreshold},
		"a bundle that is dearer":         {p: Promotion{Kind: Bundle, PriceMinor: 99900, Parts: []Part{{"CUP", 1}}}, reason: NothingOff},
		"gift":                            {p: Promotion{Kind: Gift, GiftSKU: "SPOON", GiftPieces: 2, Levels: []Level{{FromMinor: 10000}}}, want: 1000},
		"gifts for each time":             {p: Promotion{Kind: Gift, Every: true, GiftSKU: "SPOON", GiftPieces: 1, Levels: []Level{{FromQuantity: 2}}}, want: 1000},
		"a gift of which enough is left":  {p: Promotion{Kind: Gift, GiftSKU: "SPOON", GiftPieces: 2, Levels: []Level{{FromMinor: 10000}}}, in: Input{GiftsLeft: map[string]int64{"SPOON": 2}}, want: 1000},
		"a gift that is short":            {p: Promotion{Kind: Gift, GiftSKU: "SPOON", GiftPieces: 2, Levels: []Level{{FromMinor: 10000}}}, in: Input{GiftsLeft: map[string]int64{"SPOON": 1}}, reason: GiftOutOfStock},
		"a gift that has to be":           {p: Promotion{Kind: Gift, GiftSKU: "SPOON", GiftPieces: 2, GiftRequired: true, Levels: []Level{{FromMinor: 10000}}}, in: Input{GiftsLeft: map[string]int64{"SPOON": 1}}, want: 1000},
		"a gift that nobody knows":        {p: Promotion{Kind: Gift, GiftSKU: "FORK", GiftPieces: 1, Levels: []Level{{FromMinor: 1}}}, reason: GiftUnknown},
		"free freight":                    {p: Promotion{Kind: FreeFreight}, freight: 1200},
		"a part of the freight":           {p: Promotion{Kind: FreeFreight, OffMinor: 500}, freight: 500},
		"free freight from an amount":     {p: Promotion{Kind: FreeFreight, Levels: []Level{{FromMinor: 99900}}}, reason: BelowThreshold},
		"flash":                           {p: Promotion{Kind: FlashSale, PriceMinor: 990, Scope: Scope{SKUs: []string{"TEA"}}}, want: 1530},
		"flash, as many as are left":      {p: Promotion{Kind: FlashSale, Quota: 9, PriceMinor: 990, Scope: Scope{SKUs: []string{"TEA"}}}, in: Input{Left: map[string]Left{"p": {-1, 2, -1}}}, want: 1020},
		"flash, as many as the buyer may": {p: Promotion{Kind: FlashSale, PerBuyer: 1, PriceMinor: 990, Scope: Scope{SKUs: []string{"TEA"}, MembersOnly: true}}, in: Input{Buyer: Buyer{Member: "m"}}, want: 510},
		"flash, sold out":                 {p: Promotion{Kind: FlashSale, Quota: 9, PriceMinor: 990}, in: Input{Left: map[string]Left{"p": {-1, 0, -1}}}, reason: QuotaUsedUp},
		"flash, the buyer has had his":    {p: Promotion{Kind: FlashSale, PerBuyer: 1, PriceMinor: 990, Scope: Scope{MembersOnly: true}}, in: Input{Buyer: Buyer{Member: "m"}, Left: map[string]Left{"p": {-1, -1, 0}}}, reason: LimitOfBuyer},
		"flash that is dearer":            {p: Promotion{Kind: FlashSale, PriceMinor: 99900}, reason: NothingOff},
		"budget":                          {p: Promotion{Kind: PercentOff, OffBP: 1000, BudgetMinor: 3330}, want: 3330},
		"budget used up":                  {p: Promotion{Kind: PercentOff, OffBP: 1000, BudgetMinor: 3329}, reason: BudgetUsedUp},
		"budget used up by others":        {p: Promotion{Kind: PercentOff, OffBP: 1000, BudgetMinor: 99999}, in: Input{Left: map[string]Left{"p": {3329, -1, -1}}}, reason: BudgetUsedUp},
		"not yet":                         {p: Promotion{Kind: PercentOff, OffBP: 1000, FromUS: 100}, in: Input{AtUS: 99}, reason: NotYet},
		"from its first moment":           {p: Promotion{Kind: PercentOff, OffBP: 1000, FromUS: 100, UntilUS: 101}, in: Input{AtUS: 100}, want: 3330},
		"over":                            {p: Promotion{Kind: PercentOff, OffBP: 1000, FromUS: 100, UntilUS: 101}, in: Input{AtUS: 101}, reason: Over},
		"another channel":                 {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Channels: []string{"tmall"}}}, in: Input{Channel: "pos"}, reason: OutOfScope},
		"its store":                       {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Stores: []string{"S-1"}}}, in: Input{Store: "S-1"}, want: 3330},
		"its region":                      {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Regions: []string{"31"}}}, in: Input{Region: "310101"}, want: 3330},
		"another region":                  {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Regions: []string{"32"}}}, in: Input{Region: "310101"}, reason: OutOfScope},
		"members only":                    {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{MembersOnly: true}}, reason: NotTheBuyers},
		"its tier":                        {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Tiers: []string{"GOLD"}}}, in: Input{Buyer: Buyer{Tier: "GOLD"}}, want: 3330},
		"a guest has no tier":             {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Tiers: []string{"GOLD"}}}, reason: NotTheBuyers},
		"one of its segments":             {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{Segments: []string{"a", "b"}}}, in: Input{Buyer: Buyer{Segments: []string{"b"}}}, want: 3330},
		"no first order":                  {p: Promotion{Kind: PercentOff, OffBP: 1000, Scope: Scope{FirstOrder: true}}, reason: NotTheBuyers},
		"a coupon that the buyer has":     {p: Promotion{Kind: MoneyOff, OffMinor: 100, Coupon: true}, in: Input{Buyer: Buyer{Coupons: []string{"p"}}}, want: 500},
		"a coupon nobody has, not a word": {p: Promotion{Kind: MoneyOff, OffMinor: 100, Coupon: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c.p.ID, c.p.Name, c.p.Bearers = "p", name, hq
			if c.p.Stacking == "" {
				c.p.Stacking = WithAll
			}
			c.in.Lines, c.in.Gifts, c.in.FreightMinor, c.in.Promotions = basket(), gifts, 1200, []Promotion{c.p}
			got := priced(t, c.in)
			require.Equal(t, []int64{c.want, c.freight}, []int64{got.DiscountMinor, got.FreightDiscountMinor})
			reason := ""
			for _, s := range got.Steps {
				reason += s.Reason
			}
			require.Equal(t, c.reason, reason)
		})
	}
}

func TestPromotionsTogether(t *testing.T) {
	tenth := func(id string, priority int64, stacking Stacking) Promotion {
		return Promotion{ID: id, Name: id, Kind: PercentOff, OffBP: 1000, Priority: priority, Stacking: stacking, Bearers: hq}
	}
	coupon := tenth("coupon", 0, WithAll)
	coupon.Coupon = true
	grouped := func(p Promotion, group string) Promotion { p.Group = group; return p }
	of := func(p Promotion, skus ...string) Promotion { p.Scope.SKUs = skus; return p }
	for name, c := range map[string]struct {
		list []Promotion
		want []string // what applies
		off  int64
	}{
		"each sees what the one before left": {[]Promotion{tenth("a", 0, WithAll), tenth("b", 0, WithAll)}, []string{"a", "b"}, 3330 + 2997},
		"by priority":                        {[]Promotion{tenth("a", 0, WithAll), tenth("b", 9, Alone)}, []string{"b"}, 3330},
		"alone comes too late":               {[]Promotion{tenth("a", 9, WithAll), tenth("b", 0, Alone)}, []string{"a"}, 3330},
		"alone on its own line":              {[]Promotion{of(tenth("a", 9, Alone), "POT"), tenth("b", 0, WithAll)}, []string{"a", "b"}, 1990 + 1340},
		"one of a group":                     {[]Promotion{grouped(tenth("a", 1, WithAll), "g"), grouped(tenth("b", 2, WithAll), "g"), tenth("c", 0, WithAll)}, []string{"b", "c"}, 3330 + 2997},
		"who gives nothing takes no group":   {[]Promotion{grouped(of(tenth("a", 1, WithAll), "NONE"), "g"), grouped(tenth("b", 0, WithAll), "g")}, []string{"b"}, 3330},
		"with coupons only":                  {[]Promotion{tenth("a", 9, WithCoupons), tenth("b", 0, WithAll), coupon}, []string{"a", "coupon"}, 3330 + 2997},
		"a coupon comes after the threshold": {[]Promotion{coupon, {ID: "t", Name: "t", Kind: Threshold, Stacking: WithAll, Levels: []Level{{FromMinor: 33300, OffMinor: 3300}}, Bearers: hq}}, []string{"t", "coupon"}, 3300 + 3000},
		"flash pieces alone, others not": {[]Promotion{{ID: "f", Name: "f", Kind: FlashSale, PriceMinor: 1000, Quota: 1, Stacking: Alone, Scope: Scope{SKUs: []string{"TEA"}}, Bearers: hq}, tenth("a", 0, WithAll)},
			[]string{"f", "a"}, 500 + 3180},
	} {
		t.Run(name, func(t *testing.T) {
			got := priced(t, Input{Lines: basket(), Promotions: c.list, Buyer: Buyer{Coupons: []string{"coupon"}}})
			var applied []string
			for _, s := range got.Steps {
				if s.Applied && s.Promotion != "" {
					applied = append(applied, s.Promotion)
				}
			}
			require.Equal(t, c.want, applied)
			require.Equal(t, c.off, got.DiscountMinor)
		})
	}
}

func TestTiersPointsAndTax(t *testing.T) {
	lines := basket()
	lines[0].TierMinor = 18000
	lines[1].TierMinor = 9900 // dearer than the list price: nobody pays more for being a member
	got := priced(t, Input{Lines: lines, FreightMinor: 1000, Points: 1_000_000, PointValueMinor: 3})
	require.Equal(t, []int64{18000, 8900, 4500}, []int64{got.Lines[0].GrossMinor, got.Lines[1].GrossMinor, got.Lines[2].GrossMinor})
	require.Equal(t, []int64{10466, 31398, 1002}, []int64{got.Points, got.PointsAmountMinor, got.ToPayMinor()}, "whole points, none on freight")
	require.Equal(t, []int64{2071, 1024, 372}, []int64{got.Lines[0].TaxMinor, got.Lines[1].TaxMinor, got.Lines[2].TaxMinor}, "in the price")
	got = priced(t, Input{Lines: lines, TaxOnTop: true})
	require.Equal(t, []int64{2340 + 1157 + 405, 31400 + 3902}, []int64{got.TaxMinor, got.TotalMinor})
	lines[0].NoDiscount = true
	got = priced(t, Input{Lines: lines, Promotions: []Promotion{{ID: "p", Name: "p", Kind: PercentOff, OffBP: 10000, Stacking: WithAll, Bearers: hq}}})
	require.Equal(t, int64(18000), got.TotalMinor)
}

func TestBadInputIsRefusedByName(t *testing.T) {
	for field, spoil := range map[string]func(in *Input){
		"lines[1].id":       func(in *Input) { in.Lines[1].ID = "1" },
		"lines[2].quantity": func(in *Input) { in.Lines[2].Quantity = 0 },
		"lines[0]":          func(in *Input) { in.Lines[0].ListMinor = -1 },
		"freight_minor":     func(in *Input) { in.FreightMinor = -1 },
	} {
		in := Input{Lines: basket()}
		spoil(&in)
		_, err := Calculate(in)
		var invalid Invalid
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, field, invalid.Field)
	}
	in := Input{Lines: basket()}
	in.Lines[0].ListMinor, in.Lines[0].Quantity = 1<<62, 4
	_, err := Calculate(in)
	require.ErrorIs(t, err, money.ErrAmount)
}

func TestTermsThatSayNothingAreRefused(t *testing.T) {
	sound := Promotion{Name: "x", Kind: Threshold, Stacking: WithAll, Levels: []Level{{FromMinor: 1, OffMinor: 1}}, Bearers: hq}
	require.NoError(t, sound.Validate())
	for name, c := range map[string]struct {
		spoil func(p *Promotion)
		field string
	}{
		"no name":        {func(p *Promotion) { p.Name = "" }, "name"},
		"no kind":        {func(p *Promotion) { p.Kind = "X" }, "kind"},
		"ends before":    {func(p *Promotion) { p.FromUS, p.UntilUS = 5, 5 }, "until_us"},
		"no bearers":     {func(p *Promotion) { p.Bearers = nil }, "bearers"},
		"99 %":           {func(p *Promotion) { p.Bearers = []Bearer{{Party{Role: Headquarters}, 9900}} }, "bearers"},
		"who is that":    {func(p *Promotion) { p.Bearers = []Bearer{{Party{Role: "ME"}, 10000}} }, "bearers"},
		"which supplier": {func(p *Promotion) { p.Bearers = []Bearer{{Party{Role: Supplier}, 10000}} }, "bearers"},
		"twice the same": {func(p *Promotion) {
			p.Bearers = []Bearer{{Party{Role: Headquarters}, 5000}, {Party{Role: Headquarters}, 5000}}
		}, "bearers"},
		"no levels":         {func(p *Promotion) { p.Levels = nil }, "levels"},
		"falling levels":    {func(p *Promotion) { p.Levels = []Level{{FromMinor: 2, OffMinor: 1}, {FromMinor: 2, OffMinor: 2}} }, "levels"},
		"mixed levels":      {func(p *Promotion) { p.Levels = []Level{{FromMinor: 2, OffMinor: 1}, {FromQuantity: 9, OffMinor: 2}} }, "levels"},
		"a level of both":   {func(p *Promotion) { p.Levels = []Level{{FromMinor: 2, OffMinor: 1, OffBP: 1}} }, "levels"},
		"a rate every time": {func(p *Promotion) { p.Every, p.Levels = true, []Level{{FromMinor: 2, OffBP: 1}} }, "every"},
		"no stacking":       {func(p *Promotion) { p.Stacking = "" }, "stacking"},
		"negative budget":   {func(p *Promotion) { p.BudgetMinor = -1 }, "budget_minor"},
		"quota of money":    {func(p *Promotion) { p.Quota = 1 }, "quota"},
		"limit of guests":   {func(p *Promotion) { p.Kind, p.PerBuyer = FlashSale, 1 }, "scope.members_only"},
		"no rate":           {func(p *Promotion) { p.Kind = PercentOff }, "off_bp"},
		"rate above 1":      {func(p *Promotion) { p.Kind, p.OffBP = PercentOff, 10001 }, "off_bp"},
		"no amount":         {func(p *Promotion) { p.Kind = MoneyOff }, "off_minor"},
		"first of one":      {func(p *Promotion) { p.Kind, p.Nth, p.OffBP = NthItem, 1, 1 }, "nth"},
		"bundle of nothing": {func(p *Promotion) { p.Kind = Bundle }, "parts"},
		"gift of nothing":   {func(p *Promotion) { p.Kind, p.Levels = Gift, []Level{{FromMinor: 1}} }, "gift"},
		"required discount": {func(p *Promotion) { p.GiftRequired = true }, "gift_required"},
		"capped gift":       {func(p *Promotion) { p.Kind, p.CapMinor, p.GiftSKU, p.GiftPieces = Gift, 1, "a", 1 }, "cap_minor"},
	} {
		p := sound
		c.spoil(&p)
		var invalid Invalid
		require.ErrorAs(t, p.Validate(), &invalid, name)
		require.Equal(t, c.field, invalid.Field, name)
	}
}

func genPromotion(t *rapid.T, id string) Promotion {
	p := Promotion{ID: id, Name: id, Kind: rapid.SampledFrom([]Kind{MoneyOff, PercentOff, Threshold, NthItem, Bundle, Gift, FreeFreight, FlashSale}).Draw(t, "kind"),
		Priority: rapid.Int64Range(0, 3).Draw(t, "priority"), Stacking: rapid.SampledFrom([]Stacking{WithAll, WithAll, WithCoupons, Alone}).Draw(t, "stacking"),
		Group: rapid.SampledFrom([]string{"", "", "g"}).Draw(t, "group"), OffMinor: rapid.Int64Range(1, 5000).Draw(t, "off"), OffBP: rapid.Int64Range(1, 10000).Draw(t, "rate"),
		Nth: rapid.Int64Range(2, 4).Draw(t, "nth"), PriceMinor: rapid.Int64Range(0, 3000).Draw(t, "price"), Parts: []Part{{"A", 1}, {"B", 2}}, GiftSKU: "G", GiftPieces: 2,
		Every: rapid.Bool().Draw(t, "every"), CapMinor: rapid.SampledFrom([]int64{0, 0, 777}).Draw(t, "cap"), BudgetMinor: rapid.SampledFrom([]int64{0, 0, 2500}).Draw(t, "budget")}
	if p.Kind == FlashSale || p.Kind == Gift {
		p.CapMinor = 0
	} else {
		p.Coupon = rapid.Bool().Draw(t, "coupon")
	}
	if p.Kind == Threshold {
		p.Levels = []Level{{FromMinor: rapid.Int64Range(1, 9000).Draw(t, "from"), OffMinor: p.OffMinor}}
	} else if p.Kind == Gift {
		p.Levels = []Level{{FromQuantity: rapid.Int64Range(1, 4).Draw(t, "from")}}
	}
	if p.Scope.SKUs = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"A", "B", "C"}), func(s string) string { return s }).Draw(t, "of"); p.Kind == Bundle {
		p.Scope.SKUs = nil
	}
	rest := int64(10000)
	for _, role := range parties {
		share := min(rest, rapid.Int64Range(0, 6000).Draw(t, "share"))
		if role == PaymentProvider {
			share = rest
		}
		if rest -= share; share > 0 {
			p.Bearers = append(p.Bearers, Bearer{Party{role, "x"}, share})
		}
	}
	return p
}

// Whatever is sold with whatever promotions: all sums are exact, nothing is below zero, and the order in which the promotions
// are listed changes nothing.
func TestAnyPriceIsExactAndDeterministic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := Input{Currency: "CNY", FreightMinor: rapid.Int64Range(0, 2000).Draw(rt, "freight"), Points: rapid.Int64Range(0, 9000).Draw(rt, "points"),
			PointValueMinor: rapid.Int64Range(0, 3).Draw(rt, "value"), TaxOnTop: rapid.Bool().Draw(rt, "tax"), Gifts: map[string]Line{"G": {ListMinor: 333, TaxBP: 1300}}}
		for i := range rapid.IntRange(1, 5).Draw(rt, "lines") {
			in.Lines = append(in.Lines, Line{ID: fmt.Sprint(i), SKU: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "sku"), Quantity: rapid.Int64Range(1, 7).Draw(rt, "qty"),
				ListMinor: rapid.Int64Range(0, 9999).Draw(rt, "list"), TierMinor: rapid.Int64Range(0, 9999).Draw(rt, "tier"), WeightG: rapid.Int64Range(0, 900).Draw(rt, "weight"), TaxBP: rapid.Int64Range(0, 1300).Draw(rt, "tax")})
		}
		if rapid.Bool().Draw(rt, "by weight") {
			in.Freight = &Freight{FirstG: rapid.Int64Range(0, 900).Draw(rt, "first"), FirstMinor: rapid.Int64Range(0, 900).Draw(rt, "base"), FreeFromMinor: rapid.Int64Range(0, 30_000).Draw(rt, "free from")}
			if rapid.Bool().Draw(rt, "steps") {
				in.Freight.StepG, in.Freight.StepMinor = rapid.Int64Range(1, 900).Draw(rt, "step"), rapid.Int64Range(1, 900).Draw(rt, "step costs")
			}
		}
		for i := range rapid.IntRange(0, 6).Draw(rt, "promotions") {
			p := genPromotion(rt, fmt.Sprint("p", i))
			require.NoError(rt, p.Validate())
			in.Promotions = append(in.Promotions, p)
			if p.Coupon && rapid.Bool().Draw(rt, "has") {
				in.Buyer.Coupons = append(in.Buyer.Coupons, p.ID)
			}
		}
		got, err := Calculate(in)
		require.NoError(rt, err)
		check(rt, in, got)
		shuffled := in
		shuffled.Promotions = slices.Clone(in.Promotions)
		rand.Shuffle(len(shuffled.Promotions), func(i, j int) {
			shuffled.Promotions[i], shuffled.Promotions[j] = shuffled.Promotions[j], shuffled.Promotions[i]
		})
		again, err := Calculate(shuffled)
		require.NoError(rt, err)
		require.Equal(rt, got, again)
	})
}
