package biz

import "context"

// TakeBackLine is what came back of one order line.
type TakeBackLine struct {
	LineID   string
	Key      StockKey
	Quantity int64 // of these, Damaged cannot be sold
	Damaged  int64
}

// TakeBack books returned goods in at a location. Each (return, line, stock row) is booked once, however often it is sent.
// It never refuses: a location that is not known (any more) still has a shelf, which belongs to the goods' owner.
type TakeBack struct {
	Locations LocationFinder
	Writer    StockWriter
}

// TakeBackInput is a return that has arrived. Request is the distributed transaction that tells it.
type TakeBackInput struct {
	Document, Request string
	Lines             []TakeBackLine
}

// entries are what the return adds: to on hand, and to what is damaged.
func (in TakeBackInput) entries() ([]Entry, map[Entry]int64) {
	var entries []Entry
	quantity := map[Entry]int64{}
	add := func(e Entry, qty int64) {
		if qty > 0 && quantity[e] == 0 {
			entries = append(entries, e)
		}
		quantity[e] += qty
	}
	for _, l := range in.Lines {
		e := Entry{Key: l.Key, Reason: ReasonReturn, Document: in.Document, Ref: l.LineID}
		damaged := max(0, min(l.Damaged, l.Quantity))
		add(e, max(0, l.Quantity)-damaged)
		e.Bucket = BucketDamaged
		add(e, damaged)
	}
	return entries, quantity
}

// Decide books the return inside the transaction.
func (uc TakeBack) Decide(ctx context.Context, actor string, in TakeBackInput) error {
	book, err := uc.Writer.Open(ctx, actor)
	if err != nil {
		return err
	}
	entries, quantity := in.entries()
	booked, err := uc.lock(ctx, book, entries)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, done := booked[e]; done {
			continue
		}
		m := Movement{Reason: e.Reason, Document: e.Document, Ref: e.Ref, Request: in.Request}
		receive := book.Receive
		if e.Bucket == BucketDamaged {
			receive = book.ReceiveDamaged
		}
		if err := receive(e.Key, quantity[e], m); err != nil {
			return err
		}
	}
	return uc.Writer.Write(ctx, book.Changes())
}

// lock locks the rows, opening absent ones, and only then looks into the ledger: nobody can book the same meanwhile.
func (uc TakeBack) lock(ctx context.Context, book *Book, entries []Entry) (map[Entry]int64, error) {
	locations, err := locationsOf(ctx, uc.Locations, keysOf(entries))
	if err != nil {
		return nil, err
	}
	org := orgsOf(locations)
	for _, e := range entries {
		if org[e.Key.Location] == "" {
			org[e.Key.Location] = e.Key.Owner
		}
	}
	if err := uc.Writer.LockStock(ctx, book, keysOf(entries), org); err != nil {
		return nil, err
	}
	return uc.Writer.Booked(ctx, entries)
}

func keysOf(entries []Entry) []StockKey {
	keys := make([]StockKey, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	return sortKeys(keys)
}
