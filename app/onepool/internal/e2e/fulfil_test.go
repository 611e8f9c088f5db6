package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	fulfilSKU   = "TEA-XIYUN-050"
	fulfilStore = "S-HZ-01"
	spareStore  = "S-HZ-02"
)

// shipping is a platform with a member who buys, seen over HTTP.
type shipping struct {
	t             *testing.T
	url           string
	admin, member string
	api           *client.Client // as the administrator
	mine          *client.Client // as the member
	ctx           context.Context
}

// post calls a method by its route; the answer goes into out, unless a refusal is wanted.
func (s *shipping) post(token, path string, in, out proto.Message, refusal ...string) {
	s.t.Helper()
	body, err := protojson.Marshal(in)
	require.NoError(s.t, err)
	req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	var raw json.RawMessage
	require.NoError(s.t, json.NewDecoder(resp.Body).Decode(&raw))
	if len(refusal) > 0 {
		var refused struct{ Reason string }
		require.NoError(s.t, json.Unmarshal(raw, &refused))
		require.Equal(s.t, refusal[0], refused.Reason, string(raw))
		return
	}
	require.Equal(s.t, http.StatusOK, resp.StatusCode, string(raw))
	require.NoError(s.t, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, out))
}

// bought is a paid order of the member's.
func (s *shipping) bought(in *orderv1.PlaceOrderRequest) *orderv1.OrderInfo {
	s.t.Helper()
	in.RequestId, in.Channel = client.RequestID(), "miniprogram"
	in.Receiver = &orderv1.Receiver{Name: "Lin", Phone: "19900000777", Address: "Hubin Road 1", Point: &commonv1.GeoPoint{Lat: 30.25, Lng: 120.16}}
	o, err := s.mine.Order().PlaceOrder(s.ctx, in)
	require.NoError(s.t, err)
	p, err := s.mine.Order().CreatePayment(s.ctx, &orderv1.CreatePaymentRequest{RequestId: client.RequestID(), OrderId: o.Id, Provider: "sandbox"})
	require.NoError(s.t, err)
	_, err = s.mine.Order().PayInSandbox(s.ctx, &orderv1.PayInSandboxRequest{PaymentId: p.Id})
	require.NoError(s.t, err)
	require.Eventually(s.t, func() bool { // inventory has heard of the payment
		list, err := s.api.Inventory().ListReservations(s.ctx, &inventoryv1.ListReservationsRequest{Documents: []string{o.Id}})
		require.NoError(s.t, err)
		return len(list.Reservations) > 0 && list.Reservations[0].State == inventoryv1.ReservationState_CONFIRMED
	}, messagesArriveIn, betweenTwoLookups)
	return s.order(o.Id)
}

func (s *shipping) order(id string) *orderv1.OrderInfo {
	s.t.Helper()
	o, err := s.mine.Order().GetOrder(s.ctx, &orderv1.GetOrderRequest{OrderId: id})
	require.NoError(s.t, err)
	return o
}

// held waits until inventory holds and has shipped so many pieces of an order.
func (s *shipping) held(order string, open, shipped int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		list, err := s.api.Inventory().ListReservations(s.ctx, &inventoryv1.ListReservationsRequest{Documents: []string{order}})
		require.NoError(s.t, err)
		var o, sh int64
		for _, r := range list.Reservations {
			o, sh = o+r.Open, sh+r.Shipped
		}
		return o == open && sh == shipped
	}, messagesArriveIn, betweenTwoLookups, "%d held and %d shipped", open, shipped)
}

// What the order center says of parts, inventory does: pieces leave parcel by parcel, go back when they are cancelled, and a
// declined pickup is held where its buyer says.
func TestPartsOfAnOrderMoveTheirStock(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole platform")
	}
	p := serve(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	key, err := client.Credential("", filepath.Join(p.data, "admin.key"))
	require.NoError(t, err)
	s := &shipping{t: t, ctx: ctx, url: p.ready.HTTP, admin: key, api: admin(t, p.ready.HTTP, p.data)}
	guest, err := s.api.As(ctx, "")
	require.NoError(t, err)
	code, err := guest.MiniProgram().SendSignInCode(ctx, &miniprogramv1.SendCodeRequest{Phone: "19900000777"})
	require.NoError(t, err)
	in, err := guest.MiniProgram().SignIn(ctx, &miniprogramv1.SignInRequest{Phone: "19900000777", Code: code.SandboxCode})
	require.NoError(t, err)
	s.member = in.AccessToken
	s.mine, err = s.api.As(ctx, s.member)
	require.NoError(t, err)
	_, err = s.api.Inventory().ReceiveStock(ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "DN-F",
		Lines: []*inventoryv1.StockLine{{Location: fulfilStore, Sku: fulfilSKU, Quantity: 100}}})
	require.NoError(t, err)

	lines := []*orderv1.OrderLineInput{{Sku: fulfilSKU, Quantity: 6}}
	o := s.bought(&orderv1.PlaceOrderRequest{MemberId: in.Member.Id, Way: inventoryv1.DeliveryWay_PARCEL, Lines: lines})
	require.Len(t, o.Fulfilments, 1)
	f, line := o.Fulfilments[0], o.Lines[0].LineId
	_, err = s.api.Order().AcceptFulfilment(ctx, &orderv1.AcceptFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: f.Id})
	require.NoError(t, err)
	part := func(no string, n int64) *orderv1.ShipPartRequest {
		return &orderv1.ShipPartRequest{RequestId: client.RequestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: no, Lines: []*orderv1.ParcelContent{{LineId: line, Quantity: n}}}
	}
	shipped := &orderv1.Fulfilment{}
	s.post(s.admin, "/v1/order/fulfilments/"+f.Id+"/ship-part", part("1", 1), shipped)
	s.post(s.admin, "/v1/order/fulfilments/"+f.Id+"/ship-part", part("2", 2), shipped)
	s.held(o.Id, 3, 3)
	less := func(n int64) *orderv1.CancelLinesRequest {
		return &orderv1.CancelLinesRequest{RequestId: client.RequestID(), OrderId: o.Id, Reason: "too many", Lines: []*orderv1.CancelledLine{{LineId: line, Quantity: n}}}
	}
	changed := &orderv1.OrderInfo{}
	s.post(s.member, "/v1/order/orders/"+o.Id+"/cancel-lines", less(4), nil, "REFUND_EXCEEDS_PAID")
	s.post(s.member, "/v1/order/orders/"+o.Id+"/cancel-lines", less(2), changed)
	s.held(o.Id, 1, 3)
	s.post(s.admin, "/v1/order/fulfilments/"+f.Id+"/ship-part", part("3", 1), shipped)
	require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, shipped.State)
	s.held(o.Id, 0, 4)
	back := shipped.Parcels[2].Id
	s.post(s.admin, "/v1/order/parcels/"+back+"/fail", &orderv1.FailParcelRequest{RequestId: client.RequestID(), ParcelId: back, Reason: "refused"}, shipped)
	s.post(s.admin, "/v1/order/parcels/"+back+"/take-back", &orderv1.TakeBackParcelRequest{RequestId: client.RequestID(), ParcelId: back}, shipped)
	require.Equal(t, 3*s.order(o.Id).Lines[0].Payable.AmountMinor/6, s.order(o.Id).Refunded.AmountMinor)

	pickup := s.bought(&orderv1.PlaceOrderRequest{MemberId: in.Member.Id, Way: inventoryv1.DeliveryWay_PICKUP, PickupStoreCode: fulfilStore, Lines: lines})
	_, err = s.api.Order().DeclineFulfilment(ctx, &orderv1.DeclineFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: pickup.Fulfilments[0].Id,
		Reason: inventoryv1.DeclineReason_NO_CAPACITY})
	require.NoError(t, err)
	require.NotNil(t, s.order(pickup.Id).Choice)
	s.held(pickup.Id, 0, 0)
	path := "/v1/order/orders/" + pickup.Id + "/choose-pickup"
	elsewhere := func() *orderv1.ChoosePickupRequest {
		return &orderv1.ChoosePickupRequest{RequestId: client.RequestID(), OrderId: pickup.Id, Choice: &orderv1.ChoosePickupRequest_StoreCode{StoreCode: spareStore}}
	}
	_, err = s.api.Inventory().ReceiveStock(ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "DN-G",
		Lines: []*inventoryv1.StockLine{{Location: spareStore, Sku: fulfilSKU, Quantity: 20}}})
	require.NoError(t, err)
	s.post(s.member, path, elsewhere(), changed)
	require.Nil(t, changed.Choice)
	require.Equal(t, spareStore, s.order(pickup.Id).Fulfilments[1].Location)
	s.held(pickup.Id, 6, 0)

	// Declined there too: it is delivered, from wherever it is.
	_, err = s.api.Order().DeclineFulfilment(ctx, &orderv1.DeclineFulfilmentRequest{RequestId: client.RequestID(), FulfilmentId: s.order(pickup.Id).Fulfilments[1].Id,
		Reason: inventoryv1.DeclineReason_NO_CAPACITY})
	require.NoError(t, err)
	_, err = s.api.Inventory().ReceiveStock(ctx, &inventoryv1.ReceiveStockRequest{RequestId: client.RequestID(), Document: "DN-H",
		Lines: []*inventoryv1.StockLine{{Location: "W-HZ-01", Sku: fulfilSKU, Quantity: 20}}})
	require.NoError(t, err)
	s.post(s.member, path, &orderv1.ChoosePickupRequest{RequestId: client.RequestID(), OrderId: pickup.Id,
		Choice: &orderv1.ChoosePickupRequest_Delivery{Delivery: &orderv1.DeliverInstead{Way: inventoryv1.DeliveryWay_PARCEL}}}, changed)
	require.Nil(t, changed.Choice)
	for _, f := range changed.Fulfilments[2:] {
		require.Equal(t, inventoryv1.DeliveryWay_PARCEL, f.Way)
	}
	s.held(pickup.Id, 6, 0)
	p.interrupt(t)
}
