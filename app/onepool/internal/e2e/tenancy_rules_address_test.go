package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// Where goods go is the order's to change, and then inventory's to carry out.
func init() {
	rules["onepool.inventory.v1.Redirects"] = map[string]rule{
		"Redirect": inside(func(o objects) proto.Message {
			return &inventoryv1.RedirectRequest{RequestId: id(), Document: o.Paid, Destination: somewhere().Point}
		}),
	}
}
