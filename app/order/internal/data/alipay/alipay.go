// Package alipay is Alipay (支付宝) by its open interface: in-app payments of mini-programs (trade.create) and payments by QR
// code (trade.precreate), for any number of merchants.
//
// Always true:
//   - An answer counts only with Alipay's RSA2 signature. What the gateway says unsigned is no answer.
//   - Amounts are yuan in text on the wire and minor units here, converted digit by digit.
//   - A code that nobody has scanned is no trade yet: Alipay has not heard of it, and it can be paid until its time is over.
package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// Name of the provider.
const Name = "alipay"

// Path of the notifications, below the platform's public address; the account and "/notify" follow.
const Path = "/v1/order/payments/alipay/"

const (
	currency = "CNY"
	// Timeout of one question; the outcome of what it cuts off is not known.
	Timeout = 10 * time.Second
	// maxTitle is what Alipay takes, in bytes at least; minLife the least time between a payment and its end.
	maxTitle = 256
	minLife  = time.Minute
	// Alipay goes on calling for 25 hours; its clock may be ahead of ours.
	oldest, ahead = 25 * time.Hour, 5 * time.Minute

	timeForm = "2006-01-02 15:04:05"
)

var (
	number = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	// special are characters that a title must not have.
	special = strings.NewReplacer("/", " ", "=", " ", "&", " ", "\"", " ", "\\", " ")
)

// Provider is Alipay for all accounts that are configured.
type Provider struct{ merchants map[string]*merchant }

// New opens the accounts. base is the platform's public address, https; transport nil: the network.
func New(accounts []Account, base string, transport http.RoundTripper) (*Provider, error) {
	if at, err := url.Parse(base); err != nil || at.Scheme != "https" || at.Host == "" || at.RawQuery != "" {
		return nil, fmt.Errorf("alipay: notify_url %q must be an https address without a query", base)
	}
	p := &Provider{merchants: map[string]*merchant{}}
	client := &http.Client{Timeout: Timeout, Transport: transport}
	for _, a := range accounts {
		m, err := a.open(strings.TrimSuffix(base, "/"), client)
		if err != nil {
			return nil, err
		}
		if p.merchants[a.Account] != nil {
			return nil, fmt.Errorf("alipay: account %q stands there twice", a.Account)
		}
		p.merchants[a.Account] = m
	}
	return p, nil
}

// Name is "alipay".
func (p *Provider) Name() string { return Name }

// Remote is true.
func (p *Provider) Remote() bool { return true }

// Serves accounts that are configured, in CNY.
func (p *Provider) Serves(o biz.PaymentOrder) error {
	switch {
	case p.merchants[o.Payee] == nil:
		return biz.Invalid("provider", "takes no money for this seller: its merchant account is not configured")
	case o.Currency != currency:
		return biz.Invalid("currency", "must be CNY for Alipay")
	case o.Scene == biz.SceneApp && o.Buyer == "":
		return biz.Invalid("buyer_id", "is needed: the buyer's open id, or user id (2088...)")
	}
	return nil
}

func (p *Provider) merchant(account string) (*merchant, error) {
	m := p.merchants[account]
	if m == nil {
		return nil, fmt.Errorf("alipay: merchant account %q is not configured", account)
	}
	return m, nil
}

// Create makes a trade, or a code.
func (p *Provider) Create(ctx context.Context, o biz.PaymentOrder) (map[string]string, error) {
	m, err := p.merchant(o.Payee)
	if err != nil {
		return nil, err
	}
	if !number.MatchString(o.ID) || o.AmountMinor <= 0 {
		return nil, fmt.Errorf("alipay: payment %q of %d cannot be asked for", o.ID, o.AmountMinor)
	}
	params, refused, err := m.create(ctx, o)
	if err != nil || refused == nil {
		return params, err
	}
	answer, err := m.query(ctx, o.PaymentRef)
	switch {
	case err != nil:
		return nil, err
	case answer.Standing == biz.StandingPaid:
		return nil, biz.ErrPaid
	case answer.Standing == biz.StandingClosed:
		return nil, biz.PaymentOver()
	}
	return nil, biz.ProviderRefused(Name, refused.SubCode, refused.SubMsg)
}

func (m *merchant) create(ctx context.Context, o biz.PaymentOrder) (params map[string]string, refused *sdk.Error, err error) {
	title := special.Replace(strings.ToValidUTF8(o.Title[:min(len(o.Title), maxTitle)], ""))
	expires := time.UnixMicro(o.ExpiresAtUS)
	if least := time.Now().Add(minLife + Timeout); expires.Before(least) {
		expires = least // it is closed when its order is
	}
	trade := sdk.Trade{
		NotifyURL: m.notifyURL, Subject: title, OutTradeNo: o.ID, TotalAmount: money.Format(o.AmountMinor, currency),
		TimeExpire: expires.In(beijing).Format(timeForm),
	}
	if o.Scene == biz.SceneCode {
		trade.ProductCode = "QR_CODE_OFFLINE"
		answer, err := m.client.TradePreCreate(ctx, sdk.TradePreCreate{Trade: trade})
		if refused, err := failed("create", err, func() sdk.Error { return answer.Error }); err != nil || refused != nil {
			return nil, refused, err
		}
		return map[string]string{"code_url": answer.QRCode}, nil, nil
	}
	trade.ProductCode = "JSAPI_PAY"
	ask := sdk.TradeCreate{Trade: trade, OpAppId: m.AppID, BuyerOpenId: o.Buyer}
	if seller.MatchString(o.Buyer) { // user ids of buyers look like those of sellers
		ask.BuyerId, ask.BuyerOpenId = o.Buyer, ""
	}
	answer, err := m.client.TradeCreate(ctx, ask)
	if refused, err := failed("create", err, func() sdk.Error { return answer.Error }); err != nil || refused != nil {
		return nil, refused, err
	}
	return map[string]string{"trade_no": answer.TradeNo}, nil, nil
}

// Query asks how a payment stands.
func (p *Provider) Query(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	m, err := p.merchant(ref.Payee)
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	return m.query(ctx, ref)
}

func (m *merchant) query(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	t, err := m.client.TradeQuery(ctx, sdk.TradeQuery{OutTradeNo: ref.ID})
	refused, err := failed("query", err, func() sdk.Error { return t.Error })
	switch {
	case err != nil:
		return biz.PaymentAnswer{}, err
	case refused != nil && refused.SubCode == notExist:
		return biz.PaymentAnswer{Standing: biz.StandingUnknown}, nil
	case refused != nil:
		return biz.PaymentAnswer{}, told("query", refused)
	case t.OutTradeNo != ref.ID:
		return biz.PaymentAnswer{}, fmt.Errorf("alipay: query: the answer is about another payment than %s", ref.ID)
	}
	switch t.TradeStatus {
	case sdk.TradeStatusSuccess, sdk.TradeStatusFinished:
		return m.paid(t)
	case sdk.TradeStatusWaitBuyerPay:
		return biz.PaymentAnswer{Standing: biz.StandingOpen}, nil
	case sdk.TradeStatusClosed: // never paid, or all of it was paid back
		return biz.PaymentAnswer{Standing: biz.StandingClosed}, nil
	}
	return biz.PaymentAnswer{}, fmt.Errorf("alipay: query: %s is in the state %q, which is not known", ref.ID, t.TradeStatus)
}

func (m *merchant) paid(t *sdk.TradeQueryRsp) (biz.PaymentAnswer, error) {
	amount, err := money.Parse(t.TotalAmount, currency)
	if err != nil || t.TradeNo == "" {
		return biz.PaymentAnswer{}, fmt.Errorf("alipay: query: no amount or number of the trade of %s", t.OutTradeNo)
	}
	paid := biz.Notification{Provider: Name, PaymentID: t.OutTradeNo, TransactionNo: t.TradeNo, AmountMinor: amount.Minor, Currency: currency, Payee: m.Account.Account}
	if t.TransCurrency != "" {
		paid.Currency = t.TransCurrency
	}
	return biz.PaymentAnswer{Standing: biz.StandingPaid, Paid: paid}, nil
}

// Close ends a trade that nobody has paid.
func (p *Provider) Close(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	m, err := p.merchant(ref.Payee)
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	answer, err := m.client.TradeClose(ctx, sdk.TradeClose{OutTradeNo: ref.ID})
	refused, err := failed("close", err, func() sdk.Error { return answer.Error })
	switch {
	case err != nil:
		return biz.PaymentAnswer{}, err
	case refused == nil:
		return biz.PaymentAnswer{Standing: biz.StandingClosed}, nil
	case refused.SubCode == notExist:
		return biz.PaymentAnswer{Standing: biz.StandingUnknown}, nil
	}
	stands, err := m.query(ctx, ref)
	if err == nil && stands.Standing == biz.StandingOpen {
		err = told("close", refused)
	}
	return stands, err
}

// Refund pays back, mostly at once.
func (p *Provider) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	m, err := p.merchant(r.Payee)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	answer, err := m.client.TradeRefund(ctx, sdk.TradeRefund{
		TradeNo: r.TransactionNo, OutRequestNo: r.Number, RefundAmount: money.Format(r.AmountMinor, currency), RefundReason: r.Reason,
	})
	refused, err := failed("refund", err, func() sdk.Error { return answer.Error })
	switch {
	case err != nil:
		return biz.RefundAnswer{}, err
	case refused != nil:
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: refused.SubCode + ": " + refused.SubMsg}, nil
	case answer.TradeNo != r.TransactionNo:
		return biz.RefundAnswer{}, fmt.Errorf("alipay: the answer is about another refund than %s", r.Number)
	case answer.FundChange == "Y": // money has moved, by this question
		return biz.RefundAnswer{Standing: biz.RefundPaidOut, Number: r.Number, Reference: r.TransactionNo}, nil
	}
	stands, err := p.QueryRefund(ctx, r) // a repeat, or it is under way
	if err == nil && stands.Standing == biz.RefundUnknown {
		stands.Standing, stands.Reference = biz.RefundUnderWay, r.TransactionNo
	}
	return stands, err
}

// QueryRefund asks how a refund stands. Alipay has not heard of one that has failed.
func (p *Provider) QueryRefund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	m, err := p.merchant(r.Payee)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	answer, err := m.client.TradeFastPayRefundQuery(ctx, sdk.TradeFastPayRefundQuery{TradeNo: r.TransactionNo, OutRequestNo: r.Number})
	refused, err := failed("query refund", err, func() sdk.Error { return answer.Error })
	switch {
	case err != nil:
		return biz.RefundAnswer{}, err
	case refused != nil && refused.SubCode != notExist:
		return biz.RefundAnswer{}, told("query refund", refused)
	case refused != nil || answer.RefundStatus == "":
		return biz.RefundAnswer{Standing: biz.RefundUnknown, Number: r.Number}, nil
	}
	amount, err := money.Parse(answer.RefundAmount, currency)
	switch {
	case err != nil || answer.OutRequestNo != r.Number || answer.TradeNo != r.TransactionNo:
		return biz.RefundAnswer{}, fmt.Errorf("alipay: the answer is about another refund than %s", r.Number)
	case amount.Minor != r.AmountMinor:
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: "the number was used for a refund of " + answer.RefundAmount}, nil
	case answer.RefundStatus != "REFUND_SUCCESS":
		return biz.RefundAnswer{}, fmt.Errorf("alipay: refund %s is in the state %q, which is not known", r.Number, answer.RefundStatus)
	}
	return biz.RefundAnswer{Standing: biz.RefundPaidOut, Number: r.Number, Reference: answer.TradeNo}, nil
}

// Notification verifies a form that Alipay has posted. Its time is compared with the process's clock.
func (p *Provider) Notification(account string, raw []byte, _ func(string) string, _ int64) (biz.Notification, error) {
	m := p.merchants[account]
	if m == nil {
		return biz.Notification{}, biz.NotFound("merchant account")
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	n, err := m.client.DecodeNotification(values)
	if err != nil {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	sent, err := time.ParseInLocation(timeForm, n.NotifyTime, beijing)
	if age := time.Since(sent); err != nil || age > oldest || age < -ahead {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	if n.OutTradeNo == "" {
		return biz.Notification{}, biz.Invalid("out_trade_no", "is missing: it is no notification of a payment")
	}
	out := biz.Notification{ID: n.NotifyId, Provider: Name, PaymentID: n.OutTradeNo, TransactionNo: n.TradeNo, Payee: m.Account.Account}
	if n.AppId != m.AppID || n.SellerId != m.SellerID {
		out.Payee = "app " + n.AppId + " of " + n.SellerId
	}
	if n.GmtRefund != "" && n.OutBizNo != "" {
		out.RefundNumber = n.OutBizNo
	}
	return out, nil
}

// Thanks is what Alipay wants to read.
func (p *Provider) Thanks() (contentType, body string) { return "text/plain; charset=utf-8", "success" }

// notExist is Alipay's word for a trade that it has not heard of.
const notExist = "ACQ.TRADE_NOT_EXIST"

// failed tells a signed refusal, which is an answer, from everything after which the outcome is not known: no answer, one that
// is not signed, and trouble of Alipay's own.
func failed(what string, err error, answer func() sdk.Error) (refused *sdk.Error, failure error) {
	if err != nil {
		return nil, told(what, err)
	}
	e := answer()
	switch {
	case e.IsSuccess():
		return nil, nil
	case e.Code == sdk.CodeUnknowError, e.Code == sdk.CodeCallLimited, strings.HasSuffix(e.SubCode, "SYSTEM_ERROR"), strings.Contains(e.SubCode, "UNKNOW"), e.SubCode == "":
		return nil, told(what, &e)
	}
	return &e, nil
}

func told(what string, err error) error {
	if e, is := errors.AsType[*sdk.Error](err); is && e != nil {
		return fmt.Errorf("alipay: %s: %s %s %s: %s", what, e.Code, e.Msg, e.SubCode, e.SubMsg)
	}
	return fmt.Errorf("alipay: %s: %w", what, err)
}
