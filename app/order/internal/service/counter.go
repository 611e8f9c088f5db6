package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// tokenUS is how long a store that has seen a receipt may take its goods back.
const tokenUS = 15 * 60 * 1_000_000

// CounterReturns is the service of goods that are brought back to a store.
type CounterReturns struct {
	orderv1.UnimplementedCounterReturnsServer
	order *Order
}

// NewCounterReturns shares the order center's work.
func NewCounterReturns(order *Order) *CounterReturns { return &CounterReturns{order: order} }

// FindForReturn finds the order of a receipt, for whoever has it in hand.
func (s *CounterReturns) FindForReturn(ctx context.Context, in *orderv1.FindForReturnRequest) (*orderv1.CounterSale, error) {
	at, err := s.counter(ctx, in.GetStoreCode())
	if err != nil {
		return nil, err
	}
	r, err := s.receipt(ctx, in)
	if err != nil {
		return nil, err
	}
	now, err := s.order.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	o := biz.Restore(r, s.order.settings.Terms, now, actor(ctx))
	if err := o.TakesBackAt(at); err != nil {
		return nil, err
	}
	until := now + tokenUS
	out := &orderv1.CounterSale{OrderId: r.ID, TokenUntilUs: until, CashPossible: at.Org == r.Org,
		Token: page.Encode(s.order.settings.PageSecret, counterQuery(in.GetStoreCode()), r.ID, strconv.FormatInt(until, 10))}
	for _, l := range r.Lines {
		n, back := o.CanReturn(l.ID)
		out.Lines = append(out.Lines, &orderv1.CounterLine{
			LineId: l.ID, Sku: l.SKU, Title: l.Title, Quantity: l.Quantity, ReturnableQuantity: n, Refund: toMoney(back, r.Currency),
		})
	}
	return out, nil
}

// ReturnAtCounter takes goods back at a store.
func (s *CounterReturns) ReturnAtCounter(ctx context.Context, in *orderv1.ReturnAtCounterRequest) (*orderv1.CounterReturn, error) {
	wishes := make([]biz.ReturnWish, len(in.GetLines()))
	for i, l := range in.GetLines() {
		wishes[i] = biz.ReturnWish{LineID: l.GetLineId(), Quantity: l.GetQuantity()}
	}
	found := fromInspection(in.GetInspection())
	var at biz.Counter
	var orderID string
	return decide(ctx, s.order, orderv1.CounterReturns_ReturnAtCounter_FullMethodName, in,
		func(ctx context.Context) (err error) {
			if at, err = s.counter(ctx, in.GetStoreCode()); err != nil {
				return err
			}
			at.Cash = in.GetTender() == orderv1.RefundTender_IN_CASH
			orderID, err = s.redeem(ctx, in.GetStoreCode(), in.GetToken())
			return err
		},
		func(ctx context.Context) (*orderv1.CounterReturn, error) {
			id := ""
			r, err := s.order.change(ctx, orderID, func(o *biz.Order) (err error) {
				id, err = o.ReturnAtCounter(wishes, in.GetReason(), at, found...)
				return err
			})
			if err != nil {
				return nil, err
			}
			ret, err := returnOf(r, id)
			return &orderv1.CounterReturn{Return: ret, Cash: toMoney(r.CashOf(id), r.Currency)}, err
		})
}

// counter is the caller's own store.
func (s *CounterReturns) counter(ctx context.Context, store string) (biz.Counter, error) {
	if err := forTill(ctx, store); err != nil {
		return biz.Counter{}, err
	}
	facts, err := s.order.Seeker.Sellers.Seller(ctx, biz.SellerQuery{Stores: []string{store}})
	if err != nil {
		return biz.Counter{}, err
	}
	standing, known := facts.Stores[store]
	if !known {
		return biz.Counter{}, biz.NotFound("store")
	}
	return biz.Counter{Store: store, Org: standing.Org}, nil
}

// receipt finds the order that a receipt is about. Another total is another receipt.
func (s *CounterReturns) receipt(ctx context.Context, in *orderv1.FindForReturnRequest) (biz.Record, error) {
	ctx = data.AsService(ctx)
	id := in.GetOrderId()
	if id == "" {
		if in.GetSoldStoreCode() == "" || in.GetReceiptNo() == "" {
			return biz.Record{}, biz.Invalid("order_id", "is needed, or sold_store_code and receipt_no")
		}
		found, err := s.order.Orders.BySourceNo(ctx, "", biz.ChannelPOS, biz.TillSourceNo(in.GetSoldStoreCode(), in.GetReceiptNo()))
		if err != nil {
			return biz.Record{}, err
		}
		id = found
	}
	r, err := s.order.Orders.Load(ctx, id)
	if err == nil && r.TotalMinor != in.GetTotalMinor() {
		err = biz.OrderUnknown()
	}
	return r, err
}

func counterQuery(store string) string { return page.Query("counter return", store) }

// redeem reads a token of this store that is good still.
func (s *CounterReturns) redeem(ctx context.Context, store, token string) (orderID string, err error) {
	keys, err := page.Decode(s.order.settings.PageSecret, token, counterQuery(store))
	if err != nil || len(keys) != 2 {
		return "", biz.Invalid("token", "is not one of this store: find the receipt again")
	}
	until, err := strconv.ParseInt(keys[1], 10, 64)
	if err != nil {
		return "", err
	}
	now, err := s.order.DB.Now(ctx)
	if err == nil && now > until {
		err = biz.Invalid("token", "is too old: find the receipt again")
	}
	return keys[0], err
}
