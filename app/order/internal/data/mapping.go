package data

import (
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
)

func (s *Orders) toHeader(o *ent.Order) (biz.Header, error) {
	receiver, err := s.receiverOf(o)
	return biz.Header{
		ID: o.ID, Org: o.Org, Kind: biz.Kind(o.Kind), Channel: o.Channel, SourceNo: o.SourceNo, ShopStore: o.ShopStore,
		MemberID: o.MemberID, State: biz.State(o.State), Currency: o.Currency,
		GoodsMinor: o.GoodsMinor, DiscountMinor: o.DiscountMinor, FreightMinor: o.FreightMinor, TotalMinor: o.TotalMinor,
		Points: o.Points, PointsAmountMinor: o.PointsAmountMinor, CapturedMinor: o.CapturedMinor, RefundedMinor: o.RefundedMinor,
		FreightRefundedMinor: o.FreightRefundedMinor, GiftChargedMinor: o.GiftChargedMinor,
		MerchantAccount: o.MerchantAccount, Attributions: o.Attributions, Way: biz.Way(o.Way), PickupStore: o.PickupStore,
		Receiver: receiver, Remark: o.Remark, Device: o.Device, Clerk: o.Clerk, Fingerprint: o.Fingerprint,
		PlacedAtUS: o.PlacedUs, PaidAtUS: o.PaidUs, PayUntilUS: o.PayUntilUs, HeldUntilUS: o.HeldUntilUs, ShipByUS: o.ShipByUs, UpdatedAtUS: o.UpdatedUs,
		Unallocated: o.Unallocated, AllocateAttempt: o.AllocateAttempt, AllocateAtUS: o.AllocateAtUs, Version: o.Version, AskedAtUS: o.AskedUs, ChooseByUS: o.ChooseByUs,
		OriginOrder: o.OriginOrder, OriginReturn: o.OriginReturn, CreditMinor: o.CreditMinor,
		FreightDiscounts: o.FreightDiscounts, ReturnTerms: o.ReturnTerms, TaxMinor: o.TaxMinor, TaxOnTop: o.TaxOnTop, TaxProfile: o.TaxProfile, InvoiceCount: o.InvoiceCount, Review: biz.State(o.Review),
	}, err
}

func (s *Orders) createOrder(h biz.Header, receiver []byte) *ent.OrderCreate {
	return s.ent.Order.Create().SetID(h.ID).SetOrg(h.Org).SetKind(string(h.Kind)).SetChannel(h.Channel).SetSourceNo(h.SourceNo).
		SetShopStore(h.ShopStore).SetMemberID(h.MemberID).SetState(string(h.State)).SetCurrency(h.Currency).
		SetGoodsMinor(h.GoodsMinor).SetDiscountMinor(h.DiscountMinor).SetFreightMinor(h.FreightMinor).SetTotalMinor(h.TotalMinor).
		SetPoints(h.Points).SetPointsAmountMinor(h.PointsAmountMinor).SetCapturedMinor(h.CapturedMinor).SetRefundedMinor(h.RefundedMinor).SetFreightRefundedMinor(h.FreightRefundedMinor).SetGiftChargedMinor(h.GiftChargedMinor).
		SetMerchantAccount(h.MerchantAccount).SetAttributions(h.Attributions).SetWay(string(h.Way)).SetPickupStore(h.PickupStore).SetAskedUs(h.AskedAtUS).SetChooseByUs(h.ChooseByUS).
		SetReceiverCipher(receiver).SetPhoneKey(s.keyOf(h.Receiver)).SetRemark(h.Remark).SetDevice(h.Device).SetClerk(h.Clerk).SetFingerprint(h.Fingerprint).
		SetPlacedUs(h.PlacedAtUS).SetPaidUs(h.PaidAtUS).SetPayUntilUs(h.PayUntilUS).SetHeldUntilUs(h.HeldUntilUS).SetShipByUs(h.ShipByUS).SetUpdatedUs(h.UpdatedAtUS).
		SetUnallocated(h.Unallocated).SetAllocateAttempt(h.AllocateAttempt).SetAllocateAtUs(h.AllocateAtUS).SetVersion(h.Version).
		SetOriginOrder(h.OriginOrder).SetOriginReturn(h.OriginReturn).SetCreditMinor(h.CreditMinor).
		SetFreightDiscounts(h.FreightDiscounts).SetExternalNo(h.ExternalNo()).SetReturnTerms(h.ReturnTerms).SetTaxMinor(h.TaxMinor).SetTaxOnTop(h.TaxOnTop).SetTaxProfile(h.TaxProfile).SetInvoiceCount(h.InvoiceCount).SetReview(string(h.Review)).SetPlaceKey(s.placeKey(h))
}

func toLine(l *ent.OrderLine) biz.Line {
	line := biz.Line{
		ID: l.ID, No: l.No, SKU: l.Sku, Title: l.Title, TaxClass: l.TaxClass, Returnable: l.Returnable, Quantity: l.Quantity,
		UnitMinor: l.UnitMinor, GrossMinor: l.GrossMinor, DiscountMinor: l.DiscountMinor, PayableMinor: l.PayableMinor,
		PointsAmountMinor: l.PointsAmountMinor, Points: l.Points, ReturnedQuantity: l.ReturnedQuantity, CancelledQuantity: l.CancelledQuantity, RefundedMinor: l.RefundedMinor,
		PointsBack: l.PointsBack, Discounts: l.Discounts, GiftOf: l.GiftOf, Earned: l.Earned, TaxBP: l.TaxBp, TaxMinor: l.TaxMinor,
	}
	if line.ReceiptsMinor = biz.FrozenReceipts(l.PayableMinor, l.Discounts); l.ReceiptsMinor != nil {
		line.ReceiptsMinor = *l.ReceiptsMinor
	}
	return line
}

func (s *Orders) createLine(h biz.Header, l biz.Line) *ent.OrderLineCreate {
	return s.ent.OrderLine.Create().SetID(l.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(l.No).SetSku(l.SKU).SetTitle(l.Title).
		SetTaxClass(l.TaxClass).SetReturnable(l.Returnable).SetQuantity(l.Quantity).SetUnitMinor(l.UnitMinor).SetGrossMinor(l.GrossMinor).
		SetDiscountMinor(l.DiscountMinor).SetPayableMinor(l.PayableMinor).SetPointsAmountMinor(l.PointsAmountMinor).SetPoints(l.Points).
		SetReturnedQuantity(l.ReturnedQuantity).SetCancelledQuantity(l.CancelledQuantity).SetRefundedMinor(l.RefundedMinor).SetPointsBack(l.PointsBack).
		SetDiscounts(l.Discounts).SetGiftOf(l.GiftOf).SetPlacedUs(h.PlacedAtUS).SetEarned(l.Earned).SetTaxBp(l.TaxBP).SetTaxMinor(l.TaxMinor).SetReceiptsMinor(l.ReceiptsMinor)
}

func toFulfilment(f *ent.Fulfilment) biz.Fulfilment {
	return biz.Fulfilment{
		ID: f.ID, Org: f.Org, Way: biz.Way(f.Way), Location: f.Location, LocationName: f.LocationName, State: biz.State(f.State), Carrier: f.Carrier,
		TrackingNo: f.TrackingNo, CreatedAtUS: f.CreatedUs, AssignedAtUS: f.AssignedUs, AcceptedAtUS: f.AcceptedUs,
		ShippedAtUS: f.ShippedUs, ReceivedAtUS: f.ReceivedUs, AutoReceiveAtUS: f.AutoReceiveUs, ReturnUntilUS: f.ReturnUntilUs,
		CloseAtUS: f.CloseUs, Version: f.Version, PickedAtUS: f.PickedUs, PackedAtUS: f.PackedUs, DeliveredAtUS: f.DeliveredUs,
		FailedAtUS: f.FailedUs, BackAtUS: f.BackUs, ShortenedAtUS: f.ShortenedUs, Failure: f.Failure,
		AcceptByUS: f.AcceptByUs, ShipByUS: f.ShipByUs, AcceptLateUS: f.AcceptLateUs, ShipLateUS: f.ShipLateUs, PickByUS: f.PickByUs, PickLateUS: f.PickLateUs, OverdueUS: f.OverdueUs, DueUS: f.DueUs, CollectUntilUS: f.CollectUntilUs, Merged: f.Merged,
	}
}

func (s *Orders) createFulfilment(h biz.Header, f biz.Fulfilment, no int) *ent.FulfilmentCreate {
	return s.ent.Fulfilment.Create().SetID(f.ID).SetOrg(f.Org).SetOrderID(h.ID).SetMemberID(h.MemberID).SetSellerOrg(h.Org).
		SetChannel(h.Channel).SetWay(string(f.Way)).SetLocation(f.Location).SetLocationName(f.LocationName).SetState(string(f.State)).
		SetCarrier(f.Carrier).SetTrackingNo(f.TrackingNo).SetCreatedUs(f.CreatedAtUS).SetAssignedUs(f.AssignedAtUS).
		SetAcceptedUs(f.AcceptedAtUS).SetShippedUs(f.ShippedAtUS).SetReceivedUs(f.ReceivedAtUS).SetAutoReceiveUs(f.AutoReceiveAtUS).
		SetReturnUntilUs(f.ReturnUntilUS).SetCloseUs(f.CloseAtUS).SetVersion(f.Version).SetNo(int64(no)).SetPlacedUs(h.PlacedAtUS).
		SetPickedUs(f.PickedAtUS).SetPackedUs(f.PackedAtUS).SetDeliveredUs(f.DeliveredAtUS).SetFailedUs(f.FailedAtUS).SetBackUs(f.BackAtUS).SetShortenedUs(f.ShortenedAtUS).SetFailure(f.Failure).
		SetAcceptByUs(f.AcceptByUS).SetShipByUs(f.ShipByUS).SetAcceptLateUs(f.AcceptLateUS).SetShipLateUs(f.ShipLateUS).SetPickByUs(f.PickByUS).SetPickLateUs(f.PickLateUS).SetOverdueUs(f.OverdueUS).SetDueUs(f.DueUS).SetCollectUntilUs(f.CollectUntilUS).SetMerged(f.Merged)
}

func toFulfilmentLine(l *ent.FulfilmentLine) biz.FulfilmentLine {
	return biz.FulfilmentLine{
		ID: l.ID, LineID: l.LineID, SKU: l.Sku, Title: l.Title, Quantity: l.Quantity, ReturnedQuantity: l.ReturnedQuantity,
		Owner: l.Owner, ReservationID: l.ReservationID, SettlementMinor: l.SettlementMinor, FeeMinor: l.FeeMinor,
	}
}

func (s *Orders) createFulfilmentLine(orderID string, f biz.Fulfilment, l biz.FulfilmentLine, no int) *ent.FulfilmentLineCreate {
	return s.ent.FulfilmentLine.Create().SetID(l.ID).SetOrg(f.Org).SetOrderID(orderID).SetFulfilmentID(f.ID).SetLineID(l.LineID).
		SetSku(l.SKU).SetTitle(l.Title).SetQuantity(l.Quantity).SetReturnedQuantity(l.ReturnedQuantity).SetOwner(l.Owner).
		SetReservationID(l.ReservationID).SetSettlementMinor(l.SettlementMinor).SetFeeMinor(l.FeeMinor).SetNo(int64(no)).SetCreatedUs(f.CreatedAtUS)
}

func toPayment(p *ent.Payment) biz.Payment {
	return biz.Payment{
		ID: p.ID, Provider: p.Provider, State: biz.State(p.State), AmountMinor: p.AmountMinor, Payee: p.Payee,
		ExpiresAtUS: p.ExpiresUs, CreatedAtUS: p.CreatedUs, AskAtUS: p.AskUs,
	}
}

func (s *Orders) createPayment(h biz.Header, p biz.Payment, no int) *ent.PaymentCreate {
	return s.ent.Payment.Create().SetID(p.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(int64(no)).SetProvider(p.Provider).
		SetState(string(p.State)).SetAmountMinor(p.AmountMinor).SetPayee(p.Payee).SetExpiresUs(p.ExpiresAtUS).SetCreatedUs(p.CreatedAtUS).
		SetAskUs(p.AskAtUS)
}

func toCapture(c *ent.Capture) biz.Capture {
	return biz.Capture{
		ID: c.ID, PaymentID: c.PaymentID, Provider: c.Provider, TransactionNo: c.TransactionNo, AmountMinor: c.AmountMinor,
		Currency: c.Currency, Payee: c.Payee, RefundedMinor: c.RefundedMinor, AtUS: c.AtUs,
	}
}

func (s *Orders) createCapture(h biz.Header, c biz.Capture, no int) *ent.CaptureCreate {
	return s.ent.Capture.Create().SetID(c.ID).SetOrg(h.Org).SetOrderID(h.ID).SetPaymentID(c.PaymentID).SetNo(int64(no)).
		SetProvider(c.Provider).SetTransactionNo(c.TransactionNo).SetAmountMinor(c.AmountMinor).SetCurrency(c.Currency).
		SetPayee(c.Payee).SetRefundedMinor(c.RefundedMinor).SetAtUs(c.AtUS)
}

func toRefund(r *ent.Refund) biz.Refund {
	return biz.Refund{
		ID: r.ID, CaptureID: r.CaptureID, ReturnID: r.ReturnID, Reason: r.Reason, State: biz.State(r.State), AmountMinor: r.AmountMinor,
		Reference: r.Reference, Attempts: r.Attempts, NextAtUS: r.NextUs, CreatedAtUS: r.CreatedUs, DoneAtUS: r.DoneUs,
		Failure: r.Failure, Round: r.Round,
	}
}

func (s *Orders) createRefund(h biz.Header, r biz.Refund, no int) *ent.RefundCreate {
	return s.ent.Refund.Create().SetID(r.ID).SetOrg(h.Org).SetOrderID(h.ID).SetCaptureID(r.CaptureID).SetNo(int64(no)).
		SetReturnID(r.ReturnID).SetReason(r.Reason).SetState(string(r.State)).SetAmountMinor(r.AmountMinor).SetReference(r.Reference).
		SetAttempts(r.Attempts).SetNextUs(r.NextAtUS).SetCreatedUs(r.CreatedAtUS).SetDoneUs(r.DoneAtUS).
		SetFailure(r.Failure).SetRound(r.Round)
}

func toReturn(r *ent.GoodsReturn) biz.Return {
	return biz.Return{
		ID: r.ID, State: biz.State(r.State), Reason: r.Reason, Location: r.Location, RefundMinor: r.RefundMinor, PointsBack: r.PointsBack,
		Exchange: r.Exchange, ExchangeOrder: r.ExchangeOrder, RefundOnly: r.RefundOnly, CashAt: r.CashAt, FreightMinor: r.FreightMinor, GiftMinor: r.GiftMinor,
		Pictures: r.Pictures, Refusal: r.Refusal, Carrier: r.Carrier, TrackingNo: r.TrackingNo, SentAtUS: r.SentUs,
		RequestedAtUS: r.RequestedUs, ApprovedAtUS: r.ApprovedUs, ReceivedAtUS: r.ReceivedUs, DoneAtUS: r.DoneUs,
	}
}

func (s *Orders) createReturn(h biz.Header, r biz.Return, no int) *ent.GoodsReturnCreate {
	return s.ent.GoodsReturn.Create().SetID(r.ID).SetOrg(h.Org).SetOrderID(h.ID).SetNo(int64(no)).SetState(string(r.State)).
		SetExchange(r.Exchange).SetExchangeOrder(r.ExchangeOrder).SetRefundOnly(r.RefundOnly).SetCashAt(r.CashAt).SetFreightMinor(r.FreightMinor).SetGiftMinor(r.GiftMinor).SetPictures(r.Pictures).SetRefusal(r.Refusal).SetCarrier(r.Carrier).SetTrackingNo(r.TrackingNo).SetSentUs(r.SentAtUS).
		SetReason(r.Reason).SetLocation(r.Location).SetRefundMinor(r.RefundMinor).SetPointsBack(r.PointsBack).
		SetRequestedUs(r.RequestedAtUS).SetApprovedUs(r.ApprovedAtUS).SetReceivedUs(r.ReceivedAtUS).SetDoneUs(r.DoneAtUS)
}

func toReturnLine(l *ent.ReturnLine) biz.ReturnLine {
	return biz.ReturnLine{
		ID: l.ID, LineID: l.LineID, FulfilmentLineID: l.FulfilmentLineID, SKU: l.Sku, Quantity: l.Quantity,
		Damaged: l.Damaged, Missing: l.Missing, Forgiven: l.Forgiven, RefundMinor: l.RefundMinor, PointsBack: l.PointsBack,
	}
}

func (s *Orders) createReturnLine(h biz.Header, returnID string, l biz.ReturnLine, no int) *ent.ReturnLineCreate {
	return s.ent.ReturnLine.Create().SetID(l.ID).SetOrg(h.Org).SetOrderID(h.ID).SetReturnID(returnID).SetLineID(l.LineID).
		SetFulfilmentLineID(l.FulfilmentLineID).SetSku(l.SKU).SetQuantity(l.Quantity).SetRefundMinor(l.RefundMinor).
		SetPointsBack(l.PointsBack).SetDamaged(l.Damaged).SetMissing(l.Missing).SetForgiven(l.Forgiven).SetNo(int64(no))
}

func toEvent(e *ent.OrderEvent) biz.HistoryEvent {
	return biz.HistoryEvent{
		Version: e.Version, Subject: biz.Subject(e.Subject), SubjectID: e.SubjectID, Event: biz.Event(e.Event),
		From: biz.State(e.FromState), To: biz.State(e.ToState), Actor: e.Actor, Note: e.Note, AtUS: e.AtUs,
	}
}
