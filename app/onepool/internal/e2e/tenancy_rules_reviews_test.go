package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Whether a held order goes on is its seller's managers' to say, what is written on it its staff's.
func init() {
	rules["onepool.order.v1.Reviews"] = map[string]rule{
		// Whoever may is told that nobody can mean it: nothing is kept.
		"PutReviewRule": {may: editors + "f1manager f1other f2manager dealer dealer2", past: "VALIDATOR", ask: func(objects) proto.Message {
			return &orderv1.PutReviewRuleRequest{RequestId: id(), Code: "r", Silence: orderv1.ReviewSilence_REVIEW_WAITS}
		}},
		"ListReviewRules": {may: employees + editors},
		"ListReviews":     {may: employees + editors},
		// Past the rules, the state of the order decides; what was released is not rejected any more.
		"HoldOrder": {may: "f1manager", none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.HoldOrderRequest{RequestId: id(), OrderId: o.Paid, Reason: "have a look"}
		}},
		"ReleaseOrder": {may: "f1manager", none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ReleaseOrderRequest{RequestId: id(), OrderId: o.Paid}
		}},
		"RejectOrder": {may: "f1manager", past: "STATE_CONFLICT", none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.RejectOrderRequest{RequestId: id(), OrderId: o.Paid, Reason: "no"}
		}},
		"AddOrderRemark": {may: f1staff, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.AddOrderRemarkRequest{RequestId: id(), OrderId: o.Paid, Text: "a friend of the house", Internal: true}
		}},
		"ListOrderRemarks": {may: "memberA dealer " + f1staff + editors, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ListOrderRemarksRequest{OrderId: o.Paid}
		}},
	}
}
