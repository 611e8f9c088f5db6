package service

import (
	"context"
	"slices"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Exchanges is the service of other goods instead of money.
type Exchanges struct {
	orderv1.UnimplementedExchangesServer
	order *Order
}

// NewExchanges shares the order center's work.
func NewExchanges(order *Order) *Exchanges { return &Exchanges{order: order} }

// ApproveExchange approves a return and places the order of its replacement, all or nothing: for the seller to decide.
func (s *Exchanges) ApproveExchange(ctx context.Context, in *orderv1.ApproveExchangeRequest) (*orderv1.OrderInfo, error) {
	return s.order.place(ctx, orderv1.Exchanges_ApproveExchange_FullMethodName, in, func(ctx context.Context) (biz.Draft, error) {
		orderID, err := s.order.returnSeller(ctx, in.GetReturnId())
		if err != nil {
			return biz.Draft{}, err
		}
		now, err := s.order.DB.Now(ctx)
		if err != nil {
			return biz.Draft{}, err
		}
		r, err := s.order.Orders.Load(ctx, orderID)
		if err != nil {
			return biz.Draft{}, err
		}
		return s.order.Seeker.ExchangeDraft(ctx, biz.Restore(r, s.order.settings.Terms, now, actor(ctx)), in.GetReturnId(), now)
	})
}

// PayExchange pays what a replacement costs more at the till that sold the goods which it replaces.
func (s *Exchanges) PayExchange(ctx context.Context, in *orderv1.PayExchangeRequest) (*orderv1.OrderInfo, error) {
	cards := fromCards(in.GetCards())
	return decide(ctx, s.order, orderv1.Exchanges_PayExchange_FullMethodName, in,
		func(ctx context.Context) error {
			if err := forTill(ctx, in.GetStoreCode()); err != nil {
				return err
			}
			r, err := s.order.Orders.LoadVisible(ctx, in.GetOrderId())
			if err != nil {
				return err
			}
			return s.order.unusedSlips(ctx, biz.Draft{Record: biz.Record{Header: biz.Header{Org: r.Org, ShopStore: in.GetStoreCode()}}, Cards: cards})
		},
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := s.order.change(ctx, in.GetOrderId(), func(o *biz.Order) error {
				return o.PayDifference(in.GetStoreCode(), in.GetCashMinor(), cards)
			})
			if err != nil {
				return nil, err
			}
			return s.order.kept(ctx, r)
		})
}

// changeReturn changes a return inside a transaction, and with it the order of its replacement: that is paid with what came
// back, or closed when the goods stay with the buyer.
func (s *Order) changeReturn(ctx context.Context, orderID, returnID string, change func(o *biz.Order) error) (biz.Record, error) {
	replacement := ""
	r, err := s.change(ctx, orderID, func(o *biz.Order) error {
		if at := slices.IndexFunc(o.Record().Returns, func(ret biz.Return) bool { return ret.ID == returnID }); at >= 0 {
			replacement = o.Record().Returns[at].ExchangeOrder
		}
		if replacement != "" {
			n, err := s.Orders.Load(ctx, replacement) // locked after the order that it replaces, always
			if err != nil {
				return err
			}
			o.Transferable(replacement, n.LeftMinor())
		}
		return change(o)
	})
	if err != nil || replacement == "" {
		return r, err
	}
	at := slices.IndexFunc(r.Returns, func(ret biz.Return) bool { return ret.ID == returnID })
	switch r.Returns[at].State {
	case biz.ReturnReceived, biz.ReturnRefunded:
		_, err = s.change(ctx, replacement, func(n *biz.Order) error {
			if r.EndsExchange(returnID) {
				return n.EndExchange("not all of the goods that it replaces came back")
			}
			return n.TakeExchange(r.Transfers(returnID))
		})
	case biz.ReturnWithdrawn:
		_, err = s.change(ctx, replacement, func(n *biz.Order) error { return n.EndExchange("the goods that it replaces stay with the buyer") })
	}
	return r, err
}

func fromExchange(in []*orderv1.ExchangeLine) []biz.ExchangeWish {
	wishes := make([]biz.ExchangeWish, len(in))
	for i, w := range in {
		wishes[i] = biz.ExchangeWish{LineID: w.GetLineId(), SKU: w.GetSku(), Quantity: w.GetQuantity()}
	}
	return wishes
}

func toExchange(wishes []biz.ExchangeWish) (out []*orderv1.ExchangeLine) {
	for _, w := range wishes {
		out = append(out, &orderv1.ExchangeLine{LineId: w.LineID, Sku: w.SKU, Quantity: w.Quantity})
	}
	return out
}
