package biz

// Expire closes an order whose time to pay is over.
func (o *Order) Expire() error {
	if o.r.State != OrderUnpaid || o.r.PayUntilUS > o.nowUS {
		return stateConflict(o.r.State, "only an unpaid order closes, and only after its deadline")
	}
	return o.cancel(EventExpire, "not paid in time")
}

// Cancel ends an order of which nothing has been shipped. Money that was paid goes back.
func (o *Order) Cancel(reason string) error {
	for _, f := range o.r.Fulfilments {
		if f.Left() {
			return stateConflict(f.State, "goods have been shipped: ask for a return")
		}
	}
	return o.cancel(EventCancel, reason)
}

// StopWaiting says that no attempt to find stock for a cancelled order can succeed any more. Until then the order stays
// marked: an attempt may have been under way when it was cancelled.
func (o *Order) StopWaiting() error {
	if o.r.State != OrderCancelled {
		return stateConflict(o.r.State, "the order still waits for stock")
	}
	o.r.Unallocated = false
	return nil
}

func (o *Order) cancel(event Event, note string) error {
	wasPaid := o.r.State == OrderPaid
	if o.r.GiftOrder != nil {
		o.r.GiftOrder.DueUS = 0
	}
	if err := o.moveOrder(event, note); err != nil {
		return err
	}
	for i := range o.r.Fulfilments {
		if !o.r.Fulfilments[i].Ends() {
			continue
		}
		if err := o.moveFulfilment(&o.r.Fulfilments[i], EventCancel, ""); err != nil {
			return err
		}
	}
	if err := o.closePayments(); err != nil {
		return err
	}
	if err := o.giveBackKept(); err != nil { // of an unpaid order: the tenders that had come
		return err
	}
	if err := o.endReview(); err != nil {
		return err
	}
	effect := Cancelled{WasPaid: wasPaid}
	if wasPaid {
		effect.PointsBack = make(map[string]int64, len(o.r.Lines))
		for i := range o.r.Lines {
			l := &o.r.Lines[i]
			effect.PointsBack[l.ID] = l.Points - l.PointsBack // less than all after a part was cancelled
			l.RefundedMinor, l.PointsBack = l.BaseMinor(), l.Points
		}
	}
	o.effects = append(o.effects, effect)
	return nil
}
