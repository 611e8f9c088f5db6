package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// maxNotificationBytes is far above any notification.
const maxNotificationBytes = 64 << 10

// CreatePayment opens a payment of what is left to pay, or of a part of it.
func (s *Order) CreatePayment(ctx context.Context, req *orderv1.CreatePaymentRequest) (*orderv1.Payment, error) {
	provider, known := s.providers[req.GetProvider()]
	if !known {
		return nil, biz.Invalid("provider", "is none that is switched on")
	}
	payment, err := decide(ctx, s, orderv1.Order_CreatePayment_FullMethodName, req,
		func(ctx context.Context) error { _, _, err := s.orderOwner(ctx, req.GetOrderId()); return err },
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
	payment.ProviderParams, err = provider.Open(ctx, biz.Payment{
		ID: payment.GetId(), AmountMinor: payment.GetAmount().GetAmountMinor(), Payee: payment.GetPayee(),
	}, payment.GetAmount().GetCurrency())
	return payment, err
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
	_, r, err := s.orderOwner(ctx, orderID)
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

// Notified answers a provider's notification: a raw route, verified over the raw bytes.
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
		n, err := provider.ParseNotification(raw, r.Header.Get, now)
		if err != nil {
			return err
		}
		if err := s.capture(ctx, n); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		_, err = io.WriteString(w, `{"code":"SUCCESS"}`)
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
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		terms, err := s.terms(ctx)
		if err != nil {
			return err
		}
		_, err = s.Orders.Change(ctx, orderID, terms, "provider:"+n.Provider, func(o *biz.Order) error { return o.Capture(n) })
		return err
	})
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
	err = s.DB.InTx(ctx, func(ctx context.Context) error {
		return platform.AppendAudit(ctx, platform.AuditEntry{Actor: "provider:" + n.Provider, Action: action, Subject: n.PaymentID, Detail: detail})
	})
	if err != nil {
		return err
	}
	return refusal
}

// CancelOrder ends an order of which nothing has been shipped.
func (s *Order) CancelOrder(ctx context.Context, req *orderv1.CancelOrderRequest) (*orderv1.OrderInfo, error) {
	answer, err := decide(ctx, s, orderv1.Order_CancelOrder_FullMethodName, req,
		func(ctx context.Context) error { _, _, err := s.orderOwner(ctx, req.GetOrderId()); return err },
		func(ctx context.Context) (*orderv1.OrderInfo, error) {
			r, err := s.change(ctx, req.GetOrderId(), func(o *biz.Order) error { return o.Cancel(req.GetReason()) })
			if err != nil {
				return nil, err
			}
			return s.kept(ctx, r)
		})
	return s.addressed(ctx, answer, err)
}
