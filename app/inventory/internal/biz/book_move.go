package biz

// Sell takes away pieces that a till has sold while nobody was asked: on hand may fall below what is reserved.
func (b *Book) Sell(key StockKey, qty int64, m Movement) error {
	_, err := b.leave(key, qty, m, forSale, func(s *Stock) (Step, error) { return s.ShipAnyway(qty) })
	return err
}

// Relocate moves pieces of what a reservation holds to another location: they are released here and held there, under a
// reservation that replaces these pieces and has come as far. It refuses as Hold does; what was decided by then must be
// undone.
func (b *Book) Relocate(r *Reservation, qty int64, to Terms) (*Reservation, error) {
	from := r.terms.Key
	if to.Key.Location == from.Location || r.terms.Way.AtTheStore() {
		return nil, broken("reservation %s cannot move to %s", r.terms.ID, to.Key)
	}
	s, err := b.row(from, "")
	if err != nil {
		return nil, err
	}
	closes, confirmed, reason := min(qty, s.Shortfall()), r.state == Confirmed, b.reasons[from]
	if err := b.giveBack(r, qty); err != nil {
		return nil, err
	}
	b.reasons[from] = reason // a discrepancy names what took the pieces
	b.keep(r)
	if err := b.record(r.release(qty)); err != nil {
		return nil, err
	}
	was := b.relieved[from]
	b.undoable(func() { b.relieved[from] = was })
	b.relieved[from] += closes

	to.Replaces, to.Quantity = r.terms.ID, qty
	to.Batch = b.lotWith(to.Key, qty)
	moved, err := b.Hold(to)
	if err != nil {
		return nil, err
	}
	b.announce(to.Document)
	if confirmed {
		b.keep(moved)
		err = b.record(moved.confirm())
	}
	return moved, err
}

// elsewhere are the reservations at other locations that hold pieces which a reservation held once, the oldest first.
func (b *Book) elsewhere(r *Reservation) (moved []*Reservation) {
	for _, other := range b.of[r.terms.Document] {
		if other.open == 0 || other.terms.Key.Location == r.terms.Key.Location {
			continue
		}
		for up := other; up != nil && up.terms.Replaces != ""; up = b.reservations[up.terms.Replaces] {
			if up.terms.Replaces == r.terms.ID {
				moved = append(moved, other)
				break
			}
		}
	}
	return moved
}

// calledBack releases pieces that had moved elsewhere, because the location that they had left has shipped after all.
func (b *Book) calledBack(r *Reservation, qty int64) error {
	for _, other := range b.elsewhere(r) {
		part := min(qty, other.open)
		if part == 0 {
			break
		}
		if err := b.giveBack(other, part); err != nil {
			return err
		}
		b.keep(other)
		if err := b.record(other.release(part)); err != nil {
			return err
		}
		qty -= part
		b.announce(r.terms.Document)
	}
	return nil
}
