package e2e

import (
	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// What becomes of a return is its buyer's and its seller's. Until when goods may come back is headquarters' rule, a longer window the seller's to give.
func init() {
	rules["onepool.order.v1.AfterSales"] = map[string]rule{
		"ListReturns": {sees: "dealer " + f1staff + editors, own: "f1other device " + strangers, mark: func(o objects) string { return o.Returns[0] }, ask: func(objects) proto.Message {
			return &orderv1.ListReturnsRequest{PageSize: 200}
		}},
		// It is approved already: past the rules, its state decides.
		"RefuseReturn": {may: "f1manager", none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.RefuseReturnRequest{RequestId: id(), ReturnId: o.Returns[1], Reason: "worn"}
		}},
		"RefundWithoutReturn": {may: "f1manager", none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.RefundWithoutReturnRequest{RequestId: id(), ReturnId: o.Returns[1], Reason: "lost"}
		}},
		"WithdrawReturn": {may: "memberA dealer device " + f1staff + editors, none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.WithdrawReturnRequest{RequestId: id(), ReturnId: o.Returns[0]}
		}},
		"SendReturn": {may: "memberA dealer device " + f1staff + editors, none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.SendReturnRequest{RequestId: id(), ReturnId: o.Returns[1], Carrier: "SF", TrackingNo: "SF3"}
		}},
	}
	rules["onepool.order.v1.Goodwills"] = map[string]rule{
		// The order is not paid: past the rules, its state decides.
		"RequestGoodwill": {may: f1staff, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.RequestGoodwillRequest{RequestId: id(), OrderId: o.Unpaid, AmountMinor: 1, Way: orderv1.GoodwillWay_GOODWILL_CASH, Reason: "sorry"}
		}},
		"ApproveGoodwill": {none: known, ask: func(objects) proto.Message {
			return &orderv1.ApproveGoodwillRequest{RequestId: id(), GoodwillId: "gdw_nobody"}
		}},
		"RefuseGoodwill": {none: known, ask: func(objects) proto.Message {
			return &orderv1.RefuseGoodwillRequest{RequestId: id(), GoodwillId: "gdw_nobody", Reason: "no"}
		}},
		"PayGoodwill": {none: known, ask: func(objects) proto.Message {
			return &orderv1.PayGoodwillRequest{RequestId: id(), GoodwillId: "gdw_nobody", Reference: "1"}
		}},
		"ListGoodwills": {may: "f1manager f1other f2manager dealer dealer2 direct " + hq, ask: func(objects) proto.Message { return &orderv1.ListGoodwillsRequest{} }},
	}
	rules["onepool.order.v1.Exchanges"] = map[string]rule{
		// It is approved already: past the rules, its state decides.
		"ApproveExchange": {may: "f1manager", none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ApproveExchangeRequest{RequestId: id(), ReturnId: o.Returns[1]}
		}},
		// The order is no replacement of what a till sold.
		"PayExchange": {may: f1staff + "device " + editors, none: "f1other dealer " + strangers, past: "ORDER_UNKNOWN", ask: func(o objects) proto.Message {
			return &orderv1.PayExchangeRequest{RequestId: id(), OrderId: o.Received, StoreCode: o.Store, CashMinor: 1}
		}},
	}
	// A receipt is found by who has it in hand, at the caller's own store: nobody has one of this total.
	rules["onepool.order.v1.CounterReturns"] = map[string]rule{
		"FindForReturn": {may: f1staff + "device " + editors, none: "f1other dealer " + strangers, past: "ORDER_UNKNOWN", ask: func(o objects) proto.Message {
			return &orderv1.FindForReturnRequest{StoreCode: o.Store, OrderId: o.Received, TotalMinor: 999_999_999}
		}},
		"ReturnAtCounter": {may: f1staff + "device " + editors, none: "f1other dealer " + strangers, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.ReturnAtCounterRequest{RequestId: id(), StoreCode: o.Store, Token: "no-token", Reason: "torn", Lines: []*orderv1.ReturnLineInput{{LineId: o.Line, Quantity: 1}}}
		}},
	}
	rules["onepool.frontend.pos.v1.PosReturns"] = map[string]rule{
		"FindSale": {none: devices, ask: func(o objects) proto.Message {
			return &posv1.FindSaleRequest{OrderId: o.Received, TotalMinor: 999_999_999}
		}},
		"TakeBack": {may: devices, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &posv1.TakeBackRequest{RequestId: id(), Token: "no-token", Reason: "torn", Lines: []*orderv1.ReturnLineInput{{LineId: o.Line, Quantity: 1}}}
		}},
	}
	rules["onepool.frontend.miniprogram.v1.MiniProgramReturns"] = map[string]rule{
		// Without a place, or of an order that is over: nothing is changed for the other rules.
		"ChangeAddress": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.ChangeMyAddressRequest{RequestId: id(), OrderId: o.Unpaid, Receiver: &orderv1.Receiver{Name: "x", Address: "x"}}
		}},
		"DelayReceipt": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.DelayMyReceiptRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}},
		"WithdrawReturn": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.WithdrawMyReturnRequest{RequestId: id(), ReturnId: o.Returns[0]}
		}},
		"SendReturn": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.SendMyReturnRequest{RequestId: id(), ReturnId: o.Returns[1], Carrier: "SF", TrackingNo: "SF3"}
		}},
	}
	rules["onepool.order.v1.ReturnWindows"] = map[string]rule{
		"PutReturnPolicy": {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.PutReturnPolicyRequest{RequestId: id(), FromUs: 1, ReceiveDays: 1}
		}},
		"ListReturnPolicies": {may: employees + devices + editors},
		// It has not been shipped: past the rules, its state decides.
		"DelayReceipt": {may: "memberA dealer device " + f1staff + editors, none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.DelayReceiptRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}},
		"ExtendReturnWindow": {may: "f1manager", none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ExtendReturnWindowRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Days: 1, Reason: "ill"}
		}},
	}
}
