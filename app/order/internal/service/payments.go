package service

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// Payments serves those who look after money: what a provider says of a payment, refunds that are not paid yet.
type Payments struct {
	orderv1.UnimplementedPaymentsServer
	order *Order
}

// NewPayments shares the order center's work.
func NewPayments(order *Order) *Payments { return &Payments{order: order} }

// treasurerRoles may look after the money of an organisation.
var treasurerRoles = []string{"admin", "operator", "manager", "finance"}

// treasurer is a caller who may look after money.
func treasurer(ctx context.Context) (tenancy.Principal, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return p, err
	}
	switch p.Kind {
	case tenancy.HQ, tenancy.Dealer, tenancy.Franchisee:
		if slices.ContainsFunc(p.Roles, func(role string) bool { return slices.Contains(treasurerRoles, role) }) {
			return p, nil
		}
	}
	return p, biz.Forbidden(strings.Join(treasurerRoles, " or "))
}

// CheckPayment asks the provider about a payment.
func (s *Payments) CheckPayment(ctx context.Context, in *orderv1.CheckPaymentRequest) (*orderv1.Payment, error) {
	orderID, err := s.order.Orders.OrderOfPayment(ctx, in.GetPaymentId())
	if err != nil {
		return nil, err
	}
	if orderID == "" {
		return nil, biz.PaymentUnknown()
	}
	p, _, err := s.order.orderFor(ctx, orderID)
	if err == nil && p.Kind != tenancy.Member && !isStaff(p) {
		_, err = treasurer(ctx)
	}
	if err != nil {
		return nil, hiddenPayment(err)
	}
	return s.order.settle(ctx, orderID, in.GetPaymentId())
}

// ListOpenRefunds pages through refunds that are not paid yet, the newest first.
func (s *Payments) ListOpenRefunds(ctx context.Context, in *orderv1.ListOpenRefundsRequest) (*orderv1.ListOpenRefundsResponse, error) {
	p, err := treasurer(ctx)
	if err != nil {
		return nil, err
	}
	state := fromState(refundStates, in.GetState())
	if state == biz.RefundDone {
		return nil, biz.Invalid("state", "must be one of a refund that is not paid yet")
	}
	query := page.Query("refunds", p.Caller(), string(state))
	after, err := afterOf(s.order.settings.PageSecret, in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, err := s.order.Orders.OpenRefunds(ctx, data.RefundFilter{State: state, ShopStore: p.Store}, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListOpenRefundsResponse{}
	if len(found) > size {
		found = found[:size]
		last := found[size-1]
		out.NextPageToken = page.Encode(s.order.settings.PageSecret, query, strconv.FormatInt(last.CreatedAtUS, 10), last.ID)
	}
	for _, f := range found {
		out.Refunds = append(out.Refunds, toRefund(f.OrderID, f.Capture, f.Refund))
	}
	return out, nil
}

// RetryRefund has the provider asked again for a refund that has failed.
func (s *Payments) RetryRefund(ctx context.Context, in *orderv1.RetryRefundRequest) (*orderv1.Refund, error) {
	orderID := ""
	return decide(ctx, s.order, orderv1.Payments_RetryRefund_FullMethodName, in,
		func(ctx context.Context) (err error) {
			orderID, err = s.refundSeller(ctx, in.GetRefundId())
			return err
		},
		func(ctx context.Context) (*orderv1.Refund, error) {
			var f biz.Refund
			r, err := s.order.change(ctx, orderID, func(o *biz.Order) (err error) {
				f, err = o.RetryRefund(in.GetRefundId(), in.GetNote())
				return err
			})
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(r.Captures, func(c biz.Capture) bool { return c.ID == f.CaptureID })
			return toRefund(r.ID, r.Captures[at], f), nil
		})
}

// refundSeller finds the order of a refund for those who look after its seller's money.
func (s *Payments) refundSeller(ctx context.Context, refundID string) (string, error) {
	orderID, err := s.order.Orders.OrderOfRefund(ctx, refundID)
	if err != nil {
		return "", err
	}
	if orderID == "" {
		return "", biz.NotFound("refund")
	}
	p, r, err := s.order.orderFor(ctx, orderID)
	if refusal, is := errors.AsType[biz.Refusal](err); is && refusal.Code == 404 {
		return "", biz.NotFound("refund")
	}
	if err != nil {
		return "", err
	}
	if _, err := treasurer(ctx); err != nil {
		return "", err
	}
	if p.Org != r.Org {
		return "", biz.Forbidden("the seller's organisation")
	}
	return r.ID, nil
}

// hiddenPayment tells a caller of a payment that he may not see what he is told of one that does not exist.
func hiddenPayment(err error) error {
	if refusal, is := errors.AsType[biz.Refusal](err); is && refusal.Code < 500 {
		return biz.PaymentUnknown()
	}
	return err
}

func toRefund(orderID string, c biz.Capture, f biz.Refund) *orderv1.Refund {
	return &orderv1.Refund{
		Id: f.ID, OrderId: orderID, PaymentId: c.PaymentID, Provider: c.Provider, Payee: c.Payee, TransactionNo: c.TransactionNo,
		State: refundStates[f.State], Amount: toMoney(f.AmountMinor, c.Currency), Reason: f.Reason, ReturnId: f.ReturnID,
		Reference: f.Reference, Failure: f.Failure, CreatedAtUs: f.CreatedAtUS, NextAtUs: f.NextAtUS,
	}
}
