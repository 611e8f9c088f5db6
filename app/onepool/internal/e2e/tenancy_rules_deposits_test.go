package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Deposit terms of every seller are headquarters' to write; a seller's own are proved beside the service.
func init() {
	rules["onepool.order.v1.Deposits"] = map[string]rule{
		// What is sold so is not said: nothing is kept for those who may.
		"PutDepositTerms":  {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message { return &orderv1.PutDepositTermsRequest{RequestId: id()} }},
		"ListDepositTerms": {may: employees + devices + editors},
	}
}
