package biz

// booking of one bucket: what changed, by how much.
func (b *Book) bucket(key StockKey, bucket string, m Movement, change func(*Stock) (Step, error)) error {
	m.Bucket = bucket
	return b.book(key, m, change)
}

// Damage takes pieces off the shelf that cannot be sold; never what customers hold.
func (b *Book) Damage(key StockKey, qty int64, m Movement) error {
	if err := b.book(key, m, func(s *Stock) (Step, error) { return s.takeOff(qty) }); err != nil {
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

// Send takes pieces from where they are and puts them on their way.
func (b *Book) Send(from, to StockKey, qty int64, m Movement) error {
	m.Reason = ReasonTransferOut
	if err := b.book(from, m, func(s *Stock) (Step, error) { return s.send(qty) }); err != nil {
		return err
	}
	return b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.expect(qty) })
}

// Arrive ends the way of pieces: some are for sale, some are not, some never came. Those are listed for a person.
func (b *Book) Arrive(to StockKey, a Arrival, m Movement) error {
	if here := a.Received + a.Damaged; here > 0 {
		m.Reason = ReasonTransferIn
		if err := b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.arrive(here) }); err != nil {
			return err
		}
	}
	if a.Received > 0 {
		if err := b.Receive(to, a.Received, m); err != nil {
			return err
		}
	}
	if a.Damaged > 0 {
		if err := b.ReceiveDamaged(to, a.Damaged, m); err != nil {
			return err
		}
	}
	if a.Missing == 0 {
		return nil
	}
	m.Reason = ReasonTransferLoss
	if err := b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.arrive(a.Missing) }); err != nil {
		return err
	}
	b.Discrepancy(Discrepancy{Org: b.stock[to].org, Document: m.Document, Key: to, Kind: KindTransferShort, Size: a.Missing})
	return nil
}

// SendBack ends the way of pieces where it began.
func (b *Book) SendBack(from, to StockKey, qty int64, m Movement) error {
	m.Reason = ReasonTransferBack
	if err := b.bucket(to, BucketInTransit, m, func(s *Stock) (Step, error) { return s.arrive(qty) }); err != nil {
		return err
	}
	return b.Receive(from, qty, m)
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

// Count corrects on hand by what was counted less what the books had then.
func (b *Book) Count(key StockKey, difference int64, m Movement) error {
	return b.book(key, m, func(s *Stock) (Step, error) { return s.count(difference) })
}

// Countable are the lines by which a locked row is counted, with what the books have.
func (b *Book) Countable(key StockKey) []StocktakeLine {
	figure, seq := b.BookFigure(key, "")
	return []StocktakeLine{{SKU: key.SKU, Owner: key.Owner, Book: figure, Seq: seq}}
}

// BookFigure is what the books have on the shelf of a locked row, and the number of its last movement.
func (b *Book) BookFigure(key StockKey, _ string) (figure, seq int64) {
	s := b.stock[key]
	if s == nil {
		return 0, 0
	}
	return s.onHand, s.seq
}
