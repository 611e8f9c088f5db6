package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// arrives is when the presale's goods come: far away.
const arrives = 4102444800000000

// What is sold as a kit is headquarters' to say, and everybody's to see. Stock that will arrive is promised by those who book
// stock at the location.
func init() {
	rules["onepool.inventory.v1.Kits"] = map[string]rule{
		"PutKit": {may: editors, ask: func(o objects) proto.Message {
			return &inventoryv1.PutKitRequest{RequestId: id(), Sku: o.SKU, Parts: []*inventoryv1.KitPart{{Sku: o.SKU, Pieces: 2}}}
		}},
		"GetKit":   {may: known, past: "KIT_UNKNOWN", ask: func(o objects) proto.Message { return &inventoryv1.GetKitRequest{Sku: o.SKU} }},
		"ListKits": {may: known},
		"RetireKit": {may: editors, past: "KIT_UNKNOWN", ask: func(o objects) proto.Message {
			return &inventoryv1.RetireKitRequest{RequestId: id(), Sku: o.SKU, ExpectedVersion: 1}
		}},
	}
	rules["onepool.inventory.v1.Presales"] = map[string]rule{
		// Its date is past: nothing is opened for those who may.
		"OpenPresale": {may: "f1manager " + editors, past: "VALIDATOR", none: members + channels + "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.OpenPresaleRequest{RequestId: id(), Sku: o.SKU, Location: o.Store, Quota: 1, ArrivesUs: 1}
		}},
		"ChangePresale": {may: "f1manager " + editors, none: members + channels + "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ChangePresaleRequest{RequestId: id(), Id: o.Presale, Quota: 5, ArrivesUs: arrives}
		}},
		"ClosePresale": {may: "f1manager " + editors, none: members + channels + "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ClosePresaleRequest{RequestId: id(), Id: o.Presale}
		}},
		"ListPresales": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: func(o objects) string { return o.Presale }, ask: func(objects) proto.Message {
			return &inventoryv1.ListPresalesRequest{PageSize: 200}
		}},
	}
}
