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
