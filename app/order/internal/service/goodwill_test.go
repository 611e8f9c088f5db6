package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// rules puts a rule in force that says more than days.
func (s *shop) rules(set func(in *orderv1.PutReturnPolicyRequest)) {
	in := &orderv1.PutReturnPolicyRequest{RequestId: requestID(), WindowDays: 7, ReceiveDays: 5}
	set(in)
	_, err := s.windows().PutReturnPolicy(s.as(boss), in)
	require.NoError(s.t, err)
}

func TestMoneyIsRefundedWithoutTheGoods(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.rules(func(in *orderv1.PutReturnPolicyRequest) { in.KeepGoodsMinor = 3000 })
		o := s.bought()
		cup := o.Lines[1].LineId
		keep := func(by tenancy.Principal, n int64) *orderv1.ReturnInfo {
			ret, err := s.CreateReturn(s.as(by), &orderv1.CreateReturnRequest{
				RequestId: requestID(), OrderId: o.Id, Reason: "broken", RefundOnly: true, Lines: []*orderv1.ReturnLineInput{{LineId: cup, Quantity: n}},
			})
			require.NoError(t, err)
			require.True(t, ret.RefundOnly)
			return ret
		}
		// Two cups are small enough, a third one is above what the order may give back so.
		first := keep(ann, 2)
		require.Equal(t, orderv1.ReturnState_RETURN_RECEIVED, first.State)
		require.Equal(t, int64(3000), first.Refund.AmountMinor)
		second := keep(ann, 1)
		require.Equal(t, orderv1.ReturnState_REQUESTED, second.State)
		third := keep(boss, 1)
		require.Equal(t, orderv1.ReturnState_REQUESTED, third.State, "the rule is for members; staff decides by itself")
		s.approve(boss, third)
		require.NotContains(t, s.leaving(), "inventory.TakeBack")

		// What was to come back is lost: the seller pays all the same. Not whoever shipped, nor the buyer.
		lost := s.asked(o, cup, 1)
		s.approve(boss, lost)
		without := func(by tenancy.Principal) error {
			_, err := NewAfterSales(s.Order).RefundWithoutReturn(s.as(by), &orderv1.RefundWithoutReturnRequest{RequestId: requestID(), ReturnId: lost.Id, Reason: "lost by SF"})
			return err
		}
		requireReason(t, "FORBIDDEN", without(ann))
		requireReason(t, "NOT_FOUND", without(bob))
		require.NoError(t, without(boss))
		requireReason(t, "STATE_CONFLICT", without(boss))
		s.leaving()
		s.later(0)
		require.Equal(t, int64(0), s.world.stock["S1"]["cup"])
		require.Equal(t, int64(6000), s.get(o.Id).Refunded.AmountMinor)
		require.Equal(t, int64(4), s.get(o.Id).Lines[1].ReturnedQuantity)
		require.Empty(t, s.audit())
	})
}

// The last of the goods brings the freight along: with it, it is no small amount any more.
func TestTheFreightCountsWhenTheGoodsAreKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.rules(func(in *orderv1.PutReturnPolicyRequest) {
			in.KeepGoodsMinor, in.Freight = 3000, orderv1.FreightRefund_FREIGHT_WITH_LAST
		})
		o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 2)))
		require.NoError(t, err)
		require.Equal(t, int64(1000), o.Freight.AmountMinor)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		keep := func() *orderv1.ReturnInfo {
			ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
				RequestId: requestID(), OrderId: o.Id, Reason: "broken", RefundOnly: true, Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[0].LineId, Quantity: 1}},
			})
			require.NoError(t, err)
			return ret
		}
		require.Equal(t, orderv1.ReturnState_RETURN_RECEIVED, keep().State, "15.00 of 30.00")
		last := keep()
		require.Equal(t, orderv1.ReturnState_REQUESTED, last.State, "15.00 more, and 10.00 of freight: for the seller to decide")
		s.approve(boss, last)
		s.leaving()
		s.later(0)
		require.Equal(t, o.Paid.AmountMinor, s.get(o.Id).Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}

func TestFreightComesBackByRule(t *testing.T) {
	for name, c := range map[string]struct {
		rule orderv1.FreightRefund
		back []int64 // after the tea, three cups, and the other three
	}{
		"kept":     {orderv1.FreightRefund_FREIGHT_KEPT, []int64{0, 0, 0}},
		"with all": {orderv1.FreightRefund_FREIGHT_WITH_LAST, []int64{0, 0, 1000}},
		"pro rata": {orderv1.FreightRefund_FREIGHT_PRO_RATA, []int64{689, 155, 156}}, // 19,900 and 9,000 of 28,900
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				s.rules(func(in *orderv1.PutReturnPolicyRequest) { in.Freight = c.rule })
				o := s.bought()
				var goods, freight int64
				for i, piece := range []struct {
					line int
					n    int64
				}{{0, 1}, {1, 3}, {1, 3}} {
					ret, err := s.giveBack(ann, boss, o, o.Lines[piece.line].LineId, piece.n)
					require.NoError(t, err)
					require.Equal(t, c.back[i], ret.FreightRefund.AmountMinor, "%d", i)
					goods, freight = goods+ret.Refund.AmountMinor, freight+ret.FreightRefund.AmountMinor
					s.later(0)
					require.Empty(t, s.audit())
				}
				got := s.get(o.Id)
				require.Equal(t, goods+freight, got.Refunded.AmountMinor)
				require.Equal(t, freight, got.GetFreightRefunded().GetAmountMinor())
				require.Equal(t, int64(28900), goods)
			})
		})
	}
}

func TestGoodwillIsApprovedByASecondPersonAboveALimit(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		service := NewGoodwills(s.Order)
		s.rules(func(in *orderv1.PutReturnPolicyRequest) { in.GoodwillAloneMinor = 5000 })
		o := s.bought()
		clerk, finance := boss, boss
		clerk.ID, clerk.Roles, finance.ID, finance.Roles = "clerk", []string{"clerk"}, "fin", []string{"finance"}
		second := boss
		second.ID, second.Roles = "second", []string{"operator"}
		ask := func(by tenancy.Principal, amount int64) (*orderv1.Goodwill, error) {
			return service.RequestGoodwill(s.as(by), &orderv1.RequestGoodwillRequest{
				RequestId: requestID(), OrderId: o.Id, AmountMinor: amount, Way: orderv1.GoodwillWay_GOODWILL_TRANSFER, Reason: "ruined a party",
			})
		}
		approve := func(by tenancy.Principal, id string) (*orderv1.Goodwill, error) {
			return service.ApproveGoodwill(s.as(by), &orderv1.ApproveGoodwillRequest{RequestId: requestID(), GoodwillId: id})
		}
		pay := func(by tenancy.Principal, id string) (*orderv1.Goodwill, error) {
			return service.PayGoodwill(s.as(by), &orderv1.PayGoodwillRequest{RequestId: requestID(), GoodwillId: id, Reference: "T-1"})
		}
		for _, c := range []struct {
			by   tenancy.Principal
			want string
		}{{ann, "FORBIDDEN"}, {bob, "ORDER_UNKNOWN"}, {other, "ORDER_UNKNOWN"}, {keeper, "ORDER_UNKNOWN"}, {finance, "FORBIDDEN"}} {
			_, err := ask(c.by, 100)
			requireReason(t, c.want, err)
		}
		small, err := ask(boss, 4000)
		require.NoError(t, err)
		require.Equal(t, orderv1.GoodwillState_GOODWILL_APPROVED, small.State)
		next, err := ask(boss, 1001) // with the first one above what one person may give
		require.NoError(t, err)
		require.Equal(t, orderv1.GoodwillState_GOODWILL_REQUESTED, next.State)
		_, err = pay(finance, next.Id)
		requireReason(t, "STATE_CONFLICT", err)
		_, err = approve(boss, next.Id)
		requireReason(t, "GOODWILL_SECOND_PERSON", err)
		_, err = approve(clerk, next.Id)
		requireReason(t, "FORBIDDEN", err)
		approved, err := approve(second, next.Id)
		require.NoError(t, err)
		require.NotEqual(t, approved.AskedBy, approved.ApprovedBy)

		// Much more than was paid: it is no refund. A clerk asks, never decides.
		large, err := ask(clerk, 10_000_000)
		require.NoError(t, err)
		require.Equal(t, orderv1.GoodwillState_GOODWILL_REQUESTED, large.State)
		_, err = service.RefuseGoodwill(s.as(boss), &orderv1.RefuseGoodwillRequest{RequestId: requestID(), GoodwillId: large.Id, Reason: "no"})
		require.NoError(t, err)

		for _, by := range []tenancy.Principal{clerk, ann} {
			_, err = pay(by, small.Id)
			requireReason(t, "FORBIDDEN", err)
		}
		_, err = pay(other, small.Id)
		requireReason(t, "NOT_FOUND", err)
		paid, err := pay(finance, small.Id)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.GoodwillState_GOODWILL_PAID, "T-1", int64(4000)}, []any{paid.State, paid.Reference, paid.Amount.AmountMinor})
		_, err = pay(finance, small.Id)
		requireReason(t, "STATE_CONFLICT", err)

		list, err := service.ListGoodwills(s.as(finance), &orderv1.ListGoodwillsRequest{State: orderv1.GoodwillState_GOODWILL_APPROVED})
		require.NoError(t, err)
		require.Len(t, list.Goodwills, 1)
		require.Equal(t, next.Id, list.Goodwills[0].Id)
		list, err = service.ListGoodwills(s.as(keeper), &orderv1.ListGoodwillsRequest{})
		require.NoError(t, err)
		require.Empty(t, list.Goodwills)

		// The order's money is what it was: all of it can still come back.
		got := s.get(o.Id)
		require.Zero(t, got.Refunded.AmountMinor)
		require.Len(t, got.Goodwills, 3)
		for i, n := range []int64{1, 6} {
			_, err = s.giveBack(ann, boss, o, o.Lines[i].LineId, n)
			require.NoError(t, err)
		}
		s.later(0)
		require.Equal(t, int64(28900), s.get(o.Id).Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}
