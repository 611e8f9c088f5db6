package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// How long orders wait for their payment is headquarters' to write; staff and tills read it.
func init() {
	rules["onepool.order.v1.PayWindows"] = map[string]rule{
		"PutPayWindow":   {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message { return &orderv1.PutPayWindowRequest{RequestId: id(), PayWindowS: 1} }},
		"ListPayWindows": {may: employees + devices + editors},
	}
}
