package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Fulfilments serves the people of a location, from the shelf to the door.
type Fulfilments struct {
	orderv1.UnimplementedFulfilmentsServer
	order *Order
}

// NewFulfilments shares the order center's work.
func NewFulfilments(order *Order) *Fulfilments { return &Fulfilments{order: order} }

// PickFulfilment says that the goods were taken from the shelves.
func (s *Fulfilments) PickFulfilment(ctx context.Context, in *orderv1.PickFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.Fulfilments_PickFulfilment_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.Pick(in.GetFulfilmentId()) })
}

// PackFulfilment says that the goods wait for the carrier or the buyer.
func (s *Fulfilments) PackFulfilment(ctx context.Context, in *orderv1.PackFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.Fulfilments_PackFulfilment_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.Pack(in.GetFulfilmentId()) })
}

// DeliverFulfilment says that the carrier has handed the goods over.
func (s *Fulfilments) DeliverFulfilment(ctx context.Context, in *orderv1.DeliverFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.Fulfilments_DeliverFulfilment_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.Deliver(in.GetFulfilmentId(), in.GetNote()) })
}

// FailFulfilment says that the carrier could not hand the goods over.
func (s *Fulfilments) FailFulfilment(ctx context.Context, in *orderv1.FailFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.Fulfilments_FailFulfilment_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.Fail(in.GetFulfilmentId(), in.GetReason()) })
}

// TakeBackFulfilment says that goods which could not be handed over are back: they are refunded.
func (s *Fulfilments) TakeBackFulfilment(ctx context.Context, in *orderv1.TakeBackFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.Fulfilments_TakeBackFulfilment_FullMethodName, in, in.GetFulfilmentId(), s.order.fulfilmentStaff,
		func(o *biz.Order) error { return o.TakeBack(in.GetFulfilmentId()) })
}
