package service

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Whatever happens between us and a provider (answers that are lost before or after their effect, notifications that come
// late, twice or never, refunds that wait or fail, buyers who pay when it is too late), in the end both books say the same.
func TestOurBooksAgreeWithTheProviders(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	lives := 30
	if testing.Short() {
		lives = 6
	}
	eachEngine(t, func(t *testing.T, s *shop) {
		defer func() {
			if t.Failed() {
				t.Logf("SEED=%d", seed)
			}
		}()
		random := rand.New(rand.NewPCG(seed, 2))
		b := withBank(s)
		s.world.stock["S1"]["cup"] = 100_000
		for range lives {
			s.troubled(b, random)
		}
		s.settled(b)
		s.agreesWith(b)
		require.Empty(t, s.audit())
	})
}

// troubled lives one order among faults.
func (s *shop) troubled(b *bank, random *rand.Rand) {
	o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 1+random.Int64N(5))))
	require.NoError(s.t, err)
	var payments []*orderv1.Payment
	any := func() *orderv1.Payment { return payments[random.IntN(len(payments))] }
	tolerate := func(err error) {
		if code := codeOf(fault.Public(err)); err != nil && code != 503 {
			require.True(s.t, code >= 400 && code < 500, "%v", err)
		}
	}
	for range 6 + random.IntN(14) {
		clear(b.before)
		clear(b.after)
		for _, method := range []string{"create", "query", "close", "refund", "query refund"} {
			switch random.IntN(6) {
			case 0:
				b.before[method] = errLine
			case 1:
				b.after[method] = errLine
			}
		}
		b.verdict = []biz.RefundAnswer{
			{Standing: biz.RefundPaidOut, Reference: "now"}, {Standing: biz.RefundUnderWay, Reference: "later"},
			{Standing: biz.RefundRefused, Failure: "no money"}, {Standing: biz.RefundRefused, Failure: "closed", Spent: true},
		}[random.IntN(4)]
		switch random.IntN(10) {
		case 0, 1:
			p, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "bank", AmountMinor: []int64{0, 100, 500}[random.IntN(3)]})
			tolerate(err)
			if err == nil && p.State == orderv1.PaymentState_PAYMENT_PENDING {
				payments = append(payments, p)
			}
		case 2, 3, 4: // the buyer pays what can be paid there
			if len(payments) > 0 {
				if p := any(); b.books[p.Id].Standing == biz.StandingOpen {
					b.takes(p.Id, p.Payee, p.Amount.AmountMinor)
				}
			}
		case 5:
			if len(payments) > 0 {
				b.says(s, biz.Notification{PaymentID: any().Id})
			}
		case 6:
			if len(payments) > 0 {
				_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
				tolerate(err)
			}
		case 7:
			s.clock.Advance(time.Duration(random.IntN(400)) * time.Second)
		case 8, 9:
			_, _ = s.Tick(s.t.Context()), s.TickPayments(s.t.Context()) // they report what the faults do
		}
	}
}

// settled lets time pass without faults; people ask again for refunds that had failed.
func (s *shop) settled(b *bank) {
	clear(b.before)
	clear(b.after)
	b.verdict = biz.RefundAnswer{Standing: biz.RefundPaidOut, Reference: "in the end"}
	for range 6 {
		for number, r := range b.refunds {
			if r.Standing == biz.RefundUnderWay {
				r.Standing = biz.RefundPaidOut
				b.refunds[number] = r
			}
		}
		for _, f := range s.openRefunds(orderv1.RefundState_REFUND_FAILED) {
			_, err := NewPayments(s.Order).RetryRefund(s.as(boss), &orderv1.RetryRefundRequest{RequestId: requestID(), RefundId: f.Id})
			require.NoError(s.t, err)
		}
		s.later(2 * time.Hour)
	}
	require.Empty(s.t, s.openRefunds(0))
}

// agreesWith compares what the provider took and paid back with what the orders say, payment by payment.
func (s *shop) agreesWith(b *bank) {
	taken, back := map[string]int64{}, map[string]int64{}
	ids, err := s.Orders.AllIDs(s.t.Context(), "", 10_000)
	require.NoError(s.t, err)
	records, err := s.Orders.LoadAll(s.t.Context(), ids)
	require.NoError(s.t, err)
	refunds := 0
	for _, r := range records {
		for _, c := range r.Captures {
			taken[c.PaymentID] += c.AmountMinor
		}
		for _, f := range r.Refunds {
			require.Equal(s.t, biz.RefundPaidOut, b.refunds[f.Number()].Standing, f.Number())
			back[f.Number()] = f.AmountMinor
			refunds++
		}
		for _, p := range r.Payments {
			require.Zero(s.t, p.AskAtUS, "everything is known of %s", p.ID)
		}
		require.NotEqual(s.t, biz.OrderUnpaid, r.State)
	}
	require.NotEmpty(s.t, records)
	paid := 0
	for id, a := range b.books {
		if a.Standing == biz.StandingPaid {
			require.Equal(s.t, a.Paid.AmountMinor, taken[id], "payment %s", id)
			paid++
		} else {
			require.Zero(s.t, taken[id], "payment %s", id)
		}
	}
	require.Len(s.t, taken, paid)
	s.t.Logf("%d orders, %d payments, %d of them paid, %d refunds under %d numbers", len(records), len(b.books), paid, refunds, len(b.refunds))
	out := 0
	for number, r := range b.refunds {
		if r.Standing == biz.RefundPaidOut {
			require.Equal(s.t, b.amounts[number], back[number], "refund %s", number)
			out++
		}
	}
	require.Equal(s.t, refunds, out, "each refund was paid once")
}
