package e2e

import (
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Promotions are headquarters' to make. Who bears them is told to staff, and to tills, which price by them offline.
func init() {
	rules["onepool.order.v1.Promotions"] = map[string]rule{
		// The terms' bearers do not bear all: nothing is made for those who may.
		"PutPromotion": {may: editors, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.PutPromotionRequest{RequestId: id(), Code: "rules", Terms: &orderv1.PromotionTerms{Name: "x", Kind: orderv1.PromotionKind_PERCENT_OFF, OffBp: 1,
				Stacking: orderv1.Stacking_ALONE, Bearers: []*orderv1.Bearer{{Role: orderv1.BearerRole_HEADQUARTERS, ShareBp: 1}}}}
		}},
		"EndPromotion": {may: editors, past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &orderv1.EndPromotionRequest{RequestId: id(), Code: "nobody-has-it"}
		}},
		"GetPromotion": {may: employees + devices + editors, past: "NOT_FOUND", ask: func(o objects) proto.Message {
			return &orderv1.GetPromotionRequest{Code: "nobody-has-it"}
		}},
		"ListPromotions": {may: employees + devices + editors},
	}
	rules["onepool.order.v1.Coupons"] = map[string]rule{
		"ClaimCoupon": {may: "memberA " + editors, past: "NOT_FOUND", none: "memberB", ask: func(o objects) proto.Message {
			return &orderv1.ClaimCouponRequest{RequestId: id(), MemberId: o.Member, Promotion: "nobody-has-it"}
		}},
		"ListCoupons": {may: "memberA " + editors, none: "memberB", ask: func(o objects) proto.Message { return &orderv1.ListCouponsRequest{MemberId: o.Member} }},
	}
}
