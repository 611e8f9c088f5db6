package e2e

import (
	"google.golang.org/protobuf/proto"

	productv1 "github.com/onepool/onepool/api/product/v1"
)

// Price lists are headquarters' to keep and to read; other centers ask what a sale costs.
func init() {
	rules["onepool.product.v1.PriceLists"] = map[string]rule{
		"ImportPriceLists": {may: editors, ask: func(o objects) proto.Message {
			return &productv1.ImportPriceListsRequest{RequestId: id(), Rows: []*productv1.ImportPriceListRow{{Line: 1}}}
		}},
		"ImportPrices": {may: editors, ask: func(o objects) proto.Message {
			return &productv1.ImportPricesRequest{RequestId: id(), Rows: []*productv1.ImportPriceRow{{Line: 1}}}
		}},
		"ListPriceLists": {may: hq},
		"ListPrices": {may: hq, past: "PRICE_LIST_UNKNOWN", ask: func(o objects) proto.Message {
			return &productv1.ListPricesRequest{List: "nobody-has-it"}
		}},
		"GetPrices": {may: hq, ask: func(o objects) proto.Message { return &productv1.GetPricesRequest{Codes: []string{o.SKU}} }},
	}
}
