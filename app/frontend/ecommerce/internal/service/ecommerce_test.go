package service

import (
	"context"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// orders keeps what it was asked.
type orders struct {
	orderv1.OrderClient
	imported []*orderv1.ImportChannelOrderRequest
	read     *orderv1.GetChannelOrderRequest
}

func (o *orders) ImportChannelOrder(_ context.Context, in *orderv1.ImportChannelOrderRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	o.imported = append(o.imported, in)
	return &orderv1.OrderInfo{Id: "ord_1"}, nil
}

func (o *orders) GetChannelOrder(_ context.Context, in *orderv1.GetChannelOrderRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	o.read = in
	return &orderv1.OrderInfo{Id: "ord_1"}, nil
}

type stock struct {
	inventoryv1.InventoryClient
	asked *inventoryv1.GetAvailabilityRequest
}

func (s *stock) GetAvailability(_ context.Context, in *inventoryv1.GetAvailabilityRequest, _ ...grpc.CallOption) (*inventoryv1.GetAvailabilityResponse, error) {
	s.asked = in
	return &inventoryv1.GetAvailabilityResponse{Items: []*inventoryv1.Availability{{Sku: "A", Online: 7}, {Sku: "B"}}}, nil
}

func channel(t *testing.T) context.Context {
	return tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Channel, ID: "cha_1", Org: "F1", Channel: "tmall"}.WithScope())
}

func TestAnOrderIsTheAccountsWhateverTheRequestSays(t *testing.T) {
	o := &orders{}
	s := &Ecommerce{Orders: o}
	in := &ecommercev1.PostOrderRequest{ExternalNo: "TM1", Receiver: &orderv1.Receiver{Name: "x", Ciphertext: true},
		Lines: []*orderv1.ChannelLine{{Sku: "A", Quantity: 2, PaidMinor: 300}}, FreightMinor: 10, PaidMinor: 310, PaidAtUs: 5, ShipByUs: 6, Currency: "CNY"}
	for range 2 {
		got, err := s.PostOrder(channel(t), in)
		require.NoError(t, err)
		require.Equal(t, "ord_1", got.Id)
	}
	first := proto.Clone(o.imported[0]).(*orderv1.ImportChannelOrderRequest)
	require.GreaterOrEqual(t, len(first.RequestId), 16)
	require.NotEqual(t, first.RequestId, o.imported[1].RequestId, "the external number makes it one order, not the request id")
	first.RequestId = ""
	require.Equal(t, (&orderv1.ImportChannelOrderRequest{Channel: "tmall", ExternalNo: "TM1", SellerOrg: "F1", Receiver: in.Receiver, Lines: in.Lines,
		FreightMinor: 10, PaidMinor: 310, PaidAtUs: 5, ShipByUs: 6, Currency: "CNY"}).String(), first.String())
	for i := range first.ProtoReflect().Descriptor().Fields().Len() {
		field := first.ProtoReflect().Descriptor().Fields().Get(i)
		require.True(t, field.Name() == "request_id" || first.ProtoReflect().Has(field), "%s is not passed on", field.Name())
	}
}

func TestStockAndOrdersAreReadForTheAccountsChannel(t *testing.T) {
	o, i := &orders{}, &stock{}
	s := &Ecommerce{Orders: o, Inventory: i}
	got, err := s.GetStock(channel(t), &ecommercev1.GetChannelStockRequest{Skus: []string{"A", "B"}})
	require.NoError(t, err)
	require.Equal(t, "tmall", i.asked.Channel)
	require.Equal(t, []string{"A", "B"}, i.asked.Skus)
	require.Equal(t, []int64{7, 0}, []int64{got.Items[0].Available, got.Items[1].Available})
	_, err = s.GetOrder(channel(t), &ecommercev1.GetExternalOrderRequest{ExternalNo: "TM1"})
	require.NoError(t, err)
	require.Equal(t, []string{"tmall", "TM1"}, []string{o.read.Channel, o.read.ExternalNo})
}

// addresses keeps what it was asked.
type addresses struct {
	orderv1.AddressChangesClient
	asked *orderv1.ChangeAddressRequest
}

func (a *addresses) ChangeAddress(_ context.Context, in *orderv1.ChangeAddressRequest, _ ...grpc.CallOption) (*orderv1.OrderInfo, error) {
	a.asked = in
	return &orderv1.OrderInfo{Id: in.OrderId}, nil
}

func TestAnAddressIsChangedByTheAccountsNumber(t *testing.T) {
	o, a := &orders{}, &addresses{}
	s := &Ecommerce{Orders: o, Addresses: a}
	to := &orderv1.Receiver{Name: "~", Ciphertext: true}
	_, err := s.ChangeAddress(channel(t), &ecommercev1.ChangeExternalAddressRequest{RequestId: "r", ExternalNo: "TM1", Receiver: to})
	require.NoError(t, err)
	require.Equal(t, []string{"tmall", "TM1"}, []string{o.read.Channel, o.read.ExternalNo})
	require.Equal(t, (&orderv1.ChangeAddressRequest{RequestId: "r", OrderId: "ord_1", Receiver: to}).String(), a.asked.String())
}

func TestOnlyChannelAccountsCall(t *testing.T) {
	s := &Ecommerce{Orders: &orders{}, Inventory: &stock{}}
	for _, kind := range []tenancy.Kind{tenancy.HQ, tenancy.Dealer, tenancy.Franchisee, tenancy.Member, tenancy.Device, tenancy.Service} {
		ctx := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: kind, ID: "x", Org: "HQ", Channel: "tmall", Roles: []string{"admin"}}.WithScope())
		_, post := s.PostOrder(ctx, &ecommercev1.PostOrderRequest{})
		_, read := s.GetOrder(ctx, &ecommercev1.GetExternalOrderRequest{})
		_, move := s.ChangeAddress(ctx, &ecommercev1.ChangeExternalAddressRequest{})
		_, look := s.GetStock(ctx, &ecommercev1.GetChannelStockRequest{})
		for _, err := range []error{post, read, move, look} {
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), kind)
		}
	}
	_, err := s.PostOrder(t.Context(), &ecommercev1.PostOrderRequest{})
	require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err))
}
