package biz

import "context"

// AdjustInput corrects what is on hand.
type AdjustInput struct {
	Request, Document, Reason string
	Key                       StockKey
	Delta                     int64
	Safety                    *int64 // new safety stock, when set
	// Batch is the lot that is corrected, with its dates where it is new; empty: none.
	Batch                   string
	ProducedDay, ExpiresDay int64
}

// AdjustStock corrects on hand by a difference, with a reason; never below what is reserved. A row is opened for a SKU that
// exists only; where there is a row already, nobody is asked.
type AdjustStock struct {
	Catalogue Catalogue
	Stock     StockReader
	Locations LocationFinder
	Writer    StockWriter
}

// Gather asks, before the transaction, whether the SKU exists, unless the location has had it.
func (uc AdjustStock) Gather(ctx context.Context, in AdjustInput) (SKUs, error) {
	rows, err := uc.Stock.AtLocations(ctx, []string{in.Key.SKU}, []string{in.Key.Location})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Row().Key.SKU == in.Key.SKU {
			return SKUs{in.Key.SKU: true}, nil
		}
	}
	return existing(ctx, uc.Catalogue, []StockKey{in.Key})
}

// Decide corrects the row inside the transaction and returns it as it is then.
func (uc AdjustStock) Decide(ctx context.Context, by Caller, in AdjustInput, known SKUs) (*Stock, error) {
	book, key, at, err := openRow(ctx, uc.Locations, uc.Writer, by, in.Key, known)
	if err != nil {
		return nil, err
	}
	if err := in.lot(book, key, at); err != nil {
		return nil, err
	}
	m := Movement{Reason: ReasonAdjust, Document: in.Document, Ref: in.Request, Note: in.Reason, Request: in.Request, Batch: in.Batch}
	if err := book.Adjust(key, in.Delta, m); err != nil {
		return nil, err
	}
	if in.Safety != nil {
		if err := book.SetSafety(key, *in.Safety); err != nil {
			return nil, err
		}
	}
	return book.Stock(key), uc.Writer.Write(ctx, book.Changes())
}

// lot makes sure that the row has the lot that pieces were found of. Pieces are missing of a lot that is there.
func (in AdjustInput) lot(book *Book, key StockKey, at Location) error {
	lot, err := NewLotTerms(in.Batch, in.ProducedDay, in.ExpiresDay, at)
	if err != nil {
		return err
	}
	if in.Delta < 0 && book.Lot(key, in.Batch) == nil {
		return nil // none is named, or it is refused
	}
	return book.KnowLot(key, lot)
}
