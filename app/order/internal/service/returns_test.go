package service

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// giveBack returns pieces of a line: asked by one, approved and received by the other.
func (s *shop) giveBack(by, staff tenancy.Principal, o *orderv1.OrderInfo, lineID string, quantity int64) (*orderv1.ReturnInfo, error) {
	ret, err := s.CreateReturn(s.as(by), &orderv1.CreateReturnRequest{
		RequestId: requestID(), OrderId: o.Id, Reason: "dented", Lines: []*orderv1.ReturnLineInput{{LineId: lineID, Quantity: quantity}},
	})
	if err != nil {
		return nil, err
	}
	if _, err := s.ApproveReturn(s.as(staff), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id}); err != nil {
		return nil, err
	}
	return s.ReceiveReturn(s.as(staff), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
}

func TestReturnsPayBackAndTakeBackInProportion(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(777)
		s.ship(o)
		s.receive(o)
		s.leaving()
		cup := o.Lines[1]
		var money, points int64
		for _, n := range []int64{1, 3, 2} {
			ret, err := s.giveBack(ann, boss, o, cup.LineId, n)
			require.NoError(t, err)
			require.Equal(t, orderv1.ReturnState_RETURN_RECEIVED, ret.State)
			money, points = money+ret.Refund.AmountMinor, points+ret.PointsBack
			s.later(0)
			require.Empty(t, s.audit())
		}
		require.Equal(t, cup.Payable.AmountMinor-cup.PointsAmount.AmountMinor, money)
		require.Equal(t, cup.Points, points)
		_, err := s.giveBack(ann, boss, o, cup.LineId, 1)
		require.Equal(t, "0", requireReason(t, "REFUND_EXCEEDS_PAID", err).Metadata["left"])
		o = s.get(o.Id)
		require.Equal(t, money, o.Refunded.AmountMinor)
		for _, ret := range o.Returns {
			require.Equal(t, orderv1.ReturnState_REFUNDED, ret.State)
		}
		require.Equal(t, int64(4), s.world.stock["S1"]["cup"])
		require.Equal(t, int64(100), s.world.stock["S2"]["cup"])
		s.later(time.Hour)
		require.Empty(t, s.audit())
		// The window is over for the member, not for staff.
		_, err = s.giveBack(ann, boss, o, o.Lines[0].LineId, 1)
		requireReason(t, "NOT_RETURNABLE", err)
		_, err = s.giveBack(boss, boss, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		s.later(0)
		require.Empty(t, s.audit())
	})
}

func TestWhoMayWorkOnAReturn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.ship(o)
		s.receive(o)
		ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
			RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[1].LineId, Quantity: 1}},
		})
		require.NoError(t, err)
		approve := func(p tenancy.Principal) error {
			_, err := s.ApproveReturn(s.as(p), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
			return err
		}
		requireReason(t, "NOT_FOUND", approve(other))
		requireReason(t, "NOT_FOUND", approve(bob))
		requireReason(t, "FORBIDDEN", approve(ann))
		requireReason(t, "NOT_FOUND", approve(keeper)) // its piece came from S1
		require.NoError(t, approve(boss))
		requireReason(t, "STATE_CONFLICT", approve(boss))
	})
}

// shippedBy is an order of a pot, which only the franchisee's store S2 has; whose online shop sold it is the caller's to say.
func (s *shop) shippedBy(storeThatSells string) *orderv1.OrderInfo {
	req := wish(line("pot", 1))
	req.ShopStoreCode = storeThatSells
	placed, err := s.PlaceOrder(s.as(ann), req)
	require.NoError(s.t, err)
	require.Equal(s.t, int32(200), s.pay(s.payment(placed)))
	o := s.get(placed.Id)
	require.Equal(s.t, "S2", o.Fulfilments[0].Location)
	s.ship(o)
	s.receive(o)
	return o
}

func TestAReturnIsApprovedByTheSellerOnly(t *testing.T) {
	as := func(p tenancy.Principal, roles ...string) tenancy.Principal { p.Roles = roles; return p }
	above := tenancy.Principal{Kind: tenancy.Dealer, ID: "u_deal", Org: "deal", Roles: []string{"manager"}}.WithScope("fra")
	direct := tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_s1", Org: "hq", Store: "S1", Direct: true, Roles: []string{"manager"}}.WithScope()
	type asked struct {
		by   tenancy.Principal
		want string
	}
	for name, c := range map[string]struct {
		shop     string
		refused  []asked
		approver tenancy.Principal
	}{
		"headquarters sold, the franchisee shipped": {"", []asked{
			{keeper, "FORBIDDEN"}, {as(keeper, "clerk"), "FORBIDDEN"}, {till, "FORBIDDEN"}, {above, "FORBIDDEN"}, {other, "NOT_FOUND"}, {direct, "NOT_FOUND"},
			{as(boss, "finance"), "FORBIDDEN"}, {ann, "FORBIDDEN"}, {bob, "NOT_FOUND"}, {tmall, "NOT_FOUND"},
		}, as(boss, "operator")},
		"headquarters sold in a direct store's shop": {"S1", []asked{{keeper, "FORBIDDEN"}, {as(direct, "clerk"), "FORBIDDEN"}}, direct},
		"the franchisee sold": {"S2", []asked{
			{boss, "FORBIDDEN"}, {above, "FORBIDDEN"}, {as(keeper, "guide"), "FORBIDDEN"}, {as(keeper, "clerk"), "FORBIDDEN"}, {till, "FORBIDDEN"}, {other, "NOT_FOUND"},
		}, keeper},
	} {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				o := s.shippedBy(c.shop)
				ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
					RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[0].LineId, Quantity: 1}},
				})
				require.NoError(t, err)
				approve := func(p tenancy.Principal) error {
					_, err := s.ApproveReturn(s.as(p), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
					return err
				}
				receive := func(p tenancy.Principal, at string) error {
					_, err := s.ReceiveReturn(s.as(p), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id, Location: at})
					return err
				}
				for _, a := range c.refused {
					requireReason(t, a.want, approve(a.by))
				}
				requireReason(t, "STATE_CONFLICT", receive(keeper, "S2"))
				require.NoError(t, approve(c.approver))
				requireReason(t, "NOT_FOUND", receive(keeper, "S1"))
				require.NoError(t, receive(as(keeper, "clerk"), "S2"), "who shipped takes the goods back at its own place")
				s.leaving()
				s.later(0)
				require.Empty(t, s.audit())
			})
		})
	}
}

// A provider that cannot pay back now is asked again later, under the same id.
func TestARefundIsTriedAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		delete(s.providers, "sandbox")
		require.Error(t, s.TickPayments(context.Background()))
		require.NoError(t, s.TickPayments(context.Background()), "not due yet")
		s.providers["sandbox"] = s.Sandbox
		s.later(time.Minute)
		o = s.get(o.Id)
		require.Equal(t, "refund.pay", o.History[len(o.History)-1].Event)
		require.Empty(t, s.audit())
	})
}
