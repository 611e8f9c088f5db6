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

// A provider that cannot pay back now is asked again later, under the same id.
func TestARefundIsTriedAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		delete(s.providers, "sandbox")
		require.Error(t, s.Tick(context.Background()))
		require.NoError(t, s.Tick(context.Background()), "not due yet")
		s.providers["sandbox"] = s.Sandbox
		s.later(time.Minute)
		o = s.get(o.Id)
		require.Equal(t, "refund.pay", o.History[len(o.History)-1].Event)
		require.Empty(t, s.audit())
	})
}
