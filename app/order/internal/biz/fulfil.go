package biz

import "slices"

// Accept says that the location will ship.
func (o *Order) Accept(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	if err := o.moveFulfilment(f, EventAccept, ""); err != nil {
		return err
	}
	f.AcceptedAtUS = o.nowUS
	o.toCollect(f)
	return nil
}

// Ship says that the goods have left.
func (o *Order) Ship(fulfilmentID, carrier, trackingNo string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	if f.inParcels() {
		return inParcels(f.State)
	}
	if f.Merged != "" && f.Open() {
		return merged(*f)
	}
	return o.leave(f, carrier, trackingNo)
}

func (o *Order) leave(f *Fulfilment, carrier, trackingNo string) error {
	again := f.State == FulfilmentFailed
	if !again && f.Open() {
		if err := o.labelled(); err != nil {
			return err
		}
	}
	if err := o.moveFulfilment(f, EventShip, carrier); err != nil {
		return err
	}
	f.Carrier, f.TrackingNo = carrier, trackingNo
	o.awaitReceipt(f)
	o.tellPlatform(f.ID, "")
	if again { // the goods have been off the books since the first time
		return nil
	}
	f.ShippedAtUS = o.nowUS
	o.effects = append(o.effects, Shipped{FulfilmentID: f.ID})
	return nil
}

// CarrierPickup stands for the carrier of what the buyer collects.
const CarrierPickup = "pickup"

// ReadyForPickup says that the buyer may collect a fulfilment.
func (h Header) ReadyForPickup(f Fulfilment) bool {
	if f.Way != WayPickup {
		return false
	}
	switch f.State {
	case FulfilmentAccepted, FulfilmentPicked, FulfilmentPacked, FulfilmentUncollected:
		return true
	}
	return false
}

// Collect says that the buyer has taken the goods from the store: they leave, and are received, at one moment.
func (o *Order) Collect(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || !o.r.ReadyForPickup(*f) {
		return PickupUnknown()
	}
	if err := o.Ship(fulfilmentID, CarrierPickup, ""); err != nil {
		return err
	}
	o.answered()
	return o.Receive(fulfilmentID)
}

// Receive says that the buyer has the goods; the return window starts.
func (o *Order) Receive(fulfilmentID string) error { return o.receive(fulfilmentID, EventReceive) }

// AutoReceive is Receive when nobody has said anything for long enough.
func (o *Order) AutoReceive(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || !f.underWay() || f.AutoReceiveAtUS > o.nowUS {
		return stateConflict(None, "receipt is not due")
	}
	if slices.ContainsFunc(f.Parcels, func(p Parcel) bool { return p.State == ParcelFailed }) {
		o.awaitReceipt(f) // somebody has to say first what becomes of it
		return nil
	}
	return o.receive(fulfilmentID, EventAutoReceive)
}

func (o *Order) receive(fulfilmentID string, event Event) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	if err := o.moveFulfilment(f, event, ""); err != nil {
		return err
	}
	return o.openWindow(f)
}

// lookAgainUS is the pause between two looks at a fulfilment that an open return keeps from closing.
const lookAgainUS = 5_000_000

// EndWindow closes a fulfilment whose return window is over, or whose goods came back undelivered; while a return of its lines is open, it only notes to look
// again later. A line is earned when its last fulfilment closes; the order is complete when all are closed.
func (o *Order) EndWindow(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || f.State != FulfilmentReceived && f.State != FulfilmentBack || f.ReturnUntilUS > o.nowUS {
		return stateConflict(None, "the return window is not over")
	}
	for _, l := range f.Lines {
		if o.underReturn(l.ID) {
			f.CloseAtUS = o.nowUS + lookAgainUS
			return nil
		}
	}
	if err := o.moveFulfilment(f, EventClose, ""); err != nil {
		return err
	}
	var earned []string
	seen := map[string]bool{}
	for _, l := range f.Lines {
		if !seen[l.LineID] && o.lineClosed(l.LineID) {
			earned = append(earned, l.LineID)
		}
		seen[l.LineID] = true
	}
	if len(earned) > 0 {
		o.effects = append(o.effects, WindowEnded{LineIDs: earned})
	}
	return o.completeIfOver()
}

// completeIfOver completes an order of which nothing is left to do.
func (o *Order) completeIfOver() error {
	closed := false
	for _, f := range o.r.Fulfilments {
		if f.Ends() && f.State != FulfilmentClosed {
			return nil
		}
		closed = closed || f.State == FulfilmentClosed
	}
	if !closed || o.r.Unallocated { // a part waits still
		return nil
	}
	return o.moveOrder(EventComplete, "")
}

func (o *Order) lineClosed(lineID string) bool {
	line := o.line(lineID)
	closed, whole := int64(0), false
	for _, f := range o.r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, l := range f.Lines {
			if l.LineID != lineID {
				continue
			}
			if f.State != FulfilmentClosed {
				return false
			}
			whole = whole || l.SKU == line.SKU
			closed += l.Quantity
		}
	}
	if whole { // what waits for stock is open still
		return closed >= line.Live()
	}
	return !o.r.Unallocated
}

// Allocate gives a waiting order the stock that was found for it.
func (o *Order) Allocate(held []Reservation) error {
	if !o.r.Unallocated || o.r.State != OrderPaid {
		return stateConflict(o.r.State, "the order does not wait for stock")
	}
	if err := o.moveOrder(EventAllocate, ""); err != nil {
		return err
	}
	o.r.Unallocated = false
	if err := o.plan(held, o.given()); err != nil {
		return err
	}
	o.effects = append(o.effects, Allocated{})
	return nil
}

// AllocateLater notes that no stock was found. used says that inventory decided about this attempt; an attempt whose
// outcome is not known is made again under the same number.
func (o *Order) AllocateLater(used bool, atUS int64) {
	if used {
		o.r.AllocateAttempt++
	}
	o.r.AllocateAtUS = atUS
}
