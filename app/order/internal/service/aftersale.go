package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// AfterSales is the service of what becomes of requests to return goods.
type AfterSales struct {
	orderv1.UnimplementedAfterSalesServer
	order *Order
}

// NewAfterSales shares the order center's work.
func NewAfterSales(order *Order) *AfterSales { return &AfterSales{order: order} }

// ListReturns pages through the returns of the caller's organisation; people of a store see those of its own orders.
func (s *AfterSales) ListReturns(ctx context.Context, in *orderv1.ListReturnsRequest) (*orderv1.ListReturnsResponse, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	var err error
	out := &orderv1.ListReturnsResponse{}
	out.NextPageToken, err = s.order.parts(ctx, partsQuery{
		name: "returns", state: in.GetState().String(), token: in.GetPageToken(), size: in.GetPageSize(),
		find: func(after data.After, limit int) ([]data.Due, []data.After, error) {
			return s.order.Orders.VisibleReturns(ctx, fromState(returnStates, in.GetState()), after, limit)
		},
		add: func(r biz.Record, id string) error {
			ret, err := returnOf(r, id)
			out.Returns = append(out.Returns, ret)
			return err
		},
	})
	return out, err
}

// partsQuery is a page of a list of parts of orders.
type partsQuery struct {
	name, state, token string
	size               int32
	// find finds parts and their keys that the caller may see; add takes each that reaches the caller's store.
	find func(after data.After, limit int) ([]data.Due, []data.After, error)
	add  func(r biz.Record, partID string) error
}

// parts reads a page, and returns the token of the next one.
func (s *Order) parts(ctx context.Context, q partsQuery) (next string, err error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return "", err
	}
	secret, query := s.settings.PageSecret, page.Query(q.name, p.Caller(), q.state)
	after, err := afterOf(secret, q.token, query)
	if err != nil {
		return "", err
	}
	size := page.Size(q.size)
	found, keys, err := q.find(after, size+1)
	if err != nil {
		return "", err
	}
	if len(found) > size {
		found = found[:size]
		next = page.Encode(secret, query, strconv.FormatInt(keys[size-1].US, 10), keys[size-1].ID)
	}
	wanted := make([]string, len(found))
	for i, d := range found {
		wanted[i] = d.OrderID
	}
	records, err := s.Orders.LoadAll(ctx, wanted)
	if err != nil {
		return "", err
	}
	byID := make(map[string]biz.Record, len(records))
	for _, r := range records {
		byID[r.ID] = r
	}
	for _, d := range found {
		if r, known := byID[d.OrderID]; known && reaches(p, r) {
			if err := q.add(r, d.PartID); err != nil {
				return "", err
			}
		}
	}
	return next, nil
}

// RefuseReturn says that the goods may not come back: for the seller to decide.
func (s *AfterSales) RefuseReturn(ctx context.Context, in *orderv1.RefuseReturnRequest) (*orderv1.ReturnInfo, error) {
	return s.order.onReturn(ctx, orderv1.AfterSales_RefuseReturn_FullMethodName, in, in.GetReturnId(), s.order.returnSeller,
		func(o *biz.Order) error { return o.RefuseReturn(in.GetReturnId(), in.GetReason()) })
}

// WithdrawReturn says that the buyer keeps the goods: its member, or the seller's staff.
func (s *AfterSales) WithdrawReturn(ctx context.Context, in *orderv1.WithdrawReturnRequest) (*orderv1.ReturnInfo, error) {
	return s.order.onReturn(ctx, orderv1.AfterSales_WithdrawReturn_FullMethodName, in, in.GetReturnId(), s.buyer,
		func(o *biz.Order) error { return o.WithdrawReturn(in.GetReturnId()) })
}

// SendReturn says in which parcel the goods come back: its member, or the seller's staff.
func (s *AfterSales) SendReturn(ctx context.Context, in *orderv1.SendReturnRequest) (*orderv1.ReturnInfo, error) {
	return s.order.onReturn(ctx, orderv1.AfterSales_SendReturn_FullMethodName, in, in.GetReturnId(), s.buyer,
		func(o *biz.Order) error { return o.SendReturn(in.GetReturnId(), in.GetCarrier(), in.GetTrackingNo()) })
}

// RefundWithoutReturn gives the money back without the goods: for the seller to decide.
func (s *AfterSales) RefundWithoutReturn(ctx context.Context, in *orderv1.RefundWithoutReturnRequest) (*orderv1.ReturnInfo, error) {
	return s.order.onReturn(ctx, orderv1.AfterSales_RefundWithoutReturn_FullMethodName, in, in.GetReturnId(), s.order.returnSeller,
		func(o *biz.Order) error { return o.RefundWithoutReturn(in.GetReturnId(), in.GetReason()) })
}

// buyer finds the order of a return for its member, and for the seller's staff, who act for it. Whoever merely shipped the
// goods sees the return, and does not speak for the buyer.
func (s *AfterSales) buyer(ctx context.Context, returnID string) (string, error) {
	p, r, err := s.order.returnFor(ctx, returnID)
	if err == nil && p.Kind != tenancy.Member && !(isStaff(p) && p.Scope.Covers(r.Org)) {
		err = biz.Forbidden("member, or the seller's staff")
	}
	return r.ID, err
}
