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
	SubjectParcel     Subject = "parcel"
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
	RefundPending State = "PENDING"
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
	EventUndo        Event = "undo"
	EventShip        Event = "ship"
	EventShipPart    Event = "ship_part"
	EventShorten     Event = "shorten"
	EventDeliver     Event = "deliver"
	EventFail        Event = "fail"
	EventTakeBack    Event = "take_back"
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
	{SubjectOrder, OrderPaid, EventCancelPart, OrderPaid}, // some pieces, before they left
	{SubjectOrder, OrderPaid, EventAsk, OrderPaid},        // the buyer of a pickup has to choose
	{SubjectOrder, OrderPaid, EventChoose, OrderPaid},     // and has chosen
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
	{SubjectFulfilment, FulfilmentShipped, EventFail, FulfilmentFailed},
	{SubjectFulfilment, FulfilmentDelivered, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentDelivered, EventAutoReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentFailed, EventShip, FulfilmentShipped},      // sent once more
	{SubjectFulfilment, FulfilmentFailed, EventDeliver, FulfilmentDelivered}, // the carrier tried once more
	{SubjectFulfilment, FulfilmentFailed, EventReceive, FulfilmentReceived},
	{SubjectFulfilment, FulfilmentFailed, EventTakeBack, FulfilmentBack},
	{SubjectFulfilment, FulfilmentBack, EventClose, FulfilmentClosed},
	{SubjectFulfilment, FulfilmentReceived, EventClose, FulfilmentClosed},

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

	// Later than its service level: nothing changes, but the history has it.
	{SubjectFulfilment, FulfilmentAssigned, EventOverdue, FulfilmentAssigned},
	{SubjectFulfilment, FulfilmentAccepted, EventOverdue, FulfilmentAccepted},
	{SubjectFulfilment, FulfilmentPicked, EventOverdue, FulfilmentPicked},
	{SubjectFulfilment, FulfilmentPacked, EventOverdue, FulfilmentPacked},
	{SubjectFulfilment, FulfilmentPartShipped, EventOverdue, FulfilmentPartShipped},

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
	{SubjectReturn, ReturnApproved, EventReceive, ReturnReceived},
	{SubjectReturn, ReturnReceived, EventRefund, ReturnRefunded},

	{SubjectRefund, None, EventRequest, RefundPending},
	{SubjectRefund, None, EventHandBack, RefundDone}, // cash, or by the platform that took the money
	{SubjectRefund, RefundPending, EventPay, RefundDone},
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
