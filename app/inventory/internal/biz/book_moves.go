package biz

// booking of one bucket: what changed, by how much.
func (b *Book) bucket(key StockKey, bucket string, m Movement, change func(*Stock) (Step, error)) error {
	m.Bucket = bucket
	return b.book(key, m, change)
}

// Damage takes pieces off the shelf that cannot be sold; never what customers hold.
func (b *Book) Damage(key StockKey, qty int64, m Movement) error {
	if _, err := b.leave(key, qty, m, anything, func(s *Stock) (Step, error) { return s.takeOff(qty) }); err != nil {
		return err
	}
	return b.ReceiveDamaged(key, qty, m)
}

// Restore puts damaged pieces back on the shelf.
func (b *Book) Restore(key StockKey, qty int64, m Movement) error {
	if err := b.WriteOff(key, qty, m); err != nil {
		return err
	}
	return b.Receive(key, qty, m)
}

// WriteOff gives damaged pieces up.
func (b *Book) WriteOff(key StockKey, qty int64, m Movement) error {
	return b.bucket(key, BucketDamaged, m, func(s *Stock) (Step, error) { return s.clear(qty) })
}

// ReceiveDamaged adds pieces that came in, or came back, and cannot be sold.
func (b *Book) ReceiveDamaged(key StockKey, qty int64, m Movement) error {
	return b.bucket(key, BucketDamaged, m, func(s *Stock) (Step, error) { return s.spoil(qty) })
}

// Send takes pieces from where they are and puts them on their way, those that expire first, or those of the lot that m
// names. It says which they were; expired ones are not moved.
func (b *Book) Send(from, to StockKey, qty int64, m Movement) ([]LotPart, error) {
	m.Reason = ReasonTransferOut
	if l := b.Lot(from, m.Batch); l != nil && l.row.Blocked {
		return nil, LotExpired{m.Batch}
	}
	list, err := b.leave(from, qty, m, forSale, func(s *Stock) (Step, error) { return s.send(qty) })
	if err != nil {
		return nil, err
	}
	for i, p := range list {
		if l := b.Lot(from, p.Code); l != nil {
			if err := b.OpenLot(to, l.row.LotTerms); err != nil {
				return nil, err
			}
		}
		if err := b.bucket(to, BucketInTransit, m.part(i, p), func(s *Stock) (Step, error) { return s.expect(p.Quantity) }); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// part is the entry for one lot of a step.
func (m Movement) part(i int, p LotPart) Movement {
	m.Batch, m.Ref = p.Code, m.Ref+partMark(i)
	return m
}

// Arrived is what came of pieces that were on their way, by lot.
type Arrived struct{ Received, Damaged, Missing []LotPart }

// Arrive ends the way of pieces: some are for sale, some are not, some never came. Those are listed for a person.
func (b *Book) Arrive(to StockKey, a Arrived, m Movement) error {
	n := 0
	each := func(list []LotPart, reason Reason, here func(StockKey, int64, Movement) error) error {
		for _, p := range list {
			m := m.part(n, p)
			m.Reason = reason
			n++
			if err := b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.arrive(p.Quantity) }); err != nil {
				return err
			}
			if err := here(to, p.Quantity, m); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(a.Received, ReasonTransferIn, b.Receive); err != nil {
		return err
	}
	if err := each(a.Damaged, ReasonTransferIn, b.ReceiveDamaged); err != nil {
		return err
	}
	missing := int64(0)
	err := each(a.Missing, ReasonTransferLoss, func(_ StockKey, qty int64, _ Movement) error {
		missing += qty
		return nil
	})
	if err == nil && missing > 0 {
		b.Discrepancy(Discrepancy{Org: b.stock[to].org, Document: m.Document, Key: to, Kind: KindTransferShort, Size: missing})
	}
	return err
}

// SendBack ends the way of pieces where it began.
func (b *Book) SendBack(from, to StockKey, list []LotPart, m Movement) error {
	m.Reason = ReasonTransferBack
	for i, p := range list {
		m := m.part(i, p)
		if err := b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.arrive(p.Quantity) }); err != nil {
			return err
		}
		if err := b.Receive(from, p.Quantity, m); err != nil {
			return err
		}
	}
	return nil
}

// Freeze keeps a row from being promised online while it is counted; Thaw ends that.
func (b *Book) Freeze(key StockKey) error { return b.alter(key, (*Stock).freeze) }

// Thaw ends a freeze.
func (b *Book) Thaw(key StockKey) error { return b.alter(key, (*Stock).thaw) }

func (b *Book) alter(key StockKey, change func(*Stock)) error {
	s, err := b.row(key, "")
	if err != nil {
		return err
	}
	change(s)
	return nil
}

// Adjust corrects on hand, and the lot that m names. Where none is named, what is found is in no lot, and what is missing is
// what expires first.
func (b *Book) Adjust(key StockKey, delta int64, m Movement) error {
	return b.adjust(key, delta, m, anything)
}

func (b *Book) adjust(key StockKey, delta int64, m Movement, o order) error {
	if delta < 0 && (len(b.lots[key]) > 0 || m.Batch != "") {
		_, err := b.leave(key, -delta, m, o, func(s *Stock) (Step, error) { return s.Adjust(delta) })
		return err
	}
	if err := b.book(key, m, func(s *Stock) (Step, error) { return s.Adjust(delta) }); err != nil {
		return err
	}
	return b.fill(key, delta, m.Batch)
}

// Count corrects on hand, and the lot that m names, by what was counted less what the books had then. What has left the lot
// since cannot be missing from it a second time: the rest is missing from what is in no lot, then from other lots.
func (b *Book) Count(key StockKey, difference int64, m Movement) error {
	s, err := b.row(key, m.Document)
	if err != nil {
		return err
	}
	probe := *s
	if _, err := probe.count(difference); err != nil {
		return err
	}
	l := b.Lot(key, m.Batch)
	if m.Batch != "" && l == nil {
		return UnknownLot{Key: key, Code: m.Batch}
	}
	m.Key, m.Org = key, s.org
	if difference > 0 {
		b.move(m, s.step(difference))
		return b.fill(key, difference, m.Batch)
	}
	missing := -difference
	var list []LotPart
	booked := 0
	if l != nil {
		own := min(missing, l.row.OnHand)
		if short := l.row.Reserved - (l.row.OnHand - own); short > 0 { // customers hold more of it than was found
			if err := b.alterLot(l, 0, -short); err != nil {
				return err
			}
		}
		if own > 0 {
			if err := b.out(s, []LotPart{{m.Batch, own}}, m, 0); err != nil {
				return err
			}
			booked = 1
		}
		missing -= own
	}
	if missing > 0 {
		list = b.parts(key, missing, noLot)
	}
	return b.out(s, list, m, booked)
}

// Countable are the lines by which a locked row is counted, with what the books have: each lot, and what is in none.
func (b *Book) Countable(key StockKey) []StocktakeLine {
	var lines []StocktakeLine
	add := func(code string) {
		figure, seq := b.BookFigure(key, code)
		lines = append(lines, StocktakeLine{SKU: key.SKU, Owner: key.Owner, Batch: code, Book: figure, Seq: seq})
	}
	add("")
	for _, l := range b.lots[key] {
		if l.row.OnHand > 0 {
			add(l.row.Code)
		}
	}
	return lines
}

// BookFigure is what the books have on the shelf of a locked row, of a lot or of none, and the number of its last movement.
func (b *Book) BookFigure(key StockKey, code string) (figure, seq int64) {
	s := b.stock[key]
	switch l := b.Lot(key, code); {
	case s == nil:
		return 0, 0
	case code == "":
		return s.onHand - s.batched, s.seq
	case l == nil:
		return 0, s.seq
	default:
		return l.row.OnHand, s.seq
	}
}
