package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func external(no string, sku string, quantity, paid int64) *orderv1.ImportChannelOrderRequest {
	return &orderv1.ImportChannelOrderRequest{
		RequestId: requestID(), Channel: "tmall", ExternalNo: no, SellerOrg: "hq", FreightMinor: 600, PaidMinor: paid + 600, PaidAtUs: start - second,
		ShipByUs: start + 86400*second, Currency: "CNY", Lines: []*orderv1.ChannelLine{{Sku: sku, Quantity: quantity, PaidMinor: paid}},
		Receiver: &orderv1.Receiver{Name: "~AA==", Phone: "$BB==", Address: "#CC==", Ciphertext: true, Point: &commonv1.GeoPoint{Lat: 31, Lng: 121}},
	}
}

func TestAnExternalOrderSentTwiceIsOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := external("T1", "tea", 2, 30000)
		o, err := s.ImportChannelOrder(s.as(tmall), req)
		require.NoError(t, err)
		same, err := s.ImportChannelOrder(s.as(tmall), req)
		require.NoError(t, err)
		require.Equal(t, o.String(), same.String())
		again := proto.Clone(req).(*orderv1.ImportChannelOrderRequest)
		again.RequestId = requestID()
		same, err = s.ImportChannelOrder(s.as(tmall), again)
		require.NoError(t, err)
		require.Equal(t, o.Id, same.Id)
		again.RequestId, again.Lines[0].Quantity = requestID(), 1
		_, err = s.ImportChannelOrder(s.as(tmall), again)
		requireReason(t, "STATE_CONFLICT", err)

		o, err = s.GetChannelOrder(s.as(tmall), &orderv1.GetChannelOrderRequest{Channel: "tmall", ExternalNo: "T1"})
		require.NoError(t, err)
		require.False(t, o.Unallocated)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, int64(30600), o.Paid.AmountMinor)
		require.Equal(t, int64(9800), o.Lines[0].Discount.AmountMinor)
		require.True(t, o.Receiver.Ciphertext)
		require.Equal(t, orderv1.FulfilmentState_ASSIGNED, o.Fulfilments[0].State)
		require.Equal(t, 1, s.world.holdings)
		require.Equal(t, []string{"inventory.ConfirmHold"}, s.leaving())
		require.Empty(t, s.audit())
	})
}

func TestAPaidChannelOrderWaitsForStock(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		late, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 11, 200000))
		require.NoError(t, err)
		require.True(t, late.Unallocated)
		early := external("T2", "tea", 12, 200000)
		early.ShipByUs = start + 3600*second
		first, err := s.ImportChannelOrder(s.as(tmall), early)
		require.NoError(t, err)
		s.later(10 * time.Second)
		require.True(t, s.get(late.Id).Unallocated)
		require.Empty(t, s.audit())
		s.world.stock["S1"]["tea"] += 3 // enough for one of the two: the one that has to be shipped first
		s.later(10 * time.Second)
		require.False(t, s.get(first.Id).Unallocated)
		require.True(t, s.get(late.Id).Unallocated)
		// An answer that did not come is asked for again.
		s.world.stock["S1"]["tea"] += 11
		s.world.refuse = fault.Unavailable()
		s.clock.Advance(10 * time.Second)
		require.Error(t, s.Tick(t.Context()))
		s.later(10 * time.Second)
		o := s.get(late.Id)
		require.False(t, o.Unallocated)
		s.ship(o)
		require.Empty(t, s.audit())
	})
}

func TestOrdersThatWaitForStockAreListed(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		var wait []string
		for _, no := range []string{"T1", "T2", "T3"} {
			o, err := s.ImportChannelOrder(s.as(tmall), external(no, "pot", 100, 200000))
			require.NoError(t, err)
			require.True(t, s.get(o.Id).Unallocated)
			wait = append(wait, o.Id)
		}
		has, err := s.ImportChannelOrder(s.as(tmall), external("T4", "tea", 1, 20000))
		require.NoError(t, err)
		require.False(t, s.get(has.Id).Unallocated)
		s.placed(0)
		page, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{Unallocated: true, PageSize: 2})
		require.NoError(t, err)
		require.Len(t, page.Orders, 2)
		_, err = s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{PageSize: 2, PageToken: page.NextPageToken})
		requireReason(t, "PAGE_TOKEN_INVALID", err)
		rest, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{Unallocated: true, PageSize: 2, PageToken: page.NextPageToken})
		require.NoError(t, err)
		require.Empty(t, rest.NextPageToken)
		var listed []string
		for _, o := range append(page.Orders, rest.Orders...) {
			listed = append(listed, o.Id)
		}
		require.ElementsMatch(t, wait, listed)
		all, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.Len(t, all.Orders, 5)
		for _, p := range []tenancy.Principal{ann, keeper} {
			none, err := s.ListOrders(s.as(p), &orderv1.ListOrdersRequest{Unallocated: true})
			require.NoError(t, err)
			require.Empty(t, none.Orders)
		}
	})
}

func TestACancelledChannelOrderStopsWaiting(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 11, 200000))
		require.NoError(t, err)
		_, err = s.CancelOrder(s.as(tmall), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "buyer"})
		require.NoError(t, err)
		s.world.stock["S1"]["tea"] += 100
		s.later(10 * time.Second)
		require.Zero(t, s.world.holdings)
		got := s.get(o.Id)
		require.False(t, got.Unallocated)
		require.Equal(t, got.Paid.AmountMinor, got.Refunded.AmountMinor)
		require.Len(t, s.world.shut, 1, "an attempt under way would be refused")
		require.Empty(t, s.audit())
	})
}

// It is paid elsewhere, but nobody could say what is to be sent: the connector has to map the SKU first.
func TestAChannelOrderOfWhatNobodyKnowsIsRefused(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	req := external("T1", "tea", 1, 10000)
	req.Lines = append(req.Lines, &orderv1.ChannelLine{Sku: "none", Quantity: 1, PaidMinor: 100})
	req.PaidMinor += 100
	_, err := s.ImportChannelOrder(s.as(tmall), req)
	require.Equal(t, "none", requireReason(t, "NOT_FOR_SALE", err).Metadata["sku"])
	_, err = s.GetChannelOrder(s.as(tmall), &orderv1.GetChannelOrderRequest{Channel: "tmall", ExternalNo: "T1"})
	requireReason(t, "ORDER_UNKNOWN", err)
}

func TestAChannelTakesItsOwnOrdersOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		foreign := external("J1", "tea", 1, 100)
		foreign.Channel = "jd"
		_, err := s.ImportChannelOrder(s.as(tmall), foreign)
		requireReason(t, "FORBIDDEN", err)
		o, err := s.ImportChannelOrder(s.as(boss), foreign)
		require.NoError(t, err)
		_, err = s.GetOrder(s.as(tmall), &orderv1.GetOrderRequest{OrderId: o.Id})
		requireReason(t, "ORDER_UNKNOWN", err)
		wrong := external("T1", "tea", 1, 100)
		wrong.PaidMinor++
		_, err = s.ImportChannelOrder(s.as(tmall), wrong)
		requireReason(t, "VALIDATOR", err)
	})
}
