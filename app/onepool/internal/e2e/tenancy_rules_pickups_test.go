package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Whoever hands goods over needs the code of something that is ready at his own store: all else is a code that nobody has.
func init() {
	rules["onepool.order.v1.Pickups"] = map[string]rule{
		"CollectPickup": {none: employees + devices + editors, ask: func(o objects) proto.Message {
			return &orderv1.CollectPickupRequest{RequestId: id(), StoreCode: o.Store, Code: "00000000"}
		}},
	}
}
