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
