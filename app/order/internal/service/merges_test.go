package service

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) merges() *MergedParcels { return NewMergedParcels(s.Order) }

// acceptedAt is a paid order of cups from the other organisation's store, which has accepted it.
func (s *shop) acceptedAt(by tenancy.Principal, change func(r *orderv1.PlaceOrderRequest), quantity int64) *orderv1.OrderInfo {
	s.t.Helper()
	s.world.stock["S1"]["cup"] = 0
	req := wish(line("cup", quantity))
	req.MemberId = by.Member
	if change != nil {
		change(req)
	}
	o, err := s.PlaceOrder(s.as(by), req)
	require.NoError(s.t, err)
	p, err := s.CreatePayment(s.as(by), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox"})
	require.NoError(s.t, err)
	_, err = s.PayInSandbox(s.as(by), &orderv1.PayInSandboxRequest{PaymentId: p.Id})
	require.NoError(s.t, err)
	o = s.get(o.Id)
	_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
	require.NoError(s.t, err)
	s.clock.Advance(time.Second)
	return s.get(o.Id)
}

func (s *shop) mergeParcels(p tenancy.Principal, orders ...*orderv1.OrderInfo) (*orderv1.MergedParcel, error) {
	req := &orderv1.MergeFulfilmentsRequest{RequestId: requestID()}
	for _, o := range orders {
		req.FulfilmentIds = append(req.FulfilmentIds, o.Fulfilments[0].Id)
	}
	return s.merges().MergeFulfilments(s.as(p), req)
}

func (s *shop) mergeable(p tenancy.Principal, size int32) (groups [][]string) {
	req := &orderv1.ListMergeableRequest{PageSize: size, Location: "S2"}
	for {
		got, err := s.merges().ListMergeable(s.as(p), req)
		require.NoError(s.t, err)
		for _, g := range got.Groups {
			var list []string
			for _, f := range g.Fulfilments {
				list = append(list, f.OrderId)
			}
			groups = append(groups, list)
		}
		if req.PageToken = got.NextPageToken; req.PageToken == "" {
			return groups
		}
	}
}

func to(address string) func(r *orderv1.PlaceOrderRequest) {
	return func(r *orderv1.PlaceOrderRequest) { r.Receiver.Address = address }
}

// Two orders to one address are one parcel with one number, and two orders in all else.
func TestOrdersToOneAddressTravelInOneParcel(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		one, two := s.acceptedAt(ann, nil, 2), s.acceptedAt(ann, to("nanjing rd. 1"), 3)
		far, hers := s.acceptedAt(ann, to("Long Lane 9"), 1), s.acceptedAt(bob, nil, 1)
		require.Equal(t, [][]string{{one.Id, two.Id}}, s.mergeable(keeper, 1), "each group once, whatever the page")
		require.Equal(t, [][]string{{one.Id, two.Id}}, s.mergeable(boss, 50))
		near, err := s.merges().ListOrderNeighbours(s.as(boss), &orderv1.ListOrderNeighboursRequest{OrderId: one.Id})
		require.NoError(t, err)
		require.Len(t, near.Orders, 1)
		require.Equal(t, two.Id, near.Orders[0].OrderId)
		require.Equal(t, []string{"S2"}, near.Orders[0].Locations)

		_, err = s.mergeParcels(keeper, one, far)
		require.Equal(t, "it goes to another receiver", requireReason(t, "NOT_MERGEABLE", err).Metadata["why"])
		_, err = s.mergeParcels(keeper, one, hers)
		require.Equal(t, "it is of another buyer", requireReason(t, "NOT_MERGEABLE", err).Metadata["why"])
		m, err := s.mergeParcels(keeper, one, two)
		require.NoError(t, err)
		require.Len(t, m.Fulfilments, 2)
		require.Equal(t, m.Id, m.Fulfilments[1].MergedParcelId)
		require.Nil(t, m.Fulfilments[0].Receiver)
		require.Empty(t, s.mergeable(keeper, 10))
		_, err = s.mergeParcels(keeper, two, one)
		requireReason(t, "FULFILMENT_MERGED", err)

		// Alone it does not leave, in whole or in part.
		_, err = s.ShipFulfilment(s.as(keeper), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: one.Fulfilments[0].Id, Carrier: "SF", TrackingNo: "1"})
		requireReason(t, "FULFILMENT_MERGED", err)
		_, err = NewParcels(s.Order).ShipPart(s.as(keeper), &orderv1.ShipPartRequest{RequestId: requestID(), FulfilmentId: one.Fulfilments[0].Id, Carrier: "SF", TrackingNo: "1",
			Lines: []*orderv1.ParcelContent{{LineId: one.Lines[0].LineId, Quantity: 1}}})
		requireReason(t, "FULFILMENT_MERGED", err)

		picks, err := NewPacking(s.Order).GetPickingList(s.as(keeper), &orderv1.GetPickingListRequest{MergedParcelId: m.Id})
		require.NoError(t, err)
		require.Len(t, picks.Skus, 1)
		require.Equal(t, int64(5), picks.Skus[0].Quantity)
		require.Len(t, picks.Skus[0].For, 2)
		bill, err := s.merges().GetMergedWaybill(s.as(keeper), &orderv1.GetMergedWaybillRequest{MergedParcelId: m.Id})
		require.NoError(t, err)
		require.Equal(t, int64(5), bill.Waybill.Pieces)
		require.Equal(t, "Ann", bill.Waybill.Receiver.Name)
		require.Len(t, bill.Waybill.Lines, 1)
		require.Len(t, bill.Orders, 2)

		ship := &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "SF7"}
		shipped, err := s.merges().ShipMergedParcel(s.as(keeper), ship)
		require.NoError(t, err)
		same, err := s.merges().ShipMergedParcel(s.as(keeper), ship)
		require.NoError(t, err)
		require.Equal(t, shipped.String(), same.String())
		require.Equal(t, []string{"inventory.Ship", "inventory.Ship"}, only(s.leaving(), "inventory.Ship"))
		for _, f := range shipped.Fulfilments {
			require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, f.State)
			require.Equal(t, []string{"SF", "SF7"}, []string{f.Carrier, f.TrackingNo})
		}
		again := &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "SF8"}
		_, err = s.merges().ShipMergedParcel(s.as(keeper), again)
		requireReason(t, "STATE_CONFLICT", err)
		_, err = s.merges().SplitMergedParcel(s.as(keeper), &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id})
		requireReason(t, "STATE_CONFLICT", err)
		delivered, err := s.merges().DeliverMergedParcel(s.as(keeper), &orderv1.DeliverMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Note: "at the door"})
		require.NoError(t, err)
		require.Equal(t, orderv1.FulfilmentState_DELIVERED, delivered.Fulfilments[1].State)

		// Each keeps its own receipt, return and money.
		s.receive(one)
		_, err = s.giveBack(ann, boss, one, one.Lines[0].LineId, 1)
		require.NoError(t, err)
		s.later(time.Second)
		require.NotZero(t, s.get(one.Id).Refunded.AmountMinor)
		require.Zero(t, s.get(two.Id).Refunded.AmountMinor)
		require.Equal(t, orderv1.FulfilmentState_DELIVERED, s.get(two.Id).Fulfilments[0].State)
		require.Empty(t, s.audit())
	})
}

func only(list []string, name string) (out []string) {
	for _, x := range list {
		if x == name {
			out = append(out, x)
		}
	}
	return out
}

// What is cancelled, declined or taken out is out; the rest leaves.
func TestWhatIsCancelledIsOutOfTheParcel(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		one, two, three, four := s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 2), s.acceptedAt(ann, nil, 3), s.acceptedAt(ann, nil, 4)
		m, err := s.mergeParcels(keeper, one, two, three, four)
		require.NoError(t, err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: one.Id, Reason: "x"})
		require.NoError(t, err)
		s.world.stock["S1"]["cup"] = 10
		_, err = s.DeclineFulfilment(s.as(keeper), decline(two.Fulfilments[0]))
		require.NoError(t, err)
		split, err := s.merges().SplitMergedParcel(s.as(keeper), &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, FulfilmentIds: []string{three.Fulfilments[0].Id}})
		require.NoError(t, err)
		require.Len(t, split.Fulfilments, 1)
		require.Equal(t, four.Id, split.Fulfilments[0].OrderId)
		_, err = s.merges().SplitMergedParcel(s.as(keeper), &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, FulfilmentIds: []string{three.Fulfilments[0].Id}})
		requireReason(t, "NOT_FOUND", err)
		_, err = s.ShipFulfilment(s.as(keeper), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: three.Fulfilments[0].Id, Carrier: "SF", TrackingNo: "1"})
		require.NoError(t, err)
		shipped, err := s.merges().ShipMergedParcel(s.as(keeper), &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "2"})
		require.NoError(t, err)
		require.Len(t, shipped.Fulfilments, 1)
		require.Equal(t, "1", s.get(three.Id).Fulfilments[0].TrackingNo)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(one.Id).State)
		require.Equal(t, "S1", s.get(two.Id).Fulfilments[1].Location, "what was declined goes from elsewhere")

		gone, err := s.mergeParcels(keeper, s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 1))
		require.NoError(t, err)
		_, err = s.merges().SplitMergedParcel(s.as(keeper), &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: gone.Id})
		require.NoError(t, err)
		_, err = s.merges().ShipMergedParcel(s.as(keeper), &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: gone.Id, Carrier: "SF", TrackingNo: "3"})
		requireReason(t, "STATE_CONFLICT", err)
		_, err = s.merges().GetMergedWaybill(s.as(keeper), &orderv1.GetMergedWaybillRequest{MergedParcelId: gone.Id})
		requireReason(t, "STATE_CONFLICT", err)
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}

// A location's organisation merges and sees what its locations ship.
func TestAMergedParcelIsItsLocations(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		one, two := s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 1)
		_, err := s.mergeParcels(other, one, two)
		requireReason(t, "NOT_FOUND", err)
		_, err = s.mergeParcels(ann, one, two)
		requireReason(t, "FORBIDDEN", err)
		m, err := s.mergeParcels(till, one, two)
		require.NoError(t, err)
		for _, p := range []tenancy.Principal{other, ann, {Kind: tenancy.Franchisee, ID: "n", Org: "fra", Store: "S3", Roles: []string{"manager"}}} {
			_, err = s.merges().GetMergedParcel(s.as(p.WithScope()), &orderv1.GetMergedParcelRequest{MergedParcelId: m.Id})
			requireReason(t, "NOT_FOUND", err)
			_, err = s.merges().ShipMergedParcel(s.as(p.WithScope()), &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "1"})
			requireReason(t, "NOT_FOUND", err)
		}
		_, err = s.merges().ListOrderNeighbours(s.as(keeper), &orderv1.ListOrderNeighboursRequest{OrderId: one.Id})
		requireReason(t, "ORDER_UNKNOWN", err)
		got, err := s.merges().GetMergedParcel(s.as(boss), &orderv1.GetMergedParcelRequest{MergedParcelId: m.Id})
		require.NoError(t, err)
		require.Len(t, got.Fulfilments, 2)

		for name, change := range map[string]func(r *orderv1.PlaceOrderRequest){
			"a pickup": func(r *orderv1.PlaceOrderRequest) {
				r.Way, r.PickupStoreCode = inventoryv1.DeliveryWay_PICKUP, "S2"
			},
			"another phone": func(r *orderv1.PlaceOrderRequest) { r.Receiver.Phone = "13812345679" },
			"another way":   func(r *orderv1.PlaceOrderRequest) { r.Way = inventoryv1.DeliveryWay_LOCAL_DELIVERY },
		} {
			_, err = s.mergeParcels(keeper, s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, change, 1))
			require.Error(t, err, name)
			requireReason(t, "NOT_MERGEABLE", err)
		}
		require.Empty(t, s.audit())
	})
}

// By a platform's ciphertext nobody is matched, also not with himself.
func TestCiphertextsAreNotMerged(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["cup"] = 0
		var orders []*orderv1.OrderInfo
		for _, no := range []string{"T1", "T2"} {
			o, err := s.ImportChannelOrder(s.as(tmall), external(no, "cup", 1, 1500))
			require.NoError(t, err)
			o = s.get(o.Id)
			_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
			require.NoError(t, err)
			orders = append(orders, s.get(o.Id))
		}
		require.Empty(t, s.mergeable(keeper, 10))
		_, err := s.mergeParcels(keeper, orders...)
		requireReason(t, "NOT_MERGEABLE", err)
	})
}

// Persons merge, ship and split while the buyer cancels: each fulfilment leaves once, or not at all.
func TestAMergeRacesWithACancel(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S2"]["cup"] = 1000
		for range 5 {
			one, two := s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 1)
			m, err := s.mergeParcels(keeper, two, one)
			require.NoError(t, err)
			tolerate := func(err error) {
				if err != nil && codeOf(fault.Public(err)) != 409 && codeOf(fault.Public(err)) != 404 {
					t.Error(err)
				}
			}
			cancel := &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: one.Id, Reason: "x"}
			ship := &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "1"}
			split := &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, FulfilmentIds: []string{two.Fulfilments[0].Id}}
			again := &orderv1.MergeFulfilmentsRequest{RequestId: requestID(), FulfilmentIds: []string{one.Fulfilments[0].Id, two.Fulfilments[0].Id}}
			var all sync.WaitGroup
			all.Go(func() { _, err := s.CancelOrder(s.as(ann), cancel); tolerate(err) })
			all.Go(func() { _, err := s.merges().ShipMergedParcel(s.as(keeper), ship); tolerate(err) })
			all.Go(func() { _, err := s.merges().SplitMergedParcel(s.as(keeper), split); tolerate(err) })
			all.Go(func() { _, err := s.merges().MergeFulfilments(s.as(boss), again); tolerate(err) })
			all.Wait()
			if o := s.get(one.Id); o.State == orderv1.OrderState_CANCELLED {
				require.Equal(t, orderv1.FulfilmentState_FULFILMENT_CANCELLED, o.Fulfilments[0].State)
				require.Empty(t, o.Fulfilments[0].MergedParcelId)
			} else {
				require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, o.Fulfilments[0].State, "it was in the parcel that left")
			}
		}
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}

// An order waits for others to the same address, and its seller sees which there are.
func TestAnOrderWaitsForOthersToItsAddress(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		wait := rule("wait", nil)
		wait.Silence, wait.AfterS = orderv1.ReviewSilence_REVIEW_RELEASES, 600
		s.ruled(wait)
		s.world.stock["S1"]["cup"] = 0
		var orders []*orderv1.OrderInfo
		for range 2 {
			o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 2)))
			require.NoError(t, err)
			require.Equal(t, int32(200), s.pay(s.payment(o)))
			orders = append(orders, s.get(o.Id))
			s.clock.Advance(3 * time.Minute)
		}
		near, err := s.merges().ListOrderNeighbours(s.as(boss), &orderv1.ListOrderNeighboursRequest{OrderId: orders[1].Id})
		require.NoError(t, err)
		require.Len(t, near.Orders, 1)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, near.Orders[0].Review)
		_, err = s.mergeParcels(keeper, orders...)
		requireReason(t, "NOT_MERGEABLE", err)
		s.later(10 * time.Minute)
		for i, o := range orders {
			_, err := s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
			require.NoError(t, err, i)
		}
		require.Equal(t, [][]string{{orders[0].Id, orders[1].Id}}, s.mergeable(keeper, 10))
		_, err = s.mergeParcels(keeper, orders...)
		require.NoError(t, err)
		require.Empty(t, s.audit())
	})
}

// An order whose buyer moves is out of the parcel that it shared, and the store that has not heard of it does not send it along.
func TestAnOrderThatGoesElsewhereIsOutOfTheParcel(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		first, second, third := s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 1), s.acceptedAt(ann, nil, 1)
		m, err := s.mergeParcels(keeper, first, second, third)
		require.NoError(t, err)
		_, err = s.moved(ann, second, around)
		require.NoError(t, err)
		ship := &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: m.Id, Carrier: "SF", TrackingNo: "M1"}
		_, err = s.merges().ShipMergedParcel(s.as(keeper), ship)
		requireReason(t, "WAYBILL_CHANGED", err)
		f := func(o *orderv1.OrderInfo) string { return o.Fulfilments[0].Id }
		for _, wrong := range [][]string{{f(first), f(second), f(third)}, {f(first)}} {
			ship.RequestId, ship.FulfilmentIds = requestID(), wrong
			_, err = s.merges().ShipMergedParcel(s.as(keeper), ship)
			require.Contains(t, []string{"NOT_FOUND", "VALIDATOR"}, reasonOf(fault.Public(err)), "%v", err)
		}
		ship.RequestId, ship.FulfilmentIds = requestID(), []string{f(first), f(third)}
		got, err := s.merges().ShipMergedParcel(s.as(keeper), ship)
		require.NoError(t, err)
		require.Len(t, got.Fulfilments, 2)
		alone := s.get(second.Id)
		require.Equal(t, orderv1.FulfilmentState_ACCEPTED, alone.Fulfilments[0].State)
		require.NoError(t, s.sends(alone.Fulfilments[0], 2))
		s.leaving()
		require.Empty(t, s.audit())
	})
}
