package service

import (
	"context"

	"google.golang.org/grpc"

	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Returns is the service of goods that come back to the till's store.
type Returns struct {
	posv1.UnimplementedPosReturnsServer
	Counter orderv1.CounterReturnsClient
}

// NewReturns makes the service.
func NewReturns(dial func(center string) grpc.ClientConnInterface) *Returns {
	return &Returns{Counter: orderv1.NewCounterReturnsClient(dial("order"))}
}

// FindSale finds a receipt of whichever store.
func (s *Returns) FindSale(ctx context.Context, in *posv1.FindSaleRequest) (*orderv1.CounterSale, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	return s.Counter.FindForReturn(ctx, &orderv1.FindForReturnRequest{
		StoreCode: p.Store, OrderId: in.GetOrderId(), SoldStoreCode: in.GetSoldStoreCode(), ReceiptNo: in.GetReceiptNo(), TotalMinor: in.GetTotalMinor(),
	})
}

// TakeBack takes the goods.
func (s *Returns) TakeBack(ctx context.Context, in *posv1.TakeBackRequest) (*orderv1.CounterReturn, error) {
	p, err := till(ctx)
	if err != nil {
		return nil, err
	}
	return s.Counter.ReturnAtCounter(ctx, &orderv1.ReturnAtCounterRequest{
		RequestId: in.GetRequestId(), StoreCode: p.Store, Token: in.GetToken(), Lines: in.GetLines(), Reason: in.GetReason(), Tender: in.GetTender(),
		Inspection: in.GetInspection(),
	})
}
