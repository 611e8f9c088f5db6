package biz

import "slices"

// Follow brings the order's fulfilments in line with what inventory holds for it: after a location has declined or was
// silent, after stock has come for what waited, after a person has decided.
//
// A fulfilment whose goods are not held any more ends as declined. What is held and belongs to no fulfilment becomes new
// ones, also what the declining location keeps. What has left is left alone, also when inventory has not heard of it yet: so
// no piece is ever in two fulfilments that ship. waiting says that inventory has no location for a part of the order.
// Following twice changes nothing.
func (o *Order) Follow(held []HeldStock, waiting bool) error {
	if o.r.State != OrderPaid && !o.r.ToBePaid() {
		return nil
	}
	if o.letsGo(held) {
		return nil
	}
	s := goodsOf(held)
	for _, f := range o.r.Fulfilments {
		if f.Left() {
			for _, l := range f.Lines {
				s.left(l, f.Gone(l))
			}
		}
	}
	accepted := map[string]bool{} // locations that had said yes to what they keep
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if !f.Open() && f.State != FulfilmentPartShipped || s.stands(*f) {
			continue
		}
		if f.State == FulfilmentPartShipped {
			accepted[f.Location] = true
			if err := o.shorten(f, ""); err != nil {
				return err
			}
			continue
		}
		if f.State != FulfilmentPlanned && f.State != FulfilmentAssigned {
			accepted[f.Location] = true
		}
		if err := o.moveFulfilment(f, EventDecline, ""); err != nil {
			return err
		}
	}
	known := len(o.r.Fulfilments)
	if err := o.planRest(s.rest(o.room())); err != nil {
		return err
	}
	for i := known; i < len(o.r.Fulfilments); i++ {
		if f := &o.r.Fulfilments[i]; f.State == FulfilmentAssigned && accepted[f.Location] {
			if err := o.moveFulfilment(f, EventAccept, ""); err != nil {
				return err
			}
			f.AcceptedAtUS = o.nowUS
			o.toCollect(f)
		}
	}
	return o.waits(waiting, len(o.r.Fulfilments) > known)
}

// letsGo says that inventory has not heard of a cancelled part yet: it still holds pieces for which nobody waits, and which of
// them it will let go of is not known. When it has, it tells, and the order follows then.
func (o *Order) letsGo(held []HeldStock) bool {
	return slices.ContainsFunc(o.r.Lines, func(l Line) bool {
		if l.CancelledQuantity == 0 {
			return false
		}
		var n int64
		for _, h := range held {
			if h.LineID == l.ID && (h.SKU == l.SKU || l.Live() == 0) {
				n += h.Open + h.Shipped
			}
		}
		return n > l.Live()
	})
}

// planRest gives what is held, and is in no fulfilment, to its locations.
func (o *Order) planRest(rest []Reservation) error {
	switch {
	case len(rest) == 0:
		return nil
	case o.r.State == OrderPaid:
		return o.plan(rest, o.given())
	}
	return o.plan(rest, EventPlan)
}

// waits notes whether a part of a paid order waits for stock, a person or its buyer.
func (o *Order) waits(waiting, more bool) error {
	switch {
	case o.r.State != OrderPaid:
	case waiting:
		if !o.r.Unallocated {
			o.r.Unallocated, o.r.AllocateAtUS = true, o.nowUS
		}
		if o.r.Way == WayPickup {
			return o.ask("the store has declined it")
		}
	case o.r.Unallocated && (more || o.standing()):
		if err := o.moveOrder(EventAllocate, ""); err != nil {
			return err
		}
		o.r.Unallocated = false
		o.effects = append(o.effects, Allocated{})
		o.answered()
	default:
		o.answered()
	}
	return nil
}

// standing says whether some location ships, or has shipped, something of the order.
func (o *Order) standing() bool {
	return slices.ContainsFunc(o.r.Fulfilments, Fulfilment.Ends)
}

// Ends says whether a fulfilment leads to goods that the buyer has.
func (f Fulfilment) Ends() bool {
	return f.State != FulfilmentCancelled && f.State != FulfilmentDeclined
}

// followed is a stock SKU of a line.
type followed struct{ line, sku string }

// room is how many pieces of each line may still be given to locations: never more than were ordered. Parts of a kit are
// not in it.
func (o *Order) room() map[followed]int64 {
	room := map[followed]int64{}
	for _, l := range o.r.Lines {
		room[followed{l.ID, l.SKU}] = l.Live()
		if l.Live() == 0 { // also no parts of it, when it is a kit
			room[followed{l.ID, ""}] = 0
		}
	}
	for _, f := range o.r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, l := range f.Lines {
			if k := (followed{l.LineID, l.SKU}); room[k] > 0 {
				room[k] = max(0, room[k]-l.Quantity)
			}
		}
	}
	return room
}

// goods is what inventory holds for the order, while it is given to fulfilments. What took a reservation's place at the same
// location counts as that reservation: the order knows the first one only.
type goods struct {
	held []HeldStock // those that the order knows
	root map[string]string
	free map[string]int64 // open pieces that no fulfilment stands for yet
	sent map[string]int64 // shipped pieces that inventory has booked, and no fulfilment stands for yet
}

func goodsOf(held []HeldStock) *goods {
	s := &goods{root: roots(held), free: map[string]int64{}, sent: map[string]int64{}}
	for _, h := range held {
		id := s.root[h.ID]
		if id == h.ID {
			s.held = append(s.held, h)
		}
		s.free[id] += h.Open
		s.sent[id] += h.Shipped
	}
	return s
}

// holder is the reservation that stands for a line's goods.
func (s *goods) holder(id string) (string, bool) {
	root, known := s.root[id]
	return root, known
}

// left takes the pieces of a line that have left: what inventory has not booked yet is still open there.
func (s *goods) left(l FulfilmentLine, gone int64) {
	id, known := s.holder(l.ReservationID)
	if !known {
		return
	}
	booked := min(gone, s.sent[id])
	s.sent[id] -= booked
	s.free[id] = max(0, s.free[id]-(gone-booked))
}

// stands says whether all of a fulfilment that has not left is held, and takes it. What inventory knows nothing of is not its to judge.
func (s *goods) stands(f Fulfilment) bool {
	need := map[string]int64{}
	for _, l := range f.Lines {
		if id, known := s.holder(l.ReservationID); known {
			need[id] += l.Quantity - f.Gone(l)
		}
	}
	for id, n := range need {
		if s.free[id] < n {
			return false
		}
	}
	for id, n := range need {
		s.free[id] -= n
	}
	return true
}

// rest is what is held and in no fulfilment, as far as there is room for it.
func (s *goods) rest(room map[followed]int64) []Reservation {
	var rest []Reservation
	for _, h := range s.held {
		n := s.free[h.ID]
		k := followed{h.LineID, h.SKU}
		if _, over := room[followed{h.LineID, ""}]; over {
			continue
		}
		if most, limited := room[k]; limited {
			n = min(n, most)
			room[k] -= n
		}
		if n > 0 {
			r := h.Reservation
			r.Quantity = n
			rest = append(rest, r)
		}
	}
	return rest
}

// RequireDeclined refuses a decline that came to nothing: the fulfilment has gone on, and is what its state says.
func (o *Order) RequireDeclined(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	switch {
	case f == nil:
		return NotFound("fulfilment")
	case f.State != FulfilmentDeclined && !f.shortened():
		return stateConflict(f.State, "the fulfilment cannot be declined now")
	}
	return nil
}

// Reservations are those that hold the fulfilment's goods, or have held them first.
func (f Fulfilment) Reservations() []string {
	var all []string
	for _, l := range f.Lines {
		if !slices.Contains(all, l.ReservationID) {
			all = append(all, l.ReservationID)
		}
	}
	return all
}

// Missing are the pieces of a fulfilment that are asked for; none: all of them. A SKU need not be named where its line has one.
func (f Fulfilment) Missing(asked []MissingPieces) ([]MissingPieces, error) {
	var all []MissingPieces
	for _, l := range f.Lines {
		at := slices.IndexFunc(all, func(x MissingPieces) bool { return x.LineID == l.LineID && x.SKU == l.SKU })
		if at < 0 {
			at, all = len(all), append(all, MissingPieces{LineID: l.LineID, SKU: l.SKU})
		}
		all[at].Quantity += l.Quantity - f.Gone(l)
	}
	all = slices.DeleteFunc(all, func(x MissingPieces) bool { return x.Quantity == 0 })
	if len(asked) == 0 {
		return all, nil
	}
	var missing []MissingPieces
	for _, m := range asked {
		var fits []int
		for i, l := range all {
			if l.LineID == m.LineID && (m.SKU == "" || m.SKU == l.SKU) {
				fits = append(fits, i)
			}
		}
		switch {
		case len(fits) == 0:
			return nil, Invalid("lines.line_id", "must be a line of this fulfilment")
		case len(fits) > 1:
			return nil, Invalid("lines.sku", "is needed: the line is a kit")
		case m.Quantity < 1 || m.Quantity > all[fits[0]].Quantity:
			return nil, Invalid("lines.quantity", "must not be above what the fulfilment has")
		}
		all[fits[0]].Quantity -= m.Quantity
		missing = append(missing, MissingPieces{m.LineID, all[fits[0]].SKU, m.Quantity})
	}
	return missing, nil
}
