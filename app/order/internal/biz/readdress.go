package biz

import (
	"cmp"
	"slices"
	"strings"
)

// The receiver of an order changes before any of its goods leave. The change is begun first: from then on nothing leaves. Then
// inventory sends what it holds to the new place, and the order follows; and only then the change is made, with the new version
// of the address. Either that comes to pass, or the change ends without a trace. What leaves afterwards has to say the new
// version: a label that was printed before does not leave any more.

// AddressState says how often an order's receiver was changed, and under which gid it is being changed now.
type AddressState struct {
	Changes int64
	Under   string
}

// Version is the version of the receiver, beginning with 1.
func (a AddressState) Version() int64 { return a.Changes + 1 }

// Ended is the state without the change under this gid; of another one it changes nothing.
func (a AddressState) Ended(gid string) AddressState {
	if a.Under == gid {
		a.Under = ""
	}
	return a
}

// Label says which version of the address is on what leaves; 0: nobody has looked.
func (o *Order) Label(a AddressState, version int64) { o.address, o.label = a, version }

// labelled refuses to let goods leave under another address than the order's.
func (o *Order) labelled() error {
	switch a := o.address; {
	case a.Under != "":
		return stateConflict(o.r.State, "its address is being changed: try again, and read the waybill anew")
	case o.label == 0 && a.Changes > 0, o.label != 0 && o.label != a.Version():
		return waybillChanged(a)
	}
	return nil
}

func waybillChanged(a AddressState) Refusal {
	return refuse(409, reasonWaybill, "the address was changed: read the waybill anew, and name its address_version", "address_version", itoa(a.Version()))
}

// MayReaddress refuses another receiver for an order that is not delivered, of which something has left, or that is over.
func (r Record) MayReaddress(to Receiver) error {
	switch {
	case !r.ToBePaid() && r.State != OrderPaid:
		return stateConflict(r.State, "the order is over")
	case r.GiftOrder != nil:
		return stateConflict(r.State, "where a gift goes is its receiver's to say, once")
	case r.Deposit != nil && r.ToBePaid():
		return stateConflict(r.State, "its address can change when the balance is paid")
	case r.Way != WayParcel && r.Way != WayLocal:
		return stateConflict(r.State, "the order is not delivered: there is no address to change")
	}
	for _, f := range r.Fulfilments {
		if f.Left() {
			return stateConflict(f.State, "goods have left for the address that the order has")
		}
	}
	switch {
	case to.Ciphertext != r.Receiver.Ciphertext:
		return Invalid("receiver.ciphertext", "must stay as it is")
	case to.Point == nil && r.Receiver.Point != nil:
		return Invalid("receiver.point", "is needed to deliver")
	}
	return to.check()
}

// Elsewhere says whether a receiver is at another place than the order's.
func (r Record) Elsewhere(to Receiver) bool {
	return to.Point != nil && (r.Receiver.Point == nil || *to.Point != *r.Receiver.Point)
}

// BeginReaddress keeps everything of the order from leaving, until the change under this gid has ended.
func (o *Order) BeginReaddress(a AddressState, gid string, to Receiver) (AddressState, error) {
	switch a.Under {
	case gid:
		return a, nil
	case "":
	default:
		return a, stateConflict(o.r.State, "another change of its address is under way: try again")
	}
	a.Under = gid
	return a, o.r.MayReaddress(to)
}

// Readdressed makes the change that was begun. The history says what kind of thing was changed, never what it is.
func (o *Order) Readdressed(a AddressState, gid string, to Receiver) (AddressState, error) {
	if a.Under != gid {
		return a, stateConflict(o.r.State, "the change of the address has ended")
	}
	if err := o.r.MayReaddress(to); err != nil { // it was cancelled meanwhile
		return a, err
	}
	a = a.Ended(gid)
	what := o.r.differs(to)
	if len(what) == 0 {
		return a, nil
	}
	o.r.Receiver = to
	a.Changes++
	if err := o.moveOrder(EventReaddress, strings.Join(what, ", ")); err != nil {
		return a, err
	}
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if !f.Ends() || !slices.Contains(Sources(SubjectFulfilment, EventReaddress), string(f.State)) {
			continue
		}
		if f.Merged != "" { // the others go where they went
			if err := o.TakeOut(f.ID, f.Merged); err != nil {
				return a, err
			}
		}
		if err := o.moveFulfilment(f, EventReaddress, ""); err != nil {
			return a, err
		}
		if f.State == FulfilmentPicked {
			f.PickedAtUS = cmp.Or(f.PickedAtUS, f.PackedAtUS)
		}
	}
	return a, nil
}

// differs says what of a receiver is another than the order's.
func (r Record) differs(to Receiver) (what []string) {
	for _, part := range []struct {
		name    string
		changed bool
	}{{"name", to.Name != r.Receiver.Name}, {"phone", to.Phone != r.Receiver.Phone}, {"address", to.Address != r.Receiver.Address}, {"place", r.Elsewhere(to)}} {
		if part.changed {
			what = append(what, part.name)
		}
	}
	return what
}

// CheckFreight refuses a place that a delivery to costs more than was asked for it at the placement, by the terms of that day. What
// costs less stays paid. flatMinor is what a delivery costs where no terms say anything.
func (r Record) CheckFreight(terms TradeTerms, region string, skus map[string]SKU, flatMinor int64) error {
	if !r.Kind.Mall() || r.OriginReturn != "" { // another platform, or the seller, pays for it
		return nil
	}
	asked := r.FreightMinor
	for _, d := range r.FreightDiscounts {
		asked += d.AmountMinor
	}
	costs := flatMinor
	if freight, has := terms.Freight(r.Channel, region, r.PlacedAtUS); has {
		var weight, goods int64
		for _, l := range r.Lines {
			weight += l.Quantity * skus[l.SKU].WeightG
			goods += l.PayableMinor
		}
		var err error
		if costs, err = freight.For(weight, goods); err != nil {
			return amountInvalid("destination_region")
		}
	}
	if costs > asked {
		return refuse(409, reasonFreight, "a delivery there costs more than was paid: choose another address, or cancel and order anew",
			"frozen_minor", itoa(asked), "freight_minor", itoa(costs), "currency", r.Currency)
	}
	return nil
}
