package biz

import (
	"cmp"
	"maps"
	"slices"
)

// AddPresales takes locked presales in. One that is in already stays as it was decided.
func (b *Book) AddPresales(rows ...*Presale) {
	for _, p := range rows {
		if _, in := b.presales[p.row.ID]; !in {
			b.presales[p.row.ID] = p
		}
	}
}

// Presale returns a locked presale, or nil.
func (b *Book) Presale(id string) *Presale { return b.presales[id] }

// ChangePresale changes a locked presale.
func (b *Book) ChangePresale(p *Presale, change func(p *Presale, nowUS int64) error) error {
	b.keepPresale(p)
	return change(p, b.nowUS)
}

// keepPresale remembers a presale that is about to change.
func (b *Book) keepPresale(p *Presale) {
	was, sold := *p, b.sold[p.row.ID]
	b.undoable(func() {
		*p = was
		if !sold {
			delete(b.sold, p.row.ID)
		}
	})
	b.sold[p.row.ID] = true
}

// HoldPresale reserves pieces that will arrive. Nothing of the stock row is reserved.
func (b *Book) HoldPresale(t Terms) (*Reservation, error) {
	p := b.presales[t.Presale]
	if p == nil || p.row.Key != t.Key {
		return nil, broken("presale %q of %s is not locked", t.Presale, t.Key)
	}
	b.keepPresale(p)
	if err := p.Sell(t.Quantity); err != nil {
		return nil, err
	}
	return b.create(t)
}

// serve puts a reservation of what is there in the place of one that waits, for as many pieces as are there and not held by
// others. It keeps the state. It says how many pieces that were: 0 when nothing is there.
func (b *Book) serve(r *Reservation) (int64, error) {
	if !r.Waits() || r.open == 0 {
		return 0, nil
	}
	s, err := b.row(r.terms.Key, r.terms.Document)
	if err != nil {
		return 0, err
	}
	qty := min(r.open, s.AtTheTill()) // what was sold comes before the safety stock
	if qty == 0 {
		return 0, nil
	}
	if err := s.HoldAnyway(qty); err != nil {
		return 0, err
	}
	t, paid := r.terms, r.state == Confirmed
	t.Replaces, t.Quantity, t.Batch = t.ID, qty, b.lotWith(t.Key, qty)
	if err := b.holdLot(t); err != nil {
		return 0, err
	}
	b.keep(r)
	if err := b.record(r.release(qty)); err != nil {
		return 0, err
	}
	here, err := b.create(t)
	if err == nil && paid {
		b.keep(here)
		err = b.record(here.confirm())
	}
	return qty, err
}

// unsell gives pieces that were waited for back to their presale.
func (b *Book) unsell(r *Reservation, qty int64) error {
	p := b.presales[r.terms.Presale]
	if p == nil {
		return broken("presale %s of reservation %s is not locked", r.terms.Presale, r.terms.ID)
	}
	b.keepPresale(p)
	return p.TakeBack(qty)
}

func (b *Book) soldPresales() []PresaleRow {
	var rows []PresaleRow
	for _, id := range slices.Sorted(maps.Keys(b.sold)) {
		rows = append(rows, b.presales[id].row)
	}
	return rows
}

// servedFirst orders those who wait: paid ones, then the oldest.
func servedFirst(x, y *Reservation) int {
	return cmp.Or(cmp.Compare(y.state, x.state), cmp.Compare(x.terms.CreatedAtUS, y.terms.CreatedAtUS), cmp.Compare(x.terms.ID, y.terms.ID))
}
