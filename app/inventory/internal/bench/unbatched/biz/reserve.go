package biz

import (
	"context"
	"slices"
)

// ReserveInput asks for stock at one location, chosen by the caller, of the seller's own.
type ReserveInput struct {
	Demand
	ExpiresAtUS int64
}

// ReserveStock holds stock where the caller wants it: nothing is searched for and nothing explained.
type ReserveStock struct {
	Locations LocationFinder
	Writer    StockWriter
}

// Decide holds the stock inside the transaction, all or nothing.
func (uc ReserveStock) Decide(ctx context.Context, actor string, in ReserveInput) ([]*Reservation, error) {
	if err := in.Demand.Validate(); err != nil {
		return nil, err
	}
	book, err := uc.Writer.Open(ctx, actor)
	if err != nil {
		return nil, err
	}
	if err := uc.Writer.LockDocuments(ctx, book, []DocumentLock{{in.Document, in.Seller}}); err != nil {
		return nil, err
	}
	for _, r := range book.Of(in.Document) {
		if r.Open() > 0 {
			return nil, LiveHold{in.Document, r.State()}
		}
	}
	var keys []StockKey
	for _, l := range in.Lines {
		keys = append(keys, StockKey{SKU: l.SKU, Location: in.Location, Owner: in.Seller})
	}
	if err := uc.Writer.LockStock(ctx, book, slices.Clone(keys), nil); err != nil {
		return nil, err
	}
	found, err := uc.Locations.Fresh(ctx, []string{in.Location})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, NoLocation{in.Location + ": not known"}
	}
	at := found[0]
	if reason := at.drop(in.Demand); reason != "" {
		return nil, NoLocation{at.Code + ": " + reason}
	}
	held := make([]*Reservation, 0, len(in.Lines))
	for i, l := range in.Lines {
		r, err := book.Hold(Terms{Document: in.Document, LineID: l.ID, Key: keys[i], LocationName: at.Name, LocationOrg: at.Org,
			Seller: in.Seller, Channel: in.Channel, Way: in.Way, Quantity: l.Quantity, ExpiresAtUS: in.ExpiresAtUS})
		if err != nil {
			return nil, err
		}
		held = append(held, r)
	}
	return held, uc.Writer.Write(ctx, book.Changes())
}
