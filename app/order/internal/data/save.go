package data

import (
	"context"
	"fmt"
	"reflect"

	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/payment"
)

// save writes what has changed since before.
func (s *Orders) save(ctx context.Context, before biz.Record, o *biz.Order) error {
	r := o.Record()
	h := r.Header
	if !reflect.DeepEqual(before.Header, h) {
		change := s.ent.Order.Update().Where(order.ID(h.ID), order.Version(before.Version))
		if !reflect.DeepEqual(before.Receiver, h.Receiver) {
			receiver, err := s.Receivers.Seal(h.Receiver, h.ID)
			if err != nil {
				return fmt.Errorf("save order: %w", err)
			}
			change = change.SetReceiverCipher(receiver).SetPhoneKey(s.keyOf(h.Receiver)).ClearReceiver()
		}
		if before.Way != h.Way || before.Receiver != h.Receiver {
			change = change.SetPlaceKey(s.placeKey(h))
		}
		n, err := change.SetWay(string(h.Way)).SetPickupStore(h.PickupStore).SetAskedUs(h.AskedAtUS).SetChooseByUs(h.ChooseByUS).
			SetState(string(h.State)).SetCapturedMinor(h.CapturedMinor).SetRefundedMinor(h.RefundedMinor).SetFreightRefundedMinor(h.FreightRefundedMinor).SetGiftChargedMinor(h.GiftChargedMinor).SetCreditMinor(h.CreditMinor).SetPaidUs(h.PaidAtUS).SetInvoiceCount(h.InvoiceCount).
			SetUpdatedUs(h.UpdatedAtUS).SetUnallocated(h.Unallocated).SetAllocateAttempt(h.AllocateAttempt).
			SetAllocateAtUs(h.AllocateAtUS).SetVersion(h.Version).SetReview(string(h.Review)).Save(ctx)
		if err != nil {
			return fmt.Errorf("save order: %w", err)
		}
		if n != 1 {
			return fmt.Errorf("save order %s: %w", h.ID, errLost)
		}
	}
	for i, l := range r.Lines {
		if reflect.DeepEqual(before.Lines[i], l) {
			continue
		}
		err := s.ent.OrderLine.UpdateOneID(l.ID).SetReturnedQuantity(l.ReturnedQuantity).SetCancelledQuantity(l.CancelledQuantity).SetRefundedMinor(l.RefundedMinor).SetPointsBack(l.PointsBack).Exec(ctx)
		if err != nil {
			return fmt.Errorf("save order: line: %w", err)
		}
	}
	return s.saveParts(ctx, before, o)
}

// saveParts writes the parts that are new or have changed, the history, and what has to follow.
func (s *Orders) saveParts(ctx context.Context, before biz.Record, o *biz.Order) error {
	r := o.Record()
	for _, part := range []func() error{
		func() error {
			return each(before.Fulfilments, r.Fulfilments, func(f biz.Fulfilment, no int) error { return s.newFulfilment(ctx, r.Header, f, no) },
				func(was, f biz.Fulfilment) error { return s.changedFulfilment(ctx, r.Header, was, f) })
		},
		func() error {
			return each(before.Payments, r.Payments, func(p biz.Payment, no int) error { return s.createPayment(r.Header, p, no).Exec(ctx) },
				func(_, p biz.Payment) error {
					return one(s.ent.Payment.Update().Where(payment.ID(p.ID)).SetState(string(p.State)).SetAskUs(p.AskAtUS).Save(ctx))
				})
		},
		func() error {
			return each(before.Captures, r.Captures, func(c biz.Capture, no int) error { return s.createCapture(r.Header, c, no).Exec(ctx) },
				func(_, c biz.Capture) error {
					return s.ent.Capture.UpdateOneID(c.ID).SetRefundedMinor(c.RefundedMinor).Exec(ctx)
				})
		},
		func() error {
			return each(before.Refunds, r.Refunds, func(f biz.Refund, no int) error { return s.createRefund(r.Header, f, no).Exec(ctx) },
				func(_, f biz.Refund) error {
					return s.ent.Refund.UpdateOneID(f.ID).SetState(string(f.State)).SetReference(f.Reference).SetAttempts(f.Attempts).
						SetNextUs(f.NextAtUS).SetDoneUs(f.DoneAtUS).SetFailure(f.Failure).SetRound(f.Round).Exec(ctx)
				})
		},
		func() error {
			return each(before.Returns, r.Returns, func(ret biz.Return, no int) error { return s.newReturn(ctx, r.Header, ret, no) },
				func(was, ret biz.Return) error { return s.changedReturn(ctx, was, ret) })
		},
		func() error { return s.saveGoodwills(ctx, r.Header, before.Goodwills, r.Goodwills) },
		func() error { return s.saveInvoices(ctx, r.Header, before.Invoices, r.Invoices) },
		func() error { return s.saveReviews(ctx, r.Header, before.Reviews, r.Reviews) },
		func() error { return s.saveDeposit(ctx, r.Header, before.Deposit, r.Deposit) },
		func() error { return s.saveGiftOrder(ctx, r.Header, before.GiftOrder, r.GiftOrder) },
	} {
		if err := part(); err != nil {
			return fmt.Errorf("save order %s: %w", r.ID, err)
		}
	}
	if err := s.appendHistory(ctx, r.Header, o.Events()); err != nil {
		return err
	}
	if err := s.tell(ctx, o); err != nil {
		return err
	}
	for _, e := range o.Effects() {
		var err error
		switch e := e.(type) {
		case biz.Cancelled:
			err = giveBack(ctx, s.db, s.ent, r.ID, "")
		case biz.Paid, biz.SoldAtTill:
			if r.HasCoupons() {
				err = useCoupons(ctx, s.ent, r.ID)
			}
		case biz.PartCancelled:
			err = giveBackPart(ctx, s.ent, r.ID, e.Part.Promotions)
		case biz.ToldPlatform:
			err = s.report(ctx, r, e)
		}
		if err != nil {
			return err
		}
	}
	return emit(ctx, r, o.Effects())
}

// one wants exactly one row changed. Updates of several rows, of which there is one, read nothing back.
func one(n int, err error) error {
	if err == nil && n != 1 {
		err = errLost
	}
	return err
}

// each calls create for parts that are new and change for parts that differ. Parts are only ever added at the end.
func each[T any](before, now []T, create func(part T, no int) error, change func(was, part T) error) error {
	for i, part := range now {
		var err error
		switch {
		case i >= len(before):
			err = create(part, i)
		case !reflect.DeepEqual(before[i], part):
			err = change(before[i], part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Orders) newFulfilment(ctx context.Context, h biz.Header, f biz.Fulfilment, no int) error {
	if err := s.createFulfilment(h, f, no).Exec(ctx); err != nil {
		return err
	}
	lines := make([]*ent.FulfilmentLineCreate, len(f.Lines))
	for no, l := range f.Lines {
		lines[no] = s.createFulfilmentLine(h.ID, f, l, no)
	}
	err := s.ent.FulfilmentLine.CreateBulk(lines...).Exec(ctx)
	if err != nil {
		return err
	}
	return s.saveParcels(ctx, h, nil, f)
}

func (s *Orders) changedFulfilment(ctx context.Context, h biz.Header, was, f biz.Fulfilment) error {
	err := one(s.ent.Fulfilment.Update().Where(fulfilment.ID(f.ID)).SetState(string(f.State)).SetCarrier(f.Carrier).SetTrackingNo(f.TrackingNo).
		SetAssignedUs(f.AssignedAtUS).SetAcceptedUs(f.AcceptedAtUS).SetShippedUs(f.ShippedAtUS).SetReceivedUs(f.ReceivedAtUS).
		SetAutoReceiveUs(f.AutoReceiveAtUS).SetReturnUntilUs(f.ReturnUntilUS).SetCloseUs(f.CloseAtUS).SetVersion(f.Version).
		SetPickedUs(f.PickedAtUS).SetPackedUs(f.PackedAtUS).SetDeliveredUs(f.DeliveredAtUS).SetFailedUs(f.FailedAtUS).SetBackUs(f.BackAtUS).SetShortenedUs(f.ShortenedAtUS).SetFailure(f.Failure).
		SetAcceptByUs(f.AcceptByUS).SetShipByUs(f.ShipByUS).SetAcceptLateUs(f.AcceptLateUS).SetShipLateUs(f.ShipLateUS).SetPickByUs(f.PickByUS).SetPickLateUs(f.PickLateUS).SetOverdueUs(f.OverdueUS).SetDueUs(f.DueUS).SetCollectUntilUs(f.CollectUntilUS).SetMerged(f.Merged).Save(ctx))
	if err != nil {
		return err
	}
	err = each(was.Lines, f.Lines, nil, func(_, l biz.FulfilmentLine) error {
		return s.ent.FulfilmentLine.UpdateOneID(l.ID).SetQuantity(l.Quantity).SetReturnedQuantity(l.ReturnedQuantity).Exec(ctx)
	})
	if err != nil {
		return err
	}
	return s.saveParcels(ctx, h, was.Parcels, f)
}

func (s *Orders) newReturn(ctx context.Context, h biz.Header, ret biz.Return, no int) error {
	if err := s.createReturn(h, ret, no).Exec(ctx); err != nil {
		return err
	}
	return each(nil, ret.Lines, func(l biz.ReturnLine, no int) error {
		return s.createReturnLine(h, ret.ID, l, no).Exec(ctx)
	}, nil)
}

func (s *Orders) changedReturn(ctx context.Context, was, ret biz.Return) error {
	err := s.ent.GoodsReturn.UpdateOneID(ret.ID).SetState(string(ret.State)).SetLocation(ret.Location).SetRefundMinor(ret.RefundMinor).
		SetExchangeOrder(ret.ExchangeOrder).SetRefundOnly(ret.RefundOnly).SetCashAt(ret.CashAt).SetFreightMinor(ret.FreightMinor).SetGiftMinor(ret.GiftMinor).SetRefusal(ret.Refusal).SetCarrier(ret.Carrier).SetTrackingNo(ret.TrackingNo).SetSentUs(ret.SentAtUS).
		SetPointsBack(ret.PointsBack).SetApprovedUs(ret.ApprovedAtUS).SetReceivedUs(ret.ReceivedAtUS).SetDoneUs(ret.DoneAtUS).Exec(ctx)
	if err != nil {
		return err
	}
	return each(was.Lines, ret.Lines, nil, func(_, l biz.ReturnLine) error {
		return s.ent.ReturnLine.UpdateOneID(l.ID).SetRefundMinor(l.RefundMinor).SetPointsBack(l.PointsBack).
			SetDamaged(l.Damaged).SetMissing(l.Missing).SetForgiven(l.Forgiven).Exec(ctx)
	})
}
