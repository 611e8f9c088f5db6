package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// AcceptFulfilment says that the location will ship. Inventory is told first: it waits for the answer, and may have given the
// goods to another location meanwhile.
func (s *Order) AcceptFulfilment(ctx context.Context, req *orderv1.AcceptFulfilmentRequest) (*orderv1.Fulfilment, error) {
	accept := func(ctx context.Context, id string) (string, error) {
		orderID, err := s.fulfilmentStaff(ctx, id)
		if err != nil {
			return "", err
		}
		_, r, f, err := s.fulfilmentFor(ctx, id)
		if err == nil && f.State == biz.FulfilmentAssigned {
			err = s.Answers.Accept(ctx, ids.Derived("acc", caller(ctx), req.GetRequestId()), r.ID, f.Location, actor(ctx))
		}
		return orderID, err
	}
	return s.fulfil(ctx, orderv1.Order_AcceptFulfilment_FullMethodName, req, req.GetFulfilmentId(), accept,
		func(o *biz.Order) error { return o.Accept(req.GetFulfilmentId()) })
}

// ShipFulfilment says that the goods have left.
func (s *Order) ShipFulfilment(ctx context.Context, req *orderv1.ShipFulfilmentRequest) (*orderv1.Fulfilment, error) {
	return s.leave(ctx, orderv1.Order_ShipFulfilment_FullMethodName, req, req.GetFulfilmentId(), s.fulfilmentStaff,
		func(o *biz.Order) error { return o.Ship(req.GetFulfilmentId(), req.GetCarrier(), req.GetTrackingNo()) })
}

// ConfirmReceipt says that the buyer has the goods: the member says so, or who handed them over.
func (s *Order) ConfirmReceipt(ctx context.Context, req *orderv1.ConfirmReceiptRequest) (*orderv1.Fulfilment, error) {
	return s.fulfil(ctx, orderv1.Order_ConfirmReceipt_FullMethodName, req, req.GetFulfilmentId(), s.receiptBy,
		func(o *biz.Order) error { return o.Receive(req.GetFulfilmentId()) })
}

// receiptBy finds the order of a fulfilment for its member, the staff of its location, or the seller's.
func (s *Order) receiptBy(ctx context.Context, id string) (string, error) {
	p, r, _, err := s.fulfilmentFor(ctx, id)
	if err == nil && (p.Member != "" && p.Member == r.MemberID || isStaff(p)) {
		return r.ID, nil
	}
	orderID, lookup := s.Orders.OrderOfFulfilment(ctx, id)
	if lookup != nil {
		return "", lookup
	}
	if orderID != "" {
		if _, sellers := s.orderStaff(ctx, orderID); sellers == nil {
			return orderID, nil
		}
	}
	if err == nil {
		err = biz.Forbidden("member")
	}
	return "", err
}

// labelled is a request after which goods leave under a version of the order's address.
type labelled interface {
	command.Request
	GetAddressVersion() int64
}

// leave is fulfil where goods leave: what has become of the order's address is asked for with the order held.
func (s *Order) leave(ctx context.Context, method string, req labelled, id string,
	allowed func(ctx context.Context, id string) (string, error), change func(o *biz.Order) error) (*orderv1.Fulfilment, error) {
	return s.fulfilWith(ctx, method, req, id, allowed, func(ctx context.Context, o *biz.Order) error {
		address, err := s.Orders.AddressOf(ctx, o.Record().ID)
		if err != nil {
			return err
		}
		o.Label(address, req.GetAddressVersion())
		return change(o)
	})
}

// fulfil changes a fulfilment. The order that allowed finds is the one that is changed.
func (s *Order) fulfil(ctx context.Context, method string, req command.Request, id string,
	allowed func(ctx context.Context, id string) (string, error), change func(o *biz.Order) error) (*orderv1.Fulfilment, error) {
	return s.fulfilWith(ctx, method, req, id, allowed, func(_ context.Context, o *biz.Order) error { return change(o) })
}

func (s *Order) fulfilWith(ctx context.Context, method string, req command.Request, id string,
	allowed func(ctx context.Context, id string) (string, error), change func(ctx context.Context, o *biz.Order) error) (*orderv1.Fulfilment, error) {
	var orderID string
	return decide(ctx, s, method, req,
		func(ctx context.Context) (err error) { orderID, err = allowed(ctx, id); return err },
		func(ctx context.Context) (*orderv1.Fulfilment, error) {
			r, err := s.change(ctx, orderID, func(o *biz.Order) error { return change(ctx, o) })
			if err != nil {
				return nil, err
			}
			for _, f := range r.Fulfilments {
				if f.ID == id {
					return toFulfilment(r.Header, f), nil
				}
			}
			return nil, biz.NotFound("fulfilment")
		})
}
