package biz

import (
	"errors"
	"strconv"
)

// Reasons of this center, as in api/order/v1/errors.proto.
const (
	reasonPriceChanged  = "PRICE_CHANGED"
	reasonRefundExceeds = "REFUND_EXCEEDS_PAID"
	reasonMismatch      = "AMOUNT_MISMATCH"
	reasonPoints        = "POINTS_INSUFFICIENT" // of the member center
	reasonPaymentGone   = "PAYMENT_UNKNOWN"
	reasonOrderUnknown  = "ORDER_UNKNOWN"
	reasonNotReturnable = "NOT_RETURNABLE"
	reasonNotForSale    = "NOT_FOR_SALE"
	reasonUsedUp        = "PROMOTION_USED_UP"
	reasonLimit         = "PROMOTION_LIMIT"
	reasonCouponGone    = "COUPON_GONE"
	reasonPickup        = "PICKUP_CODE_UNKNOWN"
	reasonFinalSale     = "FINAL_SALE_UNCONFIRMED"
	reasonInspection    = "INSPECTION_MISMATCH"
	reasonSecondPerson  = "GOODWILL_SECOND_PERSON"
	reasonSilent        = "PROVIDER_SILENT"
	reasonDeclined      = "PROVIDER_REFUSED"
	reasonTaxProfile    = "TAX_PROFILE_OVERLAPS"
	reasonInvoiceSeller = "INVOICE_SELLER_UNKNOWN"
	reasonInvoicesOff   = "INVOICES_OFF"
	reasonInvoiceLate   = "INVOICE_TOO_LATE"
	reasonInvoiceExists = "INVOICE_EXISTS"
	reasonInvoiceAsked  = "INVOICE_ASKED"
	reasonNotHere       = "NOT_IN_THIS_STORE"
	reasonMerged        = "FULFILMENT_MERGED"
	reasonNotMergeable  = "NOT_MERGEABLE"
	reasonWaybill       = "WAYBILL_CHANGED"
	reasonFreight       = "FREIGHT_CHANGED"

	reasonInvoiceNothing = "INVOICE_NOTHING"
	reasonCouponUnusable = "COUPON_UNUSABLE"
	reasonState          = "STATE_CONFLICT"
	reasonNotFound       = "NOT_FOUND"
	reasonForbidden      = "FORBIDDEN"
	reasonValidator      = "VALIDATOR"
	reasonAmount         = "AMOUNT_INVALID"
	reasonSignature      = "SIGNATURE_INVALID"
	reasonGeo            = "GEO_INVALID"
	reasonStock          = "STOCK_INSUFFICIENT" // of the inventory center
)

// Refusal is a decision against a command, with its public face: what happened and what to do next.
type Refusal struct {
	Code     int
	Reason   string
	Message  string
	Metadata map[string]string
}

// Error names the reason; the message is for the client.
func (r Refusal) Error() string { return r.Reason + ": " + r.Message }

// Fault is the public face.
func (r Refusal) Fault() (code int, reason, message string, metadata map[string]string) {
	return r.Code, r.Reason, r.Message, r.Metadata
}

func refuse(code int, reason, message string, kv ...string) Refusal {
	r := Refusal{Code: code, Reason: reason, Message: message, Metadata: make(map[string]string, len(kv)/2)}
	for i := 0; i+1 < len(kv); i += 2 {
		r.Metadata[kv[i]] = kv[i+1]
	}
	return r
}

// OrderUnknown is also the answer for another organisation's order.
func OrderUnknown() Refusal { return refuse(404, reasonOrderUnknown, "order not found: check the id") }

// NotFound is also the answer for another organisation's object.
func NotFound(kind string) Refusal {
	return refuse(404, reasonNotFound, kind+" not found: check the id", "kind", kind)
}

// PickupUnknown is also the answer for another store's code, and for one that was used.
func PickupUnknown() Refusal {
	return refuse(404, reasonPickup, "nothing is ready under this code here: read it again, or look the order up")
}

// PaymentUnknown refuses a notification or a payment of nobody.
func PaymentUnknown() Refusal {
	return refuse(404, reasonPaymentGone, "payment not found: check the id")
}

// PaymentOver refuses to pay what was closed.
func PaymentOver() Refusal {
	return stateConflict(PaymentClosed, "the payment was closed: open another one")
}

// IsPaymentOver says whether err is that.
func IsPaymentOver(err error) bool {
	r, ok := errors.AsType[Refusal](err)
	return ok && r.Reason == reasonState && r.Metadata["state"] == string(PaymentClosed)
}

// ProviderSilent says that a payment provider gave no answer: what was asked may have been done.
func ProviderSilent(provider string) Refusal {
	return refuse(503, reasonSilent, "the payment provider does not answer: repeat it with the same request id", "provider", provider)
}

// ProviderRefused passes on why a provider does not make a payment.
func ProviderRefused(provider, code, message string) Refusal {
	return refuse(409, reasonDeclined, "the payment provider refuses: pay in another way, or tell the seller", "provider", provider, "code", code, "message", clip(message, maxFailure))
}

// Forbidden refuses a caller who may see, but not do this.
func Forbidden(need string) Refusal {
	return refuse(403, reasonForbidden, "this needs another role", "need", need)
}

// PointsInsufficient says beforehand what freezing the points would.
func PointsInsufficient(left, wanted int64) Refusal {
	return refuse(409, reasonPoints, "not enough points: spend no more than what is left", "left", strconv.FormatInt(left, 10), "wanted", strconv.FormatInt(wanted, 10))
}

// Invalid refuses a field that breaks a rule of the trade.
func Invalid(field, rule string) Refusal {
	return refuse(400, reasonValidator, field+": "+rule, "field", field)
}

// SignatureInvalid refuses a notification that the provider did not sign, or signed too long ago.
func SignatureInvalid() Refusal {
	return refuse(401, reasonSignature, "the signature is wrong or too old: sign the raw body with the current time")
}

func amountInvalid(field string) Refusal {
	return refuse(400, reasonAmount, field+": the amount is too large or in another currency", "field", field)
}

// NotForSale refuses a SKU that is not sold, or not any more.
func NotForSale(sku string) Refusal {
	return refuse(409, reasonNotForSale, "not for sale: take it out", "sku", sku)
}

func stateConflict(state State, message string) Refusal {
	return refuse(409, reasonState, message, "state", string(state))
}

func priceChanged(sku string, sent, now int64, currency string) Refusal {
	return refuse(409, reasonPriceChanged, "the price has changed: show the new one and ask again",
		"sku", sku, "sent_minor", itoa(sent), "price_minor", itoa(now), "currency", currency)
}

func totalChanged(sent, now int64, currency string) Refusal {
	return refuse(409, reasonPriceChanged, "the total has changed: show the new one and ask again",
		"sent_minor", itoa(sent), "total_minor", itoa(now), "currency", currency)
}

func refundExceeds(lineID string, left int64) Refusal {
	return refuse(409, reasonRefundExceeds, "more than can still come back: return no more than what is left",
		"line_id", lineID, "left", itoa(left))
}

func notReturnable(l Line, why string) Refusal {
	return refuse(409, reasonNotReturnable, why, "line_id", l.ID, "sku", l.SKU)
}

func inspectionMismatch(lineID, sku string, asked int64) Refusal {
	return refuse(400, reasonInspection, "sellable, damaged and missing pieces must be as many as the return is about",
		"line_id", lineID, "sku", sku, "quantity", itoa(asked))
}

func mismatch(wanted, got int64, currency string) Refusal {
	return refuse(400, reasonMismatch, "the notification is not about the amount, currency and payee of the payment: it was recorded and nothing changed",
		"wanted_minor", itoa(wanted), "got_minor", itoa(got), "currency", currency)
}

// NumberTaken refuses another document under a number that a channel or till has used.
func NumberTaken(number string) Refusal {
	return refuse(409, reasonState, "this number was used for another order: check it", "number", number)
}

// TransactionTaken refuses a transaction that has paid another order.
func TransactionTaken(transactionNo string) Refusal {
	return refuse(400, reasonMismatch, "this transaction paid another order: it was recorded and nothing changed", "transaction_no", transactionNo)
}

// PayeeMismatch refuses a notification that another merchant account signed.
func PayeeMismatch(wanted, got string) Refusal {
	return refuse(400, reasonMismatch, "the notification is for another merchant account than the payment: it was recorded and nothing changed", "wanted", wanted, "got", got)
}

// IsMismatch says whether err refuses a notification because of what it is about.
func IsMismatch(err error) bool {
	r, ok := errors.AsType[Refusal](err)
	return ok && r.Reason == reasonMismatch
}

// IsPriceChanged says whether err refuses a price that does not stand any more.
func IsPriceChanged(err error) bool {
	r, ok := errors.AsType[Refusal](err)
	return ok && r.Reason == reasonPriceChanged
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
