// Package wechatpay is WeChat Pay (微信支付) v3 by its official SDK: in-app payments of mini-programs and pages (JSAPI), and
// native payments by QR code, for any number of merchants.
//
// Always true:
//   - An answer counts only with WeChat Pay's signature; the SDK verifies it, with keys of the merchant that asked.
//   - A refusal comes unsigned, so it moves no money on our books: before a payment is given up, WeChat Pay is asked how it
//     stands, and a refund that was refused stays owed.
//   - Amounts are fen (分) of CNY, as they are asked and as they are answered.
package wechatpay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"github.com/onepool/onepool/app/order/internal/biz"
)

// Name of the provider.
const Name = "wechat"

// Path of the notifications, below the platform's public address; the account and "/notify" follow.
const Path = "/v1/order/payments/wechat/"

const (
	currency = "CNY"
	// Timeout of one question; the outcome of what it cuts off is not known.
	Timeout = 10 * time.Second
	// maxTitle and maxReason are bytes that WeChat Pay takes.
	maxTitle  = 127
	maxReason = 80
	// minLife is the least time that WeChat Pay wants between a payment and its end.
	minLife = time.Minute
)

// number is what WeChat Pay takes as a merchant's number of a payment (out_trade_no).
var number = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)

// Provider is WeChat Pay for all accounts that are configured.
type Provider struct{ merchants map[string]*merchant }

// New opens the accounts. base is the platform's public address, https; transport nil: the network.
func New(accounts []Account, base string, transport http.RoundTripper) (*Provider, error) {
	if at, err := url.Parse(base); err != nil || at.Scheme != "https" || at.Host == "" || at.RawQuery != "" {
		return nil, fmt.Errorf("wechat: notify_url %q must be an https address without a query", base)
	}
	p := &Provider{merchants: map[string]*merchant{}}
	client := &http.Client{Timeout: Timeout, Transport: transport}
	for _, a := range accounts {
		m, err := a.open(strings.TrimSuffix(base, "/"), client, time.Now())
		if err != nil {
			return nil, err
		}
		if p.merchants[a.Account] != nil {
			return nil, fmt.Errorf("wechat: account %q stands there twice", a.Account)
		}
		p.merchants[a.Account] = m
	}
	return p, nil
}

// Name is "wechat".
func (p *Provider) Name() string { return Name }

// Remote is true.
func (p *Provider) Remote() bool { return true }

// Serves accounts that are configured, in CNY.
func (p *Provider) Serves(o biz.PaymentOrder) error {
	switch {
	case p.merchants[o.Payee] == nil:
		return biz.Invalid("provider", "takes no money for this seller: its merchant account is not configured")
	case o.Currency != currency:
		return biz.Invalid("currency", "must be CNY for WeChat Pay")
	case o.Scene == biz.SceneApp && o.Buyer == "":
		return biz.Invalid("buyer_id", "is needed: the buyer's openid")
	}
	return nil
}

func (p *Provider) merchant(account string) (*merchant, error) {
	m := p.merchants[account]
	if m == nil {
		return nil, fmt.Errorf("wechat: merchant account %q is not configured", account)
	}
	return m, nil
}

// Create asks for a prepayment.
func (p *Provider) Create(ctx context.Context, o biz.PaymentOrder) (map[string]string, error) {
	m, err := p.merchant(o.Payee)
	if err != nil {
		return nil, err
	}
	if !number.MatchString(o.ID) || o.AmountMinor <= 0 {
		return nil, fmt.Errorf("wechat: payment %q of %d cannot be asked for", o.ID, o.AmountMinor)
	}
	params, err := m.create(ctx, o)
	refused, is := errors.AsType[*core.APIError](err)
	if !is || !final(refused) {
		return params, told("create", err)
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
	return nil, biz.ProviderRefused(Name, refused.Code, refused.Message)
}

func (m *merchant) create(ctx context.Context, o biz.PaymentOrder) (map[string]string, error) {
	title := strings.ToValidUTF8(o.Title[:min(len(o.Title), maxTitle)], "")
	expires := time.UnixMicro(o.ExpiresAtUS)
	if least := time.Now().Add(minLife + Timeout); expires.Before(least) {
		expires = least // it is closed when its order is
	}
	if o.Scene == biz.SceneCode {
		svc := native.NativeApiService{Client: m.client}
		answer, _, err := svc.Prepay(ctx, native.PrepayRequest{
			Appid: &m.AppID, Mchid: &m.MchID, Description: &title, OutTradeNo: &o.ID, TimeExpire: &expires, NotifyUrl: &m.notifyURL,
			Amount: &native.Amount{Total: &o.AmountMinor, Currency: core.String(currency)},
		})
		if err != nil {
			return nil, err
		}
		return map[string]string{"code_url": text(answer.CodeUrl)}, nil
	}
	svc := jsapi.JsapiApiService{Client: m.client}
	answer, _, err := svc.PrepayWithRequestPayment(ctx, jsapi.PrepayRequest{
		Appid: &m.AppID, Mchid: &m.MchID, Description: &title, OutTradeNo: &o.ID, TimeExpire: &expires, NotifyUrl: &m.notifyURL,
		Amount: &jsapi.Amount{Total: &o.AmountMinor, Currency: core.String(currency)}, Payer: &jsapi.Payer{Openid: &o.Buyer},
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"appId": text(answer.Appid), "timeStamp": text(answer.TimeStamp), "nonceStr": text(answer.NonceStr), "package": text(answer.Package),
		"signType": text(answer.SignType), "paySign": text(answer.PaySign),
	}, nil
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
	svc := jsapi.JsapiApiService{Client: m.client} // payments of all kinds are asked for in one way
	t, _, err := svc.QueryOrderByOutTradeNo(ctx, jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: &ref.ID, Mchid: &m.MchID})
	if unknown(err) {
		return biz.PaymentAnswer{Standing: biz.StandingUnknown}, nil
	}
	if err != nil {
		return biz.PaymentAnswer{}, told("query", err)
	}
	if text(t.OutTradeNo) != ref.ID {
		return biz.PaymentAnswer{}, fmt.Errorf("wechat: query: the answer is about another payment than %s", ref.ID)
	}
	switch state := text(t.TradeState); state {
	case "SUCCESS", "REFUND": // paid, and paid back since
		return m.paid(t)
	case "NOTPAY", "USERPAYING", "PAYERROR":
		return biz.PaymentAnswer{Standing: biz.StandingOpen}, nil
	case "CLOSED", "REVOKED":
		return biz.PaymentAnswer{Standing: biz.StandingClosed}, nil
	default:
		return biz.PaymentAnswer{}, fmt.Errorf("wechat: query: %s is in the state %q, which is not known", ref.ID, state)
	}
}

func (m *merchant) paid(t *payments.Transaction) (biz.PaymentAnswer, error) {
	if t.Amount == nil || t.Amount.Total == nil || text(t.TransactionId) == "" {
		return biz.PaymentAnswer{}, fmt.Errorf("wechat: query: no amount or number of the transaction of %s", text(t.OutTradeNo))
	}
	paid := biz.Notification{
		Provider: Name, PaymentID: text(t.OutTradeNo), TransactionNo: text(t.TransactionId), AmountMinor: *t.Amount.Total,
		Currency: currency, Payee: m.payee(text(t.Mchid)),
	}
	if t.Amount.Currency != nil {
		paid.Currency = *t.Amount.Currency
	}
	return biz.PaymentAnswer{Standing: biz.StandingPaid, Paid: paid}, nil
}

// payee is our name of a merchant: of another one than that which asked it is none of ours.
func (m *merchant) payee(mchID string) string {
	if mchID != m.MchID {
		return "mch " + mchID
	}
	return m.Account.Account
}

// Close ends a payment. What WeChat Pay does not close, it is asked about.
func (p *Provider) Close(ctx context.Context, ref biz.PaymentRef) (biz.PaymentAnswer, error) {
	m, err := p.merchant(ref.Payee)
	if err != nil {
		return biz.PaymentAnswer{}, err
	}
	svc := jsapi.JsapiApiService{Client: m.client}
	_, err = svc.CloseOrder(ctx, jsapi.CloseOrderRequest{OutTradeNo: &ref.ID, Mchid: &m.MchID})
	if err == nil {
		return biz.PaymentAnswer{Standing: biz.StandingClosed}, nil
	}
	if refused, is := errors.AsType[*core.APIError](err); !is || !final(refused) {
		return biz.PaymentAnswer{}, told("close", err)
	}
	answer, failure := m.query(ctx, ref)
	switch {
	case failure != nil:
		return biz.PaymentAnswer{}, failure
	case answer.Standing == biz.StandingOpen:
		return biz.PaymentAnswer{}, told("close", err)
	}
	return answer, nil
}

// Refund pays back. WeChat Pay has most refunds under way for a while.
func (p *Provider) Refund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	m, err := p.merchant(r.Payee)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	reason := strings.ToValidUTF8(r.Reason[:min(len(r.Reason), maxReason)], "")
	svc := refunddomestic.RefundsApiService{Client: m.client}
	answer, _, err := svc.Create(ctx, refunddomestic.CreateRequest{
		TransactionId: &r.TransactionNo, OutRefundNo: &r.Number, Reason: &reason, NotifyUrl: &m.notifyURL,
		Amount: &refunddomestic.AmountReq{Refund: &r.AmountMinor, Total: &r.OfMinor, Currency: core.String(currency)},
	})
	if refused, is := errors.AsType[*core.APIError](err); is && final(refused) {
		return biz.RefundAnswer{Standing: biz.RefundRefused, Number: r.Number, Failure: refused.Code + ": " + refused.Message}, nil
	}
	if err != nil {
		return biz.RefundAnswer{}, told("refund", err)
	}
	return stands(answer, r)
}

// QueryRefund asks how a refund stands.
func (p *Provider) QueryRefund(ctx context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	m, err := p.merchant(r.Payee)
	if err != nil {
		return biz.RefundAnswer{}, err
	}
	svc := refunddomestic.RefundsApiService{Client: m.client}
	answer, _, err := svc.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &r.Number})
	if unknown(err) {
		return biz.RefundAnswer{Standing: biz.RefundUnknown, Number: r.Number}, nil
	}
	if err != nil {
		return biz.RefundAnswer{}, told("query refund", err)
	}
	return stands(answer, r)
}

func stands(answer *refunddomestic.Refund, r biz.RefundOrder) (biz.RefundAnswer, error) {
	if text(answer.OutRefundNo) != r.Number || text(answer.TransactionId) != r.TransactionNo || answer.Status == nil ||
		answer.Amount == nil || answer.Amount.Refund == nil || *answer.Amount.Refund != r.AmountMinor {
		return biz.RefundAnswer{}, fmt.Errorf("wechat: the answer is about another refund than %s of %d", r.Number, r.AmountMinor)
	}
	a := biz.RefundAnswer{Number: r.Number, Reference: text(answer.RefundId)}
	switch *answer.Status {
	case refunddomestic.STATUS_SUCCESS:
		a.Standing = biz.RefundPaidOut
	case refunddomestic.STATUS_PROCESSING:
		a.Standing = biz.RefundUnderWay
	case refunddomestic.STATUS_CLOSED:
		a.Standing, a.Spent, a.Failure = biz.RefundRefused, true, "CLOSED: WeChat Pay has given the refund up"
	case refunddomestic.STATUS_ABNORMAL:
		a.Standing, a.Failure = biz.RefundRefused, "ABNORMAL: the buyer's account cannot take it: settle it in the merchant platform, then retry"
	default:
		return biz.RefundAnswer{}, fmt.Errorf("wechat: refund %s is in the state %q, which is not known", r.Number, *answer.Status)
	}
	return a, nil
}

// event is what of a decrypted notification is read: all else is asked for.
type event struct {
	Mchid         string `json:"mchid"`
	OutTradeNo    string `json:"out_trade_no"`
	TransactionID string `json:"transaction_id"`
	OutRefundNo   string `json:"out_refund_no"`
}

// Notification verifies and decrypts by the SDK, which compares the time of the signature with the process's clock.
func (p *Provider) Notification(account string, raw []byte, header func(string) string, _ int64) (biz.Notification, error) {
	m := p.merchants[account]
	if m == nil {
		return biz.Notification{}, biz.NotFound("merchant account")
	}
	req, err := http.NewRequest(http.MethodPost, m.notifyURL, bytes.NewReader(raw))
	if err != nil {
		return biz.Notification{}, err
	}
	for _, name := range []string{"Wechatpay-Serial", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature-Type"} {
		req.Header.Set(name, header(name))
	}
	var e event
	envelope, err := m.notify.ParseNotifyRequest(context.Background(), req, &e)
	switch {
	case err != nil && envelope == nil:
		return biz.Notification{}, biz.SignatureInvalid()
	case err != nil:
		return biz.Notification{}, biz.Invalid("resource", "cannot be decrypted: is the APIv3 key that of the merchant?")
	}
	n := biz.Notification{ID: envelope.ID, Provider: Name, PaymentID: e.OutTradeNo, TransactionNo: e.TransactionID, Payee: m.payee(e.Mchid)}
	switch {
	case strings.HasPrefix(envelope.EventType, "TRANSACTION.") && e.OutTradeNo != "":
		return n, nil
	case strings.HasPrefix(envelope.EventType, "REFUND.") && e.OutRefundNo != "":
		n.RefundNumber = e.OutRefundNo
		return n, nil
	}
	return biz.Notification{}, biz.Invalid("event_type", "is none of a payment or a refund")
}

// Thanks is what WeChat Pay wants to read.
func (p *Provider) Thanks() (contentType, body string) {
	return "application/json", `{"code":"SUCCESS","message":"成功"}`
}

// final says whether a refusal is an answer: after all others the outcome is not known, or may be another one later.
func final(e *core.APIError) bool {
	switch {
	case e.StatusCode < 400 || e.StatusCode >= 500, e.StatusCode == http.StatusTooManyRequests, e.StatusCode == http.StatusUnauthorized:
		return false
	case e.Code == "", e.Code == "FREQUENCY_LIMITED", e.Code == "RATELIMIT_EXCEEDED", e.Code == "SYSTEM_ERROR", e.Code == "SIGN_ERROR":
		return false
	}
	return true
}

// unknown says whether WeChat Pay has not heard of what it was asked for.
func unknown(err error) bool {
	e, is := errors.AsType[*core.APIError](err)
	return is && e.StatusCode == http.StatusNotFound && (e.Code == "ORDER_NOT_EXIST" || e.Code == "RESOURCE_NOT_EXISTS")
}

// told says what was attempted. An APIError's own text has the answer's headers in it, which nobody needs in a log.
func told(what string, err error) error {
	if err == nil {
		return nil
	}
	if e, is := errors.AsType[*core.APIError](err); is {
		return fmt.Errorf("wechat: %s: %d %s: %s", what, e.StatusCode, e.Code, e.Message)
	}
	return fmt.Errorf("wechat: %s: %w", what, err)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
