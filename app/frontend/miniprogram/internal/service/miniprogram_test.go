package service

import (
	"context"
	"reflect"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// centers is a connection that keeps what was asked and answers what it was told.
type centers struct {
	asked   map[string]proto.Message
	answers map[string]proto.Message
}

func (c *centers) Invoke(_ context.Context, method string, in, out any, _ ...grpc.CallOption) error {
	c.asked[method] = in.(proto.Message)
	if answer, ok := c.answers[method]; ok {
		proto.Merge(out.(proto.Message), answer)
	}
	return nil
}

func (c *centers) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	panic("no service of ours has streams")
}

// serial answers one call at a time, because the service asks in parallel.
type serial struct {
	*centers
	one chan struct{}
}

func (s serial) Invoke(ctx context.Context, method string, in, out any, opts ...grpc.CallOption) error {
	s.one <- struct{}{}
	defer func() { <-s.one }()
	return s.centers.Invoke(ctx, method, in, out, opts...)
}

func service(answers map[string]proto.Message) (*MiniProgram, *centers) {
	c := &centers{asked: map[string]proto.Message{}, answers: answers}
	all := serial{c, make(chan struct{}, 1)}
	return New(func(string) grpc.ClientConnInterface { return all }), c
}

func me(t *testing.T) context.Context {
	return tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Member, ID: "mbr_1", Member: "mbr_1"}.WithScope())
}

var catalogue = &productv1.ListSkusResponse{NextPageToken: "next", Skus: []*productv1.Sku{
	{Code: "A", Title: map[string]string{"en": "tea"}, Category: "green", ListPrice: &commonv1.Money{AmountMinor: 5, Currency: "CNY"}, Returnable: true, Active: true},
	{Code: "B", Active: true}, {Code: "GONE"},
}}

// priced is the catalogue at the channel's prices.
var priced = &productv1.GetPricesResponse{Skus: []*productv1.PricedSku{{Sku: catalogue.Skus[0], Price: &commonv1.Money{AmountMinor: 4, Currency: "CNY"}, List: "mini"}, {Sku: catalogue.Skus[1]}}}

var stock = &inventoryv1.GetAvailabilityResponse{Items: []*inventoryv1.Availability{{Sku: "A", Online: 7, Near: []*inventoryv1.LocationAvailability{
	{Location: "S1", Name: "Store", DistanceM: 120, Level: "yes", Online: proto.Int64(7), AtTheTill: proto.Int64(9)}}}, {Sku: "B"}}}

func TestGuestsSeeProductsButNoFiguresOfALocation(t *testing.T) {
	s, c := service(map[string]proto.Message{productv1.Product_ListSkus_FullMethodName: catalogue, inventoryv1.Inventory_GetAvailability_FullMethodName: stock,
		productv1.PriceLists_GetPrices_FullMethodName: priced})
	lat, lng := 31.2, 121.4
	got, err := s.ListProducts(t.Context(), &miniprogramv1.ListProductsRequest{PageSize: 3, PageToken: "p", Category: "green", Text: "t", Lat: &lat, Lng: &lng, RadiusM: 900})
	require.NoError(t, err)
	require.Equal(t, "next", got.NextPageToken)
	require.Len(t, got.Products, 2, "what is not sold any more is not shown")
	first := got.Products[0]
	require.Equal(t, (&miniprogramv1.Product{Sku: "A", Title: map[string]string{"en": "tea"}, Category: "green", Price: &commonv1.Money{AmountMinor: 4, Currency: "CNY"}, Returnable: true,
		Available: 7, Near: []*inventoryv1.LocationAvailability{{Location: "S1", Name: "Store", DistanceM: 120, Level: "yes"}}}).String(), first.String())
	require.Equal(t, (&productv1.ListSkusRequest{PageSize: 3, PageToken: "p", Category: "green", Text: "t"}).String(), text(c.asked[productv1.Product_ListSkus_FullMethodName]))
	require.Equal(t, (&inventoryv1.GetAvailabilityRequest{Skus: []string{"A", "B"}, Channel: "miniprogram", Lat: &lat, Lng: &lng, RadiusM: 900}).String(),
		text(c.asked[inventoryv1.Inventory_GetAvailability_FullMethodName]))

	require.Equal(t, (&productv1.GetPricesRequest{Codes: []string{"A", "B"}, Channel: "miniprogram"}).String(), text(c.asked[productv1.PriceLists_GetPrices_FullMethodName]))

	one, err := s.GetProduct(t.Context(), &miniprogramv1.GetProductRequest{Sku: "A", Lat: &lat, Lng: &lng})
	require.NoError(t, err)
	require.Equal(t, []int64{7, 4}, []int64{one.Available, one.Price.AmountMinor}, "at the channel's price")
	require.Nil(t, one.Near[0].Online)

	_, err = s.ListProducts(t.Context(), &miniprogramv1.ListProductsRequest{Lat: &lat})
	require.Equal(t, fault.ReasonGeoInvalid, kratos.Reason(err))
}

func TestAProductThatIsNotSoldIsUnknown(t *testing.T) {
	s, _ := service(map[string]proto.Message{productv1.PriceLists_GetPrices_FullMethodName: &productv1.GetPricesResponse{Skus: []*productv1.PricedSku{{Sku: &productv1.Sku{Code: "GONE"}}}}})
	_, err := s.GetProduct(t.Context(), &miniprogramv1.GetProductRequest{Sku: "GONE"})
	require.Equal(t, "SKU_UNKNOWN", kratos.Reason(err))
}

func text(m proto.Message) string { return m.(interface{ String() string }).String() }

func TestSignInIsThroughThisChannel(t *testing.T) {
	s, c := service(map[string]proto.Message{
		memberv1.Member_SendSignInCode_FullMethodName: &memberv1.SendSignInCodeResponse{ExpiresAtUs: 9, SandboxCode: "123456"},
		memberv1.Member_SignIn_FullMethodName:         &memberv1.SignInResponse{AccessToken: "token"},
	})
	code, err := s.SendSignInCode(t.Context(), &miniprogramv1.SendCodeRequest{Phone: "13812345678"})
	require.NoError(t, err)
	require.Equal(t, []any{int64(9), "123456"}, []any{code.ExpiresAtUs, code.SandboxCode})
	in, err := s.SignIn(t.Context(), &miniprogramv1.SignInRequest{Phone: "13812345678", Code: "123456"})
	require.NoError(t, err)
	require.Equal(t, "token", in.AccessToken)
	require.Equal(t, (&memberv1.SignInRequest{Phone: "13812345678", Code: "123456", Channel: "miniprogram"}).String(), text(c.asked[memberv1.Member_SignIn_FullMethodName]))
}

// Everything that a member does is passed on for that member, with every field.
func TestAMemberActsForItself(t *testing.T) {
	s, c := service(map[string]proto.Message{orderv1.Order_GetCart_FullMethodName: &orderv1.Cart{Lines: []*orderv1.CartLine{{Sku: "A", Quantity: 2}}}})
	toPay := int64(77)
	receiver := &orderv1.Receiver{Name: "n", Address: "a"}
	now := []*orderv1.OrderLineInput{{Sku: "B", Quantity: 4, UnitPriceMinor: 100}}
	for _, step := range []struct {
		call   func(ctx context.Context) error
		method string
		want   proto.Message
	}{
		{func(ctx context.Context) error {
			_, err := s.GetCart(ctx, &miniprogramv1.GetMyCartRequest{ShopStoreCode: "S2"})
			return err
		}, orderv1.Order_GetCart_FullMethodName, &orderv1.GetCartRequest{Channel: "miniprogram", MemberId: "mbr_1", ShopStoreCode: "S2"}},
		{func(ctx context.Context) error {
			_, err := s.SetCartLine(ctx, &miniprogramv1.SetMyCartLineRequest{RequestId: "r", Sku: "A", Quantity: 3, ShopStoreCode: "S2"})
			return err
		}, orderv1.Order_SetCartLine_FullMethodName, &orderv1.SetCartLineRequest{Channel: "miniprogram", RequestId: "r", MemberId: "mbr_1", Sku: "A", Quantity: 3, ShopStoreCode: "S2"}},
		{func(ctx context.Context) error {
			_, err := s.PreviewCheckout(ctx, &miniprogramv1.PreviewCheckoutRequest{Points: 5, ShopStoreCode: "S2", CouponIds: []string{"c"}, Way: inventoryv1.DeliveryWay_PICKUP, PickupStoreCode: "S1", DestinationRegion: "33"})
			return err
		}, orderv1.Order_Calculate_FullMethodName, &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_1", Points: 5, ShopStoreCode: "S2", CouponIds: []string{"c"},
			Way: inventoryv1.DeliveryWay_PICKUP, PickupStoreCode: "S1", DestinationRegion: "33", Lines: []*orderv1.OrderLineInput{{Sku: "A", Quantity: 2}}}},
		{func(ctx context.Context) error {
			_, err := s.Checkout(ctx, &miniprogramv1.CheckoutRequest{RequestId: "r", Way: inventoryv1.DeliveryWay_PICKUP, Receiver: receiver, PickupStoreCode: "S1",
				ShopStoreCode: "S2", Points: 5, ToPayMinor: &toPay, Remark: "x", CouponIds: []string{"c"}, FinalSaleSkus: []string{"A"}, DestinationRegion: "33", DepositMinor: &toPay})
			return err
		}, orderv1.Order_PlaceOrder_FullMethodName, &orderv1.PlaceOrderRequest{RequestId: "r", Channel: "miniprogram", MemberId: "mbr_1", ShopStoreCode: "S2",
			Way: inventoryv1.DeliveryWay_PICKUP, Receiver: receiver, PickupStoreCode: "S1", Points: 5, ToPayMinor: &toPay, Remark: "x", FromCart: true, CouponIds: []string{"c"}, FinalSaleSkus: []string{"A"}, DestinationRegion: "33", DepositMinor: &toPay}},
		{func(ctx context.Context) error {
			_, err := s.PreviewCheckout(ctx, &miniprogramv1.PreviewCheckoutRequest{Lines: now})
			return err
		}, orderv1.Order_Calculate_FullMethodName, &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_1", Lines: now}},
		{func(ctx context.Context) error {
			_, err := s.Checkout(ctx, &miniprogramv1.CheckoutRequest{RequestId: "r", Way: inventoryv1.DeliveryWay_PARCEL, Receiver: receiver, Lines: now})
			return err
		}, orderv1.Order_PlaceOrder_FullMethodName, &orderv1.PlaceOrderRequest{RequestId: "r", Channel: "miniprogram", MemberId: "mbr_1", Way: inventoryv1.DeliveryWay_PARCEL, Receiver: receiver, Lines: now}},
		{func(ctx context.Context) error {
			_, err := s.PayOrder(ctx, &miniprogramv1.PayOrderRequest{RequestId: "r", OrderId: "o", Provider: "wechat", AmountMinor: 7, Scene: orderv1.PaymentScene_QR_CODE, BuyerId: "b"})
			return err
		}, orderv1.Order_CreatePayment_FullMethodName, &orderv1.CreatePaymentRequest{RequestId: "r", OrderId: "o", Provider: "wechat", AmountMinor: 7, Scene: orderv1.PaymentScene_QR_CODE, BuyerId: "b"}},
		{func(ctx context.Context) error {
			_, err := s.ListOrders(ctx, &miniprogramv1.ListMyOrdersRequest{PageSize: 2, PageToken: "p", State: orderv1.OrderState_PAID})
			return err
		}, orderv1.Order_ListOrders_FullMethodName, &orderv1.ListOrdersRequest{PageSize: 2, PageToken: "p", MemberId: "mbr_1", State: orderv1.OrderState_PAID}},
		{func(ctx context.Context) error {
			_, err := s.GetOrder(ctx, &miniprogramv1.GetMyOrderRequest{OrderId: "o"})
			return err
		}, orderv1.Order_GetOrder_FullMethodName, &orderv1.GetOrderRequest{OrderId: "o"}},
		{func(ctx context.Context) error {
			_, err := s.CancelOrder(ctx, &miniprogramv1.CancelMyOrderRequest{RequestId: "r", OrderId: "o", Reason: "why"})
			return err
		}, orderv1.Order_CancelOrder_FullMethodName, &orderv1.CancelOrderRequest{RequestId: "r", OrderId: "o", Reason: "why"}},
		{func(ctx context.Context) error {
			_, err := s.ConfirmReceipt(ctx, &miniprogramv1.ConfirmMyReceiptRequest{RequestId: "r", FulfilmentId: "f"})
			return err
		}, orderv1.Order_ConfirmReceipt_FullMethodName, &orderv1.ConfirmReceiptRequest{RequestId: "r", FulfilmentId: "f"}},
		{func(ctx context.Context) error {
			_, err := s.RequestReturn(ctx, &miniprogramv1.RequestReturnRequest{RequestId: "r", OrderId: "o", Reason: "why", Pictures: []string{"p"}, RefundOnly: true, Exchange: []*orderv1.ExchangeLine{{LineId: "l"}}, Lines: []*orderv1.ReturnLineInput{{LineId: "l", Quantity: 1}}})
			return err
		}, orderv1.Order_CreateReturn_FullMethodName, &orderv1.CreateReturnRequest{RequestId: "r", OrderId: "o", Reason: "why", Pictures: []string{"p"}, RefundOnly: true, Exchange: []*orderv1.ExchangeLine{{LineId: "l"}}, Lines: []*orderv1.ReturnLineInput{{LineId: "l", Quantity: 1}}}},
		{func(ctx context.Context) error { _, err := s.IssueMemberCode(ctx, nil); return err }, memberv1.Member_IssueMemberCode_FullMethodName, &memberv1.IssueMemberCodeRequest{}},
		{func(ctx context.Context) error { _, err := s.GetMe(ctx, nil); return err }, memberv1.Member_GetPoints_FullMethodName, &memberv1.GetPointsRequest{MemberId: "mbr_1"}},
	} {
		clear(c.asked)
		require.NoError(t, step.call(me(t)), step.method)
		require.True(t, proto.Equal(step.want, c.asked[step.method]), "%s: %v", step.method, c.asked[step.method])
		for _, kind := range []tenancy.Kind{tenancy.HQ, tenancy.Franchisee, tenancy.Device, tenancy.Channel, tenancy.Service} {
			clear(c.asked)
			err := step.call(tenancy.NewContext(t.Context(), tenancy.Principal{Kind: kind, ID: "x", Org: "HQ", Member: "mbr_1", Roles: []string{"admin"}}.WithScope()))
			require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), "%s by %s", step.method, kind)
			require.Empty(t, c.asked)
		}
		require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(step.call(t.Context())), step.method)
	}
}

func TestAnEmptyCartHasNoPrice(t *testing.T) {
	s, _ := service(nil)
	_, err := s.PreviewCheckout(me(t), &miniprogramv1.PreviewCheckoutRequest{})
	require.Equal(t, fault.ReasonStateConflict, kratos.Reason(err))
}

// Each method of the API is served: the embedded Unimplemented one would answer otherwise.
func TestNothingIsLeftUnimplemented(t *testing.T) {
	own := reflect.TypeFor[*MiniProgram]()
	for _, m := range miniprogramv1.MiniProgram_ServiceDesc.Methods {
		method, ok := own.MethodByName(m.MethodName)
		require.True(t, ok)
		s, _ := service(nil)
		in := reflect.New(method.Type.In(2).Elem())
		out := method.Func.Call([]reflect.Value{reflect.ValueOf(s), reflect.ValueOf(me(t)), in})
		if err, _ := out[1].Interface().(error); err != nil {
			require.NotContains(t, err.Error(), "not implemented", m.MethodName)
		}
	}
}
