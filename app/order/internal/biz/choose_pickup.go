package biz

import "slices"

// A pickup is never moved by rule. When its store declines, or the buyer does not come, the buyer is asked, once, and has until
// ChooseByUS to say: another store, delivery, the same store for longer, or the money back. Who says nothing gets the money back.
//
// The choice is written first and then carried out in inventory, which may refuse it: then the order waits as before, and the
// buyer chooses again. So no process that ends in between leaves goods that nobody knows of.

// NeedsChoice says whether the buyer of a pickup has to choose.
func (r Record) NeedsChoice() bool { return r.State == OrderPaid && r.AskedAtUS > 0 }

// ask asks the buyer, unless he is asked already.
func (o *Order) ask(why string) error {
	if o.r.AskedAtUS > 0 {
		return nil
	}
	if err := o.moveOrder(EventAsk, why); err != nil {
		return err
	}
	o.r.AskedAtUS = o.nowUS
	if answer := o.terms.Level(o.r.Channel).AnswerUS; answer > 0 {
		o.r.ChooseByUS = o.nowUS + answer
	}
	return nil
}

// answered notes that there is nothing to choose any more.
func (o *Order) answered() {
	if !o.r.Unallocated && !slices.ContainsFunc(o.r.Fulfilments, func(f Fulfilment) bool { return f.State == FulfilmentUncollected }) {
		o.r.AskedAtUS, o.r.ChooseByUS = 0, 0
	}
}

// Uncollected says that nobody has come for a fulfilment in time. The goods stay where they are until the buyer has chosen,
// and he may still collect them.
func (o *Order) Uncollected(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || !o.r.ReadyForPickup(*f) || f.CollectUntilUS == 0 || f.CollectUntilUS > o.nowUS {
		return stateConflict(None, "the time to collect is not over")
	}
	if err := o.moveFulfilment(f, EventUncollected, ""); err != nil {
		return err
	}
	return o.ask("not collected in time")
}

// toCollect says until when the goods wait for the buyer.
func (o *Order) toCollect(f *Fulfilment) {
	f.CollectUntilUS = 0
	if wait := o.terms.Level(o.r.Channel).CollectUS; wait > 0 && f.Way == WayPickup {
		f.CollectUntilUS = o.nowUS + wait
	}
}

// KeepWaiting gives the buyer of what was not collected more time, at the same store.
func (o *Order) KeepWaiting() error {
	found := false
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if f.State != FulfilmentUncollected {
			continue
		}
		found = true
		if err := o.moveFulfilment(f, EventWait, ""); err != nil {
			return err
		}
		o.toCollect(f)
	}
	if !found {
		return stateConflict(o.r.State, "nothing waits to be collected")
	}
	o.answered()
	return nil
}

// Reroute writes down what the buyer has chosen: another store, or delivery to a receiver. It is carried out afterwards.
func (o *Order) Reroute(way Way, store string, receiver *Receiver) error {
	if !o.r.NeedsChoice() {
		return stateConflict(o.r.State, "there is nothing to choose")
	}
	switch way {
	case WayPickup:
		if store == "" {
			return Invalid("store_code", "is needed")
		}
	case WayParcel, WayLocal:
		store = ""
		if receiver != nil {
			if err := receiver.check(); err != nil {
				return err
			}
			o.r.Receiver = *receiver
		}
		if o.r.Receiver.Point == nil {
			return Invalid("receiver.point", "is needed for a delivery")
		}
	default:
		return Invalid("way", "must be a parcel, a delivery nearby, or a pickup")
	}
	if err := o.moveOrder(EventChoose, string(way)+" "+store); err != nil {
		return err
	}
	o.r.Way, o.r.PickupStore = way, store
	return nil
}

// UncollectedParts are what stores still keep for a buyer who did not come.
func (r Record) UncollectedParts() (parts []Fulfilment) {
	for _, f := range r.Fulfilments {
		if f.State == FulfilmentUncollected {
			parts = append(parts, f)
		}
	}
	return parts
}

// RequireRouted refuses a choice that came to nothing.
func (o *Order) RequireRouted() error {
	if o.r.NeedsChoice() {
		return stateConflict(o.r.State, "the choice could not be carried out: choose again")
	}
	return nil
}

// NoAnswer is RefundChoice when the buyer has said nothing for long enough.
func (o *Order) NoAnswer() error {
	if !o.r.NeedsChoice() || o.r.ChooseByUS == 0 || o.r.ChooseByUS > o.nowUS {
		return stateConflict(o.r.State, "the time to choose is not over")
	}
	if _, _, err := o.undecided(); err != nil && !o.nothingElse() {
		o.r.ChooseByUS = 0 // somebody has to decide
		return nil
	}
	return o.RefundChoice("no answer in time")
}

// RefundChoice gives back the money for what waits for the buyer's choice: of an order of which nothing else stands, in whole.
func (o *Order) RefundChoice(reason string) error {
	if !o.r.NeedsChoice() {
		return stateConflict(o.r.State, "there is nothing to choose")
	}
	if o.nothingElse() {
		o.r.AskedAtUS, o.r.ChooseByUS = 0, 0
		return o.Cancel(reason)
	}
	here, waiting, err := o.undecided()
	if err != nil {
		return err
	}
	units := map[string]int64{}
	for id, n := range here {
		units[id] += n
	}
	for id, n := range waiting {
		units[id] += n
	}
	o.withGifts(units, here)
	if o.nothingLeft(units) {
		o.r.AskedAtUS, o.r.ChooseByUS = 0, 0
		return o.Cancel(reason)
	}
	o.r.Unallocated = false
	return o.cancelUnits(units, here, reason)
}

// nothingElse says that all of the order waits for the choice.
func (o *Order) nothingElse() bool {
	return !slices.ContainsFunc(o.r.Fulfilments, func(f Fulfilment) bool { return f.Ends() && f.State != FulfilmentUncollected })
}

// undecided are the units that a store keeps for the buyer, and those that no location holds, by line.
func (o *Order) undecided() (here, waiting map[string]int64, err error) {
	here, waiting = map[string]int64{}, map[string]int64{}
	for _, l := range o.r.Lines {
		var kept, elsewhere int64
		for _, f := range o.r.Fulfilments {
			for _, fl := range f.Lines {
				switch {
				case fl.LineID != l.ID || !f.Ends():
				case f.State == FulfilmentUncollected:
					kept += fl.Quantity
				default:
					elsewhere += fl.Quantity
				}
			}
		}
		switch {
		case o.isKit(l) && elsewhere > 0 && (kept > 0 || o.r.Unallocated):
			return nil, nil, stateConflict(o.r.State, "a part of a line of kits is elsewhere: cancel the order, or choose where the rest comes from")
		case o.isKit(l) && elsewhere == 0 && kept > 0:
			here[l.ID] = l.Live()
		case o.isKit(l) && elsewhere == 0 && o.r.Unallocated:
			waiting[l.ID] = l.Live()
		case !o.isKit(l):
			here[l.ID] = kept
			if o.r.Unallocated {
				waiting[l.ID] = l.Live() - kept - elsewhere
			}
		}
	}
	return here, waiting, nil
}
