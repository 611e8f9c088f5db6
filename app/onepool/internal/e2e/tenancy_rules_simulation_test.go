package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// Simulations look at the stock of all parties: they are for those who answer for all stores.
func init() {
	rules["onepool.inventory.v1.Simulations"] = map[string]rule{
		"CreateSimulation": {may: editors, ask: func(objects) proto.Message {
			return &inventoryv1.CreateSimulationRequest{RequestId: id(), Strategies: []string{"near-then-split"}}
		}},
		"AddSimulationOrders": {may: editors, past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &inventoryv1.AddSimulationOrdersRequest{RequestId: id(), Id: "sim_none", Orders: []*inventoryv1.SimulationOrder{{Number: 1, Document: "SO-1", Way: inventoryv1.DeliveryWay_PARCEL,
				Lines: []*inventoryv1.SimulationLine{{Sku: o.SKU, Quantity: 1}}}}}
		}},
		"StartSimulation": {may: editors, past: "NOT_FOUND", ask: func(objects) proto.Message {
			return &inventoryv1.StartSimulationRequest{RequestId: id(), Id: "sim_none"}
		}},
		"GetSimulation": {may: editors, past: "NOT_FOUND", ask: func(objects) proto.Message { return &inventoryv1.GetSimulationRequest{Id: "sim_none"} }},
		"ListSimulationOrders": {may: editors, past: "NOT_FOUND", ask: func(objects) proto.Message {
			return &inventoryv1.ListSimulationOrdersRequest{Id: "sim_none"}
		}},
	}
}
