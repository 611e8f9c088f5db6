package service

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

func (s *shop) bankPayment(o *orderv1.OrderInfo, amountMinor int64) *orderv1.Payment {
	p, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank", AmountMinor: amountMinor})
	require.NoError(s.t, err)
	return p
}

func (s *shop) bankPaid(b *bank) (*orderv1.OrderInfo, *orderv1.Payment) {
	o := s.placed(0)
	p := s.bankPayment(o, 0)
	b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
	status, _ := b.says(s, biz.Notification{PaymentID: p.Id})
	require.Equal(s.t, 200, status)
	require.Equal(s.t, orderv1.OrderState_PAID, s.get(o.Id).State)
	return o, p
}

func (s *shop) check(paymentID string) *orderv1.Payment {
	p, err := NewPayments(s.Order).CheckPayment(s.as(ann), &orderv1.CheckPaymentRequest{PaymentId: paymentID})
	require.NoError(s.t, err)
	return p
}

func (s *shop) openRefunds(state orderv1.RefundState) []*orderv1.Refund {
	out, err := NewPayments(s.Order).ListOpenRefunds(s.as(boss), &orderv1.ListOpenRefundsRequest{State: state})
	require.NoError(s.t, err)
	return out.Refunds
}

func TestANotificationIsAReasonToAsk(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		require.Equal(t, map[string]string{"title": "tea", "scene": "IN_APP", "buyer": ""}, p.ProviderParams)
		told := biz.Notification{PaymentID: p.Id, TransactionNo: "forged", AmountMinor: p.Amount.AmountMinor, Currency: "CNY"}

		// It says paid, but the bank's books do not.
		status, _ := b.says(s, told)
		require.Equal(t, 200, status)
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		// The bank cannot be asked: the notification has to come again.
		b.before["query"] = errLine
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		status, reason := b.says(s, told)
		require.Equal(t, []any{503, "PROVIDER_SILENT\n"}, []any{status, reason})
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		delete(b.before, "query")
		for range 3 {
			status, thanks := b.says(s, told)
			require.Equal(t, []any{200, "thanks"}, []any{status, thanks})
		}
		paid := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_PAID, "tx-" + p.Id}, []any{paid.State, paid.Tenders[0].Reference})

		// For nobody's payment, for another merchant account's, and with another amount in the books.
		status, reason = b.says(s, biz.Notification{PaymentID: "pay_none"})
		require.Equal(t, []any{404, "PAYMENT_UNKNOWN\n"}, []any{status, reason})
		q := s.bankPayment(s.placed2(), 0)
		status, reason = b.says(s, biz.Notification{PaymentID: q.Id, Payee: "acct-other"})
		require.Equal(t, []any{400, "AMOUNT_MISMATCH\n"}, []any{status, reason})
		b.takes(q.Id, q.Payee, q.Amount.AmountMinor-1)
		status, reason = b.says(s, biz.Notification{PaymentID: q.Id})
		require.Equal(t, []any{400, "AMOUNT_MISMATCH\n"}, []any{status, reason})
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(q.OrderId).State)
		require.Empty(t, s.audit())
	})
}

// placed2 is another order of two cups.
func (s *shop) placed2() *orderv1.OrderInfo {
	s.world.stock["S2"]["cup"] = 50
	o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 2)))
	require.NoError(s.t, err)
	return o
}

func TestAPaymentWhoseNotificationIsLostIsAskedFor(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		s.later(29 * time.Second)
		require.Zero(t, b.asked("query"), "its notification has time")
		s.later(time.Second)
		s.later(time.Second)
		require.Equal(t, 1, b.asked("query"), "the next time is later")
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		s.later(time.Minute)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		s.later(time.Hour)
		require.Equal(t, 2, b.asked("query"), "all is known")

		// Or the frontend asks, when the buyer comes back from the bank's app.
		o = s.placed2()
		p = s.bankPayment(o, 0)
		require.Equal(t, orderv1.PaymentState_PAYMENT_PENDING, s.check(p.Id).State)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		require.Equal(t, orderv1.PaymentState_CAPTURED, s.check(p.Id).State)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		_, err := NewPayments(s.Order).CheckPayment(s.as(bob), &orderv1.CheckPaymentRequest{PaymentId: p.Id})
		requireReason(t, "PAYMENT_UNKNOWN", err)
		require.Empty(t, s.audit())
	})
}

// The answer to a creation is lost: the same request asks again, and what the bank says counts.
func TestWhatTheProviderSaysDecidesAfterATimeOut(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		req := &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank"}
		b.after["create"] = errLine
		_, err := s.CreatePayment(s.as(ann), req)
		requireReason(t, "PROVIDER_SILENT", err)
		delete(b.after, "create")
		p, err := s.CreatePayment(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, "tea", p.ProviderParams["title"])
		require.Len(t, b.books, 1)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		p, err = s.CreatePayment(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.PaymentState_CAPTURED, p.State)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		_, err = s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "purse"})
		requireReason(t, "VALIDATOR", err)

		// Another seller's money is none of the bank's.
		s.world.orgs["S1"] = "fra"
		wanted := wish(line("cup", 1))
		s.world.stock["S1"]["cup"] = 5
		wanted.ShopStoreCode = "S1"
		o, err = s.PlaceOrder(s.as(ann), wanted)
		require.NoError(t, err)
		_, err = s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank"})
		requireReason(t, "VALIDATOR", err)
		require.Empty(t, s.audit())
	})
}

func TestAPaymentIsClosedAtTheProviderBeforeItsOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		s.later(601 * time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Equal(t, biz.StandingClosed, b.books[p.Id].Standing)
		closed := b.asked("close")
		s.later(time.Hour)
		require.Equal(t, closed, b.asked("close"), "it is closed for good")

		// Paid in the last moment, and nobody told us: the order is paid.
		o = s.placed2()
		p = s.bankPayment(o, 0)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		b.before["query"] = errLine
		s.clock.Advance(601 * time.Second)
		require.NoError(t, s.Tick(t.Context()))
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		delete(b.before, "query")

		// Cancelled by the member while he pays: he has his money back.
		o = s.placed2()
		p = s.bankPayment(o, 0)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		gone, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, gone.State)
		s.later(time.Second)
		gone = s.get(o.Id)
		require.Equal(t, []int64{p.Amount.AmountMinor, p.Amount.AmountMinor}, []int64{gone.Paid.AmountMinor, gone.Refunded.AmountMinor})
		require.Equal(t, 1, b.asked("refund"))
		require.Empty(t, s.audit())
	})
}

// A provider that is down does not keep an order open; the payment is closed when it is back, and late money goes back.
func TestAnOrderClosesThoughItsProviderIsDown(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		s.clock.Advance(2 * time.Second)
		late := s.placed2()
		p, q := s.bankPayment(o, 0), s.bankPayment(late, 0)
		b.before["close"], b.before["query"] = errLine, errLine
		s.clock.Advance(599 * time.Second)
		require.NoError(t, s.Tick(t.Context()))
		s.clock.Advance(2 * time.Second)
		require.NoError(t, s.Tick(t.Context()))
		require.Equal(t, 1, b.asked("close"), "it is left alone for a while")
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(late.Id).State)
		b.takes(q.Id, q.Payee, q.Amount.AmountMinor)
		clear(b.before)
		s.later(time.Hour)
		s.later(time.Second)
		require.Equal(t, biz.StandingClosed, b.books[p.Id].Standing)
		gone := s.get(late.Id)
		require.Equal(t, []int64{q.Amount.AmountMinor, q.Amount.AmountMinor}, []int64{gone.Paid.AmountMinor, gone.Refunded.AmountMinor})
		require.Equal(t, biz.RefundPaidOut, b.refunds[biz.RefundOfNumber(lastRefund(b))].Standing)
		require.Empty(t, s.audit())
	})
}

// A payment that the provider has not heard of may still arrive there: it is asked about until nobody can pay any more.
func TestAPaymentThatWasNotHeardOfIsAskedForUntilItsTimeIsOver(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		b.before["create"] = errLine
		req := &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank"}
		_, err := s.CreatePayment(s.as(ann), req)
		requireReason(t, "PROVIDER_SILENT", err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		asked := b.asked("close")
		require.Equal(t, 2, asked)
		s.later(10 * time.Minute)
		s.later(20 * time.Minute)
		require.Equal(t, asked+2, b.asked("close"))
		s.later(time.Hour)
		require.Equal(t, asked+2, b.asked("close"), "its time has been over for long")
		require.Empty(t, s.audit())
	})
}

func lastRefund(b *bank) (number string) {
	for n := range b.refunds {
		number = n
	}
	return number
}

func TestARefundUnderWayIsAskedForUntilItIsPaid(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		b.verdict = biz.RefundAnswer{Standing: biz.RefundUnderWay, Reference: "50000"}
		o, p := s.bankPaid(b)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		waiting := s.openRefunds(orderv1.RefundState_REFUND_WAITING)
		require.Len(t, waiting, 1)
		require.Equal(t, []any{p.Id, "50000", p.Amount.AmountMinor, "cancel", "acct-hq"}, []any{waiting[0].PaymentId, waiting[0].Reference, waiting[0].Amount.AmountMinor, waiting[0].Reason, waiting[0].Payee})
		s.later(time.Minute)
		require.Equal(t, []int{1, 1}, []int{b.asked("refund"), b.asked("query refund")})

		// The bank loses it (it never had it): it is asked for again, under the same number.
		number := lastRefund(b)
		delete(b.refunds, number)
		s.later(time.Hour)
		require.Equal(t, 2, b.asked("refund"))
		require.Equal(t, number, lastRefund(b))

		// Its notification is a reason to ask, too.
		status, _ := b.says(s, biz.Notification{RefundNumber: number})
		require.Equal(t, 200, status)
		require.Len(t, s.openRefunds(0), 1)
		b.refunds[number] = biz.RefundAnswer{Standing: biz.RefundPaidOut, Number: number, Reference: "50000"}
		for range 2 {
			status, _ = b.says(s, biz.Notification{RefundNumber: number})
			require.Equal(t, 200, status)
		}
		require.Empty(t, s.openRefunds(0))
		status, _ = b.says(s, biz.Notification{RefundNumber: "rfd_none"})
		require.Equal(t, 404, status)
		require.Empty(t, s.audit())
	})
}

func TestARefundThatFailsWaitsForAPerson(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		b.verdict = biz.RefundAnswer{Standing: biz.RefundRefused, Failure: "NOT_ENOUGH: fill the account up"}
		o, _ := s.bankPaid(b)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		s.later(24 * time.Hour)
		require.Equal(t, 1, b.asked("refund"), "nobody tries what was refused")
		failed := s.openRefunds(orderv1.RefundState_REFUND_FAILED)
		require.Len(t, failed, 1)
		require.Equal(t, "NOT_ENOUGH: fill the account up", failed[0].Failure)
		require.Empty(t, s.openRefunds(orderv1.RefundState_REFUND_PENDING))
		_, err = NewPayments(s.Order).ListOpenRefunds(s.as(boss), &orderv1.ListOpenRefundsRequest{State: orderv1.RefundState_REFUND_DONE})
		requireReason(t, "VALIDATOR", err)

		retry := func(req *orderv1.RetryRefundRequest) error {
			_, err := NewPayments(s.Order).RetryRefund(s.as(boss), req)
			return err
		}
		_, err = NewPayments(s.Order).RetryRefund(s.as(other), &orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: failed[0].Id})
		requireReason(t, "NOT_FOUND", err)
		_, err = NewPayments(s.Order).RetryRefund(s.as(ann), &orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: failed[0].Id})
		requireReason(t, "FORBIDDEN", err)

		// It fails again, for good under this number: the next attempt has another one.
		b.verdict = biz.RefundAnswer{Standing: biz.RefundRefused, Failure: "CLOSED", Spent: true}
		require.NoError(t, retry(&orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: failed[0].Id, Note: "filled up"}))
		s.later(time.Second)
		require.Equal(t, 2, b.asked("refund"))
		b.verdict = biz.RefundAnswer{Standing: biz.RefundPaidOut, Reference: "ref"}
		again := &orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: failed[0].Id}
		require.NoError(t, retry(again))
		require.NoError(t, retry(again), "the same request")
		s.later(time.Second)
		require.Equal(t, biz.RefundPaidOut, b.refunds[failed[0].Id+"_1"].Standing)
		require.Empty(t, s.openRefunds(0))
		requireReason(t, "STATE_CONFLICT", retry(&orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: failed[0].Id}))
		gone := s.get(o.Id)
		require.Equal(t, gone.Paid.AmountMinor, gone.Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}

// The answer to a refund is lost, and two replicas ask at the same time: the provider pays once.
func TestARefundIsPaidOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o, _ := s.bankPaid(b)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		b.after["refund"] = errLine
		require.ErrorIs(t, s.TickPayments(t.Context()), errLine)
		require.Len(t, s.openRefunds(orderv1.RefundState_REFUND_PENDING), 1)
		delete(b.after, "refund")
		s.clock.Advance(time.Minute)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { _ = s.TickPayments(t.Context()) })
		}
		all.Wait()
		s.later(time.Minute)
		require.Len(t, b.refunds, 1)
		require.Empty(t, s.openRefunds(0))
		require.Empty(t, s.audit())
	})
}

// Two payments of an order are open, one pays it: the other is closed, and money that comes by it goes back.
func TestWhatAPaidOrderNeedsNoMoreIsClosed(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		s.later(time.Second)
		s.later(time.Second)
		paid := s.get(o.Id)
		require.Equal(t, []int64{2 * p.Amount.AmountMinor, p.Amount.AmountMinor}, []int64{paid.Paid.AmountMinor, paid.Refunded.AmountMinor})
		require.Len(t, b.refunds, 1)
		require.Empty(t, s.audit())
	})
}

// Providers take their time: many questions are under way at once, and none is asked twice.
func TestManyQuestionsAreUnderWayAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		s.world.stock["S1"]["cup"] = 1000
		const orders = 20
		for range orders {
			o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
			require.NoError(t, err)
			p := s.bankPayment(o, 0)
			b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
		}
		most := b.slow()
		s.later(31 * time.Second)
		require.Equal(t, orders, b.asked("query"))
		require.Greater(t, most(), 1)
		require.LessOrEqual(t, most(), wideAsks)
		require.Empty(t, s.audit())
	})
}

// The provider has ended a payment by itself: the buyer gets another one, whoever notices first.
func TestAPaymentThatTheProviderEndedIsReplaced(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		b.books[p.Id] = biz.PaymentAnswer{Standing: biz.StandingClosed}
		_, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank"})
		requireReason(t, "STATE_CONFLICT", err)
		q := s.bankPayment(o, 0)
		require.NotEqual(t, p.Id, q.Id)
		b.books[q.Id] = biz.PaymentAnswer{Standing: biz.StandingClosed}
		s.later(31 * time.Second)
		require.Equal(t, orderv1.PaymentState_PAYMENT_CLOSED, s.check(q.Id).State)
		last := s.bankPayment(o, 0)
		require.NotEqual(t, q.Id, last.Id)
		b.takes(last.Id, last.Payee, last.Amount.AmountMinor)
		require.Equal(t, orderv1.PaymentState_CAPTURED, s.check(last.Id).State)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

// Money of another amount is for a person to look at: it neither pays the order nor keeps it open, and is recorded once.
func TestMoneyOfAnotherAmountKeepsNothingOpen(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		recorded := func(p *orderv1.Payment) (n int) {
			require.NoError(t, s.DB.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM audit_log WHERE subject = ? AND action = 'order.payment.mismatch'", p.Id).Scan(&n))
			return n
		}
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		b.takes(p.Id, p.Payee, p.Amount.AmountMinor+1)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)

		o = s.placed2()
		q := s.bankPayment(o, 0)
		b.takes(q.Id, "acct-thief", q.Amount.AmountMinor)
		s.clock.Advance(31 * time.Second)
		require.Error(t, s.TickPayments(t.Context()))
		s.later(10 * time.Minute)
		s.later(time.Hour)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Equal(t, []int{1, 1}, []int{recorded(p), recorded(q)})
		require.Zero(t, s.get(o.Id).Paid.AmountMinor)
		require.Empty(t, s.audit())
	})
}

// A provider that hangs does not keep a member from cancelling; the payment is closed when the provider is back.
func TestAProviderThatHangsKeepsNobodyWaiting(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		b := withBank(s)
		b.hangs, s.patience = true, time.Millisecond
		o := s.placed(0)
		p := s.bankPayment(o, 0)
		gone, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, gone.State)
		b.hangs = false
		s.later(time.Minute)
		require.Equal(t, biz.StandingClosed, b.books[p.Id].Standing)
		require.Empty(t, s.audit())
	})
}
