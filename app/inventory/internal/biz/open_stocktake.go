package biz

import "context"

// OpenStocktakeInput begins to count. No SKUs: all that the location has or had.
type OpenStocktakeInput struct {
	ID, Location, Note string
	SKUs               []string
	Blind, Frozen      bool
}

// OpenStocktake makes the list of what is counted, of all owners, and freezes it if asked. A row is counted by one open
// stocktake at a time, so that no difference is booked twice and a freeze has one end.
type OpenStocktake struct {
	Counting
	Catalogue Catalogue
	Locations LocationFinder
}

// Gather asks which of the SKUs exist, before the transaction.
func (uc OpenStocktake) Gather(ctx context.Context, in OpenStocktakeInput) (SKUs, error) {
	keys := make([]StockKey, len(in.SKUs))
	for i, sku := range in.SKUs {
		keys[i].SKU = sku
	}
	return existing(ctx, uc.Catalogue, keys)
}

// Decide opens it inside the transaction.
func (uc OpenStocktake) Decide(ctx context.Context, by Caller, in OpenStocktakeInput, known SKUs) (StocktakeRow, error) {
	locations, err := locationsOf(ctx, uc.Locations, []StockKey{{Location: in.Location}})
	if err != nil {
		return StocktakeRow{}, err
	}
	at, exists := locations[in.Location]
	if !exists {
		return StocktakeRow{}, UnknownLocation{in.Location}
	}
	if err := by.MayDecide(at); err != nil {
		return StocktakeRow{}, err
	}
	if err := uc.Stocktakes.LockCounting(ctx, at.Code); err != nil {
		return StocktakeRow{}, err
	}
	keys, err := uc.keys(ctx, in, at, known)
	if err != nil {
		return StocktakeRow{}, err
	}
	if id, key, err := uc.Stocktakes.CountedBy(ctx, at.Code, keys); err != nil || id != "" {
		if err == nil {
			err = StocktakeOpen{ID: id, Key: key}
		}
		return StocktakeRow{}, err
	}
	return uc.list(ctx, by, in, at, keys)
}

// keys are the rows to count: those that there are, and for a SKU that has none, one of the location's organisation.
func (uc OpenStocktake) keys(ctx context.Context, in OpenStocktakeInput, at Location, known SKUs) ([]StockKey, error) {
	keys, err := uc.Stocktakes.RowsAt(ctx, at.Code, in.SKUs, MaxStocktakeLines+1)
	if err != nil {
		return nil, err
	}
	has := SKUs{}
	for _, k := range keys {
		has[k.SKU] = true
	}
	for _, sku := range in.SKUs {
		if !known[sku] && !has[sku] {
			return nil, UnknownSKU{sku}
		}
		if !has[sku] {
			keys = append(keys, StockKey{sku, at.Code, at.Org})
		}
	}
	switch {
	case len(keys) == 0:
		return nil, Invalid{"skus", "there is nothing here: name what to count"}
	case len(keys) > MaxStocktakeLines:
		return nil, Invalid{"skus", "more than 5000 lines: count a part at a time"}
	}
	return sortKeys(keys), nil
}

// list locks the rows, notes what the books have, and freezes.
func (uc OpenStocktake) list(ctx context.Context, by Caller, in OpenStocktakeInput, at Location, keys []StockKey) (StocktakeRow, error) {
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return StocktakeRow{}, err
	}
	if err := uc.Writer.LockStock(ctx, book, keys, map[string]string{at.Code: at.Org}); err != nil {
		return StocktakeRow{}, err
	}
	var lines []StocktakeLine
	for _, key := range keys {
		lines = append(lines, book.Countable(key)...)
		if in.Frozen {
			if err := book.Freeze(key); err != nil {
				return StocktakeRow{}, err
			}
		}
	}
	if len(lines) > MaxStocktakeLines {
		return StocktakeRow{}, Invalid{"skus", "more than 5000 lines: count a part at a time"}
	}
	if err := uc.Writer.Write(ctx, book.Changes()); err != nil {
		return StocktakeRow{}, err
	}
	row := StocktakeRow{ID: in.ID, Org: at.Org, Location: at.Code, Blind: in.Blind, Frozen: in.Frozen, State: StocktakeCounting, Version: 1, Note: in.Note,
		CreatedBy: by.Name, CreatedUS: book.NowUS(), UpdatedUS: book.NowUS()}
	return row, uc.Stocktakes.AddStocktake(ctx, row, lines)
}
