package biz

import "context"

// TakeBackLine is what came back of one order line.
type TakeBackLine struct {
	LineID   string
	Key      StockKey
	Quantity int64
}

// TakeBack books returned goods in at a location. Each (return, line, stock row) is booked once, however often it is sent.
// It never refuses: a location that is not known (any more) still has a shelf, which belongs to the goods' owner.
type TakeBack struct {
	Locations LocationFinder
	Writer    StockWriter
}

// Decide books the return inside the transaction.
func (uc TakeBack) Decide(ctx context.Context, actor, document string, lines []TakeBackLine) error {
	book, err := uc.Writer.Open(ctx, actor)
	if err != nil {
		return err
	}
	var entries []Entry
	quantity := map[Entry]int64{}
	for _, l := range lines {
		e := Entry{Key: l.Key, Reason: ReasonReturn, Document: document, Ref: l.LineID}
		if l.Quantity > 0 && quantity[e] == 0 {
			entries = append(entries, e)
		}
		quantity[e] += max(0, l.Quantity)
	}
	booked, err := uc.lock(ctx, book, entries)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, done := booked[e]; done {
			continue
		}
		m := Movement{Reason: e.Reason, Document: e.Document, Ref: e.Ref}
		if err := book.Receive(e.Key, quantity[e], m); err != nil {
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
