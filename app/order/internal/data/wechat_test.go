package data

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay/wechattest"
)

const shopURL = "https://shop.example"

func openWechat(t *testing.T) (*wechattest.Server, *wechatpay.Provider) {
	s := wechattest.New(t)
	p, err := wechatpay.New(s.Accounts(), shopURL, s)
	require.NoError(t, err)
	return s, p
}

func wechatCounter(t *testing.T) counter {
	s, p := openWechat(t)
	return counter{
		PaymentProvider: p, payee: "acct-hq", pay: func(ref biz.PaymentRef) error { return s.Pay(ref.ID) }, refunded: s.Refunded,
		unsigned: func(n notice) notice { return notice{http.Header{}, n.raw} },
		notice: func(ref biz.PaymentRef, at time.Time) notice {
			header, raw := s.Notice(ref.ID, at)
			return notice{header, raw}
		},
	}
}

// What a mini-program hands to the app is signed with the merchant's key, as the app verifies it.
func TestAMiniProgramCanCallWechat(t *testing.T) {
	s, p := openWechat(t)
	for i, account := range []string{"acct-hq", "acct-fra"} {
		c := counter{PaymentProvider: p, payee: account}
		params, err := p.Create(t.Context(), c.order(100))
		require.NoError(t, err)
		configured := s.Accounts()[i]
		require.Equal(t, configured.AppID, params["appId"])
		require.Equal(t, "RSA", params["signType"])
		key, err := utils.LoadPrivateKey(string(configured.PrivateKey))
		require.NoError(t, err)
		signature, err := base64.StdEncoding.DecodeString(params["paySign"])
		require.NoError(t, err)
		sum := sha256.Sum256([]byte(params["appId"] + "\n" + params["timeStamp"] + "\n" + params["nonceStr"] + "\n" + params["package"] + "\n"))
		require.NoError(t, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature))
	}
}

// No answer, an answer that WeChat Pay has not signed, or signed long ago: the outcome is not known, and the same question
// again finds it.
func TestNoAnswerOfWechatIsNoRefusal(t *testing.T) {
	s, p := openWechat(t)
	c := wechat(s, p)
	faults := []wechattest.Fault{wechattest.Down, wechattest.Lost, wechattest.Unsigned, wechattest.Old}
	unknown := func(err error) {
		t.Helper()
		require.Error(t, err)
		_, is := err.(biz.Refusal)
		require.False(t, is, "%v", err)
		require.NotErrorIs(t, err, biz.ErrPaid)
		require.NotContains(t, err.Error(), "Wechatpay-Signature", "no headers in logs")
	}
	for _, fault := range faults {
		o := c.order(500)
		s.Misbehave(wechattest.Prepay, fault)
		_, err := p.Create(t.Context(), o)
		unknown(err)
		_, err = p.Create(t.Context(), o)
		require.NoError(t, err)

		require.NoError(t, s.Pay(o.ID))
		s.Misbehave(wechattest.Query, fault)
		_, err = p.Query(t.Context(), o.PaymentRef)
		unknown(err)
		paid, err := p.Query(t.Context(), o.PaymentRef)
		require.NoError(t, err)

		r := biz.RefundOrder{Number: ids.New("rfd"), PaymentID: o.ID, TransactionNo: paid.Paid.TransactionNo, Payee: c.payee, Currency: "CNY", AmountMinor: 200, OfMinor: 500}
		s.Misbehave(wechattest.Refund, fault)
		_, err = p.Refund(t.Context(), r)
		unknown(err)
		answer, err := p.Refund(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, biz.RefundUnderWay, answer.Standing)
		require.Equal(t, int64(200), s.Refunded(o.ID), "once")
		s.Misbehave(wechattest.QueryRefund, fault)
		_, err = p.QueryRefund(t.Context(), r)
		unknown(err)

		o = c.created(t, 500)
		s.Misbehave(wechattest.Close, fault)
		_, err = p.Close(t.Context(), o.PaymentRef)
		unknown(err)
		closed, err := p.Close(t.Context(), o.PaymentRef)
		require.NoError(t, err)
		require.Equal(t, biz.StandingClosed, closed.Standing)
	}
	// Paid, and the answer to the prepayment lost: it says so the next time.
	o := c.order(1)
	s.Misbehave(wechattest.Prepay, wechattest.Lost)
	_, err := p.Create(t.Context(), o)
	unknown(err)
	require.NoError(t, s.Pay(o.ID))
	_, err = p.Create(t.Context(), o)
	require.ErrorIs(t, err, biz.ErrPaid)
}

func wechat(s *wechattest.Server, p *wechatpay.Provider) counter {
	return counter{PaymentProvider: p, payee: "acct-hq", pay: func(ref biz.PaymentRef) error { return s.Pay(ref.ID) }}
}

// What WeChat Pay answers is passed on as it is; the order compares it with the payment.
func TestWechatAnswersWhatItHas(t *testing.T) {
	s, p := openWechat(t)
	o, _ := wechat(s, p).paid(t, 500)
	s.Misbehave(wechattest.Query, wechattest.WrongAmount, wechattest.WrongMerchant)
	answer, err := p.Query(t.Context(), o.PaymentRef)
	require.NoError(t, err)
	require.Equal(t, int64(501), answer.Paid.AmountMinor)
	answer, err = p.Query(t.Context(), o.PaymentRef)
	require.NoError(t, err)
	require.Equal(t, "mch 1999999999", answer.Paid.Payee)
	over := wechat(s, p).created(t, 7)
	over.AmountMinor = 8
	_, err = p.Create(t.Context(), over)
	refusal, is := err.(biz.Refusal)
	require.True(t, is, "%v", err)
	require.Equal(t, []string{"PROVIDER_REFUSED", "INVALID_REQUEST"}, []string{refusal.Reason, refusal.Metadata["code"]})
	over.ID = "pay_" + strings.Repeat("x", 29)
	_, err = p.Create(t.Context(), over)
	require.ErrorContains(t, err, "cannot be asked for", "33 characters")
}

func TestARefundOfWechatEnds(t *testing.T) {
	s, p := openWechat(t)
	for status, want := range map[string]biz.RefundAnswer{
		"SUCCESS":    {Standing: biz.RefundPaidOut},
		"PROCESSING": {Standing: biz.RefundUnderWay},
		"CLOSED":     {Standing: biz.RefundRefused, Spent: true},
		"ABNORMAL":   {Standing: biz.RefundRefused},
	} {
		s.Settle(status)
		o, paid := wechat(s, p).paid(t, 500)
		r := biz.RefundOrder{Number: ids.New("rfd"), PaymentID: o.ID, TransactionNo: paid.TransactionNo, Payee: "acct-hq", Currency: "CNY", Reason: strings.Repeat("退", 50), AmountMinor: 500, OfMinor: 500}
		_, err := p.Refund(t.Context(), r)
		require.NoError(t, err)
		answer, err := p.QueryRefund(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, []any{want.Standing, want.Spent, want.Standing == biz.RefundRefused}, []any{answer.Standing, answer.Spent, answer.Failure != ""}, status)
		if status == "PROCESSING" {
			continue
		}
		header, raw := s.RefundNotice(r.Number, time.Now())
		n, err := p.Notification("acct-hq", raw, header.Get, 0)
		require.NoError(t, err)
		require.Equal(t, []string{r.Number, o.ID, "acct-hq"}, []string{n.RefundNumber, n.PaymentID, n.Payee})
	}
	s.Refuse("NOT_ENOUGH")
	o, paid := wechat(s, p).paid(t, 500)
	r := biz.RefundOrder{Number: ids.New("rfd"), PaymentID: o.ID, TransactionNo: paid.TransactionNo, Payee: "acct-hq", Currency: "CNY", AmountMinor: 500, OfMinor: 500}
	answer, err := p.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "NOT_ENOUGH: 不能退款"}, answer)
	s.Refuse("FREQUENCY_LIMITED")
	_, err = p.Refund(t.Context(), r)
	require.Error(t, err, "later is not never")
}

// Merchants have nothing of each other.
func TestMerchantsOfWechatAreApart(t *testing.T) {
	s, p := openWechat(t)
	o, _ := wechat(s, p).paid(t, 500)
	header, raw := s.Notice(o.ID, time.Now())
	_, err := p.Notification("acct-fra", raw, header.Get, 0)
	refusal, is := err.(biz.Refusal)
	require.True(t, is, "%v", err)
	require.Equal(t, "resource", refusal.Metadata["field"], "it was encrypted for another merchant")
	_, err = p.Notification("acct-nobody", raw, header.Get, 0)
	refusal, is = err.(biz.Refusal)
	require.True(t, is)
	require.Equal(t, 404, refusal.Code)
	ref := o.PaymentRef
	ref.Payee = "acct-fra"
	answer, err := p.Query(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, biz.StandingUnknown, answer.Standing)
	ref.Payee = "acct-nobody"
	_, err = p.Query(t.Context(), ref)
	require.ErrorContains(t, err, `"acct-nobody" is not configured`)
}

func TestWechatIsVerifiedByItsCertificatesToo(t *testing.T) {
	s := wechattest.New(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(0xABCDEF), Subject: pkix.Name{CommonName: "Tenpay.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	s.SetSerial("ABCDEF")
	certificate := func() []byte {
		raw, err := x509.CreateCertificate(rand.Reader, template, template, &s.Key().PublicKey, s.Key())
		require.NoError(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	}
	accounts := s.Accounts()[:1]
	accounts[0].PublicKey, accounts[0].Certificates = nil, [][]byte{certificate()}
	p, err := wechatpay.New(accounts, shopURL+"/", s)
	require.NoError(t, err)
	o, _ := wechat(s, p).paid(t, 500)
	header, raw := s.Notice(o.ID, time.Now())
	n, err := p.Notification("acct-hq", raw, header.Get, 0)
	require.NoError(t, err)
	require.Equal(t, o.ID, n.PaymentID)
	template.NotAfter = time.Now().Add(-time.Minute)
	accounts[0].Certificates = [][]byte{certificate()}
	_, err = wechatpay.New(accounts, shopURL, s)
	require.ErrorContains(t, err, `account "acct-hq": platform_certificates 1 is not valid now`)
}

// A wrong account stops the start, and is named. No key is ever in the message.
func TestAWrongWechatAccountIsRefusedByName(t *testing.T) {
	s := wechattest.New(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(small)
	require.NoError(t, err)
	weak := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	for field, spoil := range map[string]func(a *wechatpay.Account){
		"has no name":              func(a *wechatpay.Account) { a.Account = "" },
		"mch_id":                   func(a *wechatpay.Account) { a.MchID = "19-1" },
		"app_id":                   func(a *wechatpay.Account) { a.AppID = "" },
		"certificate_serial":       func(a *wechatpay.Account) { a.CertificateSerial = "xyz" },
		"private_key must be":      func(a *wechatpay.Account) { a.PrivateKey = bytes.ToLower(a.PrivateKey) },
		"private_key must":         func(a *wechatpay.Account) { a.PrivateKey = weak },
		"must have 32 bytes":       func(a *wechatpay.Account) { a.APIv3Key = a.APIv3Key[1:] },
		"public_key or platform":   func(a *wechatpay.Account) { a.PublicKey = nil },
		"public_key must":          func(a *wechatpay.Account) { a.PublicKey = a.PrivateKey },
		"public_key_id is missing": func(a *wechatpay.Account) { a.PublicKeyID = "" },
		"platform_certificates 1":  func(a *wechatpay.Account) { a.PublicKey, a.Certificates = nil, [][]byte{a.PublicKey} },
		"stands there twice":       func(a *wechatpay.Account) { a.Account = "acct-fra" },
	} {
		accounts := s.Accounts()
		key := string(accounts[0].APIv3Key[1:])
		spoil(&accounts[0])
		_, err := wechatpay.New(accounts, shopURL, s)
		require.ErrorContains(t, err, field)
		require.NotContains(t, err.Error(), key)
	}
	for _, base := range []string{"", "http://shop.example", "https://", "https://shop.example/?a=1"} {
		_, err := wechatpay.New(s.Accounts(), base, s)
		require.ErrorContains(t, err, "notify_url")
	}
	accounts := s.Accounts()
	accounts[0].APIv3Key = append(accounts[0].APIv3Key, '\n')
	_, err = wechatpay.New(accounts, shopURL, s)
	require.NoError(t, err, "a file ends with a line break")
}
