package service

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func TestAnOrderIsShippedReceivedAndEarned(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(300)
		s.leaving()
		s.ship(o)
		require.ElementsMatch(t, []string{"inventory.Ship", "inventory.Ship", "rebate.RecordSupply"}, s.leaving())
		require.Len(t, s.world.supplies, 1)
		require.Equal(t, int64(750), s.world.supplies[0].PriceMinor)
		require.Equal(t, int64(500), s.world.supplies[0].FeeMinor)
		s.receive(o)
		s.later(3599 * time.Second)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, orderv1.OrderState_COMPLETED, o.State)
		require.Equal(t, orderv1.FulfilmentState_CLOSED, o.Fulfilments[0].State)
		require.ElementsMatch(t, []string{"member.Earn", "rebate.Earn", "member.Earn", "rebate.Earn"}, s.leaving())
		require.Empty(t, s.audit())
	})
}

func TestTheFeeOfAnotherOwnersFulfilmentIsDueOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("cup", 6), line("pot", 2)))
		require.NoError(t, err)
		s.pay(s.payment(o))
		s.ship(s.get(o.Id))
		require.Empty(t, s.audit())
		var fees int64
		for _, supply := range s.world.supplies {
			require.Equal(t, "fra", supply.OwnerOrg)
			fees += supply.FeeMinor
		}
		require.Len(t, s.world.supplies, 2)
		require.Equal(t, int64(500), fees)
	})
}

func TestReceiptConfirmsItself(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.ship(o)
		s.later(7199 * time.Second)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, s.get(o.Id).Fulfilments[0].State)
		s.later(time.Second)
		require.Equal(t, orderv1.FulfilmentState_RECEIVED, s.get(o.Id).Fulfilments[0].State)
		s.later(time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

func TestALocationsOrganisationSeesItsPartOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		list := func(p tenancy.Principal) []*orderv1.Fulfilment {
			got, err := s.ListFulfilments(s.as(p), &orderv1.ListFulfilmentsRequest{OrderId: o.Id})
			require.NoError(t, err)
			return got.Fulfilments
		}
		require.Len(t, list(boss), 2)
		require.Len(t, list(ann), 2)
		require.Empty(t, list(other))
		require.Empty(t, list(bob))
		own := list(keeper)
		require.Len(t, own, 1)
		require.Equal(t, "fra", own[0].Org)
		require.Equal(t, "Nanjing Rd 1", own[0].Receiver.Address)
		_, err := s.GetOrder(s.as(keeper), &orderv1.GetOrderRequest{OrderId: o.Id})
		requireReason(t, "ORDER_UNKNOWN", err)

		accept := func(p tenancy.Principal, id string) error {
			_, err := s.AcceptFulfilment(s.as(p), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: id})
			return err
		}
		for _, f := range o.Fulfilments {
			requireReason(t, "NOT_FOUND", accept(other, f.Id))
			requireReason(t, "NOT_FOUND", accept(bob, f.Id))
			requireReason(t, "FORBIDDEN", accept(ann, f.Id))
			if f.Org != "fra" {
				requireReason(t, "NOT_FOUND", accept(keeper, f.Id))
			}
		}
		colleague := keeper
		colleague.Store = "S9"
		requireReason(t, "NOT_FOUND", accept(colleague, own[0].Id))
		require.NoError(t, accept(keeper, own[0].Id))
		requireReason(t, "STATE_CONFLICT", accept(keeper, own[0].Id))
		_, err = s.ShipFulfilment(s.as(keeper), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: own[0].Id, Carrier: strings.Repeat("顺", 64), TrackingNo: "1"})
		require.NoError(t, err)
		_, err = s.ConfirmReceipt(s.as(bob), &orderv1.ConfirmReceiptRequest{RequestId: requestID(), FulfilmentId: own[0].Id})
		requireReason(t, "NOT_FOUND", err)
		_, err = s.ConfirmReceipt(s.as(boss), &orderv1.ConfirmReceiptRequest{RequestId: requestID(), FulfilmentId: own[0].Id})
		require.NoError(t, err)
		s.later(time.Hour)
		require.Nil(t, list(keeper)[0].Receiver, "there is nothing to do any more")
	})
}

func TestListsArePagedAndHideReceivers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["cup"] = 1000
		var want []string
		for range 5 {
			o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
			require.NoError(t, err)
			want = append([]string{o.Id}, want...)
			s.clock.Advance(time.Second)
		}
		var got []string
		token := ""
		for {
			list, err := s.ListOrders(s.as(ann), &orderv1.ListOrdersRequest{PageSize: 2, PageToken: token, State: orderv1.OrderState_UNPAID})
			require.NoError(t, err)
			for _, o := range list.Orders {
				require.Nil(t, o.Receiver)
				require.NotEmpty(t, o.Lines)
				got = append(got, o.Id)
			}
			if token = list.NextPageToken; token == "" {
				break
			}
			_, err = s.ListOrders(s.as(ann), &orderv1.ListOrdersRequest{PageSize: 2, PageToken: token})
			requireReason(t, "PAGE_TOKEN_INVALID", err)
		}
		require.Equal(t, want, got)
		list, err := s.ListOrders(s.as(bob), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.Empty(t, list.Orders)
	})
}
