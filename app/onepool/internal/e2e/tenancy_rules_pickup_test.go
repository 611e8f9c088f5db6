package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// Where a basket can be collected is for everybody to know, how much a store lacks for those whose store it is.
func init() {
	rules["onepool.inventory.v1.PickupOptions"] = map[string]rule{
		"GetPickupOptions": {sees: f1staff + "f1other device " + hq, own: "dealer " + strangers + members + channels, mark: func(objects) string { return "missing" }, ask: func(o objects) proto.Message {
			return &inventoryv1.GetPickupOptionsRequest{Channel: "pos", Stores: []string{f1Store}, Lines: []*inventoryv1.PickupLine{{Sku: o.SKU, Quantity: 1_000_000}}}
		}},
	}
}
