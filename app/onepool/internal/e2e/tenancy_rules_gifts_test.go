package e2e

import (
	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// A gift is its buyer's to share, and whose who has the key to take; the order of somebody else is not there, and one that is no gift
// has no link.
func init() {
	const noKey = "no-such-key"
	rules["onepool.order.v1.GiftOrders"] = map[string]rule{
		"PlaceGift": {may: "memberA " + editors, none: "memberB", ask: func(o objects) proto.Message {
			return &orderv1.PlaceGiftRequest{RequestId: id(), Channel: "miniprogram", MemberId: o.Member, Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1, UnitPriceMinor: 1}}}
		}},
		"ShareGift": {may: "memberA", past: "NOT_FOUND", none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ShareGiftRequest{RequestId: id(), OrderId: o.Paid}
		}},
		"LookAtGift": {may: members, past: "NOT_FOUND", ask: func(o objects) proto.Message { return &orderv1.LookAtGiftRequest{Key: noKey} }},
		"TakeGift": {may: members, past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &orderv1.TakeGiftRequest{RequestId: id(), Key: noKey, Receiver: somewhere()}
		}},
	}
	rules["onepool.frontend.miniprogram.v1.MiniProgramGifts"] = map[string]rule{
		"PlaceGift": {may: members, ask: func(o objects) proto.Message {
			return &miniprogramv1.PlaceMyGiftRequest{RequestId: id(), Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1, UnitPriceMinor: 1}}}
		}},
		"ShareGift": {may: "memberA", past: "NOT_FOUND", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.ShareMyGiftRequest{RequestId: id(), OrderId: o.Paid}
		}},
		"LookAtGift": {may: members, past: "NOT_FOUND", ask: func(o objects) proto.Message { return &miniprogramv1.LookAtMyGiftRequest{Key: noKey} }},
		"TakeGift": {may: members, past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &miniprogramv1.TakeMyGiftRequest{RequestId: id(), Key: noKey, Receiver: somewhere()}
		}},
	}
}
