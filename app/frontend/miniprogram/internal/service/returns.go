package service

import (
	"context"

	"google.golang.org/grpc"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Returns is the service of what a member does with what it has bought.
type Returns struct {
	miniprogramv1.UnimplementedMiniProgramReturnsServer
	Windows    orderv1.ReturnWindowsClient
	AfterSales orderv1.AfterSalesClient
	Addresses  orderv1.AddressChangesClient
}

// NewReturns makes the service.
func NewReturns(dial func(center string) grpc.ClientConnInterface) *Returns {
	return &Returns{Windows: orderv1.NewReturnWindowsClient(dial("order")), AfterSales: orderv1.NewAfterSalesClient(dial("order")),
		Addresses: orderv1.NewAddressChangesClient(dial("order"))}
}

// ChangeAddress sends an order to somebody else, or to another place.
func (s *Returns) ChangeAddress(ctx context.Context, in *miniprogramv1.ChangeMyAddressRequest) (*orderv1.OrderInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Addresses.ChangeAddress(ctx, &orderv1.ChangeAddressRequest{RequestId: in.GetRequestId(), OrderId: in.GetOrderId(), Receiver: in.GetReceiver(), DestinationRegion: in.GetDestinationRegion()})
}

// DelayReceipt waits longer. The order center lets a member do this to its own only, as all that is below.
func (s *Returns) DelayReceipt(ctx context.Context, in *miniprogramv1.DelayMyReceiptRequest) (*orderv1.Fulfilment, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.Windows.DelayReceipt(ctx, &orderv1.DelayReceiptRequest{RequestId: in.GetRequestId(), FulfilmentId: in.GetFulfilmentId()})
}

// WithdrawReturn keeps the goods.
func (s *Returns) WithdrawReturn(ctx context.Context, in *miniprogramv1.WithdrawMyReturnRequest) (*orderv1.ReturnInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.AfterSales.WithdrawReturn(ctx, &orderv1.WithdrawReturnRequest{RequestId: in.GetRequestId(), ReturnId: in.GetReturnId()})
}

// SendReturn names the parcel.
func (s *Returns) SendReturn(ctx context.Context, in *miniprogramv1.SendMyReturnRequest) (*orderv1.ReturnInfo, error) {
	if _, err := member(ctx); err != nil {
		return nil, err
	}
	return s.AfterSales.SendReturn(ctx, &orderv1.SendReturnRequest{
		RequestId: in.GetRequestId(), ReturnId: in.GetReturnId(), Carrier: in.GetCarrier(), TrackingNo: in.GetTrackingNo(),
	})
}
