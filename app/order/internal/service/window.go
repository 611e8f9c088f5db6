package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// ReturnWindows is the service of until when goods may come back.
type ReturnWindows struct {
	orderv1.UnimplementedReturnWindowsServer
	order *Order
	book  *data.ReturnPolicies
}

// NewReturnWindows shares the order center's work.
func NewReturnWindows(order *Order, book *data.ReturnPolicies) *ReturnWindows {
	return &ReturnWindows{order: order, book: book}
}

// PutReturnPolicy adds a rule, and lists it in the audit log.
func (s *ReturnWindows) PutReturnPolicy(ctx context.Context, in *orderv1.PutReturnPolicyRequest) (*orderv1.ReturnPolicy, error) {
	p, err := promoter(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *orderv1.ReturnPolicy]{
		Method: orderv1.ReturnWindows_PutReturnPolicy_FullMethodName, Request: in,
		Decide: func(ctx context.Context, _ struct{}) (*orderv1.ReturnPolicy, error) {
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			rule := biz.ReturnPolicy{
				ID: ids.New("rpl"), Channel: in.GetChannel(), WindowDays: int64(in.GetWindowDays()), ReceiveDays: int64(in.GetReceiveDays()),
				KeepGoodsMinor: in.GetKeepGoodsMinor(), Freight: biz.FreightRefund(in.GetFreight()), GoodwillAloneMinor: in.GetGoodwillAloneMinor(), AnyStore: in.GetAnyStore(),
				DelayDays: int64(in.GetDelayDays()), ChangedBy: p.Actor(), ChangedAtUS: now,
			}
			if err := rule.Starts(in.GetFromUs(), now); err != nil {
				return nil, err
			}
			if err := s.book.Add(ctx, rule); err != nil {
				return nil, err
			}
			return toReturnPolicy(rule), platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: "order.return_policy.put", Subject: rule.ID})
		},
	}.Run(ctx, s.order.DB)
}

// ListReturnPolicies pages through all rules, the latest first.
func (s *ReturnWindows) ListReturnPolicies(ctx context.Context, in *orderv1.ListReturnPoliciesRequest) (*orderv1.ListReturnPoliciesResponse, error) {
	p, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	secret, query := s.order.settings.PageSecret, page.Query("return policies", p.Caller())
	after, err := afterOf(secret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	list, err := s.book.List(ctx, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListReturnPoliciesResponse{}
	if len(list) > size {
		list = list[:size]
		out.NextPageToken = page.Encode(secret, query, strconv.FormatInt(list[size-1].ChangedAtUS, 10), list[size-1].ID)
	}
	for _, rule := range list {
		out.Policies = append(out.Policies, toReturnPolicy(rule))
	}
	return out, nil
}

// DelayReceipt waits longer for what is under way: for its member, or staff.
func (s *ReturnWindows) DelayReceipt(ctx context.Context, in *orderv1.DelayReceiptRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.ReturnWindows_DelayReceipt_FullMethodName, in, in.GetFulfilmentId(), s.order.receiptBy,
		func(o *biz.Order) error { return o.DelayReceipt(in.GetFulfilmentId()) })
}

// ExtendReturnWindow gives the buyer more time: for the seller to decide.
func (s *ReturnWindows) ExtendReturnWindow(ctx context.Context, in *orderv1.ExtendReturnWindowRequest) (*orderv1.Fulfilment, error) {
	return s.order.fulfil(ctx, orderv1.ReturnWindows_ExtendReturnWindow_FullMethodName, in, in.GetFulfilmentId(), s.seller,
		func(o *biz.Order) error {
			return o.ExtendWindow(in.GetFulfilmentId(), int64(in.GetDays()), in.GetReason())
		})
}

// seller finds the order of a fulfilment for those who decide about its seller's money.
func (s *ReturnWindows) seller(ctx context.Context, fulfilmentID string) (string, error) {
	orderID, err := s.order.Orders.OrderOfFulfilment(ctx, fulfilmentID)
	if err != nil {
		return "", err
	}
	p, r, err := s.order.orderFor(ctx, orderID)
	if err = hidden(err, "fulfilment"); err == nil {
		err = approves(p, r)
	}
	return r.ID, err
}

func toReturnPolicy(p biz.ReturnPolicy) *orderv1.ReturnPolicy {
	return &orderv1.ReturnPolicy{
		Id: p.ID, Channel: p.Channel, FromUs: p.FromUS, WindowDays: int32(p.WindowDays), ReceiveDays: int32(p.ReceiveDays), DelayDays: int32(p.DelayDays),
		KeepGoodsMinor: p.KeepGoodsMinor, Freight: orderv1.FreightRefund(p.Freight), GoodwillAloneMinor: p.GoodwillAloneMinor, AnyStore: p.AnyStore,
		ChangedBy: p.ChangedBy, ChangedAtUs: p.ChangedAtUS,
	}
}
