package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// Only other centers reserve, for their documents.
func init() {
	rules["onepool.inventory.v1.Reservations"] = map[string]rule{
		"Reserve": inside(func(o objects) proto.Message {
			return &inventoryv1.ReserveRequest{RequestId: id(), Document: id(), Channel: "pos", SellerOrg: o.Org, Way: inventoryv1.DeliveryWay_CARRY_OUT,
				Lines: []*inventoryv1.ReserveLine{{LineId: "1", Sku: o.SKU, Location: o.Store, Quantity: 1}}}
		}),
		"ExtendReservation": inside(func(o objects) proto.Message {
			return &inventoryv1.ExtendReservationRequest{RequestId: id(), Document: o.Unpaid, ExpiresAtUs: 4102444800000000}
		}),
		"ConfirmReservations": inside(func(o objects) proto.Message {
			return &inventoryv1.ConfirmReservationsRequest{RequestId: id(), Document: o.Unpaid}
		}),
		"ReleasePart": inside(func(o objects) proto.Message {
			return &inventoryv1.ReleasePartRequest{RequestId: id(), Document: o.Unpaid, Parts: []*inventoryv1.ReservationPart{{ReservationId: "res_none", Quantity: 1}}, Reason: "x"}
		}),
		"ShipPart": inside(func(o objects) proto.Message {
			return &inventoryv1.ShipPartRequest{RequestId: id(), Document: o.Unpaid, Fulfilment: "ful_none", Parts: []*inventoryv1.ReservationPart{{ReservationId: "res_none", Quantity: 1}}}
		}),
	}
}
