package service

import (
	"context"
	"errors"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Unmatched serves headquarters' finance, who decides about money that no order could take.
type Unmatched struct {
	orderv1.UnimplementedUnmatchedPaymentsServer
	order *Order
}

// NewUnmatched shares the order center's work.
func NewUnmatched(order *Order) *Unmatched { return &Unmatched{order: order} }

var unmatchedStates = map[biz.State]orderv1.UnmatchedState{
	biz.UnmatchedOpen: orderv1.UnmatchedState_UNMATCHED_OPEN, biz.UnmatchedSettled: orderv1.UnmatchedState_UNMATCHED_SETTLED, biz.RefundPending: orderv1.UnmatchedState_UNMATCHED_PENDING,
	biz.RefundWaiting: orderv1.UnmatchedState_UNMATCHED_WAITING, biz.RefundFailed: orderv1.UnmatchedState_UNMATCHED_FAILED, biz.RefundDone: orderv1.UnmatchedState_UNMATCHED_REFUNDED,
}

func financier(ctx context.Context) error { return authn.RequireHQ(ctx, "admin", "finance") }

// ListUnmatchedPayments pages through such money, the newest first.
func (s *Unmatched) ListUnmatchedPayments(ctx context.Context, in *orderv1.ListUnmatchedPaymentsRequest) (*orderv1.ListUnmatchedPaymentsResponse, error) {
	if err := financier(ctx); err != nil {
		return nil, err
	}
	state := fromState(unmatchedStates, in.GetState())
	query := page.Query("unmatched", caller(ctx), string(state))
	after, err := s.order.after(in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, err := s.order.Orders.UnmatchedList(ctx, state, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListUnmatchedPaymentsResponse{}
	if len(found) > size {
		found = found[:size]
		out.NextPageToken = page.Encode(s.order.settings.PageSecret, query, strconv.FormatInt(found[size-1].FoundAtUS, 10), found[size-1].ID)
	}
	for _, u := range found {
		out.Payments = append(out.Payments, toUnmatched(u))
	}
	return out, nil
}

// RefundUnmatchedPayment gives it back to where it came from; a timer asks the provider.
func (s *Unmatched) RefundUnmatchedPayment(ctx context.Context, in *orderv1.RefundUnmatchedPaymentRequest) (*orderv1.UnmatchedPayment, error) {
	return decide(ctx, s.order, orderv1.UnmatchedPayments_RefundUnmatchedPayment_FullMethodName, in, financier, func(ctx context.Context) (*orderv1.UnmatchedPayment, error) {
		return s.change(ctx, in.GetId(), "order.unmatched.refund", func(u *biz.Unmatched, nowUS int64) error {
			taken, err := s.order.Orders.TakenByAnOrder(ctx, u.Provider, u.TransactionNo)
			if err != nil {
				return err
			}
			if taken {
				return biz.TakenAfterAll(*u)
			}
			return u.Refund(actor(ctx), in.GetReason(), nowUS)
		})
	})
}

// SettleUnmatchedPayment notes that it was dealt with beside the platform.
func (s *Unmatched) SettleUnmatchedPayment(ctx context.Context, in *orderv1.SettleUnmatchedPaymentRequest) (*orderv1.UnmatchedPayment, error) {
	return decide(ctx, s.order, orderv1.UnmatchedPayments_SettleUnmatchedPayment_FullMethodName, in, financier, func(ctx context.Context) (*orderv1.UnmatchedPayment, error) {
		return s.change(ctx, in.GetId(), "order.unmatched.settle", func(u *biz.Unmatched, nowUS int64) error {
			return u.Settle(actor(ctx), in.GetNote(), nowUS)
		})
	})
}

// change decides about money, and lists the decision in the audit log.
func (s *Unmatched) change(ctx context.Context, id, action string, fn func(u *biz.Unmatched, nowUS int64) error) (*orderv1.UnmatchedPayment, error) {
	now, err := s.order.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.order.Orders.ChangeUnmatched(ctx, id, func(u *biz.Unmatched) error { return fn(u, now) })
	if err != nil {
		return nil, err
	}
	return toUnmatched(u), platform.AppendAudit(ctx, platform.AuditEntry{Actor: actor(ctx), Action: action, Subject: id})
}

// keepUnmatched records money that a notification is about, for a person; a notification without an amount is about none.
func (s *Order) keepUnmatched(ctx context.Context, n biz.Notification, why string) error {
	if n.AmountMinor <= 0 || n.TransactionNo == "" {
		return nil
	}
	orderID, err := s.Orders.OrderOfPayment(ctx, n.PaymentID)
	if err != nil {
		return err
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return err
	}
	u, err := biz.NewUnmatched(n, orderID, why, now)
	if err != nil {
		return err
	}
	return s.Orders.KeepUnmatched(ctx, u)
}

// paidThere is what a notification about nothing of ours is about, as its provider says when it is asked: how much, in what. Where
// that is not to be had the notification stays as it came.
func (s *Order) paidThere(ctx context.Context, n biz.Notification) biz.Notification {
	provider := s.providers[n.Provider]
	answer, err := provider.Query(ctx, biz.PaymentRef{ID: n.PaymentID, Payee: n.Payee})
	if err != nil || answer.Standing != biz.StandingPaid || answer.Paid.PaymentID != n.PaymentID {
		return n
	}
	answer.Paid.ID = n.ID
	return answer.Paid
}

// askUnmatched asks the provider to pay money back that no order could take, or how that stands.
func (s *Order) askUnmatched(ctx context.Context, id string) error {
	u, err := s.Orders.Unmatched(ctx, id)
	if err != nil || !u.Asked() {
		return err
	}
	if err := failpoint.Hit("order.unmatched.ask.before"); err != nil {
		return err
	}
	answer, failure := patiently(ctx, s, u.Provider, func(provider biz.PaymentProvider) (biz.RefundAnswer, error) {
		if u.State == biz.RefundPending {
			return provider.Refund(ctx, u.Order())
		}
		answer, err := provider.QueryRefund(ctx, u.Order())
		if err == nil && answer.Standing == biz.RefundUnknown {
			return provider.Refund(ctx, u.Order())
		}
		return answer, err
	})
	if err := failpoint.Hit("order.unmatched.ask.after"); err != nil {
		return err
	}
	if errors.Is(failure, errSilent) {
		failure = nil // it was reported when it happened
		answer.Number = ""
	} else if failure != nil {
		answer.Number = ""
	}
	return errors.Join(failure, s.DB.InTx(ctx, func(ctx context.Context) error {
		now, err := s.DB.Now(ctx)
		if err != nil {
			return err
		}
		_, err = s.Orders.ChangeUnmatched(ctx, id, func(u *biz.Unmatched) error {
			if answer.Number == "" {
				u.Later(now)
				return nil
			}
			return u.Answered(answer, now)
		})
		return err
	}))
}

func toUnmatched(u biz.Unmatched) *orderv1.UnmatchedPayment {
	return &orderv1.UnmatchedPayment{
		Id: u.ID, Provider: u.Provider, Payee: u.Payee, PaymentId: u.PaymentID, OrderId: u.OrderID, TransactionNo: u.TransactionNo, Amount: toMoney(u.AmountMinor, u.Currency),
		Why: u.Why, State: unmatchedStates[u.State], Reference: u.Reference, Failure: u.Failure, DecidedBy: u.DecidedBy, Note: u.Note,
		FoundAtUs: u.FoundAtUS, DecidedAtUs: u.DecidedAtUS, EndedAtUs: u.EndedAtUS,
	}
}
