package biz

import (
	"context"
	"slices"
	"strconv"
)

// StockLine is pieces of one SKU at a location. An empty owner is the location's organisation.
type StockLine struct {
	Key      StockKey
	Quantity int64
	// Batch is the lot, with its dates (days since 1970-01-01); empty: none.
	Batch                   string
	ProducedDay, ExpiresDay int64
}

// ReceiveInput books goods in. Request tells repeated deliveries of one document apart.
type ReceiveInput struct {
	Request, Document string
	Lines             []StockLine
}

func (in ReceiveInput) keys() []StockKey {
	keys := make([]StockKey, len(in.Lines))
	for i, l := range in.Lines {
		keys[i] = l.Key
	}
	return keys
}

// ReceiveStock books goods in at locations, of SKUs that exist: all lines or none. What somebody waits for is his at once.
type ReceiveStock struct {
	Catalogue Catalogue
	Waiting   WaitingFinder
	Locations LocationFinder
	Writer    StockWriter
}

// Gather asks which of the SKUs exist, before the transaction.
func (uc ReceiveStock) Gather(ctx context.Context, in ReceiveInput) (SKUs, error) {
	return existing(ctx, uc.Catalogue, in.keys())
}

// Decide books them inside the transaction and returns the rows as they are then.
func (uc ReceiveStock) Decide(ctx context.Context, by Caller, in ReceiveInput, known SKUs) ([]*Stock, error) {
	keys := in.keys()
	locations, err := locationsOf(ctx, uc.Locations, keys)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		if keys[i], err = booking(by, locations, keys[i]); err != nil {
			return nil, err
		}
	}
	for _, key := range keys {
		if !known[key.SKU] {
			return nil, known.refusal(key.SKU)
		}
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return nil, err
	}
	rows := sortKeys(slices.Clone(keys))
	if err := lockWaiting(ctx, uc.Waiting, uc.Writer, book, rows); err != nil {
		return nil, err
	}
	if err := uc.Writer.LockStock(ctx, book, rows, orgsOf(locations)); err != nil {
		return nil, err
	}
	for i, l := range in.Lines {
		m := Movement{Reason: ReasonReceive, Document: in.Document, Ref: in.Request + "-" + strconv.Itoa(i+1), Request: in.Request, Batch: l.Batch}
		lot, err := NewLotTerms(l.Batch, l.ProducedDay, l.ExpiresDay, locations[keys[i].Location])
		if err == nil {
			err = book.OpenLot(keys[i], lot)
		}
		if err != nil {
			return nil, err
		}
		if err := book.Receive(keys[i], l.Quantity, m); err != nil {
			return nil, err
		}
	}
	if _, err := book.Serve(rows); err != nil {
		return nil, err
	}
	stock := make([]*Stock, len(keys))
	for i, key := range keys {
		stock[i] = book.Stock(key)
	}
	return stock, uc.Writer.Write(ctx, book.Changes())
}

// locationsOf reads the rows of the locations that are named.
func locationsOf(ctx context.Context, finder LocationFinder, keys []StockKey) (map[string]Location, error) {
	var codes []string
	for _, k := range keys {
		codes = append(codes, k.Location)
	}
	slices.Sort(codes)
	found, err := finder.Fresh(ctx, slices.Compact(codes))
	if err != nil {
		return nil, err
	}
	locations := make(map[string]Location, len(found))
	for _, l := range found {
		locations[l.Code] = l
	}
	return locations, nil
}

// booking completes a key and says whether the caller may book on it.
func booking(by Caller, locations map[string]Location, key StockKey) (StockKey, error) {
	l, known := locations[key.Location]
	if !known {
		return key, UnknownLocation{key.Location}
	}
	if err := by.MayBook(l); err != nil {
		return key, err
	}
	if key.Owner == "" {
		key.Owner = l.Org
	}
	return key, by.MayName(key.Owner, l)
}

// bookable is booking of one key, with its location.
func bookable(ctx context.Context, finder LocationFinder, by Caller, key StockKey) (StockKey, Location, error) {
	locations, err := locationsOf(ctx, finder, []StockKey{key})
	if err != nil {
		return key, Location{}, err
	}
	key, err = booking(by, locations, key)
	return key, locations[key.Location], err
}

// openRow is bookable of a SKU that is known, with a Book that has its row, which is opened where there is none.
func openRow(ctx context.Context, finder LocationFinder, w StockWriter, by Caller, key StockKey, known SKUs) (*Book, StockKey, Location, error) {
	key, at, err := bookable(ctx, finder, by, key)
	if err != nil {
		return nil, key, at, err
	}
	if !known[key.SKU] {
		return nil, key, at, known.refusal(key.SKU)
	}
	book, err := w.Open(ctx, by.Name)
	if err != nil {
		return nil, key, at, err
	}
	return book, key, at, w.LockStock(ctx, book, []StockKey{key}, map[string]string{at.Code: at.Org})
}

// orgsOf names the organisation of each location, for rows that have to be opened.
func orgsOf(locations map[string]Location) map[string]string {
	org := make(map[string]string, len(locations))
	for code, l := range locations {
		org[code] = l.Org
	}
	return org
}
