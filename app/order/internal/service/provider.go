package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// silenceFor is how long the timers leave a provider alone that did not answer.
const silenceFor = 5 * time.Second

// closePatience is how long a provider has to close a payment before its order ends without it.
const closePatience = 3 * time.Second

// silence remembers which providers do not answer, so that one that is down does not hold up all that is due. It is this
// process's own: the worst that its loss does is a question in vain.
type silence struct {
	mu    sync.Mutex
	until map[string]int64
}

func (q *silence) note(provider string, untilUS int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.until == nil {
		q.until = map[string]int64{}
	}
	q.until[provider] = untilUS
}

func (q *silence) at(provider string, nowUS int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.until[provider] > nowUS
}

var (
	errNoProvider = errors.New("payment provider is not switched on")
	// errSilent means that a provider did not answer a moment ago, and was not asked again.
	errSilent = errors.New("payment provider did not answer a moment ago")
)

// heard says what becomes of a provider's error: its refusals are told, all else is an outcome that is not known.
func (s *Order) heard(ctx context.Context, provider biz.PaymentProvider, err error) error {
	if err == nil {
		return nil
	}
	if _, is := errors.AsType[biz.Refusal](err); is || !provider.Remote() || ctx.Err() != nil {
		return err
	}
	s.Report(ctx, fmt.Errorf("%s: %w", provider.Name(), err))
	return biz.ProviderSilent(provider.Name())
}

func (s *Order) paymentTimers() []due {
	return []due{
		{name: "payment", wide: wideAsks, find: s.Orders.PaymentsDue, do: func(ctx context.Context, d data.Due) error { return s.askPayment(ctx, d.OrderID, d.PartID) }},
		{name: "refund", wide: wideAsks, find: s.Orders.RefundsDue, do: func(ctx context.Context, d data.Due) error { return s.refund(ctx, d.OrderID, d.PartID) }},
		{name: "unmatched", wide: wideAsks, find: s.Orders.UnmatchedDue, do: func(ctx context.Context, d data.Due) error { return s.askUnmatched(ctx, d.PartID) }},
	}
}

// patiently asks a provider for a timer: one that does not answer is left alone for a while.
func patiently[A any](ctx context.Context, s *Order, name string, ask func(p biz.PaymentProvider) (A, error)) (A, error) {
	var none A
	p, known := s.providers[name]
	if !known {
		return none, fmt.Errorf("%s: %w", name, errNoProvider)
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return none, err
	}
	if s.silent.at(name, now) {
		return none, fmt.Errorf("%s: %w", name, errSilent)
	}
	a, err := ask(p)
	if _, is := errors.AsType[biz.Refusal](err); err != nil && !is && p.Remote() {
		s.silent.note(name, now+silenceFor.Microseconds())
	}
	return a, err
}

// askPayment asks about one payment: whether an open one was paid, and that a closed one is closed there too.
func (s *Order) askPayment(ctx context.Context, orderID, paymentID string) error {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return err
	}
	for _, p := range r.Payments {
		if p.ID != paymentID || p.AskAtUS == 0 {
			continue
		}
		answer, failure := patiently(ctx, s, p.Provider, func(provider biz.PaymentProvider) (biz.PaymentAnswer, error) {
			if p.State == biz.PaymentClosed {
				return provider.Close(ctx, r.Ref(p))
			}
			return provider.Query(ctx, r.Ref(p))
		})
		switch {
		case failure == nil && answer.Standing == biz.StandingPaid:
			return s.learn(ctx, r.ID, p, answer)
		case failure == nil && answer.Standing == biz.StandingClosed && p.State == biz.PaymentClosed:
			return s.inTx(ctx, r.ID, func(o *biz.Order) error { o.ClosedThere(p.ID); return nil })
		case failure == nil && answer.Standing == biz.StandingClosed:
			return s.inTx(ctx, r.ID, func(o *biz.Order) error { return o.GoneThere(p.ID) })
		case failure == nil && answer.Standing == biz.StandingUnknown:
			return s.inTx(ctx, r.ID, func(o *biz.Order) error { o.NotHeardOf(p.ID); return nil })
		}
		if errors.Is(failure, errSilent) {
			failure = nil // it was reported when it happened
		}
		return errors.Join(failure, s.inTx(ctx, r.ID, func(o *biz.Order) error { o.AskAgain(p.ID); return nil }))
	}
	return nil
}

// learn books what a provider answered. An answer about another amount or payee is recorded, and not asked for again: a person
// has to look.
func (s *Order) learn(ctx context.Context, orderID string, p biz.Payment, answer biz.PaymentAnswer) error {
	if answer.Paid.PaymentID != p.ID {
		return fmt.Errorf("%s answered about another payment than %s: %s", p.Provider, p.ID, answer.Paid.PaymentID)
	}
	err := s.capture(ctx, answer.Paid)
	if biz.IsMismatch(err) {
		return errors.Join(err, s.inTx(ctx, orderID, func(o *biz.Order) error { o.NeverAsk(p.ID); return nil }))
	}
	return err
}

// gone closes a payment that its provider will not take any more, and passes the refusal on.
func (s *Order) gone(ctx context.Context, p *orderv1.Payment, refusal error) error {
	return errors.Join(refusal, s.inTx(data.AsService(ctx), p.GetOrderId(), func(o *biz.Order) error { return o.GoneThere(p.GetId()) }))
}

// notified asks about a payment that a notification names.
func (s *Order) notified(ctx context.Context, n biz.Notification) error {
	orderID, err := s.Orders.OrderOfPayment(ctx, n.PaymentID)
	if err != nil {
		return err
	}
	if orderID == "" {
		return s.doubted(ctx, s.paidThere(ctx, n), "order.payment.unknown", biz.PaymentUnknown())
	}
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return err
	}
	provider := s.providers[n.Provider]
	for _, p := range r.Payments {
		if p.ID != n.PaymentID || p.Provider != n.Provider {
			continue
		}
		if p.Payee != n.Payee { // signed by a merchant account that has nothing to do with it
			return s.doubted(ctx, s.paidThere(ctx, n), "order.payment.mismatch", biz.PayeeMismatch(p.Payee, n.Payee))
		}
		answer, err := provider.Query(ctx, r.Ref(p))
		if err != nil {
			return s.heard(ctx, provider, err)
		}
		if answer.Standing != biz.StandingPaid {
			return nil // it may be older than what we know; the timers go on asking
		}
		return s.learn(ctx, r.ID, p, answer)
	}
	return s.doubted(ctx, n, "order.payment.unknown", biz.PaymentUnknown())
}

// settle asks about a payment now, and returns it as it stands then.
func (s *Order) settle(ctx context.Context, orderID, paymentID string) (*orderv1.Payment, error) {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return nil, err
	}
	for _, p := range r.Payments {
		provider, known := s.providers[p.Provider]
		if p.ID != paymentID || !known || p.AskAtUS == 0 {
			continue
		}
		answer, err := provider.Query(ctx, r.Ref(p))
		if err != nil {
			return nil, s.heard(ctx, provider, err)
		}
		if answer.Standing != biz.StandingPaid {
			continue
		}
		if err := s.learn(data.AsService(ctx), r.ID, p, answer); err != nil {
			return nil, err
		}
		if r, err = s.Orders.Load(ctx, orderID); err != nil {
			return nil, err
		}
	}
	for _, p := range r.Payments {
		if p.ID == paymentID {
			return toPayment(r.ID, r.Currency, p), nil
		}
	}
	return nil, biz.PaymentUnknown()
}

// closeThere closes what is open of an order at its providers, and books what was paid meanwhile. It returns the payments of
// which nothing is to be asked any more. A provider that does not answer is asked again by a timer: it does not keep the order
// open, and money that comes late goes back.
func (s *Order) closeThere(ctx context.Context, r biz.Record) (closed []string, err error) {
	for _, p := range r.Payments {
		if p.State != biz.PaymentPending {
			continue
		}
		if p.AskAtUS == 0 { // a person looks into it
			closed = append(closed, p.ID)
			continue
		}
		answer, failure := patiently(ctx, s, p.Provider, func(provider biz.PaymentProvider) (biz.PaymentAnswer, error) {
			ctx, cancel := context.WithTimeout(ctx, s.patience)
			defer cancel()
			return provider.Close(ctx, r.Ref(p))
		})
		switch {
		case failure != nil && ctx.Err() != nil:
			return closed, failure
		case failure != nil && !errors.Is(failure, errSilent):
			s.Report(ctx, fmt.Errorf("close payment %s: %w", p.ID, failure))
		case failure == nil && answer.Standing == biz.StandingClosed:
			closed = append(closed, p.ID)
		case failure == nil && answer.Standing == biz.StandingPaid:
			err := s.learn(data.AsService(ctx), r.ID, p, answer)
			if err != nil && !biz.IsMismatch(err) {
				return closed, err
			}
			if err != nil {
				closed = append(closed, p.ID)
			}
		}
	}
	return closed, nil
}

// expire closes an order whose time to pay is over, unless the provider says that it was paid in time.
func (s *Order) expire(ctx context.Context, orderID string) error {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return err
	}
	if err := failpoint.Hit("order.expire.close.before"); err != nil {
		return err
	}
	closed, err := s.closeThere(ctx, r)
	if err == nil {
		err = failpoint.Hit("order.expire.close.after")
	}
	if err != nil {
		return err
	}
	return s.inTx(ctx, orderID, func(o *biz.Order) error {
		err := o.Expire()
		o.ClosedThere(closed...)
		return err
	})
}

// refund asks the provider to pay back, or how that stands. The refund's number makes a repeat the same refund.
func (s *Order) refund(ctx context.Context, orderID, refundID string) error {
	r, f, c, err := s.refundOf(ctx, orderID, refundID)
	if err != nil || f.State != biz.RefundPending && f.State != biz.RefundWaiting {
		return err
	}
	if err := failpoint.Hit("order.refund.ask.before"); err != nil {
		return err
	}
	answer, failure := patiently(ctx, s, c.Provider, func(provider biz.PaymentProvider) (biz.RefundAnswer, error) {
		return s.askRefund(ctx, provider, f, c)
	})
	if failure == nil {
		if err := failpoint.Hit("order.refund.ask.after"); err != nil {
			return err
		}
		return s.inTx(ctx, r.ID, func(o *biz.Order) error { return o.RefundAnswered(refundID, answer) })
	}
	if errors.Is(failure, errSilent) {
		failure = nil // it was reported when it happened
	}
	return errors.Join(failure, s.inTx(ctx, r.ID, func(o *biz.Order) error { o.RefundLater(refundID); return nil }))
}

// askRefund asks how a refund stands that the provider has, and for one that it has not.
func (s *Order) askRefund(ctx context.Context, provider biz.PaymentProvider, f biz.Refund, c biz.Capture) (biz.RefundAnswer, error) {
	ask := biz.RefundOrder{
		Number: f.Number(), PaymentID: c.PaymentID, TransactionNo: c.TransactionNo, Payee: c.Payee, Currency: c.Currency, Reason: f.Reason,
		AmountMinor: f.AmountMinor, OfMinor: c.AmountMinor,
	}
	if f.State == biz.RefundPending {
		return provider.Refund(ctx, ask)
	}
	answer, err := provider.QueryRefund(ctx, ask)
	if err == nil && answer.Standing == biz.RefundUnknown {
		return provider.Refund(ctx, ask)
	}
	return answer, err
}

// refundNotified asks about a refund that a notification names.
func (s *Order) refundNotified(ctx context.Context, n biz.Notification) error {
	refundID := biz.RefundOfNumber(n.RefundNumber)
	orderID, err := s.Orders.OrderOfRefund(ctx, refundID)
	if err != nil {
		return err
	}
	if orderID == "" {
		if u, err := s.Orders.Unmatched(ctx, refundID); err == nil && u.Provider == n.Provider && u.Payee == n.Payee {
			return s.askUnmatched(ctx, refundID)
		}
		return s.doubted(ctx, n, "order.refund.unknown", biz.NotFound("refund"))
	}
	r, f, c, err := s.refundOf(ctx, orderID, refundID)
	if err != nil {
		return err
	}
	provider := s.providers[n.Provider]
	if c.Provider != n.Provider || c.Payee != n.Payee {
		return s.doubted(ctx, n, "order.refund.unknown", biz.NotFound("refund"))
	}
	if f.State == biz.RefundPending {
		return nil // our own question has not been answered yet: the timer's comes first
	}
	answer, err := provider.QueryRefund(ctx, biz.RefundOrder{Number: f.Number(), PaymentID: c.PaymentID, TransactionNo: c.TransactionNo, Payee: c.Payee, Currency: c.Currency, AmountMinor: f.AmountMinor, OfMinor: c.AmountMinor})
	if err != nil {
		return s.heard(ctx, provider, err)
	}
	return s.inTx(ctx, r.ID, func(o *biz.Order) error { return o.RefundAnswered(refundID, answer) })
}

// refundOf loads a refund with its order, and the capture that came from outside.
func (s *Order) refundOf(ctx context.Context, orderID, refundID string) (biz.Record, biz.Refund, biz.Capture, error) {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil {
		return r, biz.Refund{}, biz.Capture{}, err
	}
	for _, f := range r.Refunds {
		for _, c := range r.Captures {
			if f.ID != refundID || c.ID != f.CaptureID {
				continue
			}
			if c.Provider == biz.ProviderExchange { // it came from another order's goods: the provider knows that one's payment
				c, err = s.Orders.OriginOf(ctx, c.TransactionNo)
			}
			return r, f, c, err
		}
	}
	return r, biz.Refund{}, biz.Capture{}, biz.NotFound("refund")
}
