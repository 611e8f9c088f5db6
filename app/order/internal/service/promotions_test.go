package service

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

var promoting = tenancy.Principal{Kind: tenancy.HQ, ID: "pia", Org: "hq", Roles: []string{"operator"}}.WithScope("hq", "fra")

func (s *shop) promotions() *Promotions {
	return NewPromotions(s.DB, s.Promotions.(*data.Promotions), secretKey)
}

// bears are shares of headquarters and the franchisee.
func bears(hq, franchisee int64) []*orderv1.Bearer {
	all := []*orderv1.Bearer{{Role: orderv1.BearerRole_HEADQUARTERS, ShareBp: hq}}
	if franchisee > 0 {
		all = append(all, &orderv1.Bearer{Role: orderv1.BearerRole_FRANCHISEE, ShareBp: franchisee})
	}
	return all
}

// put makes a promotion's next version.
func (s *shop) put(code string, seen int64, terms *orderv1.PromotionTerms) *orderv1.PromotionInfo {
	s.t.Helper()
	if terms.Stacking == 0 {
		terms.Stacking = orderv1.Stacking_WITH_ALL
	}
	if terms.Name == "" {
		terms.Name = code
	}
	if terms.Bearers == nil {
		terms.Bearers = bears(10_000, 0)
	}
	p, err := s.promotions().PutPromotion(s.as(promoting), &orderv1.PutPromotionRequest{RequestId: requestID(), Code: code, ExpectedVersion: seen, Terms: terms})
	require.NoError(s.t, err)
	return p
}

func off(minor int64) *orderv1.PromotionTerms {
	return &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_THRESHOLD, Levels: []*orderv1.PromotionLevel{{FromMinor: 10_000, OffMinor: minor}}}
}

// flash sells a tea for 99.00 to members.
func flash(quota, each int64) *orderv1.PromotionTerms {
	return &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_FLASH_SALE, PriceMinor: 9900, Quota: quota, PerBuyer: each,
		Scope: &orderv1.PromotionScope{Skus: []string{"tea"}, MembersOnly: true}}
}

func (s *shop) audited() {
	s.t.Helper()
	require.Empty(s.t, s.audit())
}

func TestAnOrderFreezesItsDiscountsAndWhoBearsThem(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(5000)
		terms.Bearers = bears(6000, 4000)
		terms.Levels[0].FromMinor = 30_000
		s.put("FALL", 0, terms)
		s.put("FREIGHT", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_FREE_FREIGHT, OffMinor: 400})
		wanted := []*orderv1.OrderLineInput{line("tea", 1), line("pot", 1), line("cup", 3)}
		shown, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: wanted})
		require.NoError(t, err)
		require.Equal(t, int64(33300-5000+1000-400), shown.ToPay.AmountMinor)
		var steps []string
		for _, step := range shown.Steps {
			steps = append(steps, fmt.Sprint(step.Kind, " ", step.Promotion, " ", step.AmountMinor))
		}
		require.Equal(t, []string{"LIST  33300", "ORDER FALL -5000", "FREIGHT  1000", "FREIGHT FREIGHT -400"}, steps)
		require.Empty(t, shown.Lines[0].Discounts[0].Bearers, "a buyer is not told who bears it")

		req := wish(wanted...)
		req.ToPayMinor = &shown.ToPay.AmountMinor
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		s.put("FALL", 1, off(1)) // another version changes nothing of what is placed
		seen, err := s.GetOrder(s.as(promoting), &orderv1.GetOrderRequest{OrderId: o.Id})
		require.NoError(t, err)
		var discounts, payables []int64
		borne := map[orderv1.BearerRole]int64{}
		for _, l := range seen.Lines {
			discounts, payables = append(discounts, l.Discount.AmountMinor), append(payables, l.Payable.AmountMinor)
			require.Len(t, l.Discounts, 1)
			require.Equal(t, "FALL", l.Discounts[0].Promotion)
			require.Equal(t, int64(1), l.Discounts[0].Version)
			for _, b := range l.Discounts[0].Bearers {
				borne[b.Role] += b.AmountMinor
			}
		}
		require.Equal(t, []int64{2988, 1336, 676}, discounts)
		require.Equal(t, []int64{16912, 7564, 3824}, payables)
		require.Equal(t, map[orderv1.BearerRole]int64{orderv1.BearerRole_HEADQUARTERS: 3000, orderv1.BearerRole_FRANCHISEE: 2000}, borne)
		require.Equal(t, int64(600), seen.Freight.AmountMinor)
		require.Equal(t, int64(400), seen.FreightDiscounts[0].Bearers[0].AmountMinor)
		s.audited()
	})
}

func TestABudgetIsNeverOverspent(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(1000)
		terms.BudgetMinor = 2500
		s.put("B", 0, terms)
		place := func() (*orderv1.OrderInfo, error) { return s.PlaceOrder(s.as(ann), wish(line("tea", 1))) }
		used := func() int64 {
			p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "B"})
			require.NoError(t, err)
			return p.UsedMinor
		}
		first, err := place()
		require.NoError(t, err)
		second, err := place()
		require.NoError(t, err)
		third, err := place()
		require.NoError(t, err)
		require.Equal(t, []int64{19900, 19900, 20900}, []int64{first.Total.AmountMinor, second.Total.AmountMinor, third.Total.AmountMinor}, "with 10.00 of freight; the third finds 5.00 left, which is not enough")
		require.Equal(t, int64(2000), used())

		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: first.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, int64(1000), used(), "given back")
		s.clock.Advance(31 * time.Minute)
		require.NoError(t, s.Tick(tenancy.WithService(t.Context(), "timers")))
		require.Zero(t, used(), "the second was not paid in time")
		s.audited()

		// A placement that fails after it took the budget gives it back.
		req := wish(line("tea", 1))
		req.Points = 5000
		_, err = s.PlaceOrder(s.as(ann), req)
		requireReason(t, "POINTS_INSUFFICIENT", err)
		require.Zero(t, used())
		s.audited()
	})
}

// Buyers who were all shown the flash price at once: as many get it as there are pieces, and the others are told.
func TestAFlashSaleSellsItsQuotaOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("F", 0, flash(3, 0))
		s.world.stock["S1"]["tea"] = 100
		seen := int64(9900 + 1000)
		var buyers sync.WaitGroup
		reasons := make([]error, 8)
		for i := range reasons {
			buyers.Go(func() {
				req := wish(line("tea", 1))
				req.RequestId, req.ToPayMinor = fmt.Sprintf("flash-sale-buyer-%d", i), &seen
				_, reasons[i] = s.PlaceOrder(s.as(ann), req)
			})
		}
		buyers.Wait()
		sold := 0
		for _, err := range reasons {
			if err == nil {
				sold++
				continue
			}
			require.Contains(t, []string{"PROMOTION_USED_UP", "PRICE_CHANGED"}, reasonOf(fault.Public(err)), "%v", err)
		}
		require.Equal(t, 3, sold)
		require.Equal(t, int64(97), s.world.stock["S1"]["tea"], "nothing is held for those who were refused")
		s.audited()
	})
}

func TestAFlashSaleHasALimitForEachMember(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("F", 0, flash(100, 2))
		place := func(n int64) *orderv1.OrderInfo {
			o, err := s.PlaceOrder(s.as(ann), wish(line("tea", n)))
			require.NoError(t, err)
			return o
		}
		require.Equal(t, int64(2*9900+19900+1000), place(3).Total.AmountMinor)
		require.Equal(t, int64(19900+1000), place(1).Total.AmountMinor)
		s.audited()
		_, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
		require.NoError(t, err)
	})
}

func TestGiftsAndFirstOrders(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("GIFT", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_GIFT, GiftSku: "cup", GiftPieces: 2, Levels: []*orderv1.PromotionLevel{{FromMinor: 10_000}},
			Scope: &orderv1.PromotionScope{FirstOrder: true}})
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		require.Len(t, o.Lines, 2)
		require.Equal(t, []any{"cup", int64(2), int64(3000), int64(0), "GIFT"}, []any{o.Lines[1].Sku, o.Lines[1].Quantity, o.Lines[1].Gross.AmountMinor, o.Lines[1].Payable.AmountMinor, o.Lines[1].GiftOf})
		require.Equal(t, int64(2), s.world.stock["S1"]["cup"], "held with the rest")
		o, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		require.Len(t, o.Lines, 1, "not the first order any more")
		s.audited()

		// Two orders that are both priced as the first: one of them is.
		s.put("WELCOME", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_PERCENT_OFF, OffBp: 1000, Scope: &orderv1.PromotionScope{FirstOrder: true}})
		facts, err := s.Seeker.Promotions.Facts(t.Context(), "mbr_new", nil)
		require.NoError(t, err)
		require.True(t, facts.FirstOrder)
		take := func(order string) error {
			return s.Promotions.Take(t.Context(), "po-"+order, order, "mbr_new", []biz.PromotionUse{{Promotion: "WELCOME", Version: 1, AmountMinor: 10}}, nil)
		}
		require.NoError(t, take("0000000000000000000000000ord_1"))
		requireReason(t, "PROMOTION_LIMIT", take("0000000000000000000000000ord_2"))
		require.NoError(t, s.Promotions.Undo(t.Context(), "po-0000000000000000000000000ord_1", "0000000000000000000000000ord_1"))
		require.NoError(t, take("0000000000000000000000000ord_2"), "the other one was not placed")
	})
}

func TestPromotionsHaveVersionsAndAnEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		api := s.promotions()
		first := s.put("P", 0, off(100))
		require.Equal(t, []any{int64(1), "hq:pia"}, []any{first.Version, first.ChangedBy})
		put := func(p tenancy.Principal, seen int64, terms *orderv1.PromotionTerms) error {
			terms.Name, terms.Stacking = "P", orderv1.Stacking_WITH_ALL
			if terms.Bearers == nil {
				terms.Bearers = bears(10_000, 0)
			}
			_, err := api.PutPromotion(s.as(p), &orderv1.PutPromotionRequest{RequestId: requestID(), Code: "P", ExpectedVersion: seen, Terms: terms})
			return err
		}
		require.Equal(t, "1", requireReason(t, "STATE_CONFLICT", put(promoting, 0, off(200))).Metadata["version"])
		require.Equal(t, "terms.kind", requireReason(t, "VALIDATOR", put(promoting, 1, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_PERCENT_OFF, OffBp: 1})).Metadata["field"])
		wrong := off(200)
		wrong.Bearers = bears(9_000, 0)
		require.Equal(t, "terms.bearers", requireReason(t, "VALIDATOR", put(promoting, 1, wrong)).Metadata["field"])
		for _, p := range []tenancy.Principal{ann, {Kind: tenancy.HQ, ID: "cleo", Org: "hq", Roles: []string{"clerk"}}, {Kind: tenancy.HQ, ID: "max", Org: "hq", Store: "S1", Roles: []string{"operator"}},
			{Kind: tenancy.Franchisee, ID: "fay", Org: "fra", Roles: []string{"admin"}}} {
			requireReason(t, "FORBIDDEN", put(p, 1, off(200)))
		}
		budgeted := off(1000)
		budgeted.BudgetMinor = 5000
		second := s.put("P", 1, budgeted)
		require.Equal(t, int64(2), second.Version)
		_, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		low := off(1000)
		low.BudgetMinor = 999
		require.Equal(t, "terms.budget_minor", requireReason(t, "VALIDATOR", put(promoting, 2, low)).Metadata["field"])
		was, err := api.GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "P", Version: 1})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 100}, []int64{was.Version, was.Terms.Levels[0].OffMinor})
		_, err = api.GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "P", Version: 9})
		requireReason(t, "NOT_FOUND", err)
		_, err = api.GetPromotion(s.as(ann), &orderv1.GetPromotionRequest{Code: "P"})
		requireReason(t, "FORBIDDEN", err)

		soon := s.put("A", 0, off(1))
		soonOver := off(1)
		soonOver.UntilUs = start + time.Hour.Microseconds()
		s.put("Z", 0, soonOver)
		list := func(inUse bool) (codes []string) {
			token := ""
			for {
				page, err := api.ListPromotions(s.as(promoting), &orderv1.ListPromotionsRequest{InUse: inUse, PageSize: 2, PageToken: token})
				require.NoError(t, err)
				for _, p := range page.Promotions {
					codes = append(codes, p.Code)
				}
				if token = page.NextPageToken; token == "" {
					return codes
				}
			}
		}
		require.Equal(t, []string{"A", "P", "Z"}, list(true))
		ended, err := api.EndPromotion(s.as(promoting), &orderv1.EndPromotionRequest{RequestId: requestID(), Code: "A"})
		require.NoError(t, err)
		require.True(t, ended.Ended)
		require.Equal(t, soon.Version, ended.Version)
		s.clock.Advance(time.Hour)
		require.Equal(t, []string{"P"}, list(true))
		require.Equal(t, []string{"A", "P", "Z"}, list(false))
		_, err = api.PutPromotion(s.as(promoting), &orderv1.PutPromotionRequest{RequestId: requestID(), Code: "A", ExpectedVersion: 1, Terms: ended.Terms})
		requireReason(t, "STATE_CONFLICT", err)
		_, err = api.EndPromotion(s.as(promoting), &orderv1.EndPromotionRequest{RequestId: requestID(), Code: "none"})
		requireReason(t, "NOT_FOUND", err)
	})
}

// What was priced by a version that is not the latest any more is not promised.
func TestAUseOfAnotherVersionIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(1000)
		terms.BudgetMinor = 5000
		s.put("P", 0, terms)
		facts, err := s.Seeker.Promotions.Facts(t.Context(), "mbr_ann", nil)
		require.NoError(t, err)
		require.Len(t, facts.Promotions, 1)
		s.put("P", 1, terms)
		uses := s.Promotions
		taken := func(ctx context.Context, gid string, version, amount int64) error {
			return uses.Take(ctx, gid, "ord_1", "mbr_ann", []biz.PromotionUse{{Promotion: "P", Version: version, AmountMinor: amount}}, nil)
		}
		requireReason(t, "PRICE_CHANGED", taken(t.Context(), "po-00000000000000000000000001-01", 1, 1000))
		require.NoError(t, taken(t.Context(), "po-00000000000000000000000001-02", 2, 1000))
		require.NoError(t, taken(t.Context(), "po-00000000000000000000000001-02", 2, 1000), "once")
		require.Equal(t, "4000", requireReason(t, "PROMOTION_USED_UP", taken(t.Context(), "po-00000000000000000000000001-03", 2, 4001)).Metadata["left_minor"])
		require.NoError(t, uses.Undo(t.Context(), "po-00000000000000000000000001-02", "ord_1"))
		require.NoError(t, uses.Undo(t.Context(), "po-00000000000000000000000001-02", "ord_1"))
		require.NoError(t, uses.Undo(t.Context(), "po-00000000000000000000000001-04", "ord_1"))
		requireReason(t, "LATE_TRY", taken(t.Context(), "po-00000000000000000000000001-04", 2, 1))
		p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "P"})
		require.NoError(t, err)
		require.Zero(t, p.UsedMinor)
		s.audited()
	})
}

func TestTheAuditSeesWhatPromotionsLost(t *testing.T) {
	for id, statements := range map[string][]string{"I9": {
		"UPDATE promotions SET used_minor = used_minor + 1", "UPDATE promotions SET used_quantity = used_quantity - 1", "UPDATE promotion_uses SET given_back = 1",
		"DELETE FROM promotion_uses", "UPDATE promotions SET quota = 1 WHERE quota > 0", "UPDATE promotion_buyers SET quantity = quantity + 1", "UPDATE orders SET state = 'CANCELLED'",
	}, "I13": {
		"UPDATE coupons SET state = 'USED'", "UPDATE coupons SET state = 'OPEN'", "UPDATE promotions SET claimed = claimed + 1", "UPDATE coupons SET order_id = ''",
	}} {
		for _, statement := range statements {
			t.Run(statement, func(t *testing.T) {
				s := openShop(t, sqlite(t), newWorld())
				s.put("F", 0, flash(5, 5))
				s.put("C", 0, couponed(1000, 0, 0, 0))
				req := wish(line("tea", 2))
				req.CouponIds = []string{s.claim("C").Id}
				_, err := s.PlaceOrder(s.as(ann), req)
				require.NoError(t, err)
				s.audited()
				s.corrupt(statement)
				require.NotEmpty(t, s.audit()[id])
			})
		}
	}
}
