package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// A location's sharing policies are its organisation's and headquarters'; how many it has is for those whose they are.
func init() {
	all := func(o objects) *inventoryv1.SharingTerms {
		return &inventoryv1.SharingTerms{Channel: "nowhere", Mode: inventoryv1.SharingMode_SHARE_ALL,
			Place: &inventoryv1.SharingTerms_Location{Location: o.Store}, Product: &inventoryv1.SharingTerms_Sku{Sku: o.SKU}}
	}
	rules["onepool.inventory.v1.SharingPolicies"] = map[string]rule{
		"PutSharingPolicy": {may: "f1manager " + editors, none: "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.PutSharingPolicyRequest{RequestId: id(), Terms: all(o)}
		}},
		"EndSharingPolicy": {none: editors + employees + devices, ask: func(objects) proto.Message {
			return &inventoryv1.EndSharingPolicyRequest{RequestId: id(), Id: "shp_none"}
		}},
		"ListSharingPolicies": {may: employees + devices + hq},
		"ExplainSharing": {sees: f1staff + "f1other device " + hq, none: "dealer " + strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.ExplainSharingRequest{Channel: "tmall", Location: o.Store, Sku: o.SKU}
		}},
		"DryRunSharing": {may: "f1manager " + editors, none: "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.DryRunSharingRequest{Policy: all(o), PageSize: 5}
		}},
	}
	rules["onepool.inventory.v1.TillSales"] = map[string]rule{
		"BookTillSale": inside(func(o objects) proto.Message {
			return &inventoryv1.BookTillSaleRequest{RequestId: id(), Document: id(), Location: o.Store, Lines: []*inventoryv1.TillSaleLine{{LineId: "1", Sku: o.SKU, Quantity: 1}}}
		}),
	}
}
