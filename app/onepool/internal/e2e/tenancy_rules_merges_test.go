package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// What travels together is for those who ship it; what else goes to a receiver its seller's staff sees.
func init() {
	rules["onepool.order.v1.MergedParcels"] = map[string]rule{
		"ListMergeable": {may: "device " + f1staff + editors, none: "f1other dealer dealer2 " + "device2 " + f2 + directs, ask: func(o objects) proto.Message {
			return &orderv1.ListMergeableRequest{Location: o.Store}
		}},
		"ListOrderNeighbours": {may: "dealer " + f1staff + editors, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ListOrderNeighboursRequest{OrderId: o.Paid}
		}},
		// One of them is nobody's.
		"MergeFulfilments": {none: known, ask: func(o objects) proto.Message {
			return &orderv1.MergeFulfilmentsRequest{RequestId: id(), FulfilmentIds: []string{"ful_nobody", o.Fulfilment}}
		}},
		"GetMergedParcel": {none: known, ask: func(objects) proto.Message {
			return &orderv1.GetMergedParcelRequest{MergedParcelId: "mpc_nobody"}
		}},
		"SplitMergedParcel": {none: known, ask: func(objects) proto.Message {
			return &orderv1.SplitMergedParcelRequest{RequestId: id(), MergedParcelId: "mpc_nobody"}
		}},
		"ShipMergedParcel": {none: known, ask: func(objects) proto.Message {
			return &orderv1.ShipMergedParcelRequest{RequestId: id(), MergedParcelId: "mpc_nobody", Carrier: "SF", TrackingNo: "1"}
		}},
		"DeliverMergedParcel": {none: known, ask: func(objects) proto.Message {
			return &orderv1.DeliverMergedParcelRequest{RequestId: id(), MergedParcelId: "mpc_nobody"}
		}},
		"GetMergedWaybill": {none: known, ask: func(objects) proto.Message {
			return &orderv1.GetMergedWaybillRequest{MergedParcelId: "mpc_nobody"}
		}},
	}
}
