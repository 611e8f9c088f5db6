package e2e

import (
	"google.golang.org/protobuf/proto"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Who a seller is to the tax office is its organisation's to say, and headquarters'. An invoice is the order's member's and its seller's.
func init() {
	rules["onepool.order.v1.TaxProfiles"] = map[string]rule{
		// What is withdrawn was never put: nothing is kept for those who may.
		"PutTaxProfile": {may: "f1manager f1other f2manager dealer dealer2 " + hq, past: "VALIDATOR", ask: func(o objects) proto.Message {
			return &orderv1.PutTaxProfileRequest{RequestId: id(), Taxpayer: "small", TaxNo: "91330106MA2ABCDE1X", Title: "Nobody Ltd", FromUs: 4_000_000_000_000_000, Withdrawn: true}
		}},
		"ListTaxProfiles": {may: employees + hq, ask: func(objects) proto.Message { return &orderv1.ListTaxProfilesRequest{} }},
	}
	buyer := &orderv1.InvoiceBuyer{Title: "Lin"}
	rules["onepool.frontend.miniprogram.v1.MiniProgramInvoices"] = map[string]rule{
		"RequestInvoice": {may: "memberA", none: "memberB", past: "INVOICE_SELLER_UNKNOWN", ask: func(o objects) proto.Message {
			return &miniprogramv1.RequestMyInvoiceRequest{RequestId: id(), OrderId: o.Unpaid, Buyer: buyer}
		}},
		"GetInvoices": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.GetMyInvoicesRequest{OrderId: o.Unpaid}
		}},
		"CorrectInvoice": {none: members, ask: func(objects) proto.Message {
			return &miniprogramv1.CorrectMyInvoiceRequest{RequestId: id(), InvoiceId: "inv_nobody", Buyer: buyer}
		}},
		"WithdrawInvoice": {none: members, ask: func(objects) proto.Message {
			return &miniprogramv1.WithdrawMyInvoiceRequest{RequestId: id(), InvoiceId: "inv_nobody"}
		}},
	}
	rules["onepool.order.v1.Invoices"] = map[string]rule{
		// The seller has no tax profile: past the rules, nobody issues anything.
		"RequestInvoice": {may: "memberA " + f1staff, none: "memberB f1other device " + channels + strangers, past: "INVOICE_SELLER_UNKNOWN", ask: func(o objects) proto.Message {
			return &orderv1.RequestInvoiceRequest{RequestId: id(), OrderId: o.Unpaid, Buyer: buyer}
		}},
		"GetOrderInvoices": {may: "memberA " + f1staff, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.GetOrderInvoicesRequest{OrderId: o.Unpaid}
		}},
		"ListInvoices": {may: "f1manager f1other f2manager dealer dealer2 direct " + hq, ask: func(objects) proto.Message { return &orderv1.ListInvoicesRequest{} }},
		"CorrectInvoice": {none: known, ask: func(objects) proto.Message {
			return &orderv1.CorrectInvoiceRequest{RequestId: id(), InvoiceId: "inv_nobody", Buyer: buyer}
		}},
		"RetryInvoice": {none: known, ask: func(objects) proto.Message {
			return &orderv1.RetryInvoiceRequest{RequestId: id(), InvoiceId: "inv_nobody"}
		}},
		"WithdrawInvoice": {none: known, ask: func(objects) proto.Message {
			return &orderv1.WithdrawInvoiceRequest{RequestId: id(), InvoiceId: "inv_nobody"}
		}},
	}
}
