package biz

import "github.com/onepool/onepool/app/internal/ids"

// Open says that a fulfilment's goods are still to leave.
func (f Fulfilment) Open() bool {
	switch f.State {
	case FulfilmentPlanned, FulfilmentAssigned, FulfilmentAccepted, FulfilmentPicked, FulfilmentPacked, FulfilmentUncollected:
		return true
	}
	return false
}

// Left says that a fulfilment's goods have left, or some of them, whatever became of them.
func (f Fulfilment) Left() bool {
	switch f.State {
	case FulfilmentPartShipped, FulfilmentShipped, FulfilmentDelivered, FulfilmentFailed, FulfilmentBack, FulfilmentReceived, FulfilmentClosed:
		return true
	}
	return false
}

// Pick says that the goods were taken from the shelves. The step may be left out.
func (o *Order) Pick(fulfilmentID string) error {
	return o.step(fulfilmentID, EventPick, "", func(f *Fulfilment) { f.PickedAtUS = o.nowUS })
}

// Pack says that the goods wait for the carrier, or for the buyer. The step may be left out.
func (o *Order) Pack(fulfilmentID string) error {
	return o.step(fulfilmentID, EventPack, "", func(f *Fulfilment) { f.PackedAtUS = o.nowUS })
}

// Deliver says that the carrier has handed the goods over; note is its proof. Receipt stays the buyer's word, or time's. Said again, or late, it
// changes nothing.
func (o *Order) Deliver(fulfilmentID, note string) error {
	f := o.fulfilment(fulfilmentID)
	if f != nil && (f.State == FulfilmentDelivered || f.State == FulfilmentReceived || f.State == FulfilmentClosed) {
		return nil
	}
	if f != nil && f.inParcels() {
		return inParcels(f.State)
	}
	return o.step(fulfilmentID, EventDeliver, note, func(f *Fulfilment) { f.DeliveredAtUS = o.nowUS })
}

// Fail says that the carrier could not hand the goods over, and why. They are on their way back: nothing is refunded, and
// no receipt confirms itself, until the location says what comes next: Ship once more, or TakeBack. Said again it changes
// nothing.
func (o *Order) Fail(fulfilmentID, reason string) error {
	f := o.fulfilment(fulfilmentID)
	if f != nil && f.State == FulfilmentFailed {
		return nil
	}
	if f != nil && f.inParcels() {
		return inParcels(f.State)
	}
	return o.step(fulfilmentID, EventFail, reason, func(f *Fulfilment) {
		f.Failure, f.AutoReceiveAtUS = reason, 0
		if f.FailedAtUS == 0 {
			f.FailedAtUS = o.nowUS
		}
	})
}

// TakeBack says that goods which could not be handed over are back at their location, and do not go out again. The buyer
// never had them, so nobody has to approve: they are a return that is received at once, also of SKUs that cannot be
// returned. What is under another return already stays there.
func (o *Order) TakeBack(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f != nil && f.inParcels() {
		return inParcels(f.State)
	}
	err := o.step(fulfilmentID, EventTakeBack, "", func(f *Fulfilment) { f.BackAtUS, f.CloseAtUS = o.nowUS, o.nowUS })
	if err != nil {
		return err
	}
	return o.refundUndelivered(f, f.Failure, func(l FulfilmentLine) int64 { return l.Quantity })
}

// refundUndelivered makes a return of what is back of a fulfilment without having been handed over, received at once.
func (o *Order) refundUndelivered(f *Fulfilment, why string, back func(l FulfilmentLine) int64) error {
	ret := Return{ID: ids.New("ret"), Reason: notDelivered, RequestedAtUS: o.nowUS}
	for _, l := range f.Lines {
		if n := min(back(l), o.piecesLeft(*f, l, nil)); n > 0 {
			ret.Lines = append(ret.Lines, ReturnLine{ID: ids.New("rln"), LineID: l.LineID, FulfilmentLineID: l.ID, SKU: l.SKU, Quantity: n})
		}
	}
	if len(ret.Lines) == 0 {
		return nil
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventRequest, why); err != nil {
		return err
	}
	o.r.Returns = append(o.r.Returns, ret)
	if err := o.ApproveReturn(ret.ID); err != nil {
		return err
	}
	return o.ReceiveReturn(ret.ID, "")
}

func inParcels(state State) error {
	return stateConflict(state, "the fulfilment goes in parcels: say it of each of them")
}

// notDelivered is the reason of a return of what the buyer never had.
const notDelivered = "not delivered"

// step moves a fulfilment and notes what goes with it.
func (o *Order) step(fulfilmentID string, event Event, note string, done func(f *Fulfilment)) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	if err := o.moveFulfilment(f, event, note); err != nil {
		return err
	}
	done(f)
	return nil
}
