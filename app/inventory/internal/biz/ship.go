package biz

import "slices"

// ShipInput says that goods have left.
type ShipInput struct {
	Document   string // whose reservations they are
	Fulfilment string // named on the movements
	Reason     Reason // SHIP or SALE
	Request    string // the distributed transaction that tells it
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
type Ship struct{}

func (in ShipInput) complete() ShipInput {
	if in.Reason != ReasonSale {
		in.Reason = ReasonShip
	}
	if in.Fulfilment == "" {
		in.Fulfilment = in.Document
	}
	return in
}

// quantities are what left of each reservation.
func (in ShipInput) quantities() map[string]int64 {
	quantity := map[string]int64{}
	for _, l := range in.Lines {
		if l.Quantity > 0 {
			quantity[l.ReservationID] += l.Quantity
		}
	}
	return quantity
}

// entry of the ledger that books a reservation's part of the shipment; rest is what no reservation held.
func (in ShipInput) entry(r *Reservation, rest string) Entry {
	return Entry{Key: r.terms.Key, Reason: in.Reason, Document: in.Fulfilment, Ref: r.terms.ID + rest}
}

// Need locks the document and the rows of its reservations that are named, and looks up what was booked before.
func (Ship) Need(in ShipInput) Need {
	in = in.complete()
	quantity := in.quantities()
	return Need{
		Documents: []DocumentLock{{Document: in.Document}},
		// What has moved elsewhere is called back when the location that it left ships it after all.
		Touches: func(r *Reservation, _ int64) bool {
			return quantity[r.terms.ID] > 0 || r.terms.Replaces != "" && r.open > 0
		},
		Entries: func(b *Book) []Entry {
			var entries []Entry
			for _, r := range b.Of(in.Document) {
				if quantity[r.terms.ID] > 0 {
					entries = append(entries, in.entry(r, ""), in.entry(r, restMark))
				}
			}
			return entries
		},
	}
}

// Decide books the shipment on the Book.
func (Ship) Decide(book *Book, actor string, in ShipInput) error {
	book.As(actor)
	in = in.complete()
	quantity := in.quantities()
	for _, r := range book.Of(in.Document) {
		qty := quantity[r.terms.ID]
		if qty == 0 {
			continue
		}
		delete(quantity, r.terms.ID)
		if book.Booked(in.entry(r, "")) || book.Booked(in.entry(r, restMark)) {
			continue
		}
		if err := book.Ship(r, qty, Movement{Reason: in.Reason, Document: in.Fulfilment, Request: in.Request}); err != nil {
			return err
		}
	}
	// What left under reservations that do not exist.
	ids := make([]string, 0, len(quantity))
	for id := range quantity {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		book.Discrepancy(Discrepancy{Document: in.Fulfilment, ReservationID: id, Kind: KindUnknown, Size: quantity[id]})
	}
	return nil
}
