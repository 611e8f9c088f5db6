package service

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/alipay"
	"github.com/onepool/onepool/app/order/internal/data/alipay/alipaytest"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay/wechattest"
)

// gateway is a real provider's adapter, and the provider on this machine.
type gateway struct {
	biz.PaymentProvider
	pay      func(paymentID string) error
	notice   func(paymentID string, at time.Time) (http.Header, []byte)
	refunded func(paymentID string) int64
	// down breaks the next answer to a query, lost the next answer to a refund after its effect; wrong has the next query say
	// another amount.
	down, lost, wrong func()
	queried, refunds  func() int
}

var gateways = map[string]func(t *testing.T) gateway{"wechat": wechatGateway, "alipay": alipayGateway}

func alipayGateway(t *testing.T) gateway {
	s := alipaytest.New(t)
	p, err := alipay.New(s.Accounts(), "https://shop.example", s)
	require.NoError(t, err)
	return gateway{
		PaymentProvider: p, pay: s.Pay, notice: s.Notice, refunded: s.Refunded,
		down:    func() { s.Misbehave(alipaytest.Query, alipaytest.Down) },
		lost:    func() { s.Misbehave(alipaytest.Refund, alipaytest.Lost) },
		wrong:   func() { s.Misbehave(alipaytest.Query, alipaytest.WrongAmount) },
		queried: func() int { return s.Asked(alipaytest.Query) }, refunds: func() int { return s.Asked(alipaytest.Refund) },
	}
}

func wechatGateway(t *testing.T) gateway {
	s := wechattest.New(t)
	p, err := wechatpay.New(s.Accounts(), "https://shop.example", s)
	require.NoError(t, err)
	return gateway{
		PaymentProvider: p, pay: s.Pay, notice: s.Notice, refunded: s.Refunded,
		down:    func() { s.Misbehave(wechattest.Query, wechattest.Down) },
		lost:    func() { s.Misbehave(wechattest.Refund, wechattest.Lost) },
		wrong:   func() { s.Misbehave(wechattest.Query, wechattest.WrongAmount) },
		queried: func() int { return s.Asked(wechattest.Query) }, refunds: func() int { return s.Asked(wechattest.Refund) },
	}
}

// says sends a notification as the provider does, and returns the platform's answer.
func (g gateway) says(s *shop, header http.Header, raw []byte) (status int, body string) {
	r := httptest.NewRequest(http.MethodPost, "/v1/order/payments/"+g.Name()+"/acct-hq/notify", bytes.NewReader(raw))
	r.Header = header
	w := httptest.NewRecorder()
	edge(s.Notified(g)).ServeHTTP(w, mux.SetURLVars(r, map[string]string{AccountVariable: "acct-hq"}))
	return w.Code, w.Body.String()
}

func (g gateway) payment(s *shop, o *orderv1.OrderInfo) *orderv1.Payment {
	p, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: g.Name(), BuyerId: "openid-ann"})
	require.NoError(s.t, err)
	require.NotEmpty(s.t, p.ProviderParams)
	return p
}

func eachGateway(t *testing.T, test func(t *testing.T, s *shop, g gateway)) {
	for name, open := range gateways {
		t.Run(name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				g := open(t)
				s.providers[name] = g
				test(t, s, g)
			})
		})
	}
}

// A real provider calls any number of times, too early, too late, about nothing of ours, and somebody else calls in its name.
func TestAnOrderIsPaidAtARealProvider(t *testing.T) {
	eachGateway(t, func(t *testing.T, s *shop, g gateway) {
		_, thanks := g.Thanks()
		o := s.placed(0)
		p := g.payment(s, o)
		require.NoError(t, g.pay(p.Id))
		header, raw := g.notice(p.Id, time.Now())

		// The provider does not answer: the notification is not taken. It says another amount: recorded, and nothing changes.
		g.down()
		status, reason := g.says(s, header, raw)
		require.Equal(t, []any{503, "PROVIDER_SILENT\n"}, []any{status, reason})
		g.wrong()
		status, reason = g.says(s, header, raw)
		require.Equal(t, []any{400, "AMOUNT_MISMATCH\n"}, []any{status, reason})
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		asked := g.queried()
		oldHeader, oldRaw := g.notice(p.Id, time.Now().Add(-26*time.Hour))
		status, reason = g.says(s, oldHeader, oldRaw)
		require.Equal(t, []any{401, "SIGNATURE_INVALID\n"}, []any{status, reason}, "a replay")
		status, reason = g.says(s, header, append([]byte(" "), bytes.Replace(raw, []byte("a"), []byte("b"), 1)...))
		require.Equal(t, []any{401, "SIGNATURE_INVALID\n"}, []any{status, reason}, "a forgery")
		require.Equal(t, asked, g.queried(), "neither is a reason to ask")

		for range 3 {
			status, body := g.says(s, header, raw)
			require.Equal(t, []any{200, thanks}, []any{status, body})
		}
		paid := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_PAID, o.Total.AmountMinor, 1}, []any{paid.State, paid.Paid.AmountMinor, len(paid.Tenders)})
		header, raw = g.notice("pay_of_somebody_else", time.Now())
		status, reason = g.says(s, header, raw)
		require.Equal(t, []any{404, "PAYMENT_UNKNOWN\n"}, []any{status, reason})
		require.Empty(t, s.audit())
	})
}

// The order is cancelled before the money comes, and after: both times it goes back, once, though an answer is lost.
func TestMoneyOfARealProviderGoesBack(t *testing.T) {
	eachGateway(t, func(t *testing.T, s *shop, g gateway) {
		cancel := func(o *orderv1.OrderInfo) {
			_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
			require.NoError(t, err)
		}
		// Closed at the provider with the order: it cannot be paid any more.
		o := s.placed(0)
		p := g.payment(s, o)
		cancel(o)
		require.Error(t, g.pay(p.Id))

		// Paid while it is being cancelled; the notification comes after that.
		o = s.placed2()
		p = g.payment(s, o)
		require.NoError(t, g.pay(p.Id))
		cancel(o)
		header, raw := g.notice(p.Id, time.Now())
		status, _ := g.says(s, header, raw)
		require.Equal(t, 200, status)
		g.lost()
		require.Error(t, s.TickPayments(t.Context()))
		require.Equal(t, p.Amount.AmountMinor, g.refunded(p.Id), "it had its effect")
		s.later(time.Minute)
		s.later(2 * time.Hour)
		gone := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, p.Amount.AmountMinor, p.Amount.AmountMinor}, []any{gone.State, gone.Paid.AmountMinor, gone.Refunded.AmountMinor})
		require.Equal(t, p.Amount.AmountMinor, g.refunded(p.Id), "once")
		require.Equal(t, 2, g.refunds())
		require.Empty(t, s.openRefunds(0))

		// The deadline passes, the buyer has paid in time and no notification came.
		o = s.placed2()
		p = g.payment(s, o)
		require.NoError(t, g.pay(p.Id))
		s.clock.Advance(601 * time.Second)
		require.NoError(t, s.Tick(t.Context()))
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}
