package e2e

import (
	"google.golang.org/protobuf/proto"

	memberv1 "github.com/onepool/onepool/api/member/v1"
)

// Stored value is between a member and headquarters; orders are paid with it by the order center.
func init() {
	nobodyElse := "memberB f1other dealer device " + f1staff + channels + strangers
	rules["onepool.member.v1.Wallets"] = map[string]rule{
		"TopUpWallet": {may: "finance admin", ask: func(o objects) proto.Message {
			return &memberv1.TopUpWalletRequest{RequestId: id(), MemberId: o.Member, AmountMinor: 1, Currency: "CNY", Note: "test"}
		}},
		"GetWallet": {sees: "memberA " + hq, none: nobodyElse, mark: memberOf, ask: func(o objects) proto.Message {
			return &memberv1.GetWalletRequest{MemberId: o.Member}
		}},
		"ListWalletEntries": {may: "memberA " + hq, none: nobodyElse, ask: func(o objects) proto.Message {
			return &memberv1.ListWalletEntriesRequest{MemberId: o.Member}
		}},
		"PayFromWallet": inside(func(o objects) proto.Message {
			return &memberv1.PayFromWalletRequest{PaymentId: id(), MemberId: o.Member, AmountMinor: 1, Currency: "CNY"}
		}),
		"CloseWalletPayment": inside(func(o objects) proto.Message {
			return &memberv1.CloseWalletPaymentRequest{PaymentId: id(), MemberId: o.Member}
		}),
		"GetWalletPayment": inside(func(o objects) proto.Message { return &memberv1.GetWalletPaymentRequest{PaymentId: o.Payment} }),
		"RefundToWallet": inside(func(o objects) proto.Message {
			return &memberv1.RefundToWalletRequest{Number: id(), PaymentId: o.Payment, AmountMinor: 1}
		}),
		"GetWalletSums": inside(func(o objects) proto.Message {
			return &memberv1.GetWalletSumsRequest{PaymentIds: []string{o.Payment}}
		}),
		"GetWalletRefund": inside(func(objects) proto.Message { return &memberv1.GetWalletRefundRequest{Number: id()} }),
	}
}
