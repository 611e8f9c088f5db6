package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Money is looked after by the seller: its managers, and headquarters' finance for its own.
func init() {
	rules["onepool.order.v1.Payments"] = map[string]rule{
		"CheckPayment": {may: "memberA dealer " + f1staff + hq, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.CheckPaymentRequest{PaymentId: o.Payment}
		}},
		"ListOpenRefunds": {may: "f1manager f1other f2manager dealer dealer2 direct " + hq, ask: func(o objects) proto.Message {
			return &orderv1.ListOpenRefundsRequest{PageSize: 200}
		}},
		"RetryRefund": {none: known, ask: func(o objects) proto.Message {
			return &orderv1.RetryRefundRequest{RequestId: id(), RefundId: "rfd_none"}
		}},
	}
	// Money that no order could take is headquarters' to look after.
	rules["onepool.order.v1.UnmatchedPayments"] = map[string]rule{
		"ListUnmatchedPayments": {may: "finance admin"},
		"RefundUnmatchedPayment": {may: "finance admin", past: "NOT_FOUND", ask: func(objects) proto.Message {
			return &orderv1.RefundUnmatchedPaymentRequest{RequestId: id(), Id: "unm_none", Reason: "not ours"}
		}},
		"SettleUnmatchedPayment": {may: "finance admin", past: "NOT_FOUND", ask: func(objects) proto.Message {
			return &orderv1.SettleUnmatchedPaymentRequest{RequestId: id(), Id: "unm_none", Note: "by hand"}
		}},
	}
}
