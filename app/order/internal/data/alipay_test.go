package data

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/alipay"
	"github.com/onepool/onepool/app/order/internal/data/alipay/alipaytest"
)

func openAlipay(t *testing.T) (*alipaytest.Server, *alipay.Provider) {
	s := alipaytest.New(t)
	p, err := alipay.New(s.Accounts(), shopURL, s)
	require.NoError(t, err)
	return s, p
}

func alipayCounter(t *testing.T) counter {
	s, p := openAlipay(t)
	return counter{
		PaymentProvider: p, payee: "acct-hq", pay: func(ref biz.PaymentRef) error { return s.Pay(ref.ID) }, refunded: s.Refunded,
		unsigned: func(n notice) notice {
			values, err := url.ParseQuery(string(n.raw))
			require.NoError(t, err)
			values.Del("sign")
			return notice{http.Header{}, []byte(values.Encode())}
		},
		notice: func(ref biz.PaymentRef, at time.Time) notice {
			header, raw := s.Notice(ref.ID, at)
			return notice{header, raw}
		},
	}
}

// No answer, one that is not signed, or trouble of Alipay's own: the outcome is not known, and the same question again finds it.
func TestNoAnswerOfAlipayIsNoRefusal(t *testing.T) {
	s, p := openAlipay(t)
	c := counter{PaymentProvider: p, payee: "acct-hq", pay: func(ref biz.PaymentRef) error { return s.Pay(ref.ID) }}
	unknown := func(err error) {
		t.Helper()
		require.Error(t, err)
		_, is := err.(biz.Refusal)
		require.False(t, is, "%v", err)
		require.NotErrorIs(t, err, biz.ErrPaid)
	}
	for _, fault := range []alipaytest.Fault{alipaytest.Down, alipaytest.Busy, alipaytest.Lost, alipaytest.Unsigned, alipaytest.NoSignature} {
		o := c.order(500)
		s.Misbehave(alipaytest.Create, fault)
		_, err := p.Create(t.Context(), o)
		unknown(err)
		params, err := p.Create(t.Context(), o)
		require.NoError(t, err)
		require.NotEmpty(t, params["trade_no"])
		require.NoError(t, s.Pay(o.ID))
		s.Misbehave(alipaytest.Query, fault)
		_, err = p.Query(t.Context(), o.PaymentRef)
		unknown(err)
		paid, err := p.Query(t.Context(), o.PaymentRef)
		require.NoError(t, err)

		r := biz.RefundOrder{Number: ids.New("rfd"), PaymentID: o.ID, TransactionNo: paid.Paid.TransactionNo, Payee: c.payee, Currency: "CNY", AmountMinor: 200, OfMinor: 500}
		s.Misbehave(alipaytest.Refund, fault)
		_, err = p.Refund(t.Context(), r)
		unknown(err)
		answer, err := p.Refund(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, biz.RefundPaidOut, answer.Standing)
		require.Equal(t, int64(200), s.Refunded(o.ID), "once")
		s.Misbehave(alipaytest.QueryRefund, fault)
		_, err = p.QueryRefund(t.Context(), r)
		unknown(err)

		o = c.created(t, 500)
		s.Misbehave(alipaytest.Close, fault)
		_, err = p.Close(t.Context(), o.PaymentRef)
		unknown(err)
		closed, err := p.Close(t.Context(), o.PaymentRef)
		require.NoError(t, err)
		require.Equal(t, biz.StandingClosed, closed.Standing)
	}
}

func TestARefundOfAlipayEnds(t *testing.T) {
	s, p := openAlipay(t)
	c := counter{PaymentProvider: p, payee: "acct-hq", pay: func(ref biz.PaymentRef) error { return s.Pay(ref.ID) }}
	o, paid := c.paid(t, 500)
	s.Misbehave(alipaytest.Query, alipaytest.WrongAmount)
	other, err := p.Query(t.Context(), o.PaymentRef)
	require.NoError(t, err)
	require.Equal(t, int64(501), other.Paid.AmountMinor, "the order compares it")
	r := biz.RefundOrder{Number: ids.New("rfd"), PaymentID: o.ID, TransactionNo: paid.TransactionNo, Payee: c.payee, Currency: "CNY", Reason: "return", AmountMinor: 500, OfMinor: 500}
	s.Refuse("ACQ.SELLER_BALANCE_NOT_ENOUGH")
	answer, err := p.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "ACQ.SELLER_BALANCE_NOT_ENOUGH: 不能退款"}, answer)
	s.Refuse("ACQ.SYSTEM_ERROR")
	_, err = p.Refund(t.Context(), r)
	require.Error(t, err, "later is not never")
	s.Refuse("")

	// It is taken, and its money has not moved yet.
	s.Slow(true)
	answer, err = p.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, biz.RefundUnderWay, answer.Standing)
	answer, err = p.QueryRefund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, biz.RefundUnknown, answer.Standing)
	s.Slow(false)
	answer, err = p.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, biz.RefundPaidOut, answer.Standing)
	require.Equal(t, int64(500), s.Refunded(o.ID), "once")

	header, raw := s.RefundNotice(o.ID, r.Number, time.Now())
	n, err := p.Notification("acct-hq", raw, header.Get, 0)
	require.NoError(t, err)
	require.Equal(t, []string{r.Number, "acct-hq"}, []string{n.RefundNumber, n.Payee})
}

// A code that nobody has scanned is no trade: it is closed neither, and is paid when somebody scans it.
func TestACodeOfAlipayIsNoTradeBeforeItIsScanned(t *testing.T) {
	s, p := openAlipay(t)
	o := counter{PaymentProvider: p, payee: "acct-fra"}.order(1)
	o.Scene = biz.SceneCode
	params, err := p.Create(t.Context(), o)
	require.NoError(t, err)
	require.Contains(t, params["code_url"], "https://qr.alipay.com/")
	for _, ask := range []func() (biz.PaymentAnswer, error){
		func() (biz.PaymentAnswer, error) { return p.Query(t.Context(), o.PaymentRef) },
		func() (biz.PaymentAnswer, error) { return p.Close(t.Context(), o.PaymentRef) },
	} {
		answer, err := ask()
		require.NoError(t, err)
		require.Equal(t, biz.StandingUnknown, answer.Standing)
	}
	require.NoError(t, s.Pay(o.ID))
	answer, err := p.Close(t.Context(), o.PaymentRef)
	require.NoError(t, err)
	require.Equal(t, biz.StandingPaid, answer.Standing)
	require.Equal(t, int64(1), answer.Paid.AmountMinor, "0.01")
	// What is of one merchant says nothing to another.
	header, raw := s.Notice(o.ID, time.Now())
	n, err := p.Notification("acct-hq", raw, header.Get, 0)
	require.NoError(t, err, "all are signed with one key")
	require.Equal(t, "app 2021000000000002 of 2088000000000002", n.Payee)
	ref := o.PaymentRef
	ref.Payee = "acct-hq"
	answer, err = p.Query(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, biz.StandingUnknown, answer.Standing)
}

// Buyers have a user id, or an open id.
func TestAlipayKnowsBuyersByTwoIDs(t *testing.T) {
	_, p := openAlipay(t)
	for _, buyer := range []string{"2088102146225135", "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"} {
		o := counter{PaymentProvider: p, payee: "acct-hq"}.order(10)
		o.Buyer = buyer
		_, err := p.Create(t.Context(), o)
		require.NoError(t, err)
	}
}

// A wrong account stops the start, and is named.
func TestAWrongAlipayAccountIsRefusedByName(t *testing.T) {
	s := alipaytest.New(t)
	for field, spoil := range map[string]func(a, other *alipay.Account){
		"has no name":                  func(a, _ *alipay.Account) { a.Account = "" },
		"app_id must be digits":        func(a, _ *alipay.Account) { a.AppID = "wx1" },
		"seller_id must be":            func(a, _ *alipay.Account) { a.SellerID = "20880000" },
		"private_key must be":          func(a, _ *alipay.Account) { a.PrivateKey = a.PrivateKey[1:] },
		"private_key must":             func(a, _ *alipay.Account) { a.PrivateKey = a.PublicKey },
		"alipay_public_key must":       func(a, _ *alipay.Account) { a.PublicKey = a.PrivateKey },
		"alipay_public_key is the app": func(a, _ *alipay.Account) { a.PublicKey = alipaytest.OwnPublicKey(t) },
		"stands there twice":           func(a, other *alipay.Account) { a.Account = other.Account },
	} {
		accounts := s.Accounts()
		spoil(&accounts[0], &accounts[1])
		_, err := alipay.New(accounts, shopURL, s)
		require.ErrorContains(t, err, field)
		require.NotContains(t, err.Error(), "BEGIN")
	}
	for _, base := range []string{"", "http://shop.example", "https://", "https://shop.example/?a=1"} {
		_, err := alipay.New(s.Accounts(), base, s)
		require.ErrorContains(t, err, "notify_url")
	}
}
