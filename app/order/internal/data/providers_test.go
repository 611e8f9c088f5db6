package data

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
	"github.com/onepool/onepool/app/order/internal/data/sandboxpay"
)

// notice is a notification as it arrives over HTTP.
type notice struct {
	header http.Header
	raw    []byte
}

// counter is a provider with its other side: the buyer, and what calls the platform.
type counter struct {
	biz.PaymentProvider
	payee string
	// pay is the buyer paying; an error says that the provider does not take it.
	pay func(ref biz.PaymentRef) error
	// notice is the provider's notification of a paid payment, signed at that time.
	notice func(ref biz.PaymentRef, at time.Time) notice
	// unsigned is a notification whose signature is gone.
	unsigned func(n notice) notice
	// refunded is what the provider has paid back of a payment, in minor units.
	refunded func(paymentID string) int64
}

// counters are all providers. Each keeps the promises of biz.PaymentProvider.
var counters = map[string]func(t *testing.T) counter{"sandbox": sandboxCounter, "wechat": wechatCounter, "alipay": alipayCounter}

func eachCounter(t *testing.T, test func(t *testing.T, c counter)) {
	for name, open := range counters {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// order is a payment of so much that nobody has asked for yet.
func (c counter) order(amountMinor int64) biz.PaymentOrder {
	return biz.PaymentOrder{
		PaymentRef: biz.PaymentRef{ID: ids.New("pay"), Payee: c.payee, Currency: "CNY", AmountMinor: amountMinor},
		Title:      "茶 \"Longjing\" & more", Scene: biz.SceneApp, Buyer: "buyer-1", ExpiresAtUS: time.Now().Add(time.Hour).UnixMicro(),
	}
}

func (c counter) created(t *testing.T, amountMinor int64) biz.PaymentOrder {
	o := c.order(amountMinor)
	require.NoError(t, c.Serves(o))
	params, err := c.Create(t.Context(), o)
	require.NoError(t, err)
	require.NotEmpty(t, params)
	return o
}

func (c counter) paid(t *testing.T, amountMinor int64) (biz.PaymentOrder, biz.Notification) {
	o := c.created(t, amountMinor)
	require.NoError(t, c.pay(o.PaymentRef))
	answer, err := c.Query(t.Context(), o.PaymentRef)
	require.NoError(t, err)
	require.Equal(t, biz.StandingPaid, answer.Standing)
	return o, answer.Paid
}

func TestAPaymentIsTakenOnce(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		for _, amount := range []int64{1, 10, 100, 19_999, 100_000_000} {
			o := c.created(t, amount)
			_, err := c.Create(t.Context(), o)
			require.NoError(t, err, "the same payment again")
			answer, err := c.Query(t.Context(), o.PaymentRef)
			require.NoError(t, err)
			require.Contains(t, []biz.PaymentStanding{biz.StandingOpen, biz.StandingUnknown}, answer.Standing)
			require.NoError(t, c.pay(o.PaymentRef))
			for range 2 {
				answer, err = c.Query(t.Context(), o.PaymentRef)
				require.NoError(t, err)
				require.Equal(t, biz.StandingPaid, answer.Standing)
				require.NotEmpty(t, answer.Paid.TransactionNo)
				require.Equal(t, biz.Notification{
					Provider: c.Name(), PaymentID: o.ID, TransactionNo: answer.Paid.TransactionNo, AmountMinor: amount, Currency: "CNY", Payee: c.payee,
				}, answer.Paid)
			}
			closed, err := c.Close(t.Context(), o.PaymentRef)
			require.NoError(t, err)
			require.Equal(t, answer, closed, "what was paid cannot be closed")
			if c.Remote() {
				_, err = c.Create(t.Context(), o)
				require.ErrorIs(t, err, biz.ErrPaid)
			}
		}
	})
}

func TestAClosedPaymentCannotBePaid(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		asked, unheard := c.created(t, 100), c.order(100)
		for range 2 {
			answer, err := c.Close(t.Context(), asked.PaymentRef)
			require.NoError(t, err)
			require.Equal(t, biz.StandingClosed, answer.Standing)
			answer, err = c.Close(t.Context(), unheard.PaymentRef)
			require.NoError(t, err)
			require.Contains(t, []biz.PaymentStanding{biz.StandingClosed, biz.StandingUnknown}, answer.Standing)
		}
		for _, o := range []biz.PaymentOrder{asked, unheard} {
			require.Error(t, c.pay(o.PaymentRef))
			answer, err := c.Query(t.Context(), o.PaymentRef)
			require.NoError(t, err)
			require.NotEqual(t, biz.StandingPaid, answer.Standing)
		}
		if c.Remote() {
			_, err := c.Create(t.Context(), asked)
			refusal, is := err.(biz.Refusal)
			require.True(t, is, "%v", err)
			require.Equal(t, []string{"STATE_CONFLICT", "CLOSED"}, []string{refusal.Reason, refusal.Metadata["state"]})
		}
	})
}

func TestARefundHasOneEffect(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		o, paid := c.paid(t, 1000)
		refund := func(number string, amount int64) biz.RefundOrder {
			return biz.RefundOrder{Number: number, PaymentID: o.ID, TransactionNo: paid.TransactionNo, Payee: c.payee, Currency: "CNY", Reason: "return", AmountMinor: amount, OfMinor: 1000}
		}
		ask := func(r biz.RefundOrder) biz.RefundAnswer {
			answer, err := c.Refund(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, r.Number, answer.Number)
			return answer
		}
		first, second := ids.New("rfd"), ids.New("rfd")
		none, err := c.QueryRefund(t.Context(), refund(first, 300))
		require.NoError(t, err)
		require.Equal(t, biz.RefundUnknown, none.Standing)
		var reference string
		for range 3 {
			answer := ask(refund(first, 300))
			require.Contains(t, []biz.RefundStanding{biz.RefundPaidOut, biz.RefundUnderWay}, answer.Standing)
			require.NotEmpty(t, answer.Reference)
			require.True(t, reference == "" || reference == answer.Reference)
			reference = answer.Reference
			require.Equal(t, int64(300), c.refunded(o.ID))
		}
		require.Equal(t, biz.RefundRefused, ask(refund(first, 301)).Standing, "one number, two amounts")
		over := ask(refund(second, 701))
		require.Equal(t, biz.RefundRefused, over.Standing)
		require.NotEmpty(t, over.Failure)
		require.Equal(t, int64(300), c.refunded(o.ID))
		ask(refund(second, 700))
		require.Equal(t, int64(1000), c.refunded(o.ID))
		answer, err := c.QueryRefund(t.Context(), refund(second, 700))
		require.NoError(t, err)
		require.Equal(t, biz.RefundPaidOut, answer.Standing)
		require.Equal(t, biz.RefundRefused, ask(refund(ids.New("rfd"), 1)).Standing, "nothing is left")
	})
}

func TestANotificationIsVerified(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		o, paid := c.paid(t, 1234)
		now := time.Now()
		read := func(n notice) (biz.Notification, error) {
			return c.Notification(c.payee, n.raw, n.header.Get, now.UnixMicro())
		}
		good := c.notice(o.PaymentRef, now)
		n, err := read(good)
		require.NoError(t, err)
		require.Equal(t, []string{c.Name(), o.ID, paid.TransactionNo}, []string{n.Provider, n.PaymentID, n.TransactionNo})
		require.Empty(t, n.RefundNumber)
		for what, bad := range map[string]notice{
			"too old":      c.notice(o.PaymentRef, now.Add(-26*time.Hour)),
			"of tomorrow":  c.notice(o.PaymentRef, now.Add(time.Hour)),
			"no body":      {good.header, nil},
			"changed body": {good.header, []byte(strings.Replace(string(good.raw), "1", "2", 1))},
			"unsigned":     c.unsigned(good),
		} {
			_, err := read(bad)
			refusal, is := err.(biz.Refusal)
			require.True(t, is, "%s: %v", what, err)
			require.Equal(t, "SIGNATURE_INVALID", refusal.Reason, what)
		}
		contentType, body := c.Thanks()
		require.NotEmpty(t, contentType)
		require.NotEmpty(t, body)
	})
}

func TestAProviderRefusesWhatItTakesNoMoneyFor(t *testing.T) {
	eachCounter(t, func(t *testing.T, c counter) {
		if !c.Remote() {
			require.NoError(t, c.Serves(c.order(1)))
			return
		}
		for field, change := range map[string]func(o *biz.PaymentOrder){
			"provider": func(o *biz.PaymentOrder) { o.Payee = "acct-nobody" },
			"currency": func(o *biz.PaymentOrder) { o.Currency = "USD" },
			"buyer_id": func(o *biz.PaymentOrder) { o.Buyer = "" },
		} {
			o := c.order(1)
			change(&o)
			refusal, is := c.Serves(o).(biz.Refusal)
			require.True(t, is, field)
			require.Equal(t, field, refusal.Metadata["field"])
		}
		o := c.order(1)
		o.Scene, o.Buyer = biz.SceneCode, ""
		require.NoError(t, c.Serves(o), "who scans a code is known then")
		params, err := c.Create(t.Context(), o)
		require.NoError(t, err)
		require.NotEmpty(t, params["code_url"])
	})
}

func sandboxCounter(t *testing.T) counter {
	key := []byte("0123456789abcdef0123456789abcdef")
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(platform.Close)
	books := NewSandboxBooks(testkit.Migrated(t, testkit.Config(t, testkit.AllEngines[0]), migrations.Files))
	p, err := sandboxpay.New(key, func() string { return platform.URL }, books)
	require.NoError(t, err)
	return counter{
		PaymentProvider: p, payee: "acct-hq",
		pay: func(ref biz.PaymentRef) error {
			_, _, err := p.Pay(t.Context(), biz.Payment{ID: ref.ID, AmountMinor: ref.AmountMinor, Payee: ref.Payee}, ref.Currency, time.Now().UnixMicro())
			return err
		},
		notice: func(ref biz.PaymentRef, at time.Time) notice {
			answer, err := p.Query(t.Context(), ref)
			require.NoError(t, err)
			raw := []byte(`{"notification_id":"n","payment_id":"` + ref.ID + `","transaction_no":"` + answer.Paid.TransactionNo + `","amount_minor":` +
				strconv.FormatInt(ref.AmountMinor, 10) + `,"currency":"CNY","payee":"acct-hq","status":"PAID"}`)
			seconds := strconv.FormatInt(at.Unix(), 10)
			header := http.Header{}
			header.Set(sandboxpay.HeaderTimestamp, seconds)
			header.Set(sandboxpay.HeaderSignature, sandboxpay.Sign(key, seconds, raw))
			return notice{header, raw}
		},
		unsigned: func(n notice) notice { return notice{http.Header{}, n.raw} },
		refunded: func(paymentID string) (sum int64) {
			entries, err := books.Of(t.Context(), paymentID)
			require.NoError(t, err)
			for _, e := range entries {
				if e.Kind == sandboxpay.KindRefund {
					sum += e.AmountMinor
				}
			}
			return sum
		},
	}
}
