package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) fulfilments() *Fulfilments { return NewFulfilments(s.Order) }

// accepted is a paid order whose fulfilments are accepted.
func (s *shop) accepted(points int64) *orderv1.OrderInfo {
	o := s.paid(points)
	for _, f := range o.Fulfilments {
		_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
		require.NoError(s.t, err)
	}
	return s.get(o.Id)
}

func (s *shop) shipOne(by tenancy.Principal, id string) (*orderv1.Fulfilment, error) {
	return s.ShipFulfilment(s.as(by), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: id, Carrier: "SF", TrackingNo: "SF1"})
}

func (s *shop) fail(id string) (*orderv1.Fulfilment, error) {
	return s.fulfilments().FailFulfilment(s.as(boss), &orderv1.FailFulfilmentRequest{RequestId: requestID(), FulfilmentId: id, Reason: "nobody at home"})
}

func (s *shop) takeBack(id string) (*orderv1.Fulfilment, error) {
	return s.fulfilments().TakeBackFulfilment(s.as(boss), &orderv1.TakeBackFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
}

func TestEachStepIsTakenOnceAndItsTimeIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.accepted(0)
		var own *orderv1.Fulfilment
		for _, f := range o.Fulfilments {
			if f.Org == "fra" {
				own = f
			}
		}
		pick := &orderv1.PickFulfilmentRequest{RequestId: requestID(), FulfilmentId: own.Id}
		for who, reason := range map[*tenancy.Principal]string{&other: "NOT_FOUND", &bob: "NOT_FOUND", &ann: "FORBIDDEN", &tmall: "NOT_FOUND"} {
			_, err := s.fulfilments().PickFulfilment(s.as(*who), pick)
			requireReason(t, reason, err)
		}
		s.clock.Advance(time.Second)
		picked, err := s.fulfilments().PickFulfilment(s.as(keeper), pick)
		require.NoError(t, err)
		s.clock.Advance(time.Second)
		again, err := s.fulfilments().PickFulfilment(s.as(keeper), pick)
		require.NoError(t, err)
		require.Equal(t, picked.String(), again.String())
		_, err = s.fulfilments().PickFulfilment(s.as(keeper), &orderv1.PickFulfilmentRequest{RequestId: requestID(), FulfilmentId: own.Id})
		requireReason(t, "STATE_CONFLICT", err)
		packed, err := s.fulfilments().PackFulfilment(s.as(keeper), &orderv1.PackFulfilmentRequest{RequestId: requestID(), FulfilmentId: own.Id})
		require.NoError(t, err)
		require.Equal(t, []int64{start + second, start + 2*second}, []int64{packed.PickedAtUs, packed.PackedAtUs})
		s.clock.Advance(time.Second)
		_, err = s.shipOne(keeper, own.Id)
		require.NoError(t, err)
		s.clock.Advance(time.Second)
		got, err := s.fulfilments().DeliverFulfilment(s.as(keeper), &orderv1.DeliverFulfilmentRequest{RequestId: requestID(), FulfilmentId: own.Id, Note: "to the porter"})
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_DELIVERED, got.State)
		require.Equal(t, []int64{start + 3*second, start + 4*second, 0}, []int64{got.ShippedAtUs, got.DeliveredAtUs, got.ReceivedAtUs})
		require.Equal(t, "to the porter", noteOf(s.get(o.Id), "fulfilment.deliver", own.Id))
		list, err := s.ListFulfilments(s.as(keeper), &orderv1.ListFulfilmentsRequest{State: orderv1.FulfilmentState_DELIVERED})
		require.NoError(t, err)
		require.Len(t, list.Fulfilments, 1)
		require.NotNil(t, list.Fulfilments[0].Receiver)
		s.later(7200 * time.Second)
		require.Equal(t, orderv1.FulfilmentState_RECEIVED, fulfilmentOf(s.get(o.Id), own.Id).State, "receipt confirms itself")
		require.Empty(t, s.audit())
	})
}

func fulfilmentOf(o *orderv1.OrderInfo, id string) *orderv1.Fulfilment {
	for _, f := range o.Fulfilments {
		if f.Id == id {
			return f
		}
	}
	return nil
}

// noteOf is what the history says about an event of a part.
func noteOf(o *orderv1.OrderInfo, event, id string) string {
	for _, e := range o.History {
		if e.Event == event && len(e.Note) > len(id) && e.Note[:len(id)] == id {
			return e.Note[len(id)+1:]
		}
	}
	return ""
}

func TestGoodsThatCouldNotBeHandedOverComeBackAndAreRefunded(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.accepted(300)
		s.leaving()
		for _, f := range o.Fulfilments {
			_, err := s.shipOne(boss, f.Id)
			require.NoError(t, err)
			got, err := s.fail(f.Id)
			require.NoError(t, err)
			require.Equal(t, []any{orderv1.FulfilmentState_DELIVERY_FAILED, "nobody at home"}, []any{got.State, got.Failure})
		}
		first, second := o.Fulfilments[0].Id, o.Fulfilments[1].Id
		_, err := s.shipOne(boss, second) // once more
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"inventory.Ship", "inventory.Ship", "rebate.RecordSupply"}, s.leaving(), "off the books once")
		before := s.world.stock[o.Fulfilments[0].Location]["tea"]
		req := &orderv1.TakeBackFulfilmentRequest{RequestId: requestID(), FulfilmentId: first}
		got, err := s.fulfilments().TakeBackFulfilment(s.as(boss), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_GOODS_BACK, got.State)
		again, err := s.fulfilments().TakeBackFulfilment(s.as(boss), req)
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
		require.ElementsMatch(t, []string{"inventory.TakeBack", "member.ClawBack", "rebate.ClawBack"}, s.leaving())
		require.Equal(t, before+1, s.world.stock[o.Fulfilments[0].Location]["tea"])
		now := s.get(o.Id)
		require.Len(t, now.Returns, 1)
		require.Equal(t, now.Returns[0].Refund.AmountMinor, now.Refunded.AmountMinor)
		require.Positive(t, now.Refunded.AmountMinor)
		require.Empty(t, s.audit())
		s.later(time.Second) // the provider pays
		s.later(5 * time.Second)
		require.Equal(t, orderv1.FulfilmentState_CLOSED, fulfilmentOf(s.get(o.Id), first).State)
		s.receive(&orderv1.OrderInfo{Fulfilments: []*orderv1.Fulfilment{{Id: second}}})
		s.later(time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

func TestWhatIsPickedMayStillBeDeclinedCancelledOrCollected(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		pack := func(id string) {
			t.Helper()
			_, err := s.fulfilments().PackFulfilment(s.as(boss), &orderv1.PackFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
			require.NoError(t, err)
		}
		o := s.accepted(0)
		for _, f := range o.Fulfilments {
			pack(f.Id)
		}
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)

		pickup := s.toCollect()
		id := pickup.Fulfilments[0].Id
		_, err = s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
		require.NoError(t, err)
		pack(id)
		_, err = s.collect(counter, s.mine(pickup.Id).Fulfilments[0].Pickup.Code, "")
		require.NoError(t, err)

		o = s.accepted(0)
		pack(o.Fulfilments[0].Id)
		s.world.stock["S1"]["tea"], s.world.stock["S1"]["cup"] = 100, 100
		_, err = s.DeclineFulfilment(s.as(boss), decline(o.Fulfilments[0]))
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_DECLINED, fulfilmentOf(s.get(o.Id), o.Fulfilments[0].Id).State)
		require.Empty(t, s.audit())
	})
}
