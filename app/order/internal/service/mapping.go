package service

import (
	"slices"
	"strings"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
)

var (
	orderStates = map[biz.State]orderv1.OrderState{
		biz.OrderUnpaid: orderv1.OrderState_UNPAID, biz.OrderDepositPaid: orderv1.OrderState_DEPOSIT_PAID, biz.OrderPaid: orderv1.OrderState_PAID,
		biz.OrderCompleted: orderv1.OrderState_COMPLETED, biz.OrderCancelled: orderv1.OrderState_CANCELLED,
	}
	fulfilmentStates = map[biz.State]orderv1.FulfilmentState{
		biz.FulfilmentPlanned: orderv1.FulfilmentState_PLANNED, biz.FulfilmentAssigned: orderv1.FulfilmentState_ASSIGNED,
		biz.FulfilmentAccepted: orderv1.FulfilmentState_ACCEPTED, biz.FulfilmentShipped: orderv1.FulfilmentState_FULFILMENT_SHIPPED,
		biz.FulfilmentReceived: orderv1.FulfilmentState_RECEIVED, biz.FulfilmentClosed: orderv1.FulfilmentState_CLOSED,
		biz.FulfilmentCancelled: orderv1.FulfilmentState_FULFILMENT_CANCELLED,
		biz.FulfilmentDeclined:  orderv1.FulfilmentState_FULFILMENT_DECLINED,
		biz.FulfilmentPicked:    orderv1.FulfilmentState_PICKED, biz.FulfilmentPacked: orderv1.FulfilmentState_PACKED,
		biz.FulfilmentDelivered: orderv1.FulfilmentState_DELIVERED, biz.FulfilmentFailed: orderv1.FulfilmentState_DELIVERY_FAILED,
		biz.FulfilmentUncollected: orderv1.FulfilmentState_UNCOLLECTED,
		biz.FulfilmentPartShipped: orderv1.FulfilmentState_PARTLY_SHIPPED,
		biz.FulfilmentBack:        orderv1.FulfilmentState_GOODS_BACK,
	}
	paymentStates = map[biz.State]orderv1.PaymentState{
		biz.PaymentPending: orderv1.PaymentState_PAYMENT_PENDING, biz.PaymentCaptured: orderv1.PaymentState_CAPTURED,
		biz.PaymentClosed: orderv1.PaymentState_PAYMENT_CLOSED,
	}
	scenes = map[orderv1.PaymentScene]biz.Scene{
		orderv1.PaymentScene_PAYMENT_SCENE_UNSPECIFIED: biz.SceneApp, orderv1.PaymentScene_IN_APP: biz.SceneApp, orderv1.PaymentScene_QR_CODE: biz.SceneCode,
	}
	refundStates = map[biz.State]orderv1.RefundState{
		biz.RefundPending: orderv1.RefundState_REFUND_PENDING, biz.RefundWaiting: orderv1.RefundState_REFUND_WAITING,
		biz.RefundFailed: orderv1.RefundState_REFUND_FAILED, biz.RefundDone: orderv1.RefundState_REFUND_DONE,
	}
	returnStates = map[biz.State]orderv1.ReturnState{
		biz.ReturnRequested: orderv1.ReturnState_REQUESTED, biz.ReturnApproved: orderv1.ReturnState_APPROVED,
		biz.ReturnReceived: orderv1.ReturnState_RETURN_RECEIVED, biz.ReturnRefunded: orderv1.ReturnState_REFUNDED,
		biz.ReturnRefused: orderv1.ReturnState_RETURN_REFUSED, biz.ReturnWithdrawn: orderv1.ReturnState_WITHDRAWN, biz.ReturnSent: orderv1.ReturnState_SENT,
	}
)

// fromState finds the domain's state; none for the unspecified one.
func fromState[E comparable](states map[biz.State]E, e E) biz.State {
	for s, v := range states {
		if v == e {
			return s
		}
	}
	return biz.None
}

func toWay(w biz.Way) inventoryv1.DeliveryWay {
	return inventoryv1.DeliveryWay(inventoryv1.DeliveryWay_value[string(w)])
}

func toMoney(minor int64, currency string) *commonv1.Money {
	return &commonv1.Money{AmountMinor: minor, Currency: currency}
}

func fromLines(in []*orderv1.OrderLineInput) []biz.WantedLine {
	lines := make([]biz.WantedLine, len(in))
	for i, l := range in {
		lines[i] = biz.WantedLine{SKU: l.GetSku(), Quantity: l.GetQuantity(), SeenUnitMinor: l.GetUnitPriceMinor()}
	}
	return lines
}

func fromReceiver(r *orderv1.Receiver) biz.Receiver {
	out := biz.Receiver{Name: r.GetName(), Phone: r.GetPhone(), Address: r.GetAddress(), Ciphertext: r.GetCiphertext()}
	if r.GetPoint() != nil {
		out.Point = &biz.Point{Lat: r.GetPoint().GetLat(), Lng: r.GetPoint().GetLng()}
	}
	return out
}

func toReceiver(r biz.Receiver) *orderv1.Receiver {
	if r.Name == "" && r.Address == "" {
		return nil
	}
	out := &orderv1.Receiver{Name: r.Name, Phone: r.Phone, Address: r.Address, Ciphertext: r.Ciphertext}
	if r.Point != nil {
		out.Point = &commonv1.GeoPoint{Lat: r.Point.Lat, Lng: r.Point.Lng}
	}
	return out
}

func toCalculation(p biz.Price) *orderv1.Calculation {
	out := &orderv1.Calculation{
		Goods: toMoney(p.GoodsMinor, p.Currency), Freight: toMoney(p.FreightMinor, p.Currency), Total: toMoney(p.TotalMinor, p.Currency),
		PointsAmount: toMoney(p.PointsAmountMinor, p.Currency), Points: p.Points, ToPay: toMoney(p.ToPayMinor(), p.Currency),
		Tax: toMoney(p.TaxMinor, p.Currency), TaxOnTop: p.TaxOnTop, Steps: toSteps(p.Steps), FreightDiscounts: toDiscounts(p.FreightDiscounts, false),
	}
	for _, l := range p.Lines {
		out.Lines = append(out.Lines, toLine(biz.Line{
			SKU: l.SKU, Title: l.Title, Returnable: l.Returnable, Quantity: l.Quantity, UnitMinor: l.UnitMinor, GrossMinor: l.GrossMinor,
			DiscountMinor: l.DiscountMinor, PayableMinor: l.PayableMinor, PointsAmountMinor: l.PointsAmountMinor, Points: l.Points,
			Discounts: l.Discounts, GiftOf: l.GiftOf, TaxBP: l.TaxBP, TaxMinor: l.TaxMinor,
		}, p.Currency))
	}
	return out
}

func toLine(l biz.Line, currency string) *orderv1.OrderLine {
	return &orderv1.OrderLine{
		LineId: l.ID, Sku: l.SKU, Title: l.Title, Quantity: l.Quantity, UnitPrice: toMoney(l.UnitMinor, currency),
		Gross: toMoney(l.GrossMinor, currency), Discount: toMoney(l.DiscountMinor, currency), Payable: toMoney(l.PayableMinor, currency),
		PointsAmount: toMoney(l.PointsAmountMinor, currency), Points: l.Points, ReturnedQuantity: l.ReturnedQuantity, CancelledQuantity: l.CancelledQuantity,
		Refunded: toMoney(l.RefundedMinor, currency), Returnable: l.Returnable,
		Discounts: toDiscounts(l.Discounts, false), GiftOf: l.GiftOf, TaxBp: l.TaxBP, Tax: toMoney(l.TaxMinor, currency),
	}
}

// addressVersion counts the changes of the receiver; 0 without a history.
func addressVersion(history []biz.HistoryEvent) (n int64) {
	for i, e := range history {
		if i == 0 {
			n = 1
		}
		if e.Subject == biz.SubjectOrder && e.Event == biz.EventReaddress {
			n++
		}
	}
	return n
}

// toOrderInfo is an order as its seller and its member see it. Without a history it is a row of a list: no receiver.
func toOrderInfo(r biz.Record, history []biz.HistoryEvent) *orderv1.OrderInfo {
	out := &orderv1.OrderInfo{
		Id: r.ID, Channel: r.Channel, ExternalNo: r.ExternalNo(), State: orderStates[r.State], SellerOrg: r.Org,
		ShopStoreCode: r.ShopStore, MemberId: r.MemberID, Goods: toMoney(r.GoodsMinor, r.Currency), Freight: toMoney(r.FreightMinor, r.Currency),
		Total: toMoney(r.TotalMinor, r.Currency), Paid: toMoney(r.CapturedMinor, r.Currency), Refunded: toMoney(r.RefundedMinor, r.Currency),
		Points: r.Points, Tenders: toTenders(r), PlacedAtUs: r.PlacedAtUS, PaidAtUs: r.PaidAtUS, PayUntilUs: r.PayUntilUS,
		Unallocated: r.Unallocated && r.State == biz.OrderPaid, ShipByUs: r.ShipByUS, Version: int32(r.Version), Remark: r.Remark,
		DeviceId: r.Device, Clerk: r.Clerk, Shipping: shippings[r.Shipping()], FreightDiscounts: toDiscounts(r.FreightDiscounts, false),
		Tax: toMoney(r.TaxMinor, r.Currency), TaxOnTop: r.TaxOnTop, Review: reviewStates[r.Review], AddressVersion: addressVersion(history),
	}
	if r.NeedsChoice() {
		out.Choice = &orderv1.PickupChoice{AskedAtUs: r.AskedAtUS, ChooseByUs: r.ChooseByUS}
	}
	if r.ToBePaid() {
		out.LeftToPay = toMoney(r.LeftMinor(), r.Currency)
	}
	out.Gift = toOrderGift(r.GiftOrder)
	out.Deposit = toDeposit(r.Deposit, r.ToPayMinor(), r.Currency)
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, toLine(l, r.Currency))
	}
	for _, f := range r.Fulfilments {
		out.Fulfilments = append(out.Fulfilments, toFulfilment(r.Header, f))
	}
	for _, ret := range r.Returns {
		out.Returns = append(out.Returns, toReturn(r, ret))
	}
	for _, e := range history {
		out.History = append(out.History, toEvent(e))
	}
	if r.FreightRefundedMinor > 0 {
		out.FreightRefunded = toMoney(r.FreightRefundedMinor, r.Currency)
	}
	if out.ExchangeFor = r.OriginReturn; r.CreditMinor > 0 {
		out.ExchangeCredit = toMoney(r.CreditMinor, r.Currency)
	}
	if r.GiftChargedMinor > 0 {
		out.GiftsCharged = toMoney(r.GiftChargedMinor, r.Currency)
	}
	for _, g := range r.Goodwills {
		out.Goodwills = append(out.Goodwills, toGoodwill(r, g))
	}
	if len(history) > 0 {
		out.Receiver = toReceiver(r.Receiver)
	}
	return out
}

func toTenders(r biz.Record) (tenders []*orderv1.Tender) {
	if r.Points > 0 {
		var back int64
		for _, l := range r.Lines {
			if r.State == biz.OrderCancelled {
				back += l.PointsAmountMinor
			} else {
				back += l.Back(0, l.Ended()).PointsAmountMinor
			}
		}
		tenders = append(tenders, &orderv1.Tender{Kind: orderv1.TenderKind_POINTS, Amount: toMoney(r.PointsAmountMinor, r.Currency), Refunded: toMoney(back, r.Currency)})
	}
	for _, c := range r.Captures {
		kind, reference := orderv1.TenderKind_PROVIDER, c.TransactionNo
		switch c.Provider {
		case biz.ProviderCash:
			kind = orderv1.TenderKind_CASH
		case biz.ProviderPlatform:
			kind = orderv1.TenderKind_PLATFORM
		case biz.ProviderCard:
			kind, reference = orderv1.TenderKind_CARD, strings.TrimPrefix(reference, biz.CardNo(r.ShopStore, ""))
		case biz.ProviderWallet:
			kind = orderv1.TenderKind_WALLET
		case biz.ProviderExchange:
			kind = orderv1.TenderKind_EXCHANGED
		}
		tenders = append(tenders, &orderv1.Tender{Kind: kind, Amount: toMoney(c.AmountMinor, c.Currency), Refunded: toMoney(c.RefundedMinor, c.Currency), Reference: reference})
	}
	return tenders
}

func toFulfilment(h biz.Header, f biz.Fulfilment) *orderv1.Fulfilment {
	out := &orderv1.Fulfilment{
		Id: f.ID, OrderId: h.ID, Location: f.Location, LocationName: f.LocationName, Org: f.Org, State: fulfilmentStates[f.State],
		Way: toWay(f.Way), Carrier: f.Carrier, TrackingNo: f.TrackingNo, AssignedAtUs: f.AssignedAtUS, AcceptedAtUs: f.AcceptedAtUS,
		ShippedAtUs: f.ShippedAtUS, ReceivedAtUs: f.ReceivedAtUS, ReturnUntilUs: f.ReturnUntilUS, Version: int32(f.Version), Channel: h.Channel,
		MergedParcelId: f.Merged, AutoReceiveAtUs: f.AutoReceiveAtUS, CollectUntilUs: f.CollectUntilUS,
		PickedAtUs: f.PickedAtUS, PackedAtUs: f.PackedAtUS, DeliveredAtUs: f.DeliveredAtUS, FailedAtUs: f.FailedAtUS, BackAtUs: f.BackAtUS, Failure: f.Failure,
		AcceptByUs: f.AcceptByUS, ShipByUs: f.ShipByUS, AcceptLateUs: f.AcceptLateUS, ShipLateUs: f.ShipLateUS,
		PickByUs: f.PickByUS, PickLateUs: f.PickLateUS,
	}
	for _, l := range f.Lines {
		out.Lines = append(out.Lines, &orderv1.FulfilmentLine{
			LineId: l.LineID, Sku: l.SKU, Title: l.Title, Quantity: l.Quantity, Owner: l.Owner, ReservationId: l.ReservationID, Shipped: f.Gone(l),
		})
	}
	for _, p := range f.Parcels {
		if p.State != biz.ParcelUndone {
			out.Parcels = append(out.Parcels, toParcelInfo(f, p))
		}
	}
	return out
}

// toParcel is a fulfilment as the organisation that ships sees it: with the receiver, while there is something to do.
func toParcel(h biz.Header, f biz.Fulfilment) *orderv1.Fulfilment {
	out := toFulfilment(h, f)
	switch f.State {
	case biz.FulfilmentAssigned, biz.FulfilmentAccepted, biz.FulfilmentPicked, biz.FulfilmentPacked, biz.FulfilmentUncollected, biz.FulfilmentPartShipped, biz.FulfilmentShipped,
		biz.FulfilmentDelivered, biz.FulfilmentFailed, biz.FulfilmentReceived:
		out.Receiver = toReceiver(h.Receiver)
	}
	return out
}

func toReturn(r biz.Record, ret biz.Return) *orderv1.ReturnInfo {
	out := &orderv1.ReturnInfo{
		Id: ret.ID, OrderId: r.ID, State: returnStates[ret.State], Refund: toMoney(ret.RefundMinor, r.Currency), PointsBack: ret.PointsBack,
		Reason: ret.Reason, RequestedAtUs: ret.RequestedAtUS, ReceivedAtUs: ret.ReceivedAtUS, RefundedAtUs: ret.DoneAtUS, Location: backAt(r, ret),
		Pictures: ret.Pictures, Refusal: ret.Refusal, Carrier: ret.Carrier, TrackingNo: ret.TrackingNo, SentAtUs: ret.SentAtUS, ApprovedAtUs: ret.ApprovedAtUS,
		RefundOnly: ret.RefundOnly, Exchange: toExchange(ret.Exchange), ExchangeOrderId: ret.ExchangeOrder, CashAt: ret.CashAt, GiftCharge: toMoney(ret.GiftMinor, r.Currency), FreightRefund: toMoney(ret.FreightMinor, r.Currency),
	}
	at := map[string]*orderv1.ReturnLine{} // pieces of one line from several locations are one line to the buyer
	asked := slices.Clone(ret.Lines)
	for i := range asked {
		asked[i].Missing, asked[i].Forgiven = 0, 0
	}
	worth := r.Worth(asked)
	for i, l := range ret.Lines {
		line, ok := at[l.LineID]
		if !ok {
			line = &orderv1.ReturnLine{LineId: l.LineID, Sku: r.SKUOf(l.LineID), Refund: toMoney(0, r.Currency)}
			at[l.LineID] = line
			out.Lines = append(out.Lines, line)
		}
		line.Quantity += worth[i]
		line.Refund.AmountMinor += l.RefundMinor
		line.PointsBack += l.PointsBack
		pieces(line, l).add(l, ret.ReceivedAtUS > 0)
	}
	return out
}

type returnPieces orderv1.ReturnPieces

// pieces of a stock SKU of a line.
func pieces(line *orderv1.ReturnLine, l biz.ReturnLine) *returnPieces {
	i := slices.IndexFunc(line.Pieces, func(p *orderv1.ReturnPieces) bool { return p.Sku == l.SKU })
	if i < 0 {
		i, line.Pieces = len(line.Pieces), append(line.Pieces, &orderv1.ReturnPieces{Sku: l.SKU})
	}
	return (*returnPieces)(line.Pieces[i])
}

func (p *returnPieces) add(l biz.ReturnLine, found bool) {
	p.Quantity += l.Quantity
	if !found {
		return
	}
	p.Sellable += l.Arrived() - l.Damaged
	p.Damaged += l.Damaged
	p.Missing += l.Missing
	p.MissingRefunded += l.Forgiven
}

// backAt is where the goods came back to: where somebody said, else where they all had been shipped from.
func backAt(r biz.Record, ret biz.Return) string {
	if ret.Location != "" || ret.ReceivedAtUS == 0 {
		return ret.Location
	}
	at := ""
	for _, piece := range ret.Lines {
		for _, f := range r.Fulfilments {
			if !slices.ContainsFunc(f.Lines, func(l biz.FulfilmentLine) bool { return l.ID == piece.FulfilmentLineID }) {
				continue
			}
			if at != "" && at != f.Location {
				return ""
			}
			at = f.Location
		}
	}
	return at
}

// toEvent names the subject in the event, and its id in the note, because all changes of an order are one history.
func toEvent(e biz.HistoryEvent) *orderv1.OrderEvent {
	note := e.Note
	if e.Subject != biz.SubjectOrder {
		note = strings.TrimSpace(e.SubjectID + " " + note)
	}
	return &orderv1.OrderEvent{
		Version: int32(e.Version), Event: string(e.Subject) + "." + string(e.Event), From: string(e.From), To: string(e.To),
		Actor: e.Actor, Note: note, AtUs: e.AtUS,
	}
}

func toPayment(orderID, currency string, p biz.Payment) *orderv1.Payment {
	return &orderv1.Payment{
		Id: p.ID, OrderId: orderID, Provider: p.Provider, State: paymentStates[p.State], Amount: toMoney(p.AmountMinor, currency),
		Payee: p.Payee, ExpiresAtUs: p.ExpiresAtUS,
	}
}
