package e2e

import (
	"google.golang.org/protobuf/proto"

	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Who ships works on what ships from there: its staff and its till, and headquarters.
func init() {
	step := func(ask func(o objects) proto.Message) rule {
		return rule{may: "device " + f1staff + editors, none: "memberB f1other dealer " + channels + strangers, ask: ask}
	}
	rules["onepool.order.v1.Fulfilments"] = map[string]rule{
		"PickFulfilment": step(func(o objects) proto.Message {
			return &orderv1.PickFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"PackFulfilment": step(func(o objects) proto.Message {
			return &orderv1.PackFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"DeliverFulfilment": step(func(o objects) proto.Message {
			return &orderv1.DeliverFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
		"FailFulfilment": step(func(o objects) proto.Message {
			return &orderv1.FailFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Reason: "nobody at home"}
		}),
		"TakeBackFulfilment": step(func(o objects) proto.Message {
			return &orderv1.TakeBackFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}),
	}
	content := func(o objects) []*orderv1.ParcelContent {
		return []*orderv1.ParcelContent{{LineId: "lin_none", Quantity: 1}}
	}
	rules["onepool.order.v1.Parcels"] = map[string]rule{
		"PutParcels": step(func(o objects) proto.Message {
			return &orderv1.PutParcelsRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Parcels: []*orderv1.PlannedParcel{{Lines: content(o)}}}
		}),
		"ShipPart": step(func(o objects) proto.Message {
			return &orderv1.ShipPartRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Lines: content(o), Carrier: "SF", TrackingNo: "1"}
		}),
		"ShipParcel": step(func(o objects) proto.Message {
			return &orderv1.ShipParcelRequest{RequestId: id(), ParcelId: o.Parcel, Carrier: "SF", TrackingNo: "1"}
		}),
		"DeliverParcel": step(func(o objects) proto.Message {
			return &orderv1.DeliverParcelRequest{RequestId: id(), ParcelId: o.Parcel}
		}),
		"FailParcel": step(func(o objects) proto.Message {
			return &orderv1.FailParcelRequest{RequestId: id(), ParcelId: o.Parcel, Reason: "x"}
		}),
		"TakeBackParcel": step(func(o objects) proto.Message {
			return &orderv1.TakeBackParcelRequest{RequestId: id(), ParcelId: o.Parcel}
		}),
	}
}

// Who may cancel an order may cancel a part of it.
func init() {
	whole := rules["onepool.order.v1.Order"]["CancelOrder"]
	// Without a place it is refused to those who may, and nothing is changed for the other rules.
	nowhere := &orderv1.Receiver{Name: "x", Address: "x"}
	rules["onepool.order.v1.AddressChanges"] = map[string]rule{
		"ChangeAddress": {may: whole.may, none: whole.none, ask: func(o objects) proto.Message {
			return &orderv1.ChangeAddressRequest{RequestId: id(), OrderId: whole.ask(o).(*orderv1.CancelOrderRequest).OrderId, Receiver: nowhere}
		}},
	}
	rules["onepool.frontend.ecommerce.v1.Ecommerce"]["ChangeAddress"] = rule{may: "channel", none: "channel2", past: "VALIDATOR", ask: func(o objects) proto.Message {
		return &ecommercev1.ChangeExternalAddressRequest{RequestId: id(), ExternalNo: o.External, Receiver: nowhere}
	}}
	rules["onepool.order.v1.OrderChanges"] = map[string]rule{
		"CancelLines": {may: whole.may, none: whole.none, ask: func(o objects) proto.Message {
			return &orderv1.CancelLinesRequest{RequestId: id(), OrderId: whole.ask(o).(*orderv1.CancelOrderRequest).OrderId, Reason: "rules",
				Lines: []*orderv1.CancelledLine{{LineId: o.Line, Quantity: 1000000}}}
		}},
		// Nothing is to be chosen: those who may are told so.
		"ChoosePickup": {may: whole.may, none: whole.none, ask: func(o objects) proto.Message {
			return &orderv1.ChoosePickupRequest{RequestId: id(), OrderId: o.Paid, Choice: &orderv1.ChoosePickupRequest_CollectLater{CollectLater: true}}
		}},
	}
}

// A platform is told of its own orders.
func init() {
	rules["onepool.order.v1.ShippingReports"] = map[string]rule{
		"ListShippingReports": {may: editors, own: channels, ask: func(o objects) proto.Message {
			return &orderv1.ListShippingReportsRequest{Channel: "tmall"}
		}},
		"AcknowledgeShippingReports": {none: editors + channels, ask: func(o objects) proto.Message {
			return &orderv1.AcknowledgeShippingReportsRequest{RequestId: id(), Channel: "tmall", ReportIds: []string{"rpt_none"}}
		}},
	}
}

// Headquarters says how soon goods have to leave; who ships may read it, and sees what of his own is late.
func init() {
	rules["onepool.order.v1.ServiceLevels"] = map[string]rule{
		"PutServiceLevel": {may: editors, ask: func(o objects) proto.Message {
			return &orderv1.PutServiceLevelRequest{RequestId: id(), Channel: "rules"}
		}},
		"ListServiceLevels": {may: employees + devices + editors},
		"ListOverdue":       {own: employees + devices + editors},
	}
}

// Who ships from a location sees what is to be picked there, and for whom.
func init() {
	rules["onepool.order.v1.Packing"] = map[string]rule{
		"GetPickingList": {none: f2 + directs + "f1other device2 dealer dealer2 ", may: "device " + f1staff + editors, ask: func(o objects) proto.Message {
			return &orderv1.GetPickingListRequest{Location: o.Store}
		}},
		"GetWaybill": {may: "device " + f1staff + editors, none: "memberB f1other dealer " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.GetWaybillRequest{FulfilmentId: o.Fulfilment}
		}},
	}
}
