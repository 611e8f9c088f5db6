package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
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
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	secret, query := s.order.settings.PageSecret, page.Query("returns", p.Caller(), in.GetState().String())
	after, err := afterOf(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, keys, err := s.order.Orders.VisibleReturns(ctx, fromState(returnStates, in.GetState()), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListReturnsResponse{}
	if len(found) > size {
		found = found[:size]
		out.NextPageToken = page.Encode(secret, query, strconv.FormatInt(keys[size-1].US, 10), keys[size-1].ID)
	}
	wanted := make([]string, len(found))
	for i, d := range found {
		wanted[i] = d.OrderID
	}
	records, err := s.order.Orders.LoadAll(ctx, wanted)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]biz.Record, len(records))
	for _, r := range records {
		byID[r.ID] = r
	}
	for _, d := range found {
		r, known := byID[d.OrderID]
		if !known || !reaches(p, r) {
			continue
		}
		ret, err := returnOf(r, d.PartID)
		if err != nil {
			return nil, err
		}
		out.Returns = append(out.Returns, ret)
	}
	return out, nil
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

// buyer finds the order of a return for its member, and for those who act for it.
func (s *AfterSales) buyer(ctx context.Context, returnID string) (string, error) {
	p, r, err := s.order.returnFor(ctx, returnID)
	if err == nil && p.Kind != tenancy.Member && !isStaff(p) {
		err = biz.Forbidden("member or staff")
	}
	return r.ID, err
}
