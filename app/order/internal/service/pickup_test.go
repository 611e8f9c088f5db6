package service

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

var counter = tenancy.Principal{Kind: tenancy.Device, ID: "till-2", Org: "fra", Store: "S2"}.WithScope("fra")

// toCollect is a paid order of two teas that wait at S2, not yet ready.
func (s *shop) toCollect() *orderv1.OrderInfo {
	s.t.Helper()
	req := wish(line("tea", 2))
	req.Way, req.PickupStoreCode = inventoryv1.DeliveryWay_PICKUP, "S2"
	s.world.stock["S1"]["tea"] = 0
	o, err := s.PlaceOrder(s.as(ann), req)
	require.NoError(s.t, err)
	require.Equal(s.t, int32(200), s.pay(s.payment(o)))
	return s.mine(o.Id)
}

// mine is an order as its member sees it.
func (s *shop) mine(id string) *orderv1.OrderInfo {
	s.t.Helper()
	o, err := s.GetOrder(s.as(ann), &orderv1.GetOrderRequest{OrderId: id})
	require.NoError(s.t, err)
	return o
}

func (s *shop) collect(p tenancy.Principal, code, store string) (*orderv1.Fulfilment, error) {
	return NewPickups(s.Order).CollectPickup(s.as(p), &orderv1.CollectPickupRequest{RequestId: requestID(), Code: code, StoreCode: store})
}

func TestAPickupIsCollectedOnceByItsCodeAtItsStore(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.toCollect()
		require.Nil(t, o.Fulfilments[0].Pickup, "it is not ready")
		id := o.Fulfilments[0].Id
		_, err := s.collect(counter, s.pickupCode(id).Code, "")
		requireReason(t, "PICKUP_CODE_UNKNOWN", err)
		_, err = s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
		require.NoError(t, err)
		shown := s.mine(o.Id).Fulfilments[0].Pickup
		require.Regexp(t, "^[0-9]{8}$", shown.Code)
		require.Equal(t, "onepool:pickup:"+id+":"+shown.Code, shown.Qr)
		staffs, err := s.GetOrder(s.as(boss), &orderv1.GetOrderRequest{OrderId: o.Id})
		require.NoError(t, err)
		require.Nil(t, staffs.Fulfilments[0].Pickup, "only the member is told")

		wrong := "00000000"
		if shown.Code == wrong {
			wrong = "00000001"
		}
		elsewhere := tenancy.Principal{Kind: tenancy.Device, ID: "till-1", Org: "hq", Store: "S1"}.WithScope("hq")
		for _, c := range []struct {
			by          tenancy.Principal
			code, store string
		}{{counter, wrong, ""}, {elsewhere, shown.Code, ""}, {elsewhere, shown.Code, "S2"}, {elsewhere, shown.Qr, "S2"}, {counter, shown.Code, "S1"}, {counter, shown.Qr + "0", ""}} {
			_, err := s.collect(c.by, c.code, c.store)
			requireReason(t, "PICKUP_CODE_UNKNOWN", err)
		}
		_, err = s.collect(ann, shown.Code, "S2")
		requireReason(t, "FORBIDDEN", err)
		_, err = s.collect(boss, shown.Code, "")
		requireReason(t, "VALIDATOR", err)

		req := &orderv1.CollectPickupRequest{RequestId: requestID(), Code: shown.Code}
		got, err := NewPickups(s.Order).CollectPickup(s.as(counter), req)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.FulfilmentState_RECEIVED, "pickup"}, []any{got.State, got.Carrier})
		require.Positive(t, got.ReturnUntilUs)
		again, err := NewPickups(s.Order).CollectPickup(s.as(counter), req)
		require.NoError(t, err, "the same request: the till did not hear the answer")
		require.Equal(t, got.String(), again.String())
		_, err = s.collect(counter, shown.Code, "")
		requireReason(t, "PICKUP_CODE_UNKNOWN", err)
		require.Nil(t, s.mine(o.Id).Fulfilments[0].Pickup)
		require.Contains(t, s.leaving(), "inventory.Ship")
		require.Empty(t, s.audit())
	})
}

// Two counters scan the same code at once: one hands the goods over.
func TestACodeIsForOneHandOver(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.toCollect()
		_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
		require.NoError(t, err)
		qr := s.mine(o.Id).Fulfilments[0].Pickup.Qr
		requests := []string{requestID(), requestID(), requestID(), requestID()}
		errs := make([]error, len(requests))
		var all sync.WaitGroup
		for i, id := range requests {
			all.Go(func() {
				_, errs[i] = NewPickups(s.Order).CollectPickup(s.as(counter), &orderv1.CollectPickupRequest{RequestId: id, Code: qr})
			})
		}
		all.Wait()
		handed := 0
		for _, err := range errs {
			if err == nil {
				handed++
				continue
			}
			requireReason(t, "PICKUP_CODE_UNKNOWN", err)
		}
		require.Equal(t, 1, handed)
		require.Empty(t, s.audit())
	})
}
