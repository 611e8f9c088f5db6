package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// A store's terms are for its own tills and people, and for headquarters.
func init() {
	rules["onepool.order.v1.Tills"] = map[string]rule{
		"GetTillTerms": {sees: "device " + f1staff + editors, none: "f1other dealer " + strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &orderv1.GetTillTermsRequest{StoreCode: o.Store}
		}},
		// The cash is not the sum of the lines: nothing is booked for those who may.
		"BookOfflineSale": {may: "device " + f1staff + editors, past: "VALIDATOR", none: "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &orderv1.BookOfflineSaleRequest{RequestId: id(), StoreCode: o.Store, ReceiptNo: id(), SoldAtUs: 1, CashMinor: 1, Lines: []*orderv1.OfflineLine{{Sku: o.SKU, Quantity: 1}}}
		}},
	}
}
