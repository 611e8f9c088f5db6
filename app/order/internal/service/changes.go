package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// OrderChanges serves those who want something else of an order that has not left.
type OrderChanges struct {
	orderv1.UnimplementedOrderChangesServer
	order *Order
}

// NewOrderChanges shares the order center's work.
func NewOrderChanges(order *Order) *OrderChanges { return &OrderChanges{order: order} }

// CancelLines cancels pieces that have not left.
func (s *OrderChanges) CancelLines(ctx context.Context, in *orderv1.CancelLinesRequest) (*orderv1.OrderInfo, error) {
	wishes := make([]biz.ReturnWish, len(in.GetLines()))
	for i, l := range in.GetLines() {
		wishes[i] = biz.ReturnWish{LineID: l.GetLineId(), Quantity: l.GetQuantity()}
	}
	return decide(ctx, s.order, orderv1.OrderChanges_CancelLines_FullMethodName, in,
		func(ctx context.Context) error { _, _, err := s.order.orderOwner(ctx, in.GetOrderId()); return err },
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := s.order.change(ctx, in.GetOrderId(), func(o *biz.Order) error { return o.CancelLines(wishes, in.GetReason()) })
			if err != nil {
				return nil, err
			}
			return s.order.info(ctx, r)
		})
}
