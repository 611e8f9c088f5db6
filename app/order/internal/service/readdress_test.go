package service

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

var (
	// eve lives where ann does, her friend in the north.
	eve    = &orderv1.Receiver{Name: "Eve", Phone: "13900000001", Address: "Nanjing Rd 1", Point: &commonv1.GeoPoint{Lat: 31.2, Lng: 121.4}}
	around = &orderv1.Receiver{Name: "Ann", Phone: "13812345678", Address: "Nanjing Rd 99", Point: &commonv1.GeoPoint{Lat: 31.21, Lng: 121.41}}
	frida  = &orderv1.Receiver{Name: "Frida", Phone: "13900000002", Address: "Chang'an Ave 5", Point: &commonv1.GeoPoint{Lat: 41, Lng: 116.4}}
)

func (s *shop) addresses() *AddressChanges { return NewAddressChanges(s.Order) }

func moving(o *orderv1.OrderInfo, to *orderv1.Receiver) *orderv1.ChangeAddressRequest {
	return &orderv1.ChangeAddressRequest{RequestId: requestID(), OrderId: o.Id, Receiver: to}
}

func (s *shop) moved(p tenancy.Principal, o *orderv1.OrderInfo, to *orderv1.Receiver) (*orderv1.OrderInfo, error) {
	return s.addresses().ChangeAddress(s.as(p), moving(o, to))
}

// sends ships a fulfilment under a version of the address.
func (s *shop) sends(f *orderv1.Fulfilment, version int64) error {
	_, err := s.ShipFulfilment(s.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "SF-" + f.Id, AddressVersion: version})
	return err
}

func (s *shop) yes(o *orderv1.OrderInfo) *orderv1.OrderInfo {
	for _, f := range o.Fulfilments {
		if f.State == orderv1.FulfilmentState_ASSIGNED {
			_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			require.NoError(s.t, err)
		}
	}
	return s.get(o.Id)
}

func noted(o *orderv1.OrderInfo, event string) (notes []string) {
	for _, h := range o.History {
		if h.Event == event {
			notes = append(notes, h.Note)
		}
	}
	return notes
}

// Another receiver at the same place asks nobody; what was printed before does not leave any more.
func TestAnotherReceiverAtTheSamePlace(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.yes(s.paid(0))
		_, err := s.fulfilments().PackFulfilment(s.as(boss), &orderv1.PackFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
		require.NoError(t, err)
		before, err := s.waybill(boss, o.Fulfilments[0].Id, "")
		require.NoError(t, err)
		require.Equal(t, int64(1), before.AddressVersion)
		req := moving(o, eve)
		got, err := s.addresses().ChangeAddress(s.as(ann), req)
		require.NoError(t, err)
		require.True(t, proto.Equal(eve, got.Receiver))
		require.Equal(t, int64(2), got.AddressVersion)
		require.Equal(t, []string{"name, phone"}, noted(got, "order.readdress"))
		require.Len(t, noted(got, "fulfilment.readdress"), 2)
		require.Empty(t, s.world.redirected, "it is the same place")
		require.Equal(t, orderv1.FulfilmentState_PICKED, got.Fulfilments[0].State, "what is on the parcel is not right any more")
		require.Equal(t, orderv1.FulfilmentState_ACCEPTED, got.Fulfilments[1].State)
		repeated, err := s.addresses().ChangeAddress(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, got.String(), repeated.String())
		other := proto.Clone(req).(*orderv1.ChangeAddressRequest)
		other.Receiver = frida
		_, err = s.addresses().ChangeAddress(s.as(ann), other)
		requireReason(t, "REQUEST_ID_REUSED", err)

		f := got.Fulfilments[0]
		requireReason(t, "WAYBILL_CHANGED", s.sends(f, 0))
		require.Equal(t, "2", requireReason(t, "WAYBILL_CHANGED", s.sends(f, 1)).Metadata["address_version"])
		requireReason(t, "WAYBILL_CHANGED", s.sends(f, 3))
		now, err := s.waybill(boss, f.Id, "")
		require.NoError(t, err)
		require.True(t, proto.Equal(eve, now.Receiver))
		require.NoError(t, s.sends(f, now.AddressVersion))
		part := &orderv1.ShipPartRequest{RequestId: requestID(), FulfilmentId: got.Fulfilments[1].Id, Carrier: "SF", TrackingNo: "P1",
			Lines: []*orderv1.ParcelContent{{LineId: got.Fulfilments[1].Lines[0].LineId, Quantity: 1}}}
		_, err = s.parcels().ShipPart(s.as(boss), part)
		requireReason(t, "WAYBILL_CHANGED", err)
		part.RequestId, part.AddressVersion = requestID(), 2
		_, err = s.parcels().ShipPart(s.as(boss), part)
		require.NoError(t, err)
		_, err = s.moved(ann, o, around)
		requireReason(t, fault.ReasonStateConflict, err)
		require.True(t, proto.Equal(eve, s.get(o.Id).Receiver))
		require.Empty(t, s.audit())
	})
}

// The receiver is hidden wherever it is kept, and found by its new phone.
func TestANewReceiverIsKeptAsTheFirstOneWas(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		_, err := s.moved(boss, o, frida)
		require.NoError(t, err)
		for _, secret := range []string{"Frida", "13900000002", "Chang'an"} {
			require.NotContains(t, s.everything(), secret)
		}
		require.Equal(t, []string{o.Id}, s.found(boss, &orderv1.ListOrdersRequest{Phone: frida.Phone}))
		require.Empty(t, s.found(boss, &orderv1.ListOrdersRequest{Phone: "13812345678"}))
	})
}

// Locations that serve the new place keep the goods, others lose them; where nobody does, nothing changes.
func TestAnotherPlaceIsServedByWhoeverMay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.yes(s.paid(0))
		s.leaving()
		got, err := s.addresses().ChangeAddress(s.as(ann), &orderv1.ChangeAddressRequest{RequestId: requestID(), OrderId: o.Id, Receiver: around, DestinationRegion: "31"})
		require.NoError(t, err)
		require.Len(t, s.world.redirected, 1)
		require.Equal(t, []any{"31", o.Id}, []any{s.world.redirected[0].Region, s.world.redirected[0].Document})
		require.Len(t, got.Fulfilments, 2)
		require.Equal(t, []string{"address, place"}, noted(got, "order.readdress"))

		s.world.near = map[string]bool{"S1": true}
		s.world.stock["S2"]["tea"] = 0
		cups, was := s.world.stock["S2"]["cup"], s.get(o.Id)
		_, err = s.moved(ann, o, frida)
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, was.String(), s.get(o.Id).String(), "nothing has changed")
		require.Equal(t, cups, s.world.stock["S2"]["cup"])
		s.world.stock["S2"]["tea"] = 3
		got, err = s.moved(ann, o, frida)
		require.NoError(t, err)
		require.Equal(t, int64(3), got.AddressVersion)
		require.Equal(t, []int64{20900 + 6*1500, 1000}, []int64{got.Total.AmountMinor, got.Freight.AmountMinor}, "the price stays")
		places := map[string]int64{}
		for _, f := range got.Fulfilments {
			if f.State == orderv1.FulfilmentState_FULFILMENT_DECLINED {
				require.Equal(t, "S1", f.Location)
				continue
			}
			require.Equal(t, "S2", f.Location)
			for _, l := range f.Lines {
				places[l.Sku] += l.Quantity
			}
		}
		require.Equal(t, map[string]int64{"tea": 1, "cup": 6}, places)
		require.Equal(t, int64(2), s.world.stock["S2"]["tea"])
		_, err = s.moved(ann, o, &orderv1.Receiver{Name: "x", Address: "x", Point: &commonv1.GeoPoint{Lat: 95}})
		requireReason(t, "GEO_INVALID", err)
		for _, f := range s.yes(got).Fulfilments {
			if f.State == orderv1.FulfilmentState_ACCEPTED {
				require.NoError(t, s.sends(f, 3))
			}
		}
		s.leaving()
		require.Empty(t, s.audit())
	})
}

func TestWhoMayChangeWhichAddress(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		_, err := s.moved(bob, o, eve)
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.moved(other, o, eve)
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.moved(keeper, o, eve) // ships a part of it
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.moved(ann, o, &orderv1.Receiver{Name: "x", Address: "x"})
		require.Equal(t, "receiver.point", requireReason(t, "VALIDATOR", err).Metadata["field"])
		cipher := proto.Clone(eve).(*orderv1.Receiver)
		cipher.Ciphertext = true
		_, err = s.moved(ann, o, cipher)
		requireReason(t, "VALIDATOR", err)
		got, err := s.moved(ann, o, eve)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_UNPAID, got.State, "also before it is paid")
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		_, err = s.moved(boss, o, around)
		require.NoError(t, err, "the seller's staff")
		require.Contains(t, s.get(o.Id).String(), "hq:boss")

		toCollect := s.toCollect()
		_, err = s.moved(ann, toCollect, eve)
		requireReason(t, fault.ReasonStateConflict, err)
		sold, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
		require.NoError(t, err)
		_, err = s.moved(boss, sold, eve)
		requireReason(t, fault.ReasonStateConflict, err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		_, err = s.moved(ann, o, frida)
		requireReason(t, fault.ReasonStateConflict, err)

		// What another platform has encrypted is that platform's to change.
		in := external("C1", "cup", 1, 1500)
		in.Receiver = &orderv1.Receiver{Name: "cn", Phone: "cp", Address: "ca", Ciphertext: true, Point: &commonv1.GeoPoint{Lat: 31, Lng: 121}}
		theirs, err := s.ImportChannelOrder(s.as(tmall), in)
		require.NoError(t, err)
		next := &orderv1.Receiver{Name: "dn", Phone: "dp", Address: "da", Ciphertext: true, Point: &commonv1.GeoPoint{Lat: 31, Lng: 121}}
		_, err = s.moved(boss, theirs, next)
		requireReason(t, "FORBIDDEN", err)
		_, err = s.moved(tmall, theirs, eve)
		requireReason(t, "VALIDATOR", err)
		got, err = s.moved(tmall, theirs, next)
		require.NoError(t, err)
		require.Equal(t, int64(2), got.AddressVersion)
		rival := tmall
		rival.ID, rival.Channel = "acc_2", "jd"
		_, err = s.moved(rival, theirs, next)
		requireReason(t, "ORDER_UNKNOWN", err)
	})
}

// Nobody pays for another delivery than he has bought: a dearer one is refused, a cheaper one stays paid.
func TestADeliveryThatCostsMoreIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.freight("", 1200)
		s.freight("11", 1800)
		s.freight("44", 500)
		o := s.paid(0)
		require.Equal(t, int64(1200), o.Freight.AmountMinor)
		to := func(region string) error {
			_, err := s.addresses().ChangeAddress(s.as(ann), &orderv1.ChangeAddressRequest{RequestId: requestID(), OrderId: o.Id, Receiver: frida, DestinationRegion: region})
			return err
		}
		require.Equal(t, map[string]string{"frozen_minor": "1200", "freight_minor": "1800", "currency": "CNY"}, requireReason(t, "FREIGHT_CHANGED", to("1101")).Metadata)
		require.Empty(t, s.world.redirected)
		s.clock.Advance(time.Second)
		s.freight("44", 5000) // later than the order: not for it
		require.NoError(t, to("4403"))
		require.Equal(t, []int64{1200, 0}, []int64{s.get(o.Id).Freight.AmountMinor, s.get(o.Id).Refunded.AmountMinor})
	})
}

// freight is what a delivery to a region costs from now on.
func (s *shop) freight(region string, minor int64) {
	s.t.Helper()
	now, err := s.DB.Now(s.t.Context())
	require.NoError(s.t, err)
	_, err = s.terms().PutFreight(s.as(promoting), &orderv1.PutFreightRequest{RequestId: requestID(), Channel: "miniprogram", Region: region, FirstMinor: minor, FromUs: now})
	require.NoError(s.t, err)
	s.clock.Advance(2 * time.Second)
}

// A change that was begun keeps the goods from leaving; a cancel goes before it.
func TestWhileTheAddressChangesNothingLeaves(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.yes(s.paid(0))
		s.world.refuse = fault.Unavailable() // inventory does not answer: nobody knows whether it has moved anything
		req := moving(o, frida)
		_, err := s.addresses().ChangeAddress(s.as(ann), req)
		requireReason(t, "IN_PROGRESS", err)
		requireReason(t, fault.ReasonStateConflict, s.sends(o.Fulfilments[0], 0))
		requireReason(t, fault.ReasonStateConflict, s.sends(o.Fulfilments[0], 1))
		_, err = s.moved(ann, o, eve)
		requireReason(t, fault.ReasonStateConflict, err)
		got, err := s.addresses().ChangeAddress(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int64(2), got.AddressVersion)
		require.NoError(t, s.sends(o.Fulfilments[0], 2))

		gone := s.paid(0)
		s.world.refuse = fault.Unavailable()
		req = moving(gone, frida)
		_, err = s.addresses().ChangeAddress(s.as(ann), req)
		requireReason(t, "IN_PROGRESS", err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: gone.Id, Reason: "x"})
		require.NoError(t, err)
		_, err = s.addresses().ChangeAddress(s.as(ann), req)
		requireReason(t, fault.ReasonStateConflict, err)
		require.Equal(t, "Ann", s.get(gone.Id).Receiver.Name)
		require.Equal(t, [][]string{{"0"}}, s.rows("SELECT COUNT(*) FROM address_changes WHERE under <> ''"))
	})
}

// The worker brings a change to its end that nobody asks for again.
func TestAChangeThatNobodyAsksForAgainEnds(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, refused := range []bool{false, true} {
			o := s.yes(s.paid(0))
			s.world.near = map[string]bool{"S1": refused, "S2": refused}
			s.world.refuse = fault.Unavailable()
			_, err := s.moved(ann, o, frida)
			requireReason(t, "IN_PROGRESS", err)
			s.clock.Advance(20 * time.Second)
			require.NoError(t, s.ResumeOrphans(t.Context()))
			want := map[bool]string{false: "Frida", true: "Ann"}[refused]
			require.Equal(t, want, s.get(o.Id).Receiver.Name)
			require.Equal(t, [][]string{{"0"}}, s.rows("SELECT COUNT(*) FROM address_changes WHERE under <> ''"))
			require.NoError(t, s.sends(o.Fulfilments[0], s.get(o.Id).AddressVersion))
		}
	})
}

// Buyers change their minds while stores print, pack and ship: whatever has left has the order's address on it, and a change that was
// told to have happened has happened.
func TestNoParcelLeavesForAnAddressThatWasChanged(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		seed := rand.Uint64()
		t.Log("seed", seed)
		for round := range 12 {
			random := rand.New(rand.NewPCG(seed, uint64(round)))
			s.world.mu.Lock()
			s.world.stock["S1"]["tea"], s.world.stock["S2"]["tea"] = 9, 9
			s.world.near = map[string]bool{"S1": random.IntN(2) == 0}
			s.world.mu.Unlock()
			o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 2)))
			require.NoError(t, err)
			require.Equal(t, int32(200), s.pay(s.payment(o)))
			o = s.yes(o)
			var wg sync.WaitGroup
			var mu sync.Mutex
			printed := map[string]string{} // what is on a parcel that has left, by fulfilment
			told := []string{"Ann"}
			request := func() string { mu.Lock(); defer mu.Unlock(); return requestID() }
			for _, to := range []*orderv1.Receiver{frida, eve, around}[:1+random.IntN(3)] {
				in := moving(o, to)
				wg.Go(func() {
					if _, err := s.addresses().ChangeAddress(s.as(ann), in); err == nil {
						mu.Lock()
						told = append(told, to.Address)
						mu.Unlock()
					} else {
						require.Contains(t, []string{fault.ReasonStateConflict, "IN_PROGRESS"}, reasonOf(fault.Public(err)), "%v", err)
					}
				})
			}
			for range 2 {
				says := int64(random.IntN(2)) // a careful store, and one that says nothing
				wg.Go(func() {
					for range 4 {
						s.shipWhatIsThere(o.Id, says == 1, request, func(fulfilment, label string) {
							mu.Lock()
							printed[fulfilment] = label
							mu.Unlock()
						})
					}
				})
			}
			wg.Wait()
			s.clock.Advance(20 * time.Second)
			require.NoError(t, s.ResumeOrphans(t.Context()))
			end := s.get(o.Id)
			for fulfilment, label := range printed {
				require.Equal(t, end.Receiver.Address, label, "%s left with another address", fulfilment)
			}
			if len(told) == 1 && len(noted(end, "order.readdress")) == 0 {
				require.Equal(t, "Nanjing Rd 1", end.Receiver.Address)
			}
			if n := len(told); n > 1 {
				require.GreaterOrEqual(t, len(noted(end, "order.readdress")), n-1)
			}
		}
		require.Equal(t, [][]string{{"0"}}, s.rows("SELECT COUNT(*) FROM address_changes WHERE under <> ''"))
	})
}

// shipWhatIsThere accepts and ships what an order has at any location, under what its waybill said a moment ago.
func (s *shop) shipWhatIsThere(orderID string, careful bool, request func() string, left func(fulfilment, label string)) {
	ctx := s.as(boss)
	list, err := s.ListFulfilments(ctx, &orderv1.ListFulfilmentsRequest{OrderId: orderID})
	require.NoError(s.t, err)
	for _, f := range list.Fulfilments {
		_, _ = s.AcceptFulfilment(ctx, &orderv1.AcceptFulfilmentRequest{RequestId: request(), FulfilmentId: f.Id})
		bill, err := s.waybill(boss, f.Id, "")
		if err != nil {
			continue
		}
		in := &orderv1.ShipFulfilmentRequest{RequestId: request(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: f.Id}
		if careful {
			in.AddressVersion = bill.AddressVersion
		}
		if _, err := s.ShipFulfilment(ctx, in); err == nil {
			left(f.Id, bill.Receiver.Address)
		} else {
			require.Contains(s.t, []string{fault.ReasonStateConflict, "WAYBILL_CHANGED"}, reasonOf(fault.Public(err)), "%v", err)
		}
	}
}
