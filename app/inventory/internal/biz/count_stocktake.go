package biz

import "context"

// CountInput is what somebody has counted. An empty owner is the location's organisation.
type CountInput struct {
	Request, ID string
	Counts      []StocktakeLine // SKU, owner, lot, counted
}

// CountStocktake notes what is on the shelf, together with what the books have at that very moment.
type CountStocktake struct{ Counting }

// Decide notes it inside the transaction. The last count of a line counts; all are kept.
func (uc CountStocktake) Decide(ctx context.Context, by Caller, in CountInput) (StocktakeRow, error) {
	s, book, err := uc.lock(ctx, by, in.ID, 0, Caller.MayBook)
	if err != nil {
		return StocktakeRow{}, err
	}
	if s.row.State != StocktakeCounting {
		return StocktakeRow{}, WrongState{"stocktake", s.row.State.String()}
	}
	listed := map[StocktakeLine]bool{}
	lines, err := uc.Stocktakes.LinesOf(ctx, in.ID)
	if err != nil {
		return StocktakeRow{}, err
	}
	for _, l := range lines {
		listed[StocktakeLine{SKU: l.SKU, Owner: l.Owner, Batch: l.Batch}] = true
	}
	counts := make([]StocktakeLine, len(in.Counts))
	seen := map[StocktakeLine]bool{}
	for i, c := range in.Counts {
		if c.Owner == "" {
			c.Owner = s.row.Org
		}
		key := StocktakeLine{SKU: c.SKU, Owner: c.Owner, Batch: c.Batch}
		switch {
		case !listed[key]:
			return StocktakeRow{}, NotListed{SKU: c.SKU, Owner: c.Owner, Batch: c.Batch}
		case seen[key]:
			return StocktakeRow{}, Invalid{"counts", "must name a line once"}
		case c.Counted == nil || *c.Counted < 0 || *c.Counted > MaxQuantity:
			return StocktakeRow{}, Invalid{"counted", "must be between 0 and 1000000"}
		}
		seen[key], counts[i] = true, c
	}
	if err := uc.Writer.LockStock(ctx, book, lineKeys(s.row.Location, counts), nil); err != nil {
		return StocktakeRow{}, err
	}
	for i := range counts {
		c := &counts[i]
		c.Book, c.Seq = book.BookFigure(StockKey{c.SKU, s.row.Location, c.Owner}, c.Batch)
		c.CountedBy, c.CountedUS = by.Name, book.NowUS()
	}
	return s.row, uc.Stocktakes.AddCounts(ctx, in.ID, in.Request, counts)
}
