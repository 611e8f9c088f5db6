package e2e

import (
	"strings"

	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// rule says who may call a method about the objects of member A, F1's store and headquarters' channel. A role that is not
// named is refused: 403, or 401 for nobody. Lists of roles are separated by blanks.
type rule struct {
	// ask makes the request, new each time; nil: an empty one.
	ask func(o objects) proto.Message
	// sees: 200, and mark is in the answer.
	sees string
	// may: past the rules, whatever becomes of it. The state of the object decides that.
	may string
	// own: 200, and nothing of the marked objects is in the answer: there are only the caller's own rows.
	own string
	// none: 404, the same in every word as for what does not exist.
	none string
	// rows: 200, and each row of the import is refused.
	rows string
	// mark is what gives the objects away in an answer; nil: the id of the order that A has paid.
	mark func(o objects) string
	// past is the refusal that those who may get, where nothing must be used up: it comes after the rules.
	past string
	// inside: for centers only. From outside it is refused to everybody, on every port.
	inside bool
}

const (
	hq        = "operator finance admin "
	editors   = "operator admin "
	f1staff   = "f1manager f1guide "
	f2        = "f2manager f2clerk "
	directs   = "direct clerk "
	devices   = "device device2 "
	channels  = "channel channel2 "
	members   = "memberA memberB "
	strangers = f2 + "dealer2 " + directs + "device2 "
	employees = f1staff + "f1other " + f2 + "dealer dealer2 " + directs
	known     = members + employees + devices + channels + hq
	anybody   = "nobody " + known
)

func who(list string) map[string]bool {
	set := map[string]bool{}
	for _, role := range strings.Fields(list) {
		set[role] = true
	}
	return set
}

func id() string { return client.RequestID() }

func storeOf(o objects) string      { return o.Store }
func orgOf(o objects) string        { return o.Org }
func memberOf(o objects) string     { return o.Member }
func fulfilmentOf(o objects) string { return o.Fulfilment }
func hqOrderOf(o objects) string    { return o.HQOrder }

func audited(list string) rule {
	return rule{ask: func(objects) proto.Message { return &commonv1.CheckInvariantsRequest{} }, may: list}
}

func inside(ask func(o objects) proto.Message) rule { return rule{ask: ask, inside: true} }

// The specification: each method of the platform, and who may call it. Branch services are not in it: nobody reaches them.
var rules = specified(coreRules, feedRules)

// specified puts the parts of the specification together; a service stands in one of them.
func specified(parts ...map[string]map[string]rule) map[string]map[string]rule {
	all := map[string]map[string]rule{}
	for _, part := range parts {
		for service, methods := range part {
			if all[service] != nil {
				panic(service + " is specified twice")
			}
			all[service] = methods
		}
	}
	return all
}

var coreRules = map[string]map[string]rule{
	"onepool.product.v1.Product": {
		"ImportProducts": {may: editors, ask: func(o objects) proto.Message {
			return &productv1.ImportProductsRequest{RequestId: id(), Rows: []*productv1.ImportProductRow{{Line: 1}}}
		}},
		"ListSkus": {may: known},
		"GetSkus":  {may: known, ask: func(o objects) proto.Message { return &productv1.GetSkusRequest{Codes: []string{o.SKU}} }},
		"GetSkuByBarcode": {may: known, ask: func(o objects) proto.Message {
			return &productv1.GetSkuByBarcodeRequest{Barcode: o.Barcode}
		}},
		"CheckInvariants": audited(editors),
	},
	"onepool.store.v1.Store": {
		"ImportOrganisations": {may: editors, ask: func(o objects) proto.Message {
			return &storev1.ImportOrganisationsRequest{RequestId: id(), Rows: []*storev1.ImportOrganisationRow{{Line: 1}}}
		}},
		"ImportStores": {may: editors, ask: func(o objects) proto.Message {
			return &storev1.ImportStoresRequest{RequestId: id(), Rows: []*storev1.ImportStoreRow{{Line: 1}}}
		}},
		"ImportStaff": {may: editors, ask: func(o objects) proto.Message {
			return &storev1.ImportStaffRequest{RequestId: id(), Rows: []*storev1.ImportStaffRow{{Line: 1}}}
		}},
		"ListOrganisations": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: orgOf, ask: func(objects) proto.Message {
			return &storev1.ListOrganisationsRequest{PageSize: 200}
		}},
		"ListStores": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &storev1.ListStoresRequest{OrgCode: o.Org, PageSize: 200}
		}},
		"GetStore": {sees: f1staff + "f1other dealer device " + hq, none: strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &storev1.GetStoreRequest{Code: o.Store}
		}},
		"SetStoreActive": {may: editors, ask: func(o objects) proto.Message {
			return &storev1.SetStoreActiveRequest{RequestId: id(), Code: o.Store, Active: true}
		}},
		"ListStaff": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: func(o objects) string { return o.Login }, ask: func(o objects) proto.Message {
			return &storev1.ListStaffRequest{StoreCode: o.Store, PageSize: 200}
		}},
		// Of a colleague, who is neither the guide nor the manager.
		"SetStaffPassword": {may: "f1manager " + editors, none: strangers, ask: func(o objects) proto.Message {
			return &storev1.SetStaffPasswordRequest{RequestId: id(), Login: o.Login, Password: password}
		}},
		"SignInStaff": {may: anybody, ask: func(o objects) proto.Message {
			return &storev1.SignInStaffRequest{Login: "s-hz-01-c1", Password: password}
		}},
		"RegisterDevice": {may: "f1manager " + editors, none: "f1other f2manager dealer dealer2 direct", ask: func(o objects) proto.Message {
			return &storev1.RegisterDeviceRequest{RequestId: id(), StoreCode: o.Store, Name: "till"}
		}},
		"RegisterChannelAccount": {may: editors, ask: func(o objects) proto.Message {
			return &storev1.RegisterChannelAccountRequest{RequestId: id(), Channel: "jd", Name: "shop", OrgCode: o.Org}
		}},
		"RevokeCredential": {may: "f1manager " + editors, none: "f1other f2manager dealer dealer2 direct", ask: func(o objects) proto.Message {
			return &storev1.RevokeCredentialRequest{RequestId: id(), Id: o.Device}
		}},
		"ResolveKey": inside(func(objects) proto.Message { return &storev1.ResolveKeyRequest{Key: "opk_admin_0"} }),
		"VerifySignature": inside(func(objects) proto.Message {
			return &storev1.VerifySignatureRequest{KeyId: "k", Nonce: id(), BodySha256: strings.Repeat("0", 64), Signature: strings.Repeat("0", 64)}
		}),
		"VerifyLogin": inside(func(o objects) proto.Message {
			return &storev1.VerifyLoginRequest{StaffCode: o.Guide, Version: strings.Repeat("0", 64)}
		}),
		"GetSellerFacts":  inside(func(o objects) proto.Message { return &storev1.GetSellerFactsRequest{StoreCode: o.Store} }),
		"GetStaff":        inside(func(o objects) proto.Message { return &storev1.GetStaffRequest{Codes: []string{o.Guide}} }),
		"CheckInvariants": audited(editors),
	},
	"onepool.inventory.v1.Inventory": {
		"ListLocations": {may: known},
		"ReceiveStock": {may: "f1manager " + editors, none: members + channels + "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ReceiveStockRequest{RequestId: id(), Document: "PO-2", Lines: []*inventoryv1.StockLine{{Location: o.Store, Sku: o.SKU, Quantity: 1}}}
		}},
		"AdjustStock": {may: "f1manager " + editors, none: members + channels + "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.AdjustStockRequest{RequestId: id(), Document: "CT-1", Reason: "counted", Location: o.Store, Sku: o.SKU, Delta: 1}
		}},
		"ImportStock": {may: "f1manager " + editors, rows: channels + f1rest + "finance dealer device " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ImportStockRequest{RequestId: id(), Document: id(), Rows: []*inventoryv1.ImportStockRow{{Line: 1, LocationCode: o.Store, Sku: o.SKU, OnHand: 600}}}
		}},
		"ListStock": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.ListStockRequest{Sku: o.SKU, PageSize: 200}
		}},
		"ListMovements": {sees: f1staff + "f1other dealer device " + hq, own: strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.ListMovementsRequest{Sku: o.SKU, PageSize: 200}
		}},
		// Where goods are is for everybody to know, how many for those whose they are.
		"GetAvailability": {sees: f1staff + "f1other device " + hq, own: "dealer " + strangers + members + channels, mark: func(objects) string { return "at_the_till" }, ask: func(o objects) proto.Message {
			return &inventoryv1.GetAvailabilityRequest{Skus: []string{o.SKU}, Channel: "pos", Location: f1Store}
		}},
		"Hold": inside(func(o objects) proto.Message {
			return &inventoryv1.HoldRequest{RequestId: id(), Document: id(), Channel: "pos", SellerOrg: o.Org, Way: inventoryv1.DeliveryWay_CARRY_OUT, Location: o.Store,
				Lines: []*inventoryv1.HoldLine{{LineId: "1", Sku: o.SKU, Quantity: 1}}}
		}),
		"ReleaseHold": inside(func(o objects) proto.Message {
			return &inventoryv1.ReleaseHoldRequest{RequestId: id(), Document: o.Unpaid}
		}),
		"ListReservations": {sees: f1staff + "f1other dealer device " + hq, own: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.ListReservationsRequest{Documents: []string{o.Paid}}
		}},
		"GetAllocation": {sees: f1staff + "f1other dealer device " + hq, none: strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.GetAllocationRequest{Document: o.Paid}
		}},
		"CheckInvariants": audited(editors),
	},
	"onepool.order.v1.Order": {
		"GetCart": {may: "memberA " + editors, none: "memberB", ask: func(o objects) proto.Message { return &orderv1.GetCartRequest{MemberId: o.Member} }},
		"SetCartLine": {may: "memberA " + editors, none: "memberB", ask: func(o objects) proto.Message {
			return &orderv1.SetCartLineRequest{RequestId: id(), MemberId: o.Member, Sku: o.SKU, Quantity: 1}
		}},
		"Calculate": {may: "memberA device " + f1staff + editors, none: "memberB f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &orderv1.CalculateRequest{Channel: "pos", MemberId: o.Member, ShopStoreCode: o.Store, Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1}}}
		}},
		"PlaceOrder": {may: "memberA " + editors, none: "memberB", ask: func(o objects) proto.Message {
			return &orderv1.PlaceOrderRequest{RequestId: id(), Channel: "miniprogram", MemberId: o.Member, Way: inventoryv1.DeliveryWay_PARCEL,
				Receiver: somewhere(), Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1, UnitPriceMinor: 1}}}
		}},
		"SellAtTill": {may: f1staff + "device " + editors, none: "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &orderv1.SellAtTillRequest{RequestId: id(), StoreCode: o.Store, ReceiptNo: id(), CashMinor: 1, Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1}}}
		}},
		// The account that sells for headquarters does not sell for F1.
		"ImportChannelOrder": {may: editors, ask: func(o objects) proto.Message {
			c := channelOrder(o)
			return &orderv1.ImportChannelOrderRequest{RequestId: id(), Channel: "tmall", ExternalNo: id(), SellerOrg: o.Org, Receiver: c.Receiver, Lines: c.Lines,
				PaidMinor: c.PaidMinor, PaidAtUs: c.PaidAtUs, Currency: c.Currency}
		}},
		"GetOrder": {sees: "memberA dealer " + f1staff + hq, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.GetOrderRequest{OrderId: o.Paid}
		}},
		"GetChannelOrder": {sees: "channel " + hq, none: "channel2 f1other dealer device " + members + f1staff + strangers, mark: func(o objects) string { return o.External }, ask: func(o objects) proto.Message {
			return &orderv1.GetChannelOrderRequest{Channel: "tmall", ExternalNo: o.External}
		}},
		"ListOrders": {sees: "memberA dealer " + f1staff + hq, own: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ListOrdersRequest{PageSize: 200}
		}},
		"CancelOrder": {may: "memberA dealer " + f1staff + editors, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.CancelOrderRequest{RequestId: id(), OrderId: o.Unpaid, Reason: "no more"}
		}},
		"CreatePayment": {may: "memberA dealer " + f1staff + editors, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.CreatePaymentRequest{RequestId: id(), OrderId: o.ToPay, Provider: "sandbox"}
		}},
		"PayInSandbox": {may: "memberA dealer " + f1staff + editors, none: "memberB f1other device finance " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.PayInSandboxRequest{PaymentId: o.Payment}
		}},
		"ListFulfilments": {sees: "memberA device " + f1staff + hq, own: "memberB f1other dealer " + channels + strangers, mark: fulfilmentOf, ask: func(o objects) proto.Message {
			return &orderv1.ListFulfilmentsRequest{PageSize: 200}
		}},
		"AcceptFulfilment": {may: "device " + f1staff + editors, none: "memberB f1other dealer " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.AcceptFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}},
		"ShipFulfilment": {may: "device " + f1staff + editors, none: "memberB f1other dealer " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ShipFulfilmentRequest{RequestId: id(), FulfilmentId: o.Fulfilment, Carrier: "SF", TrackingNo: "SF2"}
		}},
		"ConfirmReceipt": {may: "memberA dealer device " + f1staff + editors, none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ConfirmReceiptRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}},
		"CreateReturn": {may: "memberA dealer " + f1staff + editors, none: "memberB f1other device " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.CreateReturnRequest{RequestId: id(), OrderId: o.Received, Reason: "torn", Lines: []*orderv1.ReturnLineInput{{LineId: o.Line, Quantity: 1}}}
		}},
		// F1 sold: its manager decides, not who stands above it, nor headquarters.
		"ApproveReturn": {may: "f1manager", none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ApproveReturnRequest{RequestId: id(), ReturnId: o.Returns[0]}
		}},
		"ReceiveReturn": {may: "dealer device " + f1staff + editors, none: "memberB f1other " + channels + strangers, ask: func(o objects) proto.Message {
			return &orderv1.ReceiveReturnRequest{RequestId: id(), ReturnId: o.Returns[1]}
		}},
		"CheckInvariants": audited(editors),
	},
	"onepool.member.v1.Member": {
		"ImportMembers": {may: editors, ask: func(o objects) proto.Message {
			return &memberv1.ImportMembersRequest{RequestId: id(), Document: id(), Rows: []*memberv1.ImportMemberRow{{Line: 1}}}
		}},
		"ListMembers": {sees: hq, mark: memberOf, ask: func(o objects) proto.Message { return &memberv1.ListMembersRequest{PageSize: 200} }},
		"GetMember": {sees: "memberA " + hq, none: "memberB f1other dealer device " + f1staff + channels + strangers, mark: memberOf, ask: func(o objects) proto.Message {
			return &memberv1.GetMemberRequest{MemberId: o.Member}
		}},
		"BindGuide": {may: "memberA f1other dealer device " + f1staff + editors, ask: func(o objects) proto.Message {
			return &memberv1.BindGuideRequest{RequestId: id(), MemberId: o.Member, GuideCode: guideCode, Reason: "scan"}
		}},
		"GetPoints": {may: "memberA " + hq, none: "memberB f1other dealer device " + f1staff + channels + strangers, ask: func(o objects) proto.Message {
			return &memberv1.GetPointsRequest{MemberId: o.Member}
		}},
		"ListPointsEntries": {may: "memberA " + hq, none: "memberB f1other dealer device " + f1staff + channels + strangers, ask: func(o objects) proto.Message {
			return &memberv1.ListPointsEntriesRequest{MemberId: o.Member}
		}},
		"SendSignInCode": inside(func(objects) proto.Message { return &memberv1.SendSignInCodeRequest{Phone: phoneA} }),
		"SignIn":         inside(func(objects) proto.Message { return &memberv1.SignInRequest{Phone: phoneA, Code: "0000", Channel: "x"} }),
		"FindByPhone":    inside(func(objects) proto.Message { return &memberv1.FindByPhoneRequest{Phone: phoneA} }),
		// Whose code it is, only the caller's token says.
		"IssueMemberCode": {may: members},
		"RedeemMemberCode": inside(func(objects) proto.Message {
			return &memberv1.RedeemMemberCodeRequest{RequestId: id(), Code: "00000000"}
		}),
		"GetOrderFacts": inside(func(o objects) proto.Message { return &memberv1.GetOrderFactsRequest{MemberId: o.Member} }),
		"FreezePoints": inside(func(o objects) proto.Message {
			return &memberv1.FreezePointsRequest{RequestId: id(), MemberId: o.Member, Document: id(), Points: 1}
		}),
		"UnfreezePoints": inside(func(o objects) proto.Message {
			return &memberv1.UnfreezePointsRequest{RequestId: id(), Document: o.Unpaid}
		}),
		"GetDocumentPoints": inside(func(o objects) proto.Message {
			return &memberv1.GetDocumentPointsRequest{Documents: []string{o.Paid}}
		}),
		"CheckInvariants": audited(editors),
	},
	"onepool.rebate.v1.Rebate": {
		"PutPolicy": {may: "finance admin", ask: func(o objects) proto.Message {
			return &rebatev1.PutPolicyRequest{RequestId: id(), Code: "NOTHING", Name: "nothing", Shares: []*rebatev1.PolicyShare{{Role: rebatev1.Role_GUIDE}}, Channels: []string{"none"}}
		}},
		"ListPolicies": {may: managers + hq},
		"ListAccruals": {sees: "f1manager f1other dealer " + hq, own: "f2manager dealer2", ask: func(o objects) proto.Message {
			return &rebatev1.ListAccrualsRequest{PageSize: 200}
		}},
		// Headquarters sold, F1 supplied.
		"ListSupplyEntries": {sees: "f1manager f1other dealer " + hq, own: "f2manager dealer2", mark: hqOrderOf, ask: func(o objects) proto.Message {
			return &rebatev1.ListSupplyEntriesRequest{PageSize: 200}
		}},
		"ListStatements": {sees: "f1manager f1other dealer " + hq, own: "f2manager dealer2", mark: orgOf, ask: func(o objects) proto.Message {
			return &rebatev1.ListStatementsRequest{Period: o.Period, PageSize: 200}
		}},
		"CloseStatements": {may: "finance admin", ask: func(o objects) proto.Message {
			return &rebatev1.CloseStatementsRequest{RequestId: id(), Period: o.Period}
		}},
		"GetTrialBalance":  {may: "finance admin"},
		"GetOrderAccruals": inside(func(o objects) proto.Message { return &rebatev1.GetOrderAccrualsRequest{OrderIds: []string{o.Paid}} }),
		"CheckInvariants":  audited(editors),
	},
	"onepool.frontend.miniprogram.v1.MiniProgram": {
		"SendSignInCode": {may: anybody, ask: func(o objects) proto.Message { return &miniprogramv1.SendCodeRequest{Phone: somePhone()} }},
		"SignIn": {may: anybody, ask: func(o objects) proto.Message {
			return &miniprogramv1.SignInRequest{Phone: somePhone(), Code: "000000"}
		}},
		"ListProducts": {may: anybody, ask: func(o objects) proto.Message { return &miniprogramv1.ListProductsRequest{PageSize: 1} }},
		"GetProduct":   {may: anybody, ask: func(o objects) proto.Message { return &miniprogramv1.GetProductRequest{Sku: o.SKU} }},
		"GetCart":      {sees: "memberA", own: "memberB", mark: memberOf},
		"SetCartLine": {sees: "memberA", own: "memberB", mark: memberOf, ask: func(o objects) proto.Message {
			return &miniprogramv1.SetMyCartLineRequest{RequestId: id(), Sku: o.SKU, Quantity: 1}
		}},
		"PreviewCheckout": {may: members},
		"Checkout": {may: members, ask: func(o objects) proto.Message {
			wrong := int64(1)
			return &miniprogramv1.CheckoutRequest{RequestId: id(), Way: inventoryv1.DeliveryWay_PARCEL, Receiver: somewhere(), ToPayMinor: &wrong}
		}},
		"PayOrder": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.PayOrderRequest{RequestId: id(), OrderId: o.ToPay, Provider: "sandbox"}
		}},
		"ListOrders": {sees: "memberA", own: "memberB", ask: func(o objects) proto.Message { return &miniprogramv1.ListMyOrdersRequest{PageSize: 200} }},
		"GetOrder":   {sees: "memberA", none: "memberB", ask: func(o objects) proto.Message { return &miniprogramv1.GetMyOrderRequest{OrderId: o.Paid} }},
		"CancelOrder": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.CancelMyOrderRequest{RequestId: id(), OrderId: o.Unpaid, Reason: "no more"}
		}},
		"ConfirmReceipt": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.ConfirmMyReceiptRequest{RequestId: id(), FulfilmentId: o.Fulfilment}
		}},
		"RequestReturn": {may: "memberA", none: "memberB", ask: func(o objects) proto.Message {
			return &miniprogramv1.RequestReturnRequest{RequestId: id(), OrderId: o.Received, Reason: "torn", Lines: []*orderv1.ReturnLineInput{{LineId: o.Line, Quantity: 1}}}
		}},
		"GetMe":           {sees: "memberA", own: "memberB", mark: memberOf},
		"IssueMemberCode": {may: members},
	},
	"onepool.frontend.pos.v1.Pos": {
		"Scan":       {may: devices, ask: func(o objects) proto.Message { return &posv1.ScanRequest{Barcode: o.Barcode} }},
		"FindMember": {may: devices, ask: func(o objects) proto.Message { return &posv1.FindMemberRequest{Phone: phoneA} }},
		"Quote": {may: devices, ask: func(o objects) proto.Message {
			return &posv1.QuoteRequest{MemberPhone: phoneA, Lines: []*posv1.SaleLine{{Sku: o.SKU, Quantity: 1}}}
		}},
		"Sell": {may: devices, ask: func(o objects) proto.Message {
			return &posv1.SellRequest{RequestId: id(), ReceiptNo: id(), CashMinor: 1, Lines: []*posv1.SaleLine{{Sku: o.SKU, Quantity: 1}}}
		}},
		"GetTerms": {may: devices},
		"SellBatch": {may: devices, ask: func(o objects) proto.Message {
			return &posv1.SellBatchRequest{Sales: []*posv1.OfflineSale{{ReceiptNo: id(), SoldAtUs: 1, CashMinor: 1, Lines: []*posv1.OfflineSaleLine{{Sku: o.SKU, Quantity: 1}}}}}
		}},
		"CollectPickup": {none: devices, ask: func(o objects) proto.Message { return &posv1.CollectPickupRequest{RequestId: id(), Code: "00000000"} }},
		"GetSale": {sees: "device", none: "device2", mark: func(o objects) string { return o.Till }, ask: func(o objects) proto.Message {
			return &posv1.GetSaleRequest{OrderId: o.Till}
		}},
	},
	"onepool.frontend.ecommerce.v1.Ecommerce": {
		"PostOrder": {may: channels, ask: func(o objects) proto.Message {
			another := channelOrder(o)
			another.ExternalNo = id()
			return another
		}},
		"GetOrder": {sees: "channel", none: "channel2", mark: func(o objects) string { return o.External }, ask: func(o objects) proto.Message {
			return &ecommercev1.GetExternalOrderRequest{ExternalNo: o.External}
		}},
		"GetStock": {may: channels, ask: func(o objects) proto.Message { return &ecommercev1.GetChannelStockRequest{Skus: []string{o.SKU}} }},
	},
	"onepool.frontend.console.v1.Console": {
		"CheckInvariants": audited(editors),
	},
}

const (
	f1rest   = "f1guide f1other "
	managers = "f1manager f1other f2manager dealer dealer2 "
)

func somewhere() *orderv1.Receiver {
	return &orderv1.Receiver{Name: "x", Address: "x", Point: &commonv1.GeoPoint{Lat: 30.2552, Lng: 120.1631}}
}

// somePhone is a phone that has asked for no code yet: codes for one phone are limited.
func somePhone() string {
	digits := []byte("139")
	for _, b := range []byte(id())[:8] {
		digits = append(digits, '0'+b%10)
	}
	return string(digits)
}
