package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// nowhere is a line that no order has: whoever may decline is told so, and nothing is moved for the other rules.
var nowhere = []*inventoryv1.MissingLine{{LineId: "oln_nowhere", Quantity: 1}}

// A location's own people answer for it; what waits is seen by those who sell it, and decided by headquarters.
func init() {
	rules["onepool.inventory.v1.Assignments"] = map[string]rule{
		"AcceptAssignment": {may: "f1manager " + editors, none: outside, ask: func(o objects) proto.Message {
			return &inventoryv1.AcceptAssignmentRequest{RequestId: id(), Document: o.Paid, Location: o.Store}
		}},
		"DeclineAssignment": {may: "f1manager " + editors, past: "VALIDATOR", none: outside, ask: func(o objects) proto.Message {
			return &inventoryv1.DeclineAssignmentRequest{RequestId: id(), Document: o.Paid, Location: o.Store, Reason: inventoryv1.DeclineReason_SHELF_EMPTY, Lines: nowhere}
		}},
		"ListAssignments": {may: looks, own: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ListAssignmentsRequest{Document: o.Paid}
		}},
		"ListWaiting":  {may: looks, own: strangers},
		"ListOpenWork": {may: looks, own: strangers},
		"ResolveOpenWork": {may: editors, ask: func(o objects) proto.Message {
			return &inventoryv1.ResolveOpenWorkRequest{RequestId: id(), Document: o.Paid, Location: o.Store}
		}},
	}
	rules["onepool.order.v1.Order"]["DeclineFulfilment"] = rule{may: "device " + f1staff + editors, past: "VALIDATOR", none: "memberB f1other dealer " + channels + strangers,
		ask: func(o objects) proto.Message {
			return &orderv1.DeclineFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Reason: inventoryv1.DeclineReason_SHELF_EMPTY, Lines: nowhere}
		}}
}
