package service

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/pricing"
)

// termsOf are the terms of the till's store, as a till reads them.
func (s *shop) termsOf(t require.TestingT, tiers ...string) (pricing.Terms, *orderv1.TillTerms) {
	got, err := NewTills(s.Order).GetTillTerms(s.as(till), &orderv1.GetTillTermsRequest{StoreCode: "S2", Tiers: tiers})
	require.NoError(t, err)
	terms, err := pricing.ReadTerms([]byte(got.Terms), got.Checksum)
	require.NoError(t, err)
	return terms, got
}

// sameSale compares a price of a till that was offline with the platform's: totals, lines, who pays what, and each step.
func sameSale(t require.TestingT, offline pricing.Result, online *orderv1.Calculation) {
	require.Equal(t, []int64{online.Goods.AmountMinor, online.Tax.AmountMinor, online.Total.AmountMinor, online.ToPay.AmountMinor},
		[]int64{offline.GoodsMinor + onTop(offline, online), offline.TaxMinor, offline.TotalMinor, offline.ToPayMinor()})
	require.Len(t, online.Lines, len(offline.Lines))
	skus := map[string]string{}
	for i, l := range offline.Lines {
		skus[l.ID] = l.SKU
		o := online.Lines[i]
		require.Equal(t, []any{o.Sku, o.Quantity, o.UnitPrice.AmountMinor, o.Discount.AmountMinor, o.TaxBp, o.Tax.AmountMinor, o.GiftOf},
			[]any{l.SKU, l.Quantity, l.UnitMinor, l.DiscountMinor, l.TaxBP, l.TaxMinor, l.Gift})
		var discounts, want []string
		for _, d := range l.Discounts {
			discounts = append(discounts, fmt.Sprint(d.Promotion, d.Version, d.AmountMinor))
		}
		for _, d := range o.Discounts {
			want = append(want, fmt.Sprint(d.Promotion, d.Version, d.AmountMinor))
		}
		require.Equal(t, want, discounts)
	}
	var steps, want []string
	const over = pricing.Over // the platform does not read any more what is over; a till that was offline meanwhile may say so
	for _, s := range offline.Steps {
		if s.Reason == over {
			continue
		}
		var of []string
		for _, id := range s.Lines {
			of = append(of, skus[id])
		}
		steps = append(steps, fmt.Sprint(s.Kind, s.Promotion, s.List, s.AmountMinor, s.Applied, s.Reason, of))
	}
	for _, s := range online.Steps {
		if s.Reason == over {
			continue
		}
		want = append(want, fmt.Sprint(s.Kind, s.Promotion, s.List, s.AmountMinor, s.Applied, s.Reason, s.Skus))
	}
	require.Equal(t, want, steps)
}

func onTop(r pricing.Result, online *orderv1.Calculation) int64 {
	if online.TaxOnTop {
		return r.TaxMinor
	}
	return 0
}

// Random catalogues, price lists, tiers, taxes, promotions and their versions, sales and moments: a till with the terms gets the
// platform's price, step by step.
func TestATillPricesOfflineAsThePlatformDoes(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; checks > 40 { // each has a platform's state of its own to write
				return
			}
			s.randomTrade(rt, checks)
			terms, _ := s.termsOf(rt, "gold", "silver")
			until := min(terms.UntilUS, terms.AtUS+3*time.Hour.Microseconds())
			at := rapid.Int64Range(terms.AtUS, until-1).Draw(rt, "at")
			var wants []pricing.Want
			req := &orderv1.CalculateRequest{Channel: "pos", ShopStoreCode: "S2"}
			for range rapid.IntRange(1, 4).Draw(rt, "lines") {
				w := pricing.Want{SKU: rapid.SampledFrom([]string{"tea", "cup", "pot"}).Draw(rt, "sku"), Quantity: rapid.Int64Range(1, 5).Draw(rt, "quantity")}
				wants, req.Lines = append(wants, w), append(req.Lines, line(w.SKU, w.Quantity))
			}
			buyer := pricing.Buyer{}
			if rapid.Bool().Draw(rt, "member") {
				buyer = pricing.Buyer{Member: "mbr_ann", Tier: s.world.tier, Segments: s.world.segments}
				req.MemberId = "mbr_ann"
			}
			in, err := terms.Input(buyer, wants, at)
			require.NoError(rt, err)
			offline, err := pricing.Calculate(in)
			require.NoError(rt, err)
			s.clock.Advance(time.Duration(at-terms.AtUS) * time.Microsecond)
			online, err := s.Calculate(s.as(till), req)
			require.NoError(rt, err)
			sameSale(rt, offline, online)
		})
	})
}

// randomTrade is another state of the centers.
func (s *shop) randomTrade(rt *rapid.T, round int) {
	draw := func(name string, from, to int64) int64 { return rapid.Int64Range(from, to).Draw(rt, name) }
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, name) }
	now, err := s.DB.Now(s.t.Context())
	require.NoError(rt, err)
	w := s.world
	w.prices = map[string]int64{"tea": draw("tea", 1, 30_000), "cup": draw("cup", 0, 3000), "pot": draw("pot", 1, 9000)}
	w.listed = map[string]int64{"pos/tea": draw("in the channel", 1, 30_000), "S2/cup": draw("in the store", 1, 3000), "gold/tea": draw("gold", 1, 30_000), "silver/pot": draw("silver", 1, 9000)}
	w.classes, w.brands, w.categories = map[string]string{"tea": "leaf", "cup": "ware", "pot": "ware"}, map[string]string{"tea": "QY"}, map[string]string{"cup": "ware/cup", "pot": "ware/pot"}
	w.regions, w.tier, w.segments = map[string]string{"S2": "330106"}, pick("tier", "", "gold", "silver"), []string{"new"}
	w.stock["S2"]["cup"] = 1_000_000
	s.taxed("", pick("region", "", "33", "44"), rapid.Bool().Draw(rt, "on top"), now+draw("taxed from", 0, 2)*time.Hour.Microseconds(), draw("leaf", 0, 1300), draw("ware", 0, 1300))
	for i := range int(draw("promotions", 0, 3)) {
		code := fmt.Sprint("R", round, "-", i)
		kind := rapid.SampledFrom([]orderv1.PromotionKind{orderv1.PromotionKind_MONEY_OFF, orderv1.PromotionKind_PERCENT_OFF, orderv1.PromotionKind_THRESHOLD, orderv1.PromotionKind_NTH_ITEM,
			orderv1.PromotionKind_BUNDLE, orderv1.PromotionKind_GIFT, orderv1.PromotionKind_FLASH_SALE}).Draw(rt, "kind")
		for version := range draw("versions", 1, 2) {
			terms := &orderv1.PromotionTerms{Kind: kind, Priority: draw("priority", -2, 2), Stacking: rapid.SampledFrom([]orderv1.Stacking{1, 2, 3}).Draw(rt, "stacking"), Group: pick("group", "", "g"),
				FromUs: now + draw("from", -1, 2)*time.Hour.Microseconds(), Bearers: bears(6000, 4000),
				Scope: &orderv1.PromotionScope{MembersOnly: rapid.Bool().Draw(rt, "members"), Tiers: [][]string{nil, {"gold"}}[draw("tiers", 0, 1)], Brands: [][]string{nil, {"QY"}}[draw("brands", 0, 1)],
					Categories: [][]string{nil, {"ware"}}[draw("categories", 0, 1)], Regions: [][]string{nil, {"33"}, {"44"}}[draw("regions", 0, 2)], Channels: [][]string{nil, {"pos"}, {"tmall"}}[draw("channels", 0, 2)]}}
			if rapid.Bool().Draw(rt, "ends") {
				terms.UntilUs = terms.FromUs + draw("length", 1, 3)*time.Hour.Microseconds()
			}
			switch kind {
			case orderv1.PromotionKind_MONEY_OFF:
				terms.OffMinor = draw("off", 1, 2000)
			case orderv1.PromotionKind_PERCENT_OFF:
				terms.OffBp = draw("off", 1, 10_000)
			case orderv1.PromotionKind_THRESHOLD:
				terms.Levels = []*orderv1.PromotionLevel{{FromMinor: draw("level", 1, 20_000), OffMinor: draw("off", 1, 3000)}}
			case orderv1.PromotionKind_NTH_ITEM:
				terms.Nth, terms.OffBp = draw("nth", 2, 4), draw("off", 1, 10_000)
			case orderv1.PromotionKind_BUNDLE:
				terms.Parts, terms.PriceMinor = []*orderv1.BundlePart{{Sku: "tea", Quantity: 1}, {Sku: "cup", Quantity: 2}}, draw("price", 0, 9000)
			case orderv1.PromotionKind_GIFT:
				terms.GiftSku, terms.GiftPieces, terms.Levels = "cup", draw("pieces", 1, 3), []*orderv1.PromotionLevel{{FromQuantity: draw("level", 1, 4)}}
			case orderv1.PromotionKind_FLASH_SALE:
				terms.PriceMinor = draw("price", 0, 9000)
			}
			s.put(code, version, terms)
		}
	}
}

func TestWhatHasToBeCountedIsNotInATillsTerms(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		budgeted := off(100)
		budgeted.BudgetMinor = 1000
		s.put("BUDGET", 0, budgeted)
		s.put("FLASH", 0, flash(5, 1))
		s.put("COUPON", 0, couponed(100, 0, 0, 0))
		s.put("FIRST", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_PERCENT_OFF, OffBp: 1, Scope: &orderv1.PromotionScope{FirstOrder: true}})
		s.put("PLAIN", 0, off(100))
		s.put("LATER", 0, off(100))
		limited := off(100)
		limited.BudgetMinor, limited.FromUs = 1000, start+time.Hour.Microseconds()
		s.put("LATER", 1, limited)
		terms, got := s.termsOf(t)
		require.Len(t, terms.Promotions, 1)
		require.Equal(t, "PLAIN", terms.Promotions[0].ID)
		require.Equal(t, []int64{start, start + 24*time.Hour.Microseconds()}, []int64{got.MadeAtUs, got.UntilUs})

		// They end where the taxes change, and their version is that of what they say.
		s.taxed("", "", false, start+time.Hour.Microseconds(), 100, 100)
		_, taxed := s.termsOf(t)
		require.Equal(t, start+time.Hour.Microseconds(), taxed.UntilUs)
		require.Equal(t, got.Version, taxed.Version)
		s.clock.Advance(time.Minute)
		_, later := s.termsOf(t)
		require.Equal(t, got.Version, later.Version)
		require.NotEqual(t, taxed.Checksum, later.Checksum)
		s.put("PLAIN", 1, off(200))
		_, changed := s.termsOf(t)
		require.NotEqual(t, got.Version, changed.Version)
	})
}

func TestTermsThatAreDamagedOrOverAreRefused(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	terms, got := s.termsOf(t, "gold")
	_, err := pricing.ReadTerms([]byte(strings.Replace(got.Terms, "19900", "19800", 1)), got.Checksum)
	require.ErrorContains(t, err, "checksum")
	require.True(t, json.Valid([]byte(got.Terms)))
	one := []pricing.Want{{SKU: "tea", Quantity: 1}}
	for field, at := range map[string]int64{"at_us": terms.UntilUS, "at_us ": terms.AtUS - 1} {
		_, err = terms.Input(pricing.Buyer{}, one, at)
		require.ErrorContains(t, err, strings.TrimSpace(field))
	}
	_, err = terms.Input(pricing.Buyer{}, []pricing.Want{{SKU: "old", Quantity: 1}}, terms.AtUS)
	require.ErrorContains(t, err, "lines[0].sku")
	for _, p := range []tenancy.Principal{ann, other, tmall} {
		_, err = NewTills(s.Order).GetTillTerms(s.as(p), &orderv1.GetTillTermsRequest{StoreCode: "S2"})
		require.Contains(t, []string{"NOT_FOUND", "FORBIDDEN"}, reasonOf(fault.Public(err)))
	}
	_, err = NewTills(s.Order).GetTillTerms(s.as(till), &orderv1.GetTillTermsRequest{StoreCode: "S1"})
	requireReason(t, "NOT_FOUND", err)
}

// A till prices by its terms as long as the platform would price the same: up to the next moment at which a price, a tier's price,
// a rate or the seller's standing with the tax office changes.
func TestATillsTermsEndWhereSomethingChanges(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		now, err := s.DB.Now(t.Context())
		require.NoError(t, err)
		in := func(d time.Duration) int64 { return now + d.Microseconds() }
		ends := func(want int64, tiers ...string) {
			t.Helper()
			_, got := s.termsOf(t, tiers...)
			require.Equal(t, want, got.UntilUs)
		}
		_, got := s.termsOf(t)
		whole := got.UntilUs
		require.Equal(t, in(24*time.Hour), whole)
		s.world.until = map[string]int64{"": in(5 * time.Hour), "gold": in(4 * time.Hour)}
		ends(in(5 * time.Hour))
		ends(in(4*time.Hour), "gold")
		s.taxed("small", "", false, in(3*time.Hour), 100, 100)
		ends(in(3*time.Hour), "gold")
		_, err = s.profile(boss, "fra", "small", in(2*time.Hour))
		require.NoError(t, err)
		ends(in(2*time.Hour), "gold")
		s.world.until[""] = in(-time.Hour)
		ends(in(2 * time.Hour))
	})
}
