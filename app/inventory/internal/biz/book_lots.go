package biz

import (
	"cmp"
	"slices"
	"strconv"
)

// What a Book knows of lots. They are locked with their stock row, and follow what happens to it: what names a lot takes from
// it, all else takes what expires first.
//
// Always true: batched of a row is the sum of its lots, blocked what nobody holds of its expired ones. The lots have no more
// than the row has, unless goods left once that the books did not have: of which lots those were is not known until somebody
// counts.

// AddLots takes the lots of locked rows in. One whose time has come is blocked from this moment on.
func (b *Book) AddLots(keys []StockKey, rows []LotRow) {
	fresh := map[StockKey]bool{}
	for _, key := range keys {
		if _, in := b.lots[key]; !in {
			b.lots[key], fresh[key] = nil, true
		}
	}
	for _, r := range rows {
		s := b.stock[r.Key]
		if !fresh[r.Key] || s == nil {
			continue
		}
		l := &Lot{r}
		if !r.Blocked && r.ExpiresUS > 0 && r.ExpiresUS <= b.nowUS {
			l.row.Blocked = true
			s.blocked += l.blocked()
			b.changedLots[l], b.touched[r.Key] = true, true
		}
		b.lots[r.Key] = append(b.lots[r.Key], l)
	}
	for key := range fresh {
		slices.SortFunc(b.lots[key], (*Lot).compare)
	}
}

// Lot returns a lot of a locked row, or nil.
func (b *Book) Lot(key StockKey, code string) *Lot {
	for _, l := range b.lots[key] {
		if l.row.Code == code {
			return l
		}
	}
	return nil
}

// OpenLot makes sure that a locked row has the lot. It refuses dates that are not those that the lot has.
func (b *Book) OpenLot(key StockKey, t LotTerms) error {
	if t.Code == "" {
		return nil
	}
	if l := b.Lot(key, t.Code); l != nil {
		if l.row.ProducedDay != t.ProducedDay || l.row.ExpiresDay != t.ExpiresDay {
			return LotDiffers{t.Code}
		}
		return nil
	}
	s := b.stock[key]
	if s == nil {
		return broken("stock row %s is not locked", key)
	}
	l := &Lot{LotRow{Key: key, Org: s.org, LotTerms: t, Blocked: t.ExpiresUS > 0 && t.ExpiresUS <= b.nowUS}}
	was := b.lots[key]
	b.undoable(func() {
		b.lots[key] = was
		delete(b.changedLots, l)
	})
	b.lots[key] = append(slices.Clone(was), l)
	slices.SortFunc(b.lots[key], (*Lot).compare)
	b.changedLots[l] = true
	return nil
}

// KnowLot is OpenLot, but dates that are left out are those that the lot has.
func (b *Book) KnowLot(key StockKey, t LotTerms) error {
	if l := b.Lot(key, t.Code); l != nil && t.ProducedDay == 0 && t.ExpiresDay == 0 {
		return nil
	}
	return b.OpenLot(key, t)
}

// SetLot corrects what is on hand of a lot, or, without a code in m, of what is in none, to what was counted. It refuses with
// BelowReserved or LotShort where customers hold more.
func (b *Book) SetLot(key StockKey, counted int64, m Movement) error {
	s := b.stock[key]
	if s == nil {
		return broken("stock row %s is not locked", key)
	}
	before, _ := b.BookFigure(key, m.Batch)
	if m.Batch == "" {
		reserved := s.reserved
		for _, l := range b.lots[key] {
			reserved -= l.row.Reserved
		}
		if counted < min(before, reserved) {
			return BelowReserved{Key: key, OnHand: before, Reserved: reserved}
		}
	}
	return b.adjust(key, counted-before, m, noLot)
}

// alterLot changes a lot and what its row says of lots.
func (b *Book) alterLot(l *Lot, onHand, reserved int64) error {
	s, err := b.row(l.row.Key, "")
	if err != nil {
		return err
	}
	was, changed := l.row, b.changedLots[l]
	b.undoable(func() {
		l.row = was
		if !changed {
			delete(b.changedLots, l)
		}
	})
	blocked := l.blocked()
	l.row.OnHand += onHand
	l.row.Reserved += reserved
	if l.row.Reserved < 0 || l.row.Reserved > l.row.OnHand {
		return broken("lot %s of %s: %d on hand, %d reserved", l.row.Code, l.row.Key, l.row.OnHand, l.row.Reserved)
	}
	s.batched += onHand
	s.blocked += l.blocked() - blocked
	b.changedLots[l] = true
	return nil
}

// HoldLots reserves what a plan takes of a row: of each lot in a reservation of its own, the first to expire first, what is in
// no lot last, and never of an expired one.
func (b *Book) HoldLots(t Terms) ([]*Reservation, error) {
	lots := b.lots[t.Key]
	s := b.stock[t.Key]
	if len(lots) == 0 || s == nil {
		r, err := b.Hold(t)
		if err != nil {
			return nil, err
		}
		return []*Reservation{r}, nil
	}
	if left := s.Left(t.Way); t.Quantity > left {
		return nil, Short{SKU: t.Key.SKU, Wanted: t.Quantity, Left: left}
	}
	var held []*Reservation
	rest := t.Quantity
	take := func(code string, qty int64) error {
		if qty <= 0 {
			return nil
		}
		part := t
		part.Batch, part.Quantity = code, qty
		r, err := b.Hold(part)
		held, rest = append(held, r), rest-qty
		return err
	}
	for _, l := range lots {
		if l.row.Blocked {
			continue
		}
		if err := take(l.row.Code, min(rest, l.free())); err != nil {
			return nil, err
		}
	}
	return held, take("", rest)
}

// lotWith is the first lot to expire that has so many pieces for sale; none where no single one has.
func (b *Book) lotWith(key StockKey, qty int64) string {
	for _, l := range b.lots[key] {
		if !l.row.Blocked && l.free() >= qty {
			return l.row.Code
		}
	}
	return ""
}

// holdLot keeps the pieces of a reservation in the lot that it names.
func (b *Book) holdLot(t Terms) error {
	if t.Batch == "" {
		return nil
	}
	l := b.Lot(t.Key, t.Batch)
	if l == nil || l.row.Blocked || l.free() < t.Quantity {
		return broken("lot %s of %s does not have %d to hold", t.Batch, t.Key, t.Quantity)
	}
	return b.alterLot(l, 0, t.Quantity)
}

// lotAgain says which lot a reservation that expired holds when it is held again: its own while that has enough.
func (b *Book) lotAgain(t Terms) string {
	if l := b.Lot(t.Key, t.Batch); l == nil || l.row.Blocked || l.free() < t.Quantity {
		return ""
	}
	return t.Batch
}

// freeLot gives pieces of a reservation back to the lot that it names. A count may have found fewer of them.
func (b *Book) freeLot(t Terms, qty int64) error {
	l := b.Lot(t.Key, t.Batch)
	if t.Batch == "" || l == nil {
		return nil
	}
	return b.alterLot(l, 0, -min(qty, l.row.Reserved))
}

// order is which pieces leave first when no lot is named.
type order int8

const (
	forSale  order = 1 // what expires first, what is in no lot, expired ones last: a customer has taken them
	noLot    order = 2 // what is in no lot first: that is what was reserved
	anything order = 3 // what expires first, expired ones too: they are lost, or broken
)

// parts says from which lots pieces leave. What is nowhere leaves without a lot.
func (b *Book) parts(key StockKey, qty int64, o order) []LotPart {
	s := b.stock[key]
	var list []LotPart
	take := func(code string, most int64) {
		if n := min(qty, most); n > 0 {
			list, qty = append(list, LotPart{code, n}), qty-n
		}
	}
	lots := func(expired bool) {
		for _, l := range b.lots[key] {
			if l.row.Blocked == expired {
				take(l.row.Code, l.free())
			}
		}
	}
	rest := func() { take("", s.onHand-s.batched) }
	switch o {
	case forSale:
		lots(false)
		rest()
		lots(true)
	case noLot:
		rest()
		lots(false)
		lots(true)
	case anything:
		lots(true)
		lots(false)
		rest()
	}
	if qty > 0 {
		list = append(list, LotPart{"", qty})
	}
	return list
}

// leave takes pieces from on hand, of the lot that m names or of those whose turn it is, and says which they were. change
// says whether it may be, and is tried before.
func (b *Book) leave(key StockKey, qty int64, m Movement, o order, change func(*Stock) (Step, error)) ([]LotPart, error) {
	s, err := b.row(key, m.Document)
	if err != nil {
		return nil, err
	}
	probe := *s
	if _, err := change(&probe); err != nil {
		return nil, err
	}
	list := []LotPart{{m.Batch, qty}}
	if m.Batch == "" {
		list = b.parts(key, qty, o)
	} else if l := b.Lot(key, m.Batch); l == nil {
		return nil, UnknownLot{Key: key, Code: m.Batch}
	} else if l.free() < qty {
		return nil, LotShort{Code: m.Batch, Wanted: qty, Left: l.free()}
	}
	m.Key, m.Org = key, s.org
	return list, b.out(s, list, m, 0)
}

// out books pieces out, a movement for each lot; booked is how many the same step has booked before.
func (b *Book) out(s *Stock, list []LotPart, m Movement, booked int) error {
	for i, p := range list {
		if l := b.Lot(s.key, p.Code); p.Code != "" && l != nil {
			if err := b.alterLot(l, -p.Quantity, 0); err != nil {
				return err
			}
		}
		part := m
		part.Batch, part.Ref = p.Code, m.Ref+partMark(booked+i)
		b.move(part, s.step(-p.Quantity))
	}
	return nil
}

// partMark tells the entries of one step's lots apart.
func partMark(i int) string {
	if i == 0 {
		return ""
	}
	return "~" + strconv.Itoa(i)
}

// shipped says from which lots the pieces of a reservation leave: of its own, as far as that has them.
func (b *Book) shipped(t Terms, qty int64) ([]LotPart, error) {
	l := b.Lot(t.Key, t.Batch)
	if t.Batch == "" || l == nil {
		return b.parts(t.Key, qty, noLot), nil
	}
	own := min(qty, l.row.Reserved)
	if err := b.alterLot(l, 0, -own); err != nil {
		return nil, err
	}
	if own == qty {
		return []LotPart{{t.Batch, qty}}, nil
	}
	// Its own first; what is short of it as if it named none.
	var list []LotPart
	if own > 0 {
		list = append(list, LotPart{t.Batch, own})
	}
	taken := own
	for _, p := range b.parts(t.Key, qty, forSale) {
		if p.Code == t.Batch {
			p.Quantity -= own
		}
		if p.Quantity = min(p.Quantity, qty-taken); p.Quantity > 0 {
			list, taken = append(list, p), taken+p.Quantity
		}
	}
	return list, nil
}

// fill puts pieces that came in into the lot that m names.
func (b *Book) fill(key StockKey, qty int64, code string) error {
	if code == "" {
		return nil
	}
	l := b.Lot(key, code)
	if l == nil {
		return UnknownLot{Key: key, Code: code}
	}
	return b.alterLot(l, qty, 0)
}

// WriteOffLot takes what nobody holds of a lot out of the books: the way out of an expired one.
func (b *Book) WriteOffLot(key StockKey, qty int64, m Movement) error {
	_, err := b.leave(key, qty, m, anything, func(s *Stock) (Step, error) { return s.takeOff(qty) })
	return err
}

// lotChanges are the lots that have changed, in their one order.
func (b *Book) lotChanges() []LotRow {
	rows := make([]LotRow, 0, len(b.changedLots))
	for l := range b.changedLots {
		rows = append(rows, l.row)
	}
	slices.SortFunc(rows, func(x, y LotRow) int { return cmp.Or(x.Key.Compare(y.Key), cmp.Compare(x.Code, y.Code)) })
	return rows
}

// LotsWanted names the locked rows that have lots which are not in the Book yet.
func (b *Book) LotsWanted() []StockKey {
	var keys []StockKey
	for key, s := range b.stock {
		if _, in := b.lots[key]; !in && s.batched > 0 {
			keys = append(keys, key)
		}
	}
	return sortKeys(keys)
}
