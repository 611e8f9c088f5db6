package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Who a seller is to the tax office is its organisation's to say, and headquarters'.
func init() {
	rules["onepool.order.v1.TaxProfiles"] = map[string]rule{
		// What is withdrawn was never put: nothing is kept for those who may.
		"PutTaxProfile": {may: "f1manager f1other f2manager dealer dealer2 " + hq, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.PutTaxProfileRequest{RequestId: id(), Taxpayer: "small", TaxNo: "91330106MA2ABCDE1X", Title: "Nobody Ltd", FromUs: 4_000_000_000_000_000, Withdrawn: true}
		}},
		"ListTaxProfiles": {may: employees + hq, ask: func(objects) proto.Message { return &orderv1.ListTaxProfilesRequest{} }},
	}
}
