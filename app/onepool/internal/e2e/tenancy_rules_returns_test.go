package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Until when goods may come back is headquarters' rule, a longer window the seller's to give.
func init() {
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
