package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// quoted is what a tea costs ann now, and by which version of a promotion.
func (s *shop) quoted(promotion string) (toPay, version int64) {
	s.t.Helper()
	p, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
	require.NoError(s.t, err)
	for _, d := range p.Lines[0].Discounts {
		if d.Promotion == promotion {
			version = d.Version
		}
	}
	return p.ToPay.AmountMinor, version
}

func TestTheRunningVersionStaysUntilTheNextOneBegins(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		price := func(off, version int64) {
			t.Helper()
			toPay, by := s.quoted("P")
			require.Equal(t, []int64{20900 - off, version}, []int64{toPay, by})
		}
		place := func(off int64) {
			t.Helper()
			o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
			require.NoError(t, err)
			require.Equal(t, 20900-off, o.Total.AmountMinor)
		}
		info := func() *orderv1.PromotionInfo {
			p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "P"})
			require.NoError(t, err)
			return p
		}
		first := off(1000)
		first.BudgetMinor = 9000
		require.Equal(t, int64(1), s.put("P", 0, first).VersionInForce)
		price(1000, 1)
		place(1000)

		next := off(2000)
		next.FromUs, next.BudgetMinor = start+time.Hour.Microseconds(), 3500
		require.Equal(t, []int64{2, 1}, []int64{s.put("P", 1, next).Version, info().VersionInForce})
		later := off(3000)
		later.FromUs, later.UntilUs = start+2*time.Hour.Microseconds(), start+3*time.Hour.Microseconds()
		require.Equal(t, []int64{3, 1}, []int64{s.put("P", 2, later).Version, info().VersionInForce})
		price(1000, 1)
		place(1000)
		place(1000)
		price(0, 0) // what the next one will need is left to it: 500 are not enough
		s.audited()
		list, err := s.promotions().ListPromotions(s.as(promoting), &orderv1.ListPromotionsRequest{InUse: true})
		require.NoError(t, err)
		require.Equal(t, int64(1), list.Promotions[0].VersionInForce)

		s.clock.Advance(time.Hour) // those three were not paid in time
		require.NoError(t, s.Tick(tenancy.WithService(t.Context(), "timers")))
		require.Equal(t, int64(2), info().VersionInForce)
		price(2000, 2)
		place(2000)
		requireReason(t, "PRICE_CHANGED", s.Promotions.Take(t.Context(), "po-0000000000000000000000000ord_9", "0000000000000000000000000ord_9", "mbr_ann",
			[]biz.PromotionUse{{Promotion: "P", Version: 1, AmountMinor: 1}}, nil))
		s.clock.Advance(time.Hour)
		price(3000, 3)
		s.clock.Advance(time.Hour)
		price(0, 0)
		require.Zero(t, info().VersionInForce)
		s.audited()
	})
}

func TestCouponsAreClaimedByTheVersionInForce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(1000, 1, 0, 0))
		next := couponed(2000, 5, 0, 0)
		next.FromUs = start + time.Hour.Microseconds()
		s.put("C", 1, next)
		s.claim("C")
		_, err := s.coupons().ClaimCoupon(s.as(bob), &orderv1.ClaimCouponRequest{RequestId: requestID(), MemberId: "mbr_bob", Promotion: "C"})
		requireReason(t, "COUPON_GONE", err)
		s.clock.Advance(time.Hour)
		_, err = s.coupons().ClaimCoupon(s.as(bob), &orderv1.ClaimCouponRequest{RequestId: requestID(), MemberId: "mbr_bob", Promotion: "C"})
		require.NoError(t, err)
	})
}

// What another replica writes is seen after a second: until then a price reads no promotion. What this one writes is seen
// at once.
func TestAPriceReadsPromotionsOnceASecond(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("P", 0, off(1000))
		toPay, _ := s.quoted("P")
		require.Equal(t, int64(19900), toPay)
		replica := data.NewPromotions(s.DB)
		_, err := replica.Facts(t.Context(), "", nil)
		require.NoError(t, err)

		s.corrupt("UPDATE promotions SET terms = '?'")
		toPay, _ = s.quoted("P")
		require.Equal(t, int64(19900), toPay)
		s.clock.Advance(time.Second)
		_, err = s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1)}})
		require.ErrorContains(t, err, "terms of promotion P")

		s.corrupt("DELETE FROM promotion_versions")
		s.corrupt("DELETE FROM promotions")
		s.put("P", 0, off(2000))
		toPay, _ = s.quoted("P")
		require.Equal(t, int64(18900), toPay)
		facts, err := replica.Facts(t.Context(), "", nil)
		require.NoError(t, err)
		require.Equal(t, int64(2000), facts.Promotions[0].Levels[0].OffMinor, "the other reader of this process")
	})
}

// What is left of a budget is read again after each use, without the promotions.
func TestWhatIsLeftIsReadAgainAfterEachUse(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		terms := off(1000)
		terms.BudgetMinor = 1000
		s.put("B", 0, terms)
		toPay, _ := s.quoted("B")
		require.Equal(t, int64(19900), toPay)
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		toPay, _ = s.quoted("B")
		require.Equal(t, int64(20900), toPay)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		toPay, _ = s.quoted("B")
		require.Equal(t, int64(19900), toPay)

		// Another replica sells the budget out: who is refused here prices by what is left.
		s.corrupt("UPDATE promotions SET used_minor = 1000")
		toPay, _ = s.quoted("B")
		require.Equal(t, int64(19900), toPay)
		_, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		requireReason(t, "PROMOTION_USED_UP", err)
		toPay, _ = s.quoted("B")
		require.Equal(t, int64(20900), toPay)
	})
}
