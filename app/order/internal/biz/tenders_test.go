package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// RefundPaid is the provider's answer that it has paid.
func (o *Order) RefundPaid(refundID, reference string) error {
	number := refundID
	if f := o.refundOf(refundID); f != nil {
		number = f.Number()
	}
	return o.RefundAnswered(refundID, RefundAnswer{Standing: RefundPaidOut, Number: number, Reference: reference})
}

// tender pays a part with a provider; transactions have numbers of their own.
func (b *book) tender(t require.TestingT, provider string, amountMinor int64) Notification {
	var n Notification
	require.NoError(t, b.do(func(o *Order) error {
		p, err := o.OpenPayment(provider, amountMinor)
		n = Notification{Provider: provider, PaymentID: p.ID, TransactionNo: fmt.Sprint("tx-", len(b.r.Captures), "-", provider), AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee}
		return err
	}))
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	return n
}

func (b *book) refunds() (amounts []int64) {
	for _, c := range b.r.Captures {
		amounts = append(amounts, c.RefundedMinor)
	}
	return amounts
}

// 334.23 in three tenders.
func TestAnOrderIsPaidBySeveralTenders(t *testing.T) {
	b := placed(t, 0)
	require.Equal(t, int64(33423), b.r.LeftMinor())
	b.tender(t, "wechat", 10_000)
	require.Equal(t, []any{OrderUnpaid, int64(23423)}, []any{b.r.State, b.r.LeftMinor()})
	b.audit(t)
	b.tender(t, "alipay", 3_423)
	for _, wrong := range []int64{-1, 20_001} {
		require.Equal(t, "amount_minor", requireReason(t, "VALIDATOR", b.do(func(o *Order) error { _, err := o.OpenPayment("wechat", wrong); return err })).Metadata["field"])
	}
	b.tender(t, "wechat", 0) // all that is left
	require.Equal(t, []any{OrderPaid, int64(0)}, []any{b.r.State, b.r.LeftMinor()})
	require.Equal(t, []Effect{Paid{}}, b.effects)
	b.audit(t)

	// What comes back is shared among the tenders, each to its own.
	require.NoError(t, b.do(func(o *Order) error { return o.refundFrom(1001, "", "return") }))
	require.Equal(t, []int64{299, 103, 599}, b.refunds())
	require.Equal(t, "32422", requireReason(t, "REFUND_EXCEEDS_PAID", b.do(func(o *Order) error { return o.refundFrom(32_423, "", "return") })).Metadata["left_minor"])
	require.NoError(t, b.do(func(o *Order) error { return o.refundFrom(32_422, "", "return") }))
	require.Equal(t, []int64{10_000, 3_423, 20_000}, b.refunds(), "to the cent")
}

func TestMoneyThatIsTooMuchGoesBack(t *testing.T) {
	b := placed(t, 0)
	var all Notification
	require.NoError(t, b.do(func(o *Order) error {
		p, err := o.OpenPayment("wechat", 0)
		all = Notification{Provider: "wechat", PaymentID: p.ID, TransactionNo: "all", AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee}
		return err
	}))
	first := b.tender(t, "alipay", 10_000)
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(all) })) // the payment of all of it was open still
	require.Equal(t, OrderPaid, b.r.State)
	require.Equal(t, []int64{0, 10_000}, b.refunds(), "as much as was paid before")
	require.Equal(t, "too much", b.r.Refunds[0].Reason)
	b.audit(t)
	first.TransactionNo = "again" // a second transaction of a payment that was paid
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(first) }))
	require.Equal(t, []int64{0, 10_000, 10_000}, b.refunds())
	b.audit(t)
}

func TestASecondTransactionOfATenderDoesNotPayTheRest(t *testing.T) {
	b := placed(t, 0)
	n := b.tender(t, "wechat", 10_000)
	n.TransactionNo = "twice"
	require.NoError(t, b.do(func(o *Order) error { return o.Capture(n) }))
	require.Equal(t, []any{OrderUnpaid, int64(23_423)}, []any{b.r.State, b.r.LeftMinor()})
	require.Equal(t, []int64{0, 10_000}, b.refunds())
	b.audit(t)
}

// An order that closes with a part paid gives it back: by its deadline, by hand, and when the rest comes too late.
func TestAPartThatWasPaidGoesBackWhenTheOrderCloses(t *testing.T) {
	for name, end := range map[string]func(b *book, rest Notification) error{
		"cancelled": func(b *book, _ Notification) error { return b.do(func(o *Order) error { return o.Cancel("x") }) },
		"expired":   func(b *book, _ Notification) error { b.nowUS = 101 * second; return b.do((*Order).Expire) },
		"rest too late": func(b *book, rest Notification) error {
			b.nowUS = 131 * second
			return b.do(func(o *Order) error { return o.Capture(rest) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := placed(t, 0)
			b.tender(t, "wechat", 10_000)
			var rest Notification
			require.NoError(t, b.do(func(o *Order) error {
				p, err := o.OpenPayment("alipay", 0)
				rest = Notification{Provider: "alipay", PaymentID: p.ID, TransactionNo: "rest", AmountMinor: p.AmountMinor, Currency: "CNY", Payee: p.Payee}
				return err
			}))
			require.NoError(t, end(b, rest))
			require.Equal(t, OrderCancelled, b.r.State)
			require.Equal(t, b.r.CapturedMinor, b.r.RefundedMinor)
			require.Equal(t, []Effect{Cancelled{WasPaid: false}}, b.effects)
			b.audit(t)
		})
	}
}

func TestAnOpenPaymentOfAnotherAmountIsClosed(t *testing.T) {
	b := placed(t, 0)
	open := func(amount int64) (p Payment) {
		require.NoError(t, b.do(func(o *Order) (err error) { p, err = o.OpenPayment("wechat", amount); return err }))
		return p
	}
	first := open(500)
	require.Equal(t, first.ID, open(500).ID)
	second := open(0)
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, PaymentClosed, b.r.Payments[0].State)
	// The buyer pays the first one all the same: it counts.
	require.NoError(t, b.do(func(o *Order) error {
		return o.Capture(Notification{Provider: "wechat", PaymentID: first.ID, TransactionNo: "t", AmountMinor: 500, Currency: "CNY", Payee: first.Payee})
	}))
	require.Equal(t, int64(33423-500), b.r.LeftMinor())
	b.audit(t)
}
