package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) parcels() *Parcels { return NewParcels(s.Order) }

func (s *shop) shipPart(by tenancy.Principal, f *orderv1.Fulfilment, no string, content ...*orderv1.ParcelContent) (*orderv1.Fulfilment, error) {
	return s.parcels().ShipPart(s.as(by), &orderv1.ShipPartRequest{RequestId: requestID(), FulfilmentId: f.Id, Lines: content, Carrier: "SF", TrackingNo: no})
}

func content(l *orderv1.FulfilmentLine, n int64) *orderv1.ParcelContent {
	return &orderv1.ParcelContent{LineId: l.LineId, Sku: l.Sku, Quantity: n}
}

// potsAndCups are two pots and three cups of another organisation's store, accepted.
func (s *shop) potsAndCups() (o *orderv1.OrderInfo, f *orderv1.Fulfilment, pots, cups *orderv1.FulfilmentLine) {
	s.world.stock["S1"]["cup"] = 0
	o, err := s.PlaceOrder(s.as(ann), wish(line("pot", 2), line("cup", 3)))
	require.NoError(s.t, err)
	s.pay(s.payment(o))
	f = s.get(o.Id).Fulfilments[0]
	_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
	require.NoError(s.t, err)
	s.leaving()
	return o, f, f.Lines[0], f.Lines[1]
}

func TestAFulfilmentLeavesInPartsAndItsStockWithThem(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, f, pots, cups := s.potsAndCups()
		require.Equal(t, orderv1.Shipping_NOTHING_SHIPPED, s.get(o.Id).Shipping)
		for who, reason := range map[*tenancy.Principal]string{&other: "NOT_FOUND", &bob: "NOT_FOUND", &ann: "FORBIDDEN", &tmall: "NOT_FOUND"} {
			_, err := s.shipPart(*who, f, "1", content(pots, 1))
			requireReason(t, reason, err)
		}
		got, err := s.shipPart(keeper, f, "1", content(cups, 1), content(pots, 1))
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_PARTLY_SHIPPED, got.State)
		require.Equal(t, []int64{1, 1}, []int64{got.Lines[0].Shipped, got.Lines[1].Shipped})
		again, err := s.shipPart(keeper, f, "1", content(pots, 1), content(cups, 1))
		require.NoError(t, err, "another request says the same")
		require.Equal(t, got.String(), again.String())
		require.ElementsMatch(t, []string{"inventory.Ship", "rebate.RecordSupply"}, s.leaving())
		require.Equal(t, orderv1.Shipping_PART_SHIPPED, s.mine(o.Id).Shipping)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit(), "in the middle of it")

		put := &orderv1.PutParcelsRequest{RequestId: requestID(), FulfilmentId: f.Id, Parcels: []*orderv1.PlannedParcel{
			{Lines: []*orderv1.ParcelContent{content(pots, 1)}}, {Lines: []*orderv1.ParcelContent{content(cups, 2)}},
		}}
		planned, err := s.parcels().PutParcels(s.as(keeper), put)
		require.NoError(t, err)
		require.Len(t, planned.Parcels, 3)
		for i, p := range planned.Parcels[1:] {
			req := &orderv1.ShipParcelRequest{RequestId: requestID(), ParcelId: p.Id, Carrier: "SF", TrackingNo: "no-" + p.Id}
			for who, reason := range map[*tenancy.Principal]string{&other: "NOT_FOUND", &bob: "NOT_FOUND", &ann: "FORBIDDEN"} {
				_, err := s.parcels().ShipParcel(s.as(*who), req)
				requireReason(t, reason, err)
			}
			got, err := s.parcels().ShipParcel(s.as(keeper), req)
			require.NoError(t, err)
			require.Equal(t, i == 1, got.State == orderv1.FulfilmentState_FULFILMENT_SHIPPED)
		}
		require.ElementsMatch(t, []string{"inventory.Ship", "rebate.RecordSupply", "inventory.Ship", "rebate.RecordSupply"}, s.leaving())
		var fees, pieces int64
		for _, supply := range s.world.supplies {
			fees += supply.FeeMinor
			pieces += supply.Quantity
		}
		require.Equal(t, []int64{500, 5}, []int64{fees, pieces}, "the fee once, whatever the number of parcels")
		require.Empty(t, s.audit())

		for _, p := range planned.Parcels {
			_, err := s.parcels().DeliverParcel(s.as(keeper), &orderv1.DeliverParcelRequest{RequestId: requestID(), ParcelId: p.Id})
			require.NoError(t, err)
		}
		mine := s.mine(o.Id)
		require.Equal(t, []any{orderv1.Shipping_ALL_DELIVERED, orderv1.FulfilmentState_DELIVERED}, []any{mine.Shipping, mine.Fulfilments[0].State})
		require.Equal(t, orderv1.ParcelState_PARCEL_DELIVERED, mine.Fulfilments[0].Parcels[2].State)
		s.receive(mine)
		back, err := s.giveBack(ann, boss, s.get(o.Id), pots.LineId, 2)
		require.NoError(t, err)
		require.Equal(t, int64(2), back.Lines[0].Quantity)
		require.Empty(t, s.audit())
	})
}

func TestAParcelThatCameBackIsRefundedAlone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, f, pots, cups := s.potsAndCups()
		_, err := s.shipPart(keeper, f, "1", content(pots, 2))
		require.NoError(t, err)
		got, err := s.shipPart(keeper, f, "2", content(cups, 3))
		require.NoError(t, err)
		failed := got.Parcels[1].Id
		_, err = s.parcels().FailParcel(s.as(keeper), &orderv1.FailParcelRequest{RequestId: requestID(), ParcelId: failed, Reason: "no such street"})
		require.NoError(t, err)
		_, err = s.takeBack(f.Id)
		requireReason(t, "STATE_CONFLICT", err)
		before := s.world.stock["S2"]["cup"]
		back, err := s.parcels().TakeBackParcel(s.as(keeper), &orderv1.TakeBackParcelRequest{RequestId: requestID(), ParcelId: failed})
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.ParcelState_PARCEL_BACK, "no such street"}, []any{back.Parcels[1].State, back.Parcels[1].Failure})
		require.Empty(t, s.audit())
		require.Equal(t, before+3, s.world.stock["S2"]["cup"])
		require.Equal(t, int64(3*1500), s.get(o.Id).Refunded.AmountMinor)
	})
}

// A store finds, with one parcel on its way, that it lacks the rest.
func TestTheRestOfAPartlyShippedFulfilmentIsDeclined(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, f, pots, cups := s.potsAndCups()
		_, err := s.shipPart(keeper, f, "1", content(pots, 2), content(cups, 1))
		require.NoError(t, err)
		s.leaving()
		s.world.stock["S1"]["cup"] = 100
		_, err = s.DeclineFulfilment(s.as(keeper), decline(f, &inventoryv1.MissingLine{LineId: cups.LineId, Quantity: 3}))
		requireReason(t, "VALIDATOR", err)
		req := decline(f, &inventoryv1.MissingLine{LineId: cups.LineId, Quantity: 1})
		got, err := s.DeclineFulfilment(s.as(keeper), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, got.State)
		require.Equal(t, int64(1), got.Lines[1].Quantity)
		now := s.get(o.Id)
		require.Equal(t, orderv1.Shipping_PART_SHIPPED, now.Shipping)
		require.Equal(t, int64(1), at(now, "S1", orderv1.FulfilmentState_ASSIGNED).Lines[0].Quantity)
		kept := at(now, "S2", orderv1.FulfilmentState_ACCEPTED)
		require.Equal(t, int64(1), kept.Lines[0].Quantity)
		require.Empty(t, s.audit())
		s.ship(&orderv1.OrderInfo{Fulfilments: []*orderv1.Fulfilment{at(now, "S1", orderv1.FulfilmentState_ASSIGNED)}})
		_, err = s.shipOne(keeper, kept.Id)
		require.NoError(t, err)
		require.Equal(t, orderv1.Shipping_ALL_SHIPPED, s.get(o.Id).Shipping)
		require.Empty(t, s.audit())
	})
}
