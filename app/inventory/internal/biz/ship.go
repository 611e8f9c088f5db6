package biz

import (
	"context"
	"slices"
	"strings"
)

// ShipInput says that goods have left.
type ShipInput struct {
	Document   string // whose reservations they are
	Fulfilment string // named on the movements
	Reason     Reason // SHIP or SALE
	Lines      []ShipLine
}

// ShipLine is what left of one reservation.
type ShipLine struct {
	ReservationID string
	Quantity      int64
}

// Ship turns open reservations into movements: on hand and reserved fall.
//
// It never refuses, because the goods are gone. What no reservation holds any more is taken from on hand; where the books
// have less, a discrepancy of that size is opened. A reservation that nobody knows is listed as a discrepancy of its own.
// Each (fulfilment, reservation) is booked once, however often it is sent.
type Ship struct{ Writer StockWriter }

// Decide books the shipment inside the transaction.
func (uc Ship) Decide(ctx context.Context, actor string, in ShipInput) error {
	if in.Reason != ReasonSale {
		in.Reason = ReasonShip
	}
	if in.Fulfilment == "" {
		in.Fulfilment = in.Document
	}
	quantity := map[string]int64{}
	for _, l := range in.Lines {
		if l.Quantity > 0 {
			quantity[l.ReservationID] += l.Quantity
		}
	}
	book, known, err := open(ctx, uc.Writer, actor, in.Document, func(_ *Book, r *Reservation) bool { return quantity[r.terms.ID] > 0 })
	if err != nil {
		return err
	}
	booked, err := uc.booked(ctx, in, known)
	if err != nil {
		return err
	}
	for _, r := range known {
		qty := quantity[r.terms.ID]
		delete(quantity, r.terms.ID)
		if booked[r.terms.ID] {
			continue
		}
		if err := book.Ship(r, qty, Movement{Reason: in.Reason, Document: in.Fulfilment}); err != nil {
			return err
		}
	}
	if err := uc.Writer.Write(ctx, book.Changes()); err != nil {
		return err
	}
	return uc.unknown(ctx, in, quantity)
}

// booked finds the reservations that this fulfilment has shipped before.
func (uc Ship) booked(ctx context.Context, in ShipInput, reservations []*Reservation) (map[string]bool, error) {
	var asked []Entry
	for _, r := range reservations {
		for _, ref := range []string{r.terms.ID, r.terms.ID + restMark} {
			asked = append(asked, Entry{Key: r.terms.Key, Reason: in.Reason, Document: in.Fulfilment, Ref: ref})
		}
	}
	found, err := uc.Writer.Booked(ctx, asked)
	if err != nil {
		return nil, err
	}
	booked := map[string]bool{}
	for e := range found {
		booked[strings.TrimSuffix(e.Ref, restMark)] = true
	}
	return booked, nil
}

// unknown lists what left under reservations that do not exist.
func (uc Ship) unknown(ctx context.Context, in ShipInput, quantity map[string]int64) error {
	ids := make([]string, 0, len(quantity))
	for id := range quantity {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		err := uc.Writer.Discrepancy(ctx, Discrepancy{Document: in.Fulfilment, ReservationID: id, Kind: KindUnknown, Size: quantity[id]})
		if err != nil {
			return err
		}
	}
	return nil
}
