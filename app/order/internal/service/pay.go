package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gorilla/mux"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// AccountVariable stands in the path of a notification for the merchant account that it is for.
const AccountVariable = "account"

// maxNotificationBytes is far above any notification.
const maxNotificationBytes = 64 << 10

// CreatePayment opens a payment of what is left to pay, or of a part of it, and asks its provider for it. Asked again it is
// the same payment.
func (s *Order) CreatePayment(ctx context.Context, req *orderv1.CreatePaymentRequest) (*orderv1.Payment, error) {
	provider, known := s.providers[req.GetProvider()]
	if !known {
		return nil, biz.Invalid("provider", "is none that is switched on")
	}
	ask := biz.PaymentOrder{Scene: scenes[req.GetScene()], Buyer: req.GetBuyerId()}
	payment, err := decide(ctx, s, orderv1.Order_CreatePayment_FullMethodName, req,
		func(ctx context.Context) error {
			p, r, err := s.orderOwner(ctx, req.GetOrderId(), data.Lines)
			if err != nil {
				return err
			}
			if provider.Name() == biz.ProviderWallet && p.Kind != tenancy.Member {
				return biz.Forbidden("the member, who alone spends stored value")
			}
			ask.Title, ask.Payee, ask.Currency, ask.Member = title(r), r.MerchantAccount, r.Currency, r.MemberID
			return provider.Serves(ask)
		},
		func(ctx context.Context) (*orderv1.Payment, error) {
			var p biz.Payment
			r, err := s.change(ctx, req.GetOrderId(), func(o *biz.Order) (err error) {
				p, err = o.OpenPayment(req.GetProvider(), req.GetAmountMinor())
				return err
			})
			if err != nil {
				return nil, err
			}
			return toPayment(r.ID, r.Currency, p), nil
		})
	if err != nil {
		return nil, err
	}
	if ask.Title == "" { // a repeat, which was answered without looking at the order
		r, err := s.Orders.Load(ctx, req.GetOrderId())
		if err != nil {
			return nil, err
		}
		ask.Title, ask.Member = title(r), r.MemberID
	}
	ask.PaymentRef = biz.PaymentRef{
		ID: payment.GetId(), Payee: payment.GetPayee(), Currency: payment.GetAmount().GetCurrency(), Member: ask.Member, AmountMinor: payment.GetAmount().GetAmountMinor(),
	}
	ask.ExpiresAtUS = payment.GetExpiresAtUs()
	payment.ProviderParams, err = provider.Create(ctx, ask)
	if errors.Is(err, biz.ErrPaid) {
		return s.settle(ctx, payment.GetOrderId(), payment.GetId())
	}
	if biz.IsPaymentOver(err) {
		return nil, s.gone(ctx, payment, err)
	}
	if err := s.heard(ctx, provider, err); err != nil {
		return nil, err
	}
	return payment, nil
}

// title is what the buyer reads beside the amount: the first of the goods.
func title(r biz.Record) string {
	if len(r.Lines) == 0 {
		return r.ID
	}
	for _, language := range []string{"zh", "zh-CN", "en"} {
		if name := r.Lines[0].Title[language]; name != "" {
			return name
		}
	}
	return r.Lines[0].SKU
}

// PayInSandbox pays, whereupon the provider calls back.
func (s *Order) PayInSandbox(ctx context.Context, req *orderv1.PayInSandboxRequest) (*orderv1.PayInSandboxResponse, error) {
	if s.Sandbox == nil {
		return nil, biz.Forbidden("the sandbox, which is switched off")
	}
	orderID, err := s.Orders.OrderOfPayment(ctx, req.GetPaymentId())
	if err != nil {
		return nil, err
	}
	if orderID == "" {
		return nil, biz.PaymentUnknown()
	}
	_, r, err := s.orderOwner(ctx, orderID, data.Money)
	if refusal, is := errors.AsType[biz.Refusal](err); is && refusal.Code < 500 {
		return nil, biz.PaymentUnknown() // somebody else's looks like none
	}
	if err != nil {
		return nil, err
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Payments {
		if p.ID != req.GetPaymentId() || p.Provider != s.Sandbox.Name() {
			continue
		}
		no, status, err := s.Sandbox.Pay(ctx, p, r.Currency, now)
		if err != nil {
			return nil, err
		}
		return &orderv1.PayInSandboxResponse{TransactionNo: no, NotificationStatus: int32(status)}, nil
	}
	return nil, biz.PaymentUnknown()
}

// Notified answers a provider's notification: a raw route, verified over the raw bytes. What a remote provider says in it is
// asked for before it is believed; while it does not answer, the notification is not taken, and comes again.
func (s *Order) Notified(provider biz.PaymentProvider) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNotificationBytes))
		if err != nil {
			return fmt.Errorf("read notification: %w", err)
		}
		ctx := data.AsService(r.Context())
		now, err := s.DB.Now(ctx)
		if err != nil {
			return err
		}
		n, err := provider.Notification(mux.Vars(r)[AccountVariable], raw, r.Header.Get, now)
		if err != nil {
			return err
		}
		switch {
		case n.RefundNumber != "":
			err = s.refundNotified(ctx, n)
		case provider.Remote():
			err = s.notified(ctx, n)
		default:
			err = s.capture(ctx, n)
		}
		if err != nil {
			return err
		}
		contentType, thanks := provider.Thanks()
		w.Header().Set("Content-Type", contentType)
		_, err = io.WriteString(w, thanks)
		return err
	}
}

// capture books what a provider says; a notification about something else, or nothing of ours, is recorded and refused:
// somebody has to look where the money is.
func (s *Order) capture(ctx context.Context, n biz.Notification) error {
	orderID, err := s.Orders.OrderOfPayment(ctx, n.PaymentID)
	if err != nil {
		return err
	}
	if orderID == "" {
		return s.doubted(ctx, n, "order.payment.unknown", biz.PaymentUnknown())
	}
	if err := failpoint.Hit("order.capture.commit.before"); err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		terms, err := s.terms(ctx)
		if err != nil {
			return err
		}
		_, err = s.Orders.Change(ctx, orderID, terms, "provider:"+n.Provider, func(o *biz.Order) error { return o.Capture(n) })
		return err
	})
	if err == nil {
		err = failpoint.Hit("order.capture.commit.after")
	}
	if database.IsUniqueViolation(err) { // a transaction that paid another order
		err = biz.TransactionTaken(n.TransactionNo)
	}
	var refusal biz.Refusal
	if !errors.As(err, &refusal) || !biz.IsMismatch(refusal) {
		return err
	}
	return s.doubted(ctx, n, "order.payment.mismatch", err)
}

// doubted records a notification that is refused. Where that fails it is not taken, and the provider will come again.
func (s *Order) doubted(ctx context.Context, n biz.Notification, action string, refusal error) error {
	detail, err := json.Marshal(n)
	if err != nil {
		return errors.Join(refusal, err)
	}
	why := biz.WhyUnknown
	if biz.IsMismatch(refusal) {
		why = biz.WhyMismatch
	}
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		if err := s.keepUnmatched(ctx, n, why); err != nil {
			return err
		}
		return platform.AppendAudit(ctx, platform.AuditEntry{Actor: "provider:" + n.Provider, Action: action, Subject: n.PaymentID, Detail: detail})
	})
	if err != nil {
		return err
	}
	return refusal
}

// CancelOrder ends an order of which nothing has been shipped. What could still be paid is closed at its provider first.
func (s *Order) CancelOrder(ctx context.Context, req *orderv1.CancelOrderRequest) (*orderv1.OrderInfo, error) {
	var closed []string
	cancel := (*biz.Order).Cancel
	answer, err := decide(ctx, s, orderv1.Order_CancelOrder_FullMethodName, req,
		func(ctx context.Context) error {
			p, r, err := s.orderOwner(ctx, req.GetOrderId())
			if p.Kind == tenancy.Member {
				cancel = (*biz.Order).CancelByBuyer
			}
			if err == nil {
				closed, err = s.closeThere(ctx, r)
			}
			return err
		},
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := s.change(ctx, req.GetOrderId(), func(o *biz.Order) error {
				err := cancel(o, req.GetReason())
				o.ClosedThere(closed...)
				return err
			})
			if err != nil {
				return nil, err
			}
			return s.kept(ctx, r)
		})
	return s.addressed(ctx, answer, err)
}
