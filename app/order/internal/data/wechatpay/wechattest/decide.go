package wechattest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var tradeNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)

// prepayment is what is asked for in an app or by a code.
type prepayment struct {
	AppID       string    `json:"appid"`
	MchID       string    `json:"mchid"`
	Description string    `json:"description"`
	OutTradeNo  string    `json:"out_trade_no"`
	TimeExpire  time.Time `json:"time_expire"`
	NotifyURL   string    `json:"notify_url"`
	Amount      struct {
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
	Payer struct {
		OpenID string `json:"openid"`
	} `json:"payer"`
}

// decide is what WeChat Pay does, by its own rules.
func (s *Server) decide(question, mchID string, r *http.Request, body []byte, fault Fault) answer {
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch question {
	case Prepay:
		return s.prepay(mchID, last, body)
	case Query:
		o := s.orders[last]
		if o == nil || o.mchID != mchID || r.URL.Query().Get("mchid") != mchID {
			return refusal(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
		}
		t := s.transaction(last, o)
		switch fault {
		case WrongAmount:
			t["amount"].(map[string]any)["total"] = o.total + 1
		case WrongMerchant:
			t["mchid"] = "1999999999"
		}
		return answer{http.StatusOK, t}
	case Close:
		o := s.orders[strings.Split(r.URL.Path, "/")[5]]
		switch {
		case o == nil || o.mchID != mchID:
			return refusal(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
		case o.state == "SUCCESS" || o.state == "REFUND":
			return refusal(http.StatusBadRequest, "ORDERPAID", "订单已支付")
		case o.state == "CLOSED":
			return refusal(http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭")
		}
		o.state = "CLOSED"
		return answer{status: http.StatusNoContent}
	case Refund:
		return s.refund(mchID, body)
	case QueryRefund:
		f := s.refunds[last]
		if f == nil || s.orders[f.outTradeNo].mchID != mchID {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
		}
		if f.status == "PROCESSING" {
			s.end(f)
		}
		return answer{http.StatusOK, s.stands(f)}
	}
	return refusal(http.StatusNotFound, "NOT_FOUND", "no such address")
}

func (s *Server) prepay(mchID, kind string, body []byte) answer {
	var p prepayment
	if err := json.Unmarshal(body, &p); err != nil {
		return refusal(http.StatusBadRequest, "PARAM_ERROR", err.Error())
	}
	notify, err := url.Parse(p.NotifyURL)
	for field, wrong := range map[string]bool{
		"appid": p.AppID != s.shops[mchID].appID, "mchid": p.MchID != mchID, "description": p.Description == "" || len(p.Description) > 127,
		"out_trade_no": !tradeNo.MatchString(p.OutTradeNo), "time_expire": time.Until(p.TimeExpire) < time.Minute,
		"notify_url":   err != nil || notify.Scheme != "https" || notify.RawQuery != "" || len(p.NotifyURL) > 255,
		"amount.total": p.Amount.Total <= 0, "amount.currency": p.Amount.Currency != "CNY", "payer.openid": kind == "jsapi" && p.Payer.OpenID == "",
	} {
		if wrong {
			return refusal(http.StatusBadRequest, "PARAM_ERROR", field)
		}
	}
	o := s.orders[p.OutTradeNo]
	switch {
	case o == nil:
		s.orders[p.OutTradeNo] = &order{mchID: mchID, openID: p.Payer.OpenID, state: "NOTPAY", total: p.Amount.Total, notifyURL: p.NotifyURL}
	case o.state == "SUCCESS" || o.state == "REFUND":
		return refusal(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	case o.state == "CLOSED":
		return refusal(http.StatusBadRequest, "ORDER_CLOSED", "该订单已关闭")
	case o.mchID != mchID || o.total != p.Amount.Total:
		return refusal(http.StatusBadRequest, "INVALID_REQUEST", "与之前请求不一致")
	}
	if kind == "native" {
		return answer{http.StatusOK, map[string]string{"code_url": "weixin://wxpay/bizpayurl?pr=" + p.OutTradeNo}}
	}
	return answer{http.StatusOK, map[string]string{"prepay_id": "wx" + p.OutTradeNo}}
}

func (s *Server) refund(mchID string, body []byte) answer {
	var f struct {
		TransactionID string `json:"transaction_id"`
		OutRefundNo   string `json:"out_refund_no"`
		Reason        string `json:"reason"`
		Amount        struct {
			Refund, Total int64
			Currency      string
		}
	}
	if err := json.Unmarshal(body, &f); err != nil || f.OutRefundNo == "" || f.Amount.Refund <= 0 || f.Amount.Currency != "CNY" || len(f.Reason) > 80 {
		return refusal(http.StatusBadRequest, "PARAM_ERROR", "参数错误")
	}
	if code := s.verdicts[Refund]; code != "" {
		return refusal(http.StatusForbidden, code, "不能退款")
	}
	if there := s.refunds[f.OutRefundNo]; there != nil {
		if there.amount != f.Amount.Refund || there.transactionID != f.TransactionID {
			return refusal(http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致")
		}
		return answer{http.StatusOK, s.stands(there)}
	}
	for outTradeNo, o := range s.orders {
		if o.transactionID != f.TransactionID || o.mchID != mchID {
			continue
		}
		if f.Amount.Total != o.total || f.Amount.Refund > o.total-o.refunded {
			return refusal(http.StatusBadRequest, "INVALID_REQUEST", "退款金额超过可退金额")
		}
		s.count++
		r := &refund{
			number: f.OutRefundNo, id: "5000000382" + strconv.Itoa(s.count), transactionID: f.TransactionID, outTradeNo: outTradeNo, status: "PROCESSING",
			amount: f.Amount.Refund, total: o.total,
		}
		o.refunded += r.amount
		o.state = "REFUND"
		s.refunds[r.number] = r
		return answer{http.StatusOK, s.stands(r)}
	}
	return refusal(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
}

// end is what becomes of a refund under way. What is given up can be asked for anew.
func (s *Server) end(f *refund) {
	f.status = s.settled
	if f.status == "CLOSED" {
		s.orders[f.outTradeNo].refunded -= f.amount
	}
}

func (s *Server) stands(f *refund) map[string]any {
	return map[string]any{
		"refund_id": f.id, "out_refund_no": f.number, "transaction_id": f.transactionID, "out_trade_no": f.outTradeNo, "channel": "ORIGINAL",
		"user_received_account": "支付用户零钱", "create_time": time.Now().Format(time.RFC3339), "status": f.status,
		"amount": map[string]any{"total": f.total, "refund": f.amount, "payer_total": f.total, "payer_refund": f.amount, "settlement_refund": f.amount, "settlement_total": f.total, "discount_refund": 0, "currency": "CNY"},
	}
}
