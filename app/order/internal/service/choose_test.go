package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) choose(p tenancy.Principal, req *orderv1.ChoosePickupRequest) (*orderv1.OrderInfo, error) {
	return NewOrderChanges(s.Order).ChoosePickup(s.as(p), req)
}

func otherStore(id, code string) *orderv1.ChoosePickupRequest {
	return &orderv1.ChoosePickupRequest{RequestId: requestID(), OrderId: id, Choice: &orderv1.ChoosePickupRequest_StoreCode{StoreCode: code}}
}

func deliver(id string, to *orderv1.Receiver) *orderv1.ChoosePickupRequest {
	return &orderv1.ChoosePickupRequest{RequestId: requestID(), OrderId: id,
		Choice: &orderv1.ChoosePickupRequest_Delivery{Delivery: &orderv1.DeliverInstead{Way: inventoryv1.DeliveryWay_PARCEL, Receiver: to}}}
}

func moneyBack(id string) *orderv1.ChoosePickupRequest {
	return &orderv1.ChoosePickupRequest{RequestId: requestID(), OrderId: id, Choice: &orderv1.ChoosePickupRequest_Refund{Refund: true}}
}

func later(id string) *orderv1.ChoosePickupRequest {
	return &orderv1.ChoosePickupRequest{RequestId: requestID(), OrderId: id, Choice: &orderv1.ChoosePickupRequest_CollectLater{CollectLater: true}}
}

// collectable is the service level of the mini-program: an hour to collect, another to choose.
func (s *shop) collectable() {
	_, err := s.levels().PutServiceLevel(s.as(boss), &orderv1.PutServiceLevelRequest{RequestId: requestID(), Channel: "miniprogram", CollectS: 3600, AnswerS: 3600})
	require.NoError(s.t, err)
}

func (s *shop) accept(id string) {
	s.t.Helper()
	_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
	require.NoError(s.t, err)
}

// declined is a pickup of two teas that its store does not have after all.
func (s *shop) declinedPickup() *orderv1.OrderInfo {
	o := s.toCollect()
	s.leaving()
	_, err := s.DeclineFulfilment(s.as(keeper), decline(o.Fulfilments[0]))
	require.NoError(s.t, err)
	o = s.mine(o.Id)
	require.NotNil(s.t, o.Choice)
	require.True(s.t, o.Unallocated)
	return o
}

func TestADeclinedPickupIsCollectedAtAnotherStore(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.declinedPickup()
		for p, reason := range map[*tenancy.Principal]string{&bob: "ORDER_UNKNOWN", &other: "ORDER_UNKNOWN", &keeper: "ORDER_UNKNOWN", &tmall: "ORDER_UNKNOWN"} {
			_, err := s.choose(*p, otherStore(o.Id, "S1"))
			requireReason(t, reason, err)
		}
		_, err := s.choose(ann, otherStore(o.Id, "S1"))
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.NotNil(t, s.mine(o.Id).Choice, "something else is to be chosen")
		_, err = s.choose(ann, later(o.Id))
		requireReason(t, "STATE_CONFLICT", err)
		s.world.stock["S1"]["tea"] = 5
		req := otherStore(o.Id, "S1")
		got, err := s.choose(ann, req)
		require.NoError(t, err)
		again, err := s.choose(ann, req)
		require.NoError(t, err)
		require.Equal(t, got.String(), again.String())
		require.Nil(t, got.Choice)
		require.False(t, got.Unallocated)
		_, err = s.choose(ann, otherStore(o.Id, "S2"))
		requireReason(t, "STATE_CONFLICT", err)
		f := at(got, "S1", orderv1.FulfilmentState_ASSIGNED)
		require.Equal(t, inventoryv1.DeliveryWay_PICKUP, f.Way)
		s.accept(f.Id)
		elsewhere := tenancy.Principal{Kind: tenancy.Device, ID: "till-1", Org: "hq", Store: "S1"}.WithScope("hq")
		_, err = s.collect(elsewhere, s.mine(o.Id).Fulfilments[1].Pickup.Code, "")
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestADeclinedPickupIsDeliveredInstead(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.declinedPickup()
		s.world.stock["S1"]["tea"] = 5
		nowhere := &orderv1.Receiver{Name: "Ann", Address: "somewhere"}
		_, err := s.choose(ann, deliver(o.Id, nowhere))
		requireReason(t, "VALIDATOR", err)
		to := &orderv1.Receiver{Name: "Ann's mother", Phone: "13900000001", Address: "Garden Lane 2", Point: &commonv1.GeoPoint{Lat: 31.1, Lng: 121.3}}
		got, err := s.choose(ann, deliver(o.Id, to))
		require.NoError(t, err)
		f := at(got, "S1", orderv1.FulfilmentState_ASSIGNED)
		require.Equal(t, inventoryv1.DeliveryWay_PARCEL, f.Way)
		s.accept(f.Id)
		require.Nil(t, s.mine(o.Id).Fulfilments[1].Pickup, "nobody collects it")
		bill, err := s.waybill(boss, f.Id, "")
		require.NoError(t, err)
		require.Equal(t, "Garden Lane 2", bill.Receiver.Address)
		_, err = s.shipOne(boss, f.Id)
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestADeclinedPickupIsRefunded(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.declinedPickup()
		got, err := s.choose(ann, moneyBack(o.Id))
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, got.State)
		require.Equal(t, got.Paid.AmountMinor, got.Refunded.AmountMinor)
		require.Nil(t, got.Choice)
		require.Empty(t, s.audit())
	})
}

// The store has one of the two: it is kept, and the buyer decides about the other.
func TestThePartOfAPickupThatIsMissingIsRefunded(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.toCollect()
		s.leaving()
		s.accept(o.Fulfilments[0].Id)
		_, err := s.DeclineFulfilment(s.as(keeper), decline(o.Fulfilments[0], &inventoryv1.MissingLine{LineId: o.Lines[0].LineId, Quantity: 1}))
		require.NoError(t, err)
		o = s.mine(o.Id)
		kept := at(o, "S2", orderv1.FulfilmentState_ACCEPTED)
		require.Equal(t, int64(1), kept.Lines[0].Quantity)
		require.NotNil(t, o.Choice)
		got, err := s.choose(ann, moneyBack(o.Id))
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_PAID, got.State)
		require.Equal(t, []int64{19900, 1}, []int64{got.Refunded.AmountMinor, got.Lines[0].CancelledQuantity})
		require.False(t, got.Unallocated)
		require.Empty(t, s.audit())
		_, err = s.collect(counter, fulfilmentOf(s.mine(o.Id), kept.Id).Pickup.Code, "")
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

func TestAPickupThatIsNotCollectedAsksOnceAndIsRefundedInTheEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.collectable()
		o := s.toCollect()
		id := o.Fulfilments[0].Id
		s.accept(id)
		require.Equal(t, start+3600*second, s.mine(o.Id).Fulfilments[0].CollectUntilUs)
		s.later(3599 * time.Second)
		require.Nil(t, s.mine(o.Id).Choice)
		s.later(time.Second)
		s.later(time.Second)
		waiting := s.mine(o.Id)
		require.Equal(t, orderv1.FulfilmentState_UNCOLLECTED, waiting.Fulfilments[0].State)
		require.Equal(t, start+7200*second, waiting.Choice.ChooseByUs)
		require.NotNil(t, waiting.Fulfilments[0].Pickup, "it is there still")
		asked := 0
		for _, e := range waiting.History {
			if e.Event == "order.ask" {
				asked++
			}
		}
		require.Equal(t, 1, asked)
		require.Empty(t, s.audit())

		got, err := s.choose(ann, later(o.Id))
		require.NoError(t, err)
		require.Nil(t, got.Choice)
		require.Equal(t, orderv1.FulfilmentState_ACCEPTED, got.Fulfilments[0].State)
		s.later(2 * time.Hour)
		require.Equal(t, orderv1.FulfilmentState_UNCOLLECTED, s.mine(o.Id).Fulfilments[0].State)
		before := s.world.stock["S2"]["tea"]
		s.later(time.Hour)
		done := s.mine(o.Id)
		require.Equal(t, orderv1.OrderState_CANCELLED, done.State)
		require.Equal(t, done.Paid.AmountMinor, done.Refunded.AmountMinor)
		require.Empty(t, s.audit())
		require.Equal(t, before+2, s.world.stock["S2"]["tea"], "it is on the shelf again")
	})
}

func TestWhatWasNotCollectedMayStillBeCollectedOrSent(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.collectable()
		uncollected := func() *orderv1.OrderInfo {
			o := s.toCollect()
			s.accept(o.Fulfilments[0].Id)
			s.later(time.Hour)
			return s.mine(o.Id)
		}
		o := uncollected()
		_, err := s.collect(counter, o.Fulfilments[0].Pickup.Code, "")
		require.NoError(t, err, "he has come after all")
		require.Nil(t, s.mine(o.Id).Choice)
		_, err = s.choose(ann, moneyBack(o.Id))
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit())

		o = uncollected()
		s.world.stock["S1"]["tea"] = 9
		got, err := s.choose(ann, deliver(o.Id, nil))
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_DECLINED, got.Fulfilments[0].State)
		f := at(got, "S1", orderv1.FulfilmentState_ASSIGNED)
		s.accept(f.Id)
		_, err = s.shipOne(boss, f.Id)
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

// The store has the gift, and not the goods that earned it: who wants his money back does not have to come for the gift, and
// nothing of the order is left.
func TestTheGiftOfADeclinedPickupGoesWithIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("CUPS", 0, gift(2))
		before := s.world.stock["S2"]["cup"]
		o := s.toCollect()
		s.leaving()
		require.Equal(t, []any{"cup", int64(2)}, []any{o.Lines[1].Sku, o.Lines[1].Quantity})
		_, err := s.DeclineFulfilment(s.as(keeper), decline(o.Fulfilments[0], &inventoryv1.MissingLine{LineId: o.Lines[0].LineId, Quantity: 2}))
		require.NoError(t, err)
		require.NotNil(t, s.mine(o.Id).Choice)
		require.Equal(t, before-2, s.world.stock["S2"]["cup"], "it is kept for him still")
		got, err := s.choose(ann, moneyBack(o.Id))
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, got.State)
		require.Nil(t, got.Choice)
		require.Equal(t, got.Paid.AmountMinor, got.Refunded.AmountMinor)
		s.leaving()
		require.Equal(t, before, s.world.stock["S2"]["cup"])
		s.later(0)
		require.Empty(t, s.audit())
	})
}
