package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Who ships works on what ships from there: its staff and its till, and headquarters.
func init() {
	step := func(ask func(o objects) proto.Message) rule {
		return rule{may: "device " + f1staff + editors, none: "memberB f1other dealer " + channels + strangers, ask: ask}
	}
	rules["onepool.order.v1.Fulfilments"] = map[string]rule{
		"PickFulfilment": step(func(o objects) proto.Message {
			return &orderv1.PickFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"PackFulfilment": step(func(o objects) proto.Message {
			return &orderv1.PackFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"DeliverFulfilment": step(func(o objects) proto.Message {
			return &orderv1.DeliverFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"FailFulfilment": step(func(o objects) proto.Message {
			return &orderv1.FailFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Reason: "nobody at home"}
		}),
		"TakeBackFulfilment": step(func(o objects) proto.Message {
			return &orderv1.TakeBackFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
	}
}
