package biz

import "strings"

// Topic names a change that others are told of: sellers' systems, channels, the organisations that ship.
type Topic string

// The topics, in the order of a life. A fulfilment is declined by its location, cancelled with its order.
const (
	TopicPlaced Topic = "PLACED"
	TopicPaid   Topic = "PAID"
	// A presale's deposit has come; its balance can be paid now.
	TopicDepositPaid Topic = "DEPOSIT_PAID"
	TopicBalanceDue  Topic = "BALANCE_DUE"
	TopicAllocated   Topic = "ALLOCATED"
	TopicShipped     Topic = "SHIPPED"
	TopicDelivered   Topic = "DELIVERED"
	TopicCompleted   Topic = "COMPLETED"
	TopicCancelled   Topic = "CANCELLED"
	TopicDeclined    Topic = "DECLINED"
	TopicFailed      Topic = "FAILED"
	TopicReturned    Topic = "RETURNED"
	TopicRefunded    Topic = "REFUNDED"
	TopicInvoiced    Topic = "INVOICED"
	TopicHeld        Topic = "REVIEW_HELD" // an order is held for a person; its fulfilments are not to be shipped
	TopicReleased    Topic = "REVIEW_RELEASED"
	// TopicChanged is any other change of an order: of its state, or of what is in it.
	TopicChanged Topic = "CHANGED"
	// TopicOverdue: a location has not accepted, picked or shipped in time.
	TopicOverdue Topic = "OVERDUE"
)

// topics are told when a subject comes to a state.
var topics = map[Subject]map[State]Topic{
	SubjectOrder: {OrderUnpaid: TopicPlaced, OrderDepositPaid: TopicDepositPaid, OrderPaid: TopicPaid, OrderCompleted: TopicCompleted, OrderCancelled: TopicCancelled},
	SubjectFulfilment: {FulfilmentAssigned: TopicAllocated, FulfilmentShipped: TopicShipped, FulfilmentDelivered: TopicDelivered, FulfilmentReceived: TopicDelivered,
		FulfilmentFailed: TopicFailed, FulfilmentBack: TopicReturned, FulfilmentCancelled: TopicCancelled, FulfilmentDeclined: TopicDeclined},
	SubjectParcel: {ParcelShipped: TopicShipped, ParcelDelivered: TopicDelivered, ParcelFailed: TopicFailed, ParcelBack: TopicReturned},
	SubjectReturn: {ReturnReceived: TopicReturned},
	SubjectReview: {ReviewHeld: TopicHeld, ReviewReleased: TopicReleased},
	SubjectRefund: {RefundDone: TopicRefunded},
	// An invoice or a red letter; that an invoice is red then says its red letter.
	SubjectInvoice: {InvoiceIssued: TopicInvoiced},
}

// Told says what others are told of a change; false: nothing, it concerns those alone who have made it. Every change of an
// order's state is told, so that its events say where it stands. Another address is told, too, to who
// ships. Of a fulfilment that was planned for an unpaid order nobody has been told; who has confirmed what the carrier had said tells nothing new; and goods that the buyer keeps do not come back.
func (e Edge) Told() (Topic, bool) {
	switch {
	case e.Subject == SubjectOrder && e.Event == EventCancelPart,
		e.Event == EventReaddress && e.From != FulfilmentPlanned:
		return TopicChanged, true
	case e.Subject == SubjectOrder && e.Event == EventBalanceDue:
		return TopicBalanceDue, true
	case e.Subject == SubjectFulfilment && e.Event == EventOverdue:
		return TopicOverdue, true
	case e.Subject == SubjectFulfilment && e.Event == EventHold:
		return TopicHeld, true
	case e.Subject == SubjectReview && e.From == ReviewFound && e.To == ReviewReleased, // it was never held
		e.From == e.To,
		e.Subject == SubjectFulfilment && e.From == FulfilmentPlanned && e.To != FulfilmentAssigned,
		e.Subject == SubjectFulfilment && e.From == FulfilmentDelivered && e.To == FulfilmentReceived,
		e.Subject == SubjectReturn && e.Event != EventReceive:
		return "", false
	}
	topic, told := topics[e.Subject][e.To]
	if !told && e.Subject == SubjectOrder {
		return TopicChanged, true
	}
	return topic, told
}

// TradeEvent is a change as others are told of it: numbers, states and goods, never who gets them.
type TradeEvent struct {
	Topic   Topic
	Version int64 // of the order, after it
	State   State // of the order, fulfilment, parcel, return or refund, after it
	AtUS    int64
	// Fulfilment and its location, whose organisation is told too. Empty: it concerns the order as a whole, or its money.
	FulfilmentID, Location, LocationOrg string
	Body                                TradeBody
}

// TradeBody is what differs from topic to topic.
type TradeBody struct {
	Way         Way         `json:"way,omitempty"`
	Carrier     string      `json:"carrier,omitempty"`
	TrackingNo  string      `json:"tracking_no,omitempty"`
	ParcelID    string      `json:"parcel_id,omitempty"` // of a fulfilment that leaves in several
	ReturnID    string      `json:"return_id,omitempty"`
	RefundID    string      `json:"refund_id,omitempty"`
	InvoiceID   string      `json:"invoice_id,omitempty"`
	RedOf       string      `json:"red_of,omitempty"`       // the invoice that a red letter takes back
	AmountMinor int64       `json:"amount_minor,omitempty"` // of an order, a deposit, a balance, a refund, an invoice
	Currency    string      `json:"currency,omitempty"`
	SourceNo    string      `json:"source_no,omitempty"` // for the seller and its channel
	Lines       []TradeLine `json:"lines,omitempty"`
	// Late is the step that a location has not taken by DueUS.
	Late  string `json:"late,omitempty"`
	DueUS int64  `json:"due_us,omitempty"`
	// Receipts of the order as they stand then: for the seller.
	Receipts *TradeReceipts `json:"receipts,omitempty"`
}

// TradeLine is pieces of a line of the order.
type TradeLine struct {
	LineID   string `json:"line_id"`
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Told are the changes since the order was restored or made, as others are told of them. Goods that come back are told once a
// fulfilment that had brought them.
func (o *Order) Told() (told []TradeEvent) {
	for _, h := range o.events {
		topic, yes := Edge{h.Subject, h.From, h.Event, h.To}.Told()
		if !yes {
			continue
		}
		e := TradeEvent{Topic: topic, Version: h.Version, State: h.To, AtUS: h.AtUS}
		switch h.Subject {
		case SubjectReview:
			told = append(told, e)
		case SubjectOrder:
			e.Body.AmountMinor, e.Body.Currency, e.Body.Receipts = o.r.TotalMinor, o.r.Currency, o.r.toldReceipts(topic)
			switch topic {
			case TopicDepositPaid:
				e.Body.AmountMinor = o.r.Deposit.AmountMinor
			case TopicBalanceDue:
				e.Body.AmountMinor = o.r.LeftMinor()
			}
			if topic == TopicPlaced {
				e.Body.Way, e.Body.Lines = o.r.Way, o.goods()
			}
			told = append(told, e)
		case SubjectFulfilment:
			f := o.fulfilment(h.SubjectID)
			if topic == TopicOverdue {
				e.Body.Late, e.Body.DueUS = f.lateWith(h.Note)
			}
			told = append(told, o.toldOf(e, f, nil))
		case SubjectParcel:
			told = append(told, o.toldParcel(e, h.SubjectID))
		case SubjectReturn:
			e.Body.Receipts = o.r.toldReceipts(topic)
			told = append(told, o.toldBack(e, *o.returned(h.SubjectID))...)
		case SubjectRefund:
			told = append(told, o.toldRefund(e, h.SubjectID))
		case SubjectInvoice:
			told = append(told, o.toldInvoice(e, *o.invoice(h.SubjectID)))
		}
	}
	return told
}

func (o *Order) goods() []TradeLine {
	lines := make([]TradeLine, len(o.r.Lines))
	for i, l := range o.r.Lines {
		lines[i] = TradeLine{l.ID, l.SKU, l.Quantity}
	}
	return lines
}

// toldOf says which fulfilment an event is about; no lines: all of its goods.
func (o *Order) toldOf(e TradeEvent, f *Fulfilment, lines []TradeLine) TradeEvent {
	e.FulfilmentID, e.Location, e.LocationOrg = f.ID, f.Location, f.Org
	e.Body.Way, e.Body.Carrier, e.Body.TrackingNo, e.Body.Lines = o.r.Way, f.Carrier, f.TrackingNo, lines
	if lines == nil {
		for _, l := range f.Lines {
			e.Body.Lines = append(e.Body.Lines, TradeLine{l.LineID, l.SKU, l.Quantity})
		}
	}
	return e
}

func (o *Order) toldParcel(e TradeEvent, parcelID string) TradeEvent {
	f, p := o.parcel(parcelID)
	lines := []TradeLine{}
	for _, l := range p.Lines {
		_, of := o.fulfilmentLine(l.FulfilmentLineID)
		lines = append(lines, TradeLine{of.LineID, of.SKU, l.Quantity})
	}
	e = o.toldOf(e, f, lines)
	e.Body.ParcelID, e.Body.Carrier, e.Body.TrackingNo = p.ID, p.Carrier, p.TrackingNo
	return e
}

func (o *Order) toldBack(e TradeEvent, ret Return) (told []TradeEvent) {
	e.Body.ReturnID = ret.ID
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		var lines []TradeLine
		for _, piece := range ret.Lines {
			if from, _ := o.fulfilmentLine(piece.FulfilmentLineID); from == f {
				lines = append(lines, TradeLine{piece.LineID, piece.SKU, piece.Quantity})
			}
		}
		if lines != nil {
			told = append(told, o.toldOf(e, f, lines))
		}
	}
	return told
}

func (o *Order) toldRefund(e TradeEvent, refundID string) TradeEvent {
	for _, f := range o.r.Refunds {
		if f.ID == refundID {
			e.Body.RefundID, e.Body.ReturnID, e.Body.AmountMinor, e.Body.Currency = f.ID, f.ReturnID, f.AmountMinor, o.r.Currency
			e.Body.Receipts = o.r.toldReceipts(e.Topic)
		}
	}
	return e
}

func (o *Order) toldInvoice(e TradeEvent, v Invoice) TradeEvent {
	e.Body.InvoiceID, e.Body.RedOf, e.Body.AmountMinor, e.Body.Currency = v.ID, v.Of, v.AmountMinor, o.r.Currency
	return e
}

// topicPrefix is what the API puts before a topic's name.
const topicPrefix = "TRADE_"

// Name is the topic's name in the API.
func (t Topic) Name() string { return topicPrefix + string(t) }

// TopicOf reads a name of the API.
func TopicOf(name string) Topic { return Topic(strings.TrimPrefix(name, topicPrefix)) }

// TradeEventsExpired refuses a cursor whose place in the log is not kept any more.
func TradeEventsExpired(keptDays int64) Refusal {
	return refuse(409, "TRADE_EVENTS_EXPIRED", "events since this cursor are no longer kept: list the orders, then begin anew without a cursor", "kept_days", itoa(keptDays))
}
