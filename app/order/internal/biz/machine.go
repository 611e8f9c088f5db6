package biz

import "slices"

// Subject is what has a state.
type Subject string

// The subjects of an order's history, and coupons.
const (
	SubjectOrder      Subject = "order"
	SubjectFulfilment Subject = "fulfilment"
	SubjectPayment    Subject = "payment"
	SubjectReturn     Subject = "return"
	SubjectRefund     Subject = "refund"
	SubjectCoupon     Subject = "coupon" // it may outlive several orders: in none's history
	SubjectGift       Subject = "gift"   // by its line
	SubjectGoodwill   Subject = "goodwill"
	SubjectParcel     Subject = "parcel"
	SubjectUnmatched  Subject = "unmatched" // of no order: in none's history
	SubjectInvoice    Subject = "invoice"
	SubjectReview     Subject = "review"
)

// Subjects says what each of them is, in the order of a life.
var Subjects = []struct {
	Subject Subject
	What    string
}{
	{SubjectOrder, "What a buyer has ordered."},
	{SubjectFulfilment, "What one location ships of an order."},
	{SubjectReview, "That an order waits for a person of its seller before its locations are told."},
	{SubjectParcel, "What leaves a location in one piece, where a fulfilment leaves in several."},
	{SubjectPayment, "Money that was asked for, or that was taken elsewhere."},
	{SubjectReturn, "Goods that come back."},
	{SubjectRefund, "Money that goes back to where it came from."},
	{SubjectCoupon, "What opens a promotion to a member, for one order at a time. That it is expired is a matter of time, not of state."},
	{SubjectGoodwill, "Money that a buyer gets beyond what the goods had cost."},
	{SubjectInvoice, "A tax invoice of what the seller keeps of an order, or a red letter that takes a part of one back."},
	{SubjectUnmatched, "Money at a provider that no order could take: unknown, or of another amount. A person decides about it."},
	{SubjectGift, "A gift of a promotion that could not be given; it has the id of the promotion's line."},
}

// State is a state of one subject. None is before the first one.
type State string

// None is the state before a subject exists.
const None State = ""

// States of an order.
const (
	OrderUnpaid      State = "UNPAID"
	OrderDepositPaid State = "DEPOSIT_PAID" // the balance is not
	OrderPaid        State = "PAID"
	OrderCompleted   State = "COMPLETED"
	OrderCancelled   State = "CANCELLED"
)

// States of a fulfilment.
const (
	FulfilmentPlanned     State = "PLANNED"
	FulfilmentAssigned    State = "ASSIGNED"
	FulfilmentAccepted    State = "ACCEPTED"
	FulfilmentPicked      State = "PICKED"       // taken from the shelves
	FulfilmentPacked      State = "PACKED"       // ready for the carrier
	FulfilmentUncollected State = "UNCOLLECTED"  // ready, and nobody has come in time
	FulfilmentPartShipped State = "PART_SHIPPED" // some of its parcels have left
	FulfilmentShipped     State = "SHIPPED"
	FulfilmentDelivered   State = "DELIVERED" // as the carrier says
	FulfilmentFailed      State = "FAILED"    // the carrier could not hand the goods over
	FulfilmentBack        State = "BACK"      // never handed over, and back at the location
	FulfilmentReceived    State = "RECEIVED"
	FulfilmentClosed      State = "CLOSED"
	FulfilmentCancelled   State = "CANCELLED"
	FulfilmentDeclined    State = "DECLINED" // by its location, by word or by silence
)

// States of a parcel.
const (
	ParcelMade      State = "MADE"
	ParcelShipped   State = "SHIPPED"
	ParcelDelivered State = "DELIVERED"
	ParcelFailed    State = "FAILED"
	ParcelBack      State = "BACK"
	ParcelUndone    State = "UNDONE" // its goods are in other parcels, or in none
)

// States of a review.
const (
	ReviewFound     State = "FOUND" // by a rule, at placement: held when it is paid
	ReviewHeld      State = "HELD"
	ReviewReleased  State = "RELEASED"
	ReviewRejected  State = "REJECTED" // the order is cancelled
	ReviewCancelled State = "CANCELLED"
)

// States of a payment.
const (
	PaymentPending  State = "PENDING"
	PaymentCaptured State = "CAPTURED"
	PaymentClosed   State = "CLOSED"
)

// States of a return.
const (
	ReturnRequested State = "REQUESTED"
	ReturnApproved  State = "APPROVED"
	ReturnReceived  State = "RECEIVED"
	ReturnRefunded  State = "REFUNDED"
	ReturnRefused   State = "REFUSED"   // by the seller
	ReturnWithdrawn State = "WITHDRAWN" // by the buyer, who keeps the goods
	ReturnSent      State = "SENT"      // approved, and in a parcel
)

// States of money beyond the price.
const (
	GoodwillRequested State = "REQUESTED"
	GoodwillApproved  State = "APPROVED"
	GoodwillRefused   State = "REFUSED"
	GoodwillPaid      State = "PAID"
)

// States of a refund.
const (
	RefundPending State = "PENDING" // to be asked for
	RefundWaiting State = "WAITING" // the provider is about to pay
	RefundFailed  State = "FAILED"  // the provider does not pay: a person has to look
	RefundDone    State = "DONE"
)

// GiftOutOfStock is the state of a gift that an order goes without.
const GiftOutOfStock State = "OUT_OF_STOCK"

// Event is what moves a subject from one state to another.
type Event string

// Events, in the order of a life.
const (
	EventPlace       Event = "place"
	EventPay         Event = "pay"
	EventPayDeposit  Event = "pay_deposit"
	EventBalanceDue  Event = "balance_due"
	EventForfeit     Event = "forfeit"
	EventAddress     Event = "address"
	EventLapse       Event = "lapse"
	EventAllocate    Event = "allocate"
	EventExpire      Event = "expire"
	EventCancel      Event = "cancel"
	EventCancelPart  Event = "cancel_part"
	EventComplete    Event = "complete"
	EventPlan        Event = "plan"
	EventAssign      Event = "assign"
	EventHandOver    Event = "hand_over"
	EventAccept      Event = "accept"
	EventDecline     Event = "decline"
	EventPick        Event = "pick"
	EventPack        Event = "pack"
	EventOverdue     Event = "overdue"
	EventUncollected Event = "uncollected"
	EventWait        Event = "wait"
	EventAsk         Event = "ask"
	EventChoose      Event = "choose"
	EventReaddress   Event = "readdress"
	EventUndo        Event = "undo"
	EventShip        Event = "ship"
	EventShipPart    Event = "ship_part"
	EventShorten     Event = "shorten"
	EventDeliver     Event = "deliver"
	EventFail        Event = "fail"
	EventTakeBack    Event = "take_back"
	EventReceive     Event = "receive"
	EventAutoReceive Event = "auto_receive"
	EventDelay       Event = "delay"
	EventExtend      Event = "extend"
	EventClose       Event = "close"
	EventOpen        Event = "open"
	EventTake        Event = "take"
	EventCapture     Event = "capture"
	EventRequest     Event = "request"
	EventApprove     Event = "approve"
	EventRefuse      Event = "refuse"
	EventWithdraw    Event = "withdraw"
	EventSend        Event = "send"
	EventForgo       Event = "forgo"
	EventGrant       Event = "grant"
	EventTransfer    Event = "transfer"
	EventRefund      Event = "refund"
	EventHandBack    Event = "hand_back"
	EventClaim       Event = "claim"
	EventLock        Event = "lock"
	EventUse         Event = "use"
	EventGiveBack    Event = "give_back"
	EventLeaveOut    Event = "leave_out"
	EventRetry       Event = "retry"
	EventIssue       Event = "issue"
	EventRedden      Event = "redden"
	EventReddenAll   Event = "redden_all"
	EventFind        Event = "find"
	EventHold        Event = "hold"
	EventEscalate    Event = "escalate"
	EventRelease     Event = "release"
	EventReject      Event = "reject"
	EventMerge       Event = "merge"
	EventSplit       Event = "split"
)

// Edge is one permitted change of state.
type Edge struct {
	Subject Subject
	From    State
	Event   Event
	To      State
}

// Edges is the whole state machine. The audit compares each row of history with it, and the docs are drawn from it.
var Edges = [...]Edge{
	{SubjectOrder, None, EventPlace, OrderUnpaid},
	{SubjectOrder, OrderUnpaid, EventPay, OrderPaid},
	{SubjectOrder, OrderUnpaid, EventExpire, OrderCancelled},
	{SubjectOrder, OrderUnpaid, EventCancel, OrderCancelled},
	{SubjectOrder, OrderUnpaid, EventPayDeposit, OrderDepositPaid},
	{SubjectOrder, OrderDepositPaid, EventBalanceDue, OrderDepositPaid}, // the buyer is reminded
	{SubjectOrder, OrderDepositPaid, EventPay, OrderPaid},
	{SubjectOrder, OrderDepositPaid, EventForfeit, OrderCancelled}, // the balance did not come in time
	{SubjectOrder, OrderDepositPaid, EventCancel, OrderCancelled},
	{SubjectOrder, OrderPaid, EventAllocate, OrderPaid}, // a channel order that had waited for stock
	{SubjectOrder, OrderPaid, EventCancel, OrderCancelled},
	{SubjectOrder, OrderPaid, EventCancelPart, OrderPaid},    // some pieces, before they left
	{SubjectOrder, OrderPaid, EventAsk, OrderPaid},           // the buyer of a pickup has to choose
	{SubjectOrder, OrderPaid, EventChoose, OrderPaid},        // and has chosen
	{SubjectOrder, OrderUnpaid, EventReaddress, OrderUnpaid}, // another receiver, before anything has left
	{SubjectOrder, OrderPaid, EventReaddress, OrderPaid},
	{SubjectOrder, OrderPaid, EventAddress, OrderPaid},    // who gets a gift has said where
	{SubjectOrder, OrderPaid, EventLapse, OrderCancelled}, // and nobody has in time
	{SubjectOrder, OrderPaid, EventComplete, OrderCompleted},

	{SubjectFulfilment, None, EventPlan, FulfilmentPlanned},
	{SubjectFulfilment, None, EventAssign, FulfilmentAssigned}, // of an order that was paid before
	{SubjectFulfilment, None, EventHandOver, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentPlanned, EventAssign, FulfilmentAssigned},
	{SubjectFulfilment, FulfilmentPlanned, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentPlanned, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentAssigned, EventAccept, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentAssigned, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentAssigned, EventHold, FulfilmentPlanned}, // its order is held for a person
	{SubjectFulfilment, FulfilmentAssigned, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentAccepted, EventShip, FulfilmentShipped},
	{SubjectFulfilment, FulfilmentAccepted, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentAccepted, EventDecline, FulfilmentDeclined}, // it found less than it thought
	// Picking and packing are steps that a large house takes and a small one leaves out; none is taken twice.
	{SubjectFulfilment, FulfilmentAccepted, EventPick, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentAccepted, EventPack, FulfilmentPacked},
	{SubjectFulfilment, FulfilmentPicked, EventPack, FulfilmentPacked},
	{SubjectFulfilment, FulfilmentPicked, EventShip, FulfilmentShipped},
	{SubjectFulfilment, FulfilmentPicked, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentPicked, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentPacked, EventShip, FulfilmentShipped},
	{SubjectFulfilment, FulfilmentPacked, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentPacked, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentShipped, EventDeliver, FulfilmentDelivered},
	{SubjectFulfilment, FulfilmentShipped, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentShipped, EventAutoReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentShipped, EventDelay, FulfilmentShipped}, // receipt confirms itself later
	{SubjectFulfilment, FulfilmentDelivered, EventDelay, FulfilmentDelivered},
	{SubjectFulfilment, FulfilmentReceived, EventExtend, FulfilmentReceived}, // a longer return window
	{SubjectFulfilment, FulfilmentShipped, EventFail, FulfilmentFailed},
	{SubjectFulfilment, FulfilmentDelivered, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentDelivered, EventAutoReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentFailed, EventShip, FulfilmentShipped},      // sent once more
	{SubjectFulfilment, FulfilmentFailed, EventDeliver, FulfilmentDelivered}, // the carrier tried once more
	{SubjectFulfilment, FulfilmentFailed, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentFailed, EventTakeBack, FulfilmentBack},
	{SubjectFulfilment, FulfilmentBack, EventClose, FulfilmentClosed},
	{SubjectFulfilment, FulfilmentReceived, EventClose, FulfilmentClosed},

	// With others to the same address, in one parcel.
	{SubjectFulfilment, FulfilmentAccepted, EventMerge, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentPicked, EventMerge, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentPacked, EventMerge, FulfilmentPacked},
	{SubjectFulfilment, FulfilmentAccepted, EventSplit, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentPicked, EventSplit, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentPacked, EventSplit, FulfilmentPacked},

	{SubjectFulfilment, FulfilmentAccepted, EventShipPart, FulfilmentPartShipped},
	{SubjectFulfilment, FulfilmentPicked, EventShipPart, FulfilmentPartShipped},
	{SubjectFulfilment, FulfilmentPacked, EventShipPart, FulfilmentPartShipped},
	{SubjectFulfilment, FulfilmentPartShipped, EventShipPart, FulfilmentPartShipped},
	{SubjectFulfilment, FulfilmentPartShipped, EventShip, FulfilmentShipped},
	{SubjectFulfilment, FulfilmentPartShipped, EventShorten, FulfilmentShipped}, // the rest does not come from here

	{SubjectFulfilment, FulfilmentAccepted, EventUncollected, FulfilmentUncollected},
	{SubjectFulfilment, FulfilmentPicked, EventUncollected, FulfilmentUncollected},
	{SubjectFulfilment, FulfilmentPacked, EventUncollected, FulfilmentUncollected},
	{SubjectFulfilment, FulfilmentUncollected, EventWait, FulfilmentAccepted}, // he will come yet
	{SubjectFulfilment, FulfilmentUncollected, EventShip, FulfilmentShipped},  // he has come
	{SubjectFulfilment, FulfilmentUncollected, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentUncollected, EventDecline, FulfilmentDeclined},

	// Another receiver: what is on a packed parcel is not right any more.
	{SubjectFulfilment, FulfilmentPlanned, EventReaddress, FulfilmentPlanned},
	{SubjectFulfilment, FulfilmentAssigned, EventReaddress, FulfilmentAssigned},
	{SubjectFulfilment, FulfilmentAccepted, EventReaddress, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentPicked, EventReaddress, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentPacked, EventReaddress, FulfilmentPicked},
	// Later than its service level: nothing changes, but the history has it.
	{SubjectFulfilment, FulfilmentAssigned, EventOverdue, FulfilmentAssigned},
	{SubjectFulfilment, FulfilmentAccepted, EventOverdue, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentPicked, EventOverdue, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentPacked, EventOverdue, FulfilmentPacked},
	{SubjectFulfilment, FulfilmentPartShipped, EventOverdue, FulfilmentPartShipped},

	{SubjectReview, None, EventFind, ReviewFound},
	{SubjectReview, None, EventHold, ReviewHeld}, // by a person
	{SubjectReview, ReviewFound, EventHold, ReviewHeld},
	{SubjectReview, ReviewFound, EventRelease, ReviewReleased}, // before it was paid
	{SubjectReview, ReviewFound, EventCancel, ReviewCancelled},
	{SubjectReview, ReviewHeld, EventEscalate, ReviewHeld}, // nobody has decided in time
	{SubjectReview, ReviewHeld, EventRelease, ReviewReleased},
	{SubjectReview, ReviewHeld, EventReject, ReviewRejected},
	{SubjectReview, ReviewHeld, EventCancel, ReviewCancelled}, // with its order

	{SubjectParcel, None, EventPack, ParcelMade},
	{SubjectParcel, ParcelMade, EventUndo, ParcelUndone},
	{SubjectParcel, ParcelMade, EventShip, ParcelShipped},
	{SubjectParcel, ParcelShipped, EventDeliver, ParcelDelivered},
	{SubjectParcel, ParcelShipped, EventFail, ParcelFailed},
	{SubjectParcel, ParcelFailed, EventShip, ParcelShipped},
	{SubjectParcel, ParcelFailed, EventDeliver, ParcelDelivered},
	{SubjectParcel, ParcelFailed, EventTakeBack, ParcelBack},

	{SubjectPayment, None, EventOpen, PaymentPending},
	{SubjectPayment, None, EventTake, PaymentCaptured}, // cash, or paid on another platform
	{SubjectPayment, PaymentPending, EventCapture, PaymentCaptured},
	{SubjectPayment, PaymentPending, EventClose, PaymentClosed},
	{SubjectPayment, PaymentClosed, EventCapture, PaymentCaptured},   // too late: refunded
	{SubjectPayment, PaymentCaptured, EventCapture, PaymentCaptured}, // a second transaction: refunded

	{SubjectReturn, None, EventRequest, ReturnRequested},
	{SubjectReturn, ReturnRequested, EventApprove, ReturnApproved},
	{SubjectReturn, ReturnRequested, EventRefuse, ReturnRefused},
	{SubjectReturn, ReturnRequested, EventWithdraw, ReturnWithdrawn},
	{SubjectReturn, ReturnApproved, EventWithdraw, ReturnWithdrawn},
	{SubjectReturn, ReturnApproved, EventSend, ReturnSent},
	{SubjectReturn, ReturnSent, EventSend, ReturnSent}, // another carrier or number
	{SubjectReturn, ReturnApproved, EventReceive, ReturnReceived},
	{SubjectReturn, ReturnSent, EventReceive, ReturnReceived},
	{SubjectReturn, ReturnRequested, EventForgo, ReturnReceived}, // the buyer keeps the goods, or they are lost
	{SubjectReturn, ReturnApproved, EventForgo, ReturnReceived},
	{SubjectReturn, ReturnSent, EventForgo, ReturnReceived},
	{SubjectReturn, ReturnReceived, EventRefund, ReturnRefunded},

	{SubjectRefund, None, EventRequest, RefundPending},
	{SubjectRefund, None, EventHandBack, RefundDone}, // cash, or by the platform that took the money
	{SubjectRefund, None, EventTransfer, RefundDone}, // to the order of what the buyer gets instead
	{SubjectRefund, RefundPending, EventWait, RefundWaiting},
	{SubjectRefund, RefundPending, EventPay, RefundDone},
	{SubjectRefund, RefundPending, EventFail, RefundFailed},
	{SubjectRefund, RefundWaiting, EventPay, RefundDone},
	{SubjectRefund, RefundWaiting, EventFail, RefundFailed},
	{SubjectRefund, RefundFailed, EventRetry, RefundPending},
	{SubjectRefund, RefundFailed, EventPay, RefundDone}, // somebody has paid it at the provider's

	{SubjectCoupon, None, EventClaim, CouponOpen},
	{SubjectCoupon, CouponOpen, EventLock, CouponLocked},
	{SubjectCoupon, CouponLocked, EventUse, CouponUsed},
	{SubjectCoupon, CouponLocked, EventGiveBack, CouponOpen},
	{SubjectCoupon, CouponUsed, EventGiveBack, CouponOpen}, // its order was cancelled in full
	{SubjectUnmatched, None, EventOpen, UnmatchedOpen},
	{SubjectUnmatched, UnmatchedOpen, EventRequest, RefundPending},
	{SubjectUnmatched, UnmatchedOpen, EventClose, UnmatchedSettled},
	{SubjectUnmatched, RefundPending, EventWait, RefundWaiting},
	{SubjectUnmatched, RefundPending, EventPay, RefundDone},
	{SubjectUnmatched, RefundPending, EventFail, RefundFailed},
	{SubjectUnmatched, RefundWaiting, EventPay, RefundDone},
	{SubjectUnmatched, RefundWaiting, EventFail, RefundFailed},
	{SubjectUnmatched, RefundFailed, EventRetry, RefundPending},
	{SubjectUnmatched, RefundFailed, EventClose, UnmatchedSettled},
	{SubjectGift, None, EventLeaveOut, GiftOutOfStock},
	{SubjectGoodwill, None, EventRequest, GoodwillRequested},
	{SubjectGoodwill, None, EventGrant, GoodwillApproved}, // one person may decide
	{SubjectGoodwill, GoodwillRequested, EventApprove, GoodwillApproved},
	{SubjectGoodwill, GoodwillRequested, EventRefuse, GoodwillRefused},
	{SubjectGoodwill, GoodwillApproved, EventRefuse, GoodwillRefused}, // before it was paid
	{SubjectGoodwill, GoodwillApproved, EventPay, GoodwillPaid},

	{SubjectInvoice, None, EventRequest, InvoiceRequested},
	{SubjectInvoice, InvoiceRequested, EventIssue, InvoiceIssued},
	{SubjectInvoice, InvoiceRequested, EventFail, InvoiceFailed},
	{SubjectInvoice, InvoiceRequested, EventWithdraw, InvoiceWithdrawn},
	{SubjectInvoice, InvoiceFailed, EventRetry, InvoiceRequested},
	{SubjectInvoice, InvoiceFailed, EventWithdraw, InvoiceWithdrawn}, // it was refused
	{SubjectInvoice, InvoiceIssued, EventRedden, InvoicePartRed},     // a red letter of it is issued
	{SubjectInvoice, InvoiceIssued, EventReddenAll, InvoiceRed},
	{SubjectInvoice, InvoicePartRed, EventRedden, InvoicePartRed},
	{SubjectInvoice, InvoicePartRed, EventReddenAll, InvoiceRed},
}

// Next returns the state that event leads to, and whether the table has such an edge.
func Next(subject Subject, from State, event Event) (State, bool) {
	for _, e := range Edges {
		if e.Subject == subject && e.From == from && e.Event == event {
			return e.To, true
		}
	}
	return None, false
}

// Sources are the states in which event may happen, for changes that are guarded by the state of a row.
func Sources(subject Subject, event Event) (from []string) {
	for _, e := range Edges {
		if e.Subject == subject && e.Event == event && !slices.Contains(from, string(e.From)) {
			from = append(from, string(e.From))
		}
	}
	return from
}
