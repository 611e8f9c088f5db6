package service

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) coupons() *Coupons {
	return NewCoupons(s.DB, s.Promotions.(*data.Promotions), secretKey)
}

// couponed takes an amount off goods from 100.00, with a coupon.
func couponed(offMinor, total, perMember, validS int64) *orderv1.PromotionTerms {
	terms := off(offMinor)
	terms.Coupon = &orderv1.CouponTerms{Total: total, PerMember: perMember, ValidS: validS}
	return terms
}

// claim gives ann a coupon.
func (s *shop) claim(promotion string) *orderv1.Coupon {
	s.t.Helper()
	c, err := s.coupons().ClaimCoupon(s.as(ann), &orderv1.ClaimCouponRequest{RequestId: requestID(), MemberId: "mbr_ann", Promotion: promotion})
	require.NoError(s.t, err)
	return c
}

func (s *shop) coupon(id string) *orderv1.Coupon {
	s.t.Helper()
	list, err := s.coupons().ListCoupons(s.as(ann), &orderv1.ListCouponsRequest{MemberId: "mbr_ann"})
	require.NoError(s.t, err)
	for _, c := range list.Coupons {
		if c.Id == id {
			return c
		}
	}
	s.t.Fatal("no such coupon")
	return nil
}

func TestACouponIsLockedUsedAndGivenBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(5000, 0, 0, 0))
		c := s.claim("C")
		require.Equal(t, []any{orderv1.CouponState_COUPON_OPEN, "C", "mbr_ann"}, []any{c.State, c.Promotion, c.MemberId})
		with := func() *orderv1.PlaceOrderRequest {
			req := wish(line("tea", 1))
			req.CouponIds = []string{c.Id}
			return req
		}
		without, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		require.Equal(t, int64(20900), without.Total.AmountMinor, "a coupon that nobody asks for takes nothing off")

		o, err := s.PlaceOrder(s.as(ann), with())
		require.NoError(t, err)
		require.Equal(t, int64(15900), o.Total.AmountMinor)
		require.True(t, o.Lines[0].Discounts[0].Coupon)
		require.Equal(t, []any{orderv1.CouponState_COUPON_LOCKED, o.Id}, []any{s.coupon(c.Id).State, s.coupon(c.Id).OrderId})
		_, err = s.PlaceOrder(s.as(ann), with())
		require.Equal(t, "LOCKED", requireReason(t, "COUPON_UNUSABLE", err).Metadata["why"])
		s.audited()
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.CouponState_COUPON_OPEN, s.coupon(c.Id).State)

		o, err = s.PlaceOrder(s.as(ann), with())
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		require.Equal(t, orderv1.CouponState_COUPON_USED, s.coupon(c.Id).State)
		s.audited()
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.CouponState_COUPON_OPEN, s.coupon(c.Id).State, "a full cancel gives a used one back")
		s.audited()

		o, err = s.PlaceOrder(s.as(ann), with())
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		_, err = s.giveBack(ann, boss, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		require.Equal(t, orderv1.CouponState_COUPON_USED, s.coupon(c.Id).State, "a return does not")
		s.audited()
	})
}

func TestACouponThatCannotBeUsedIsSaidSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(5000, 0, 0, 3600))
		c := s.claim("C")
		try := func(p tenancy.Principal, coupons []string, lines ...*orderv1.OrderLineInput) error {
			req := wish(lines...)
			req.CouponIds = coupons
			_, err := s.PlaceOrder(s.as(p), req)
			return err
		}
		require.Equal(t, "BELOW_THRESHOLD", requireReason(t, "COUPON_UNUSABLE", try(ann, []string{c.Id}, line("cup", 1))).Metadata["why"])
		seen, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("cup", 1)}, CouponIds: []string{c.Id}})
		require.NoError(t, err, "a price without an order only says so")
		require.Equal(t, "BELOW_THRESHOLD", seen.Steps[1].Reason)
		requireReason(t, "NOT_FOUND", try(ann, []string{"cpn_nobodys"}, line("tea", 1)))
		requireReason(t, "VALIDATOR", try(ann, []string{c.Id, s.claim("C").Id}, line("tea", 1)))
		bob := tenancy.Principal{Kind: tenancy.Member, ID: "mbr_bob", Member: "mbr_bob"}
		req := wish(line("tea", 1))
		req.MemberId, req.CouponIds = "mbr_bob", []string{c.Id}
		_, err = s.PlaceOrder(s.as(bob), req)
		requireReason(t, "NOT_FOUND", err)
		_, err = s.coupons().ListCoupons(s.as(bob), &orderv1.ListCouponsRequest{MemberId: "mbr_ann"})
		requireReason(t, "NOT_FOUND", err)
		s.clock.Advance(time.Hour)
		require.Equal(t, "EXPIRED", requireReason(t, "COUPON_UNUSABLE", try(ann, []string{c.Id}, line("tea", 1))).Metadata["why"])
		require.Equal(t, orderv1.CouponState_COUPON_EXPIRED, s.coupon(c.Id).State)
		open, err := s.coupons().ListCoupons(s.as(ann), &orderv1.ListCouponsRequest{MemberId: "mbr_ann", Open: true})
		require.NoError(t, err)
		require.Empty(t, open.Coupons)
		require.Zero(t, s.world.holdings, "nothing was held for any of them")
	})
}

func TestCouponsAreCountedUnderConcurrency(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(5000, 5, 2, 0))
		claim := func(member string, n int) error {
			_, err := s.coupons().ClaimCoupon(s.as(tenancy.Principal{Kind: tenancy.Member, ID: member, Member: member}),
				&orderv1.ClaimCouponRequest{RequestId: fmt.Sprintf("claims-%s-%04d", member, n), MemberId: member, Promotion: "C"})
			return err
		}
		var all sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			all.Go(func() { errs[i] = claim(fmt.Sprintf("mbr_%d", i%4), i) })
		}
		all.Wait()
		claimed := 0
		for _, err := range errs {
			if err == nil {
				claimed++
				continue
			}
			requireReason(t, "COUPON_GONE", err)
		}
		require.Equal(t, 5, claimed)
		s.audited()
		p, err := s.promotions().GetPromotion(s.as(promoting), &orderv1.GetPromotionRequest{Code: "C"})
		require.NoError(t, err)
		require.Equal(t, []int64{5, 5, 2}, []int64{p.Claimed, p.Terms.Coupon.Total, p.Terms.Coupon.PerMember})
		s.put("FOR_ALL", 0, off(1))
		for _, code := range []string{"FOR_ALL", "none"} {
			_, err = s.coupons().ClaimCoupon(s.as(ann), &orderv1.ClaimCouponRequest{RequestId: requestID(), MemberId: "mbr_ann", Promotion: code})
			requireReason(t, "NOT_FOUND", err)
		}
		_, err = s.promotions().EndPromotion(s.as(promoting), &orderv1.EndPromotionRequest{RequestId: requestID(), Code: "C"})
		require.NoError(t, err)
		requireReason(t, "STATE_CONFLICT", claim("mbr_9", 99))
	})
}

// One coupon, wanted by several orders at once: one gets it, and nothing is held for the others.
func TestOneCouponIsForOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(5000, 0, 0, 0))
		c := s.claim("C")
		var all sync.WaitGroup
		errs := make([]error, 5)
		for i := range errs {
			all.Go(func() {
				req := wish(line("tea", 1))
				req.RequestId, req.CouponIds = fmt.Sprintf("one-coupon-order-%d", i), []string{c.Id}
				_, errs[i] = s.PlaceOrder(s.as(ann), req)
			})
		}
		all.Wait()
		placed := 0
		for _, err := range errs {
			if err == nil {
				placed++
				continue
			}
			requireReason(t, "COUPON_UNUSABLE", err)
		}
		require.Equal(t, 1, placed)
		require.Equal(t, int64(4), s.world.stock["S1"]["tea"])
		s.audited()
	})
}

func TestCouponsAreListedInPages(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(1, 0, 0, 0))
		var want []string
		for range 5 {
			s.clock.Advance(time.Second)
			want = append([]string{s.claim("C").Id}, want...)
		}
		var got []string
		token := ""
		for {
			page, err := s.coupons().ListCoupons(s.as(ann), &orderv1.ListCouponsRequest{MemberId: "mbr_ann", PageSize: 2, PageToken: token})
			require.NoError(t, err)
			for _, c := range page.Coupons {
				got = append(got, c.Id)
				require.Equal(t, "C", c.Name)
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, want, got)
		_, err := s.coupons().ListCoupons(s.as(ann), &orderv1.ListCouponsRequest{MemberId: "mbr_ann", PageToken: "x"})
		requireReason(t, "PAGE_TOKEN_INVALID", err)
	})
}
