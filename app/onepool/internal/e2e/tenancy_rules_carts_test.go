package e2e

import (
	"strings"

	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// A guest's cart is its token's, a member's the member's. Who made the token up is told that there is no such guest.
func init() {
	forged := strings.Repeat("A", 60)
	rules["onepool.order.v1.Carts"] = map[string]rule{
		"OpenGuestCart": inside(func(objects) proto.Message { return &orderv1.OpenGuestCartRequest{} }),
		"GetGuestCart":  inside(func(objects) proto.Message { return &orderv1.GetGuestCartRequest{GuestToken: forged} }),
		"SetGuestCartLine": inside(func(o objects) proto.Message {
			return &orderv1.SetGuestCartLineRequest{RequestId: id(), GuestToken: forged, Sku: o.SKU, Quantity: 1}
		}),
		"MergeCart": {may: "memberA " + editors, none: "memberB", past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &orderv1.MergeCartRequest{RequestId: id(), MemberId: o.Member, GuestToken: forged}
		}},
		"SeeCart": {sees: "memberA " + editors, none: "memberB", mark: memberOf, ask: func(o objects) proto.Message {
			return &orderv1.SeeCartRequest{RequestId: id(), MemberId: o.Member}
		}},
	}
	rules["onepool.frontend.miniprogram.v1.MiniProgramCarts"] = map[string]rule{
		"OpenGuestCart": {may: anybody, ask: func(objects) proto.Message { return &miniprogramv1.OpenMyGuestCartRequest{} }},
		"GetGuestCart":  {none: anybody, ask: func(objects) proto.Message { return &miniprogramv1.GetMyGuestCartRequest{GuestToken: forged} }},
		"SetGuestCartLine": {none: anybody, ask: func(o objects) proto.Message {
			return &miniprogramv1.SetMyGuestCartLineRequest{RequestId: id(), GuestToken: forged, Sku: o.SKU, Quantity: 1}
		}},
		"MergeCart": {none: members, ask: func(objects) proto.Message {
			return &miniprogramv1.MergeMyCartRequest{RequestId: id(), GuestToken: forged}
		}},
		"SeeCart": {sees: "memberA", own: "memberB", mark: memberOf, ask: func(objects) proto.Message { return &miniprogramv1.SeeMyCartRequest{RequestId: id()} }},
	}
}
