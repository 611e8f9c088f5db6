package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// found lists the ids that a caller finds.
func (s *shop) found(p tenancy.Principal, req *orderv1.ListOrdersRequest) (ids []string) {
	page, err := s.ListOrders(s.as(p), req)
	require.NoError(s.t, err)
	for _, o := range page.Orders {
		ids = append(ids, o.Id)
	}
	return ids
}

func TestOperationsFindAnOrderByWhatTheyKnow(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		mall := s.placed(0) // a tea and six cups, two of them from S2
		s.clock.Advance(1_000_000_000)
		channel, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 2, 30000))
		require.NoError(t, err)
		s.clock.Advance(1_000_000_000)
		sold, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
		require.NoError(t, err)
		for name, c := range map[string]struct {
			req  *orderv1.ListOrdersRequest
			want []string
		}{
			"number":             {&orderv1.ListOrdersRequest{OrderId: mall.Id}, []string{mall.Id}},
			"no number":          {&orderv1.ListOrdersRequest{OrderId: mall.Id[:8]}, nil},
			"number of channel":  {&orderv1.ListOrdersRequest{ExternalNo: "T1"}, []string{channel.Id}},
			"number of receipt":  {&orderv1.ListOrdersRequest{ExternalNo: "R1"}, []string{sold.Id}},
			"phone":              {&orderv1.ListOrdersRequest{Phone: "13812345678"}, []string{mall.Id}},
			"phone, as one says": {&orderv1.ListOrdersRequest{Phone: "+86 138-1234-5678"}, []string{mall.Id}},
			"part of a phone":    {&orderv1.ListOrdersRequest{Phone: "12345678"}, nil},
			"state":              {&orderv1.ListOrdersRequest{State: orderv1.OrderState_UNPAID}, []string{mall.Id}},
			"channel":            {&orderv1.ListOrdersRequest{Channel: "tmall"}, []string{channel.Id}},
			"shop":               {&orderv1.ListOrdersRequest{ShopStoreCode: "S2"}, []string{sold.Id}},
			"location":           {&orderv1.ListOrdersRequest{Location: "S2"}, []string{sold.Id, mall.Id}},
			"SKU":                {&orderv1.ListOrdersRequest{Sku: "tea"}, []string{channel.Id, mall.Id}},
			"from":               {&orderv1.ListOrdersRequest{PlacedFromUs: channel.PlacedAtUs}, []string{sold.Id, channel.Id}},
			"until":              {&orderv1.ListOrdersRequest{PlacedUntilUs: channel.PlacedAtUs}, []string{mall.Id}},
			"several":            {&orderv1.ListOrdersRequest{Sku: "cup", Location: "S2", PlacedUntilUs: sold.PlacedAtUs, Phone: "13812345678"}, []string{mall.Id}},
			"none":               {&orderv1.ListOrdersRequest{Sku: "cup", Channel: "tmall"}, nil},
			"all":                {&orderv1.ListOrdersRequest{}, []string{sold.Id, channel.Id, mall.Id}},
		} {
			require.Equal(t, c.want, s.found(boss, c.req), name)
		}
		_, err = s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{PlacedFromUs: 7, PlacedUntilUs: 7})
		require.Equal(t, "placed_until_us", requireReason(t, "VALIDATOR", err).Metadata["field"])
		_, err = s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{Phone: "call me"})
		require.Equal(t, "phone", requireReason(t, "VALIDATOR", err).Metadata["field"])

		// What a platform has encrypted is neither found nor shown.
		require.Nil(t, s.found(boss, &orderv1.ListOrdersRequest{Phone: "66666666", ExternalNo: "T1"}))
		list, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{ExternalNo: "T1"})
		require.NoError(t, err)
		require.True(t, proto.Equal(&orderv1.Receiver{Ciphertext: true}, list.Orders[0].Receiver))

		// A token continues the search that it was made for, and no other.
		page, err := s.ListOrders(s.as(boss), &orderv1.ListOrdersRequest{Location: "S2", PageSize: 1})
		require.NoError(t, err)
		require.Equal(t, []string{mall.Id}, s.found(boss, &orderv1.ListOrdersRequest{Location: "S2", PageSize: 1, PageToken: page.NextPageToken}))
		for _, stranger := range []*orderv1.ListOrdersRequest{{Sku: "cup"}, {Location: "S1"}, {Location: "S2", PlacedFromUs: 1}, {Location: "S2", Phone: "13812345678"}} {
			stranger.PageSize, stranger.PageToken = 1, page.NextPageToken
			_, err := s.ListOrders(s.as(boss), stranger)
			requireReason(t, "PAGE_TOKEN_INVALID", err)
		}
	})
}

// Who may not see an order does not find it, whatever is known of it.
func TestASearchStaysInTheCallersReach(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		mall := s.placed(0)
		sold, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
		require.NoError(t, err)
		owner := keeper
		owner.Store = ""
		knows := []*orderv1.ListOrdersRequest{{OrderId: mall.Id}, {Phone: "13812345678"}, {Sku: "cup"}, {Location: "S2"}, {ShopStoreCode: mall.ShopStoreCode}, {Channel: "miniprogram"}, {}}
		for _, req := range knows {
			require.Contains(t, s.found(boss, req), mall.Id)
			for _, p := range []tenancy.Principal{keeper, owner, other} {
				require.NotContains(t, s.found(p, req), mall.Id, "%s: %v", p.ID, req)
			}
		}
		// S2's organisation ships a part of it: it sees that part only.
		require.Equal(t, []string{sold.Id}, s.found(owner, &orderv1.ListOrdersRequest{Location: "S2"}))
		parts, err := s.ListFulfilments(s.as(keeper), &orderv1.ListFulfilmentsRequest{OrderId: mall.Id})
		require.NoError(t, err)
		require.Len(t, parts.Fulfilments, 1)
		require.Nil(t, s.found(keeper, &orderv1.ListOrdersRequest{ShopStoreCode: "S1"}))
		require.Equal(t, []string{sold.Id}, s.found(till, &orderv1.ListOrdersRequest{ExternalNo: "R1"}))
		require.Nil(t, s.found(till, &orderv1.ListOrdersRequest{ShopStoreCode: "S1"}))
		require.Nil(t, s.found(till, &orderv1.ListOrdersRequest{OrderId: mall.Id}))
		require.Nil(t, s.found(tmall, &orderv1.ListOrdersRequest{OrderId: mall.Id}))
		require.Equal(t, []string{mall.Id}, s.found(ann, &orderv1.ListOrdersRequest{Location: "S1"}))
		require.Equal(t, []string{mall.Id}, s.found(ann, &orderv1.ListOrdersRequest{Sku: "tea"}))
		require.Nil(t, s.found(bob, &orderv1.ListOrdersRequest{OrderId: mall.Id}))
		require.Nil(t, s.found(bob, &orderv1.ListOrdersRequest{MemberId: "mbr_ann"}))

		finance := boss
		finance.Roles = []string{"finance"}
		for _, p := range []tenancy.Principal{till, tmall, ann, finance} {
			_, err := s.ListOrders(s.as(p), &orderv1.ListOrdersRequest{Phone: "13812345678"})
			requireReason(t, "FORBIDDEN", err)
			list, err := s.ListOrders(s.as(p), &orderv1.ListOrdersRequest{})
			require.NoError(t, err)
			for _, o := range list.Orders {
				require.Nil(t, o.Receiver, p.ID)
			}
		}
	})
}

// A location's people find their work by state and SKU, and nobody else's.
func TestALocationListsItsWork(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0) // from S1 and S2
		planned := s.placed(0)
		list := func(p tenancy.Principal, req *orderv1.ListFulfilmentsRequest) (at []string) {
			got, err := s.ListFulfilments(s.as(p), req)
			require.NoError(t, err)
			for _, f := range got.Fulfilments {
				at = append(at, f.OrderId+" "+f.Location)
			}
			return at
		}
		const waits, accepted, shipped = orderv1.FulfilmentState_ASSIGNED, orderv1.FulfilmentState_ACCEPTED, orderv1.FulfilmentState_FULFILMENT_SHIPPED
		var own string
		for _, f := range o.Fulfilments {
			if f.Location == "S2" {
				own = f.Id
			}
		}
		require.Equal(t, []string{planned.Id + " S2", o.Id + " S2"}, list(keeper, &orderv1.ListFulfilmentsRequest{}))
		require.Equal(t, []string{o.Id + " S2"}, list(keeper, &orderv1.ListFulfilmentsRequest{States: []orderv1.FulfilmentState{waits, accepted}}))
		require.Nil(t, list(keeper, &orderv1.ListFulfilmentsRequest{Location: "S1"}))
		require.Nil(t, list(keeper, &orderv1.ListFulfilmentsRequest{Sku: "tea"}), "the tea is shipped by another")
		require.Equal(t, []string{o.Id + " S2"}, list(keeper, &orderv1.ListFulfilmentsRequest{Sku: "cup", State: waits}))
		require.Nil(t, list(other, &orderv1.ListFulfilmentsRequest{Sku: "cup"}))
		require.Len(t, list(boss, &orderv1.ListFulfilmentsRequest{Sku: "cup"}), 3)
		_, err := s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: own})
		require.NoError(t, err)
		require.Nil(t, list(keeper, &orderv1.ListFulfilmentsRequest{State: waits}))
		require.Equal(t, []string{o.Id + " S2"}, list(keeper, &orderv1.ListFulfilmentsRequest{State: waits, States: []orderv1.FulfilmentState{accepted, shipped}}))

		page, err := s.ListFulfilments(s.as(boss), &orderv1.ListFulfilmentsRequest{Sku: "cup", PageSize: 2})
		require.NoError(t, err)
		require.Len(t, page.Fulfilments, 2)
		require.Len(t, list(boss, &orderv1.ListFulfilmentsRequest{Sku: "cup", PageSize: 2, PageToken: page.NextPageToken}), 1)
		for _, stranger := range []*orderv1.ListFulfilmentsRequest{{}, {Sku: "tea"}, {Sku: "cup", State: waits}} {
			stranger.PageToken = page.NextPageToken
			_, err := s.ListFulfilments(s.as(boss), stranger)
			requireReason(t, "PAGE_TOKEN_INVALID", err)
		}
	})
}

// What a location has to do next comes first: deadlines move on with the work, and are gone when it is done.
func TestALocationListsWhatIsDueFirst(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.level("", time.Hour, 3*time.Hour, 0))
		sell := func() string { // two cups from S2
			o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 6)))
			require.NoError(t, err)
			require.Equal(t, int32(200), s.pay(s.payment(o)))
			for _, f := range s.get(o.Id).Fulfilments {
				if f.Location == "S2" {
					return f.Id
				}
			}
			t.Fatal("S2 ships nothing")
			return ""
		}
		due := func(p tenancy.Principal, until time.Duration, size int32) (ids []string) {
			for token := ""; ; {
				got, err := s.ListFulfilments(s.as(p), &orderv1.ListFulfilmentsRequest{Location: "S2", DueUntilUs: start + until.Microseconds(), PageSize: size, PageToken: token})
				require.NoError(t, err)
				for _, f := range got.Fulfilments {
					ids = append(ids, f.Id)
				}
				if token = got.NextPageToken; token == "" {
					return ids
				}
			}
		}
		first := sell()
		s.clock.Advance(30 * time.Minute)
		second := sell()
		require.Nil(t, due(keeper, time.Hour-time.Microsecond, 9))
		require.Equal(t, []string{first}, due(keeper, time.Hour, 9))
		require.Equal(t, []string{first, second}, due(keeper, 2*time.Hour, 1), "page by page")
		require.Equal(t, []string{first, second}, due(boss, 2*time.Hour, 9))
		require.Nil(t, due(other, 2*time.Hour, 9))
		_, err := s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: first})
		require.NoError(t, err)
		require.Equal(t, []string{second}, due(keeper, 2*time.Hour, 9), "the first is to be shipped by the third hour")
		require.Equal(t, []string{second, first}, due(keeper, 3*time.Hour, 1))
		_, err = s.shipOne(keeper, first)
		require.NoError(t, err)
		require.Equal(t, []string{second}, due(keeper, 30*24*time.Hour, 9))
	})
}
