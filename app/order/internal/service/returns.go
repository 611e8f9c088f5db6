package service

import (
	"context"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// CreateReturn asks to return lines.
func (s *Order) CreateReturn(ctx context.Context, req *orderv1.CreateReturnRequest) (*orderv1.ReturnInfo, error) {
	wishes := make([]biz.ReturnWish, len(req.GetLines()))
	for i, l := range req.GetLines() {
		wishes[i] = biz.ReturnWish{LineID: l.GetLineId(), Quantity: l.GetQuantity()}
	}
	var byMember bool
	return decide(ctx, s, orderv1.Order_CreateReturn_FullMethodName, req,
		func(ctx context.Context) error {
			p, _, err := s.orderOwner(ctx, req.GetOrderId())
			byMember = p.Kind == tenancy.Member
			return err
		},
		func(ctx context.Context) (*orderv1.ReturnInfo, error) {
			var id string
			r, err := s.change(ctx, req.GetOrderId(), func(o *biz.Order) (err error) {
				id, err = o.RequestReturn(wishes, req.GetReason(), byMember, req.GetPictures()...)
				switch {
				case err != nil:
				case req.GetRefundOnly() && len(req.GetExchange()) > 0:
					err = biz.Invalid("refund_only", "cannot be with exchange: either the money, or other goods")
				case req.GetRefundOnly():
					err = o.KeepGoods(id, byMember)
				case len(req.GetExchange()) > 0:
					err = o.WishExchange(id, fromExchange(req.GetExchange()))
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			return returnOf(r, id)
		})
}

// ApproveReturn says that the goods may come back: for the seller to decide.
func (s *Order) ApproveReturn(ctx context.Context, req *orderv1.ApproveReturnRequest) (*orderv1.ReturnInfo, error) {
	return s.onReturn(ctx, orderv1.Order_ApproveReturn_FullMethodName, req, req.GetReturnId(), s.returnSeller,
		func(o *biz.Order) error { return o.ApproveReturn(req.GetReturnId()) })
}

// ReceiveReturn says that the goods are back, at a location of the caller's.
func (s *Order) ReceiveReturn(ctx context.Context, req *orderv1.ReceiveReturnRequest) (*orderv1.ReturnInfo, error) {
	found := fromInspection(req.GetInspection())
	allowed := func(ctx context.Context, id string) (string, error) {
		orderID, err := s.returnStaff(ctx, id)
		if err == nil && biz.Forgives(found) {
			_, err = s.returnSeller(ctx, id)
		}
		if err != nil {
			return "", err
		}
		return orderID, s.shelf(ctx, req.GetLocation())
	}
	return s.onReturn(ctx, orderv1.Order_ReceiveReturn_FullMethodName, req, req.GetReturnId(), allowed,
		func(o *biz.Order) error { return o.ReceiveReturn(req.GetReturnId(), req.GetLocation(), found...) })
}

func fromInspection(in []*orderv1.InspectedPieces) []biz.Inspected {
	found := make([]biz.Inspected, len(in))
	for i, p := range in {
		found[i] = biz.Inspected{
			LineID: p.GetLineId(), SKU: p.GetSku(), Sellable: p.GetSellable(), Damaged: p.GetDamaged(), Missing: p.GetMissing(), Forgiven: p.GetMissingRefunded(),
		}
	}
	return found
}

func (s *Order) onReturn(ctx context.Context, method string, req command.Request, id string,
	allowed func(ctx context.Context, id string) (string, error), change func(o *biz.Order) error) (*orderv1.ReturnInfo, error) {
	var orderID string
	return decide(ctx, s, method, req,
		func(ctx context.Context) (err error) { orderID, err = allowed(ctx, id); return err },
		func(ctx context.Context) (*orderv1.ReturnInfo, error) {
			r, err := s.changeReturn(ctx, orderID, id, change)
			if err != nil {
				return nil, err
			}
			return returnOf(r, id)
		})
}

func returnOf(r biz.Record, id string) (*orderv1.ReturnInfo, error) {
	for _, ret := range r.Returns {
		if ret.ID == id {
			return toReturn(r, ret), nil
		}
	}
	return nil, biz.NotFound("return")
}
