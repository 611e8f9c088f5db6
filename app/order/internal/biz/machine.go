package biz

// Subject is what has a state.
type Subject string

// The subjects of an order's history.
const (
	SubjectOrder      Subject = "order"
	SubjectFulfilment Subject = "fulfilment"
	SubjectPayment    Subject = "payment"
	SubjectReturn     Subject = "return"
	SubjectRefund     Subject = "refund"
)

// State is a state of one subject. None is before the first one.
type State string

// None is the state before a subject exists.
const None State = ""

// States of an order.
const (
	OrderUnpaid    State = "UNPAID"
	OrderPaid      State = "PAID"
	OrderCompleted State = "COMPLETED"
	OrderCancelled State = "CANCELLED"
)

// States of a fulfilment.
const (
	FulfilmentPlanned   State = "PLANNED"
	FulfilmentAssigned  State = "ASSIGNED"
	FulfilmentAccepted  State = "ACCEPTED"
	FulfilmentShipped   State = "SHIPPED"
	FulfilmentReceived  State = "RECEIVED"
	FulfilmentClosed    State = "CLOSED"
	FulfilmentCancelled State = "CANCELLED"
	FulfilmentDeclined  State = "DECLINED" // by its location, by word or by silence
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
)

// States of a refund.
const (
	RefundPending State = "PENDING" // to be asked for
	RefundWaiting State = "WAITING" // the provider is about to pay
	RefundFailed  State = "FAILED"  // the provider does not pay: a person has to look
	RefundDone    State = "DONE"
)

// Event is what moves a subject from one state to another.
type Event string

// Events, in the order of a life.
const (
	EventPlace       Event = "place"
	EventPay         Event = "pay"
	EventAllocate    Event = "allocate"
	EventExpire      Event = "expire"
	EventCancel      Event = "cancel"
	EventComplete    Event = "complete"
	EventPlan        Event = "plan"
	EventAssign      Event = "assign"
	EventHandOver    Event = "hand_over"
	EventAccept      Event = "accept"
	EventDecline     Event = "decline"
	EventShip        Event = "ship"
	EventReceive     Event = "receive"
	EventAutoReceive Event = "auto_receive"
	EventClose       Event = "close"
	EventOpen        Event = "open"
	EventTake        Event = "take"
	EventCapture     Event = "capture"
	EventRequest     Event = "request"
	EventApprove     Event = "approve"
	EventRefund      Event = "refund"
	EventHandBack    Event = "hand_back"
	EventWait        Event = "wait"
	EventFail        Event = "fail"
	EventRetry       Event = "retry"
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
	{SubjectOrder, OrderPaid, EventAllocate, OrderPaid}, // a channel order that had waited for stock
	{SubjectOrder, OrderPaid, EventCancel, OrderCancelled},
	{SubjectOrder, OrderPaid, EventComplete, OrderCompleted},

	{SubjectFulfilment, None, EventPlan, FulfilmentPlanned},
	{SubjectFulfilment, None, EventAssign, FulfilmentAssigned}, // of an order that was paid before
	{SubjectFulfilment, None, EventHandOver, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentPlanned, EventAssign, FulfilmentAssigned},
	{SubjectFulfilment, FulfilmentPlanned, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentPlanned, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentAssigned, EventAccept, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentAssigned, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentAssigned, EventDecline, FulfilmentDeclined},
	{SubjectFulfilment, FulfilmentAccepted, EventShip, FulfilmentShipped},
	{SubjectFulfilment, FulfilmentAccepted, EventCancel, FulfilmentCancelled},
	{SubjectFulfilment, FulfilmentAccepted, EventDecline, FulfilmentDeclined}, // it found less than it thought
	{SubjectFulfilment, FulfilmentShipped, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentShipped, EventAutoReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentReceived, EventClose, FulfilmentClosed},

	{SubjectPayment, None, EventOpen, PaymentPending},
	{SubjectPayment, None, EventTake, PaymentCaptured}, // cash, or paid on another platform
	{SubjectPayment, PaymentPending, EventCapture, PaymentCaptured},
	{SubjectPayment, PaymentPending, EventClose, PaymentClosed},
	{SubjectPayment, PaymentClosed, EventCapture, PaymentCaptured},   // too late: refunded
	{SubjectPayment, PaymentCaptured, EventCapture, PaymentCaptured}, // a second transaction: refunded

	{SubjectReturn, None, EventRequest, ReturnRequested},
	{SubjectReturn, ReturnRequested, EventApprove, ReturnApproved},
	{SubjectReturn, ReturnApproved, EventReceive, ReturnReceived},
	{SubjectReturn, ReturnReceived, EventRefund, ReturnRefunded},

	{SubjectRefund, None, EventRequest, RefundPending},
	{SubjectRefund, None, EventHandBack, RefundDone}, // cash, or by the platform that took the money
	{SubjectRefund, RefundPending, EventWait, RefundWaiting},
	{SubjectRefund, RefundPending, EventPay, RefundDone},
	{SubjectRefund, RefundPending, EventFail, RefundFailed},
	{SubjectRefund, RefundWaiting, EventPay, RefundDone},
	{SubjectRefund, RefundWaiting, EventFail, RefundFailed},
	{SubjectRefund, RefundFailed, EventRetry, RefundPending},
	{SubjectRefund, RefundFailed, EventPay, RefundDone}, // somebody has paid it at the provider's
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
