package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Tax rates and freight are headquarters' to write; staff and tills price by them.
func init() {
	rules["onepool.order.v1.TradeTerms"] = map[string]rule{
		// What is sent says two things at once: nothing is kept for those who may.
		"PutTaxRates": {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.PutTaxRatesRequest{RequestId: id(), Rates: []*orderv1.TaxRate{{TaxClass: "a"}, {TaxClass: "a"}}}
		}},
		"PutFreight":   {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message { return &orderv1.PutFreightRequest{RequestId: id(), StepG: 1} }},
		"ListTaxRates": {may: employees + devices + editors},
		"ListFreight":  {may: employees + devices + editors},
	}
}
