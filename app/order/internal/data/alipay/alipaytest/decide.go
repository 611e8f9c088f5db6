package alipaytest

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var tradeNo = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// content is all that is asked with.
type content struct {
	OutTradeNo   string `json:"out_trade_no"`
	TradeNo      string `json:"trade_no"`
	TotalAmount  string `json:"total_amount"`
	Subject      string `json:"subject"`
	ProductCode  string `json:"product_code"`
	TimeExpire   string `json:"time_expire"`
	BuyerID      string `json:"buyer_id"`
	BuyerOpenID  string `json:"buyer_open_id"`
	OpAppID      string `json:"op_app_id"`
	RefundAmount string `json:"refund_amount"`
	OutRequestNo string `json:"out_request_no"`
}

// decide is what Alipay does, by its own rules.
func (s *Server) decide(method string, form url.Values, fault Fault) answer {
	var c content
	if err := json.Unmarshal([]byte(form.Get("biz_content")), &c); err != nil {
		return refused("ACQ.INVALID_PARAMETER", err.Error())
	}
	appID := form.Get("app_id")
	out, t := c.OutTradeNo, s.trades[c.OutTradeNo]
	for no, other := range s.trades {
		if c.TradeNo != "" && other.no == c.TradeNo {
			out, t = no, other
		}
	}
	if t != nil && t.appID != appID {
		t = nil
	}
	if method == Create || method == PreCreate {
		return s.create(method, appID, form.Get("notify_url"), c, t)
	}
	if t == nil || t.code {
		return refused("ACQ.TRADE_NOT_EXIST", "交易不存在")
	}
	switch method {
	case Query:
		total := t.total
		if fault == WrongAmount {
			total = yuan(t.cents + 1)
		}
		return answer{
			"code": "10000", "msg": "Success", "trade_no": t.no, "out_trade_no": out, "trade_status": t.status, "total_amount": total, "buyer_logon_id": "ann***@x.cn",
			"send_pay_date": time.Now().In(beijing).Format(timeForm), "receipt_amount": "0.00", "buyer_pay_amount": "0.00",
		}
	case Close:
		if t.status != "WAIT_BUYER_PAY" {
			return refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
		}
		t.status = "TRADE_CLOSED"
		return answer{"code": "10000", "msg": "Success", "trade_no": t.no, "out_trade_no": out}
	case Refund:
		return s.refund(c, t, out)
	case QueryRefund:
		r, there := s.refunds[t.no+" "+c.OutRequestNo]
		a := answer{"code": "10000", "msg": "Success", "trade_no": t.no, "out_trade_no": out}
		if there && !s.slow {
			a["out_request_no"], a["refund_amount"], a["refund_status"], a["total_amount"] = c.OutRequestNo, r.amount, "REFUND_SUCCESS", t.total
		}
		return a
	}
	return refused("isv.invalid-method", method)
}

func (s *Server) create(method, appID, notifyURL string, c content, t *trade) answer {
	at, err := url.Parse(notifyURL)
	expires, expiresErr := time.ParseInLocation(timeForm, c.TimeExpire, beijing)
	cents := fen(c.TotalAmount)
	for field, wrong := range map[string]bool{
		"out_trade_no": !tradeNo.MatchString(c.OutTradeNo), "total_amount": cents <= 0 || cents > 100_000_000_00, "notify_url": err != nil || at.Scheme != "https",
		"subject": c.Subject == "" || len(c.Subject) > 256 || strings.ContainsAny(c.Subject, "/=&"), "time_expire": expiresErr != nil || time.Until(expires) < time.Minute,
		"product_code": c.ProductCode != map[string]string{Create: "JSAPI_PAY", PreCreate: "QR_CODE_OFFLINE"}[method],
		"op_app_id":    method == Create && c.OpAppID != appID, "buyer": method == Create && (c.BuyerID == "") == (c.BuyerOpenID == ""),
	} {
		if wrong {
			return refused("ACQ.INVALID_PARAMETER", field)
		}
	}
	switch {
	case t == nil:
		s.count++
		t = &trade{appID: appID, no: "20270115220014" + strconv.Itoa(100000+s.count), status: "WAIT_BUYER_PAY", total: c.TotalAmount, cents: cents, code: method == PreCreate}
		s.trades[c.OutTradeNo] = t
	case t.paid:
		return refused("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	case t.status == "TRADE_CLOSED":
		return refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	case t.cents != cents:
		return refused("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	}
	a := answer{"code": "10000", "msg": "Success", "out_trade_no": c.OutTradeNo}
	if method == PreCreate {
		a["qr_code"] = "https://qr.alipay.com/bax" + c.OutTradeNo
	} else {
		a["trade_no"] = t.no
	}
	return a
}

func (s *Server) refund(c content, t *trade, out string) answer {
	cents := fen(c.RefundAmount)
	key := t.no + " " + c.OutRequestNo
	before, there := s.refunds[key]
	a := answer{"code": "10000", "msg": "Success", "trade_no": t.no, "out_trade_no": out, "fund_change": "N"}
	switch {
	case s.refusal != "":
		return refused(s.refusal, "不能退款")
	case cents <= 0 || c.OutRequestNo == "":
		return refused("ACQ.INVALID_PARAMETER", "refund_amount")
	case there && before.amount != c.RefundAmount:
		return refused("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
	case there:
		a["refund_fee"] = yuan(t.refunded)
		return a
	case !t.paid:
		return refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case cents > t.cents-t.refunded:
		return refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	}
	t.refunded += cents
	if t.refunded == t.cents {
		t.status = "TRADE_CLOSED"
	}
	s.refunds[key] = refund{t.no, c.RefundAmount}
	if !s.slow {
		a["fund_change"] = "Y"
	}
	a["refund_fee"] = yuan(t.refunded)
	return a
}
