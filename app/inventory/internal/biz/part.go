package biz

import (
	"slices"
	"strconv"
)

// Part is pieces of one reservation.
type Part struct {
	ReservationID string
	Quantity      int64
}

// maxActorName bounds what the history says of who did it, and why.
const maxActorName = 128

// PartOf changes reservations of a document in part, as their owner has asked: all parts or none.
type PartOf struct{}

// Need locks the document and the rows of what is named; ship also looks up what was booked before.
func (PartOf) Need(document string, in *ShipInput) Need {
	n := Need{Documents: []DocumentLock{{Document: document}}, Touches: func(r *Reservation, _ int64) bool { return r.open > 0 }}
	if in != nil {
		n.Entries = Ship{}.Need(*in).Entries
	}
	return n
}

// Release gives parts back. It refuses with UnknownReservation what is not the document's, and with NotEnoughHeld more than
// is open. The document does not ask for them any more: they are not held anew when the rest moves.
func (uc PartOf) Release(book *Book, actor, reason, document string, parts []Part) ([]*Reservation, error) {
	because := []rune(actor + ": " + reason)
	book.As(string(because[:min(len(because), maxActorName)]))
	return uc.each(book, document, parts, func(r *Reservation, holders []*Reservation, qty int64) error {
		book.askLess(document, linePart{r.terms.LineID, r.terms.Key.SKU}, qty)
		for _, holder := range holders { // what is still waited for goes first: it comes from nobody's shelf
			n := min(qty, holder.open)
			if n == 0 {
				continue
			}
			if err := book.ReleasePart(holder, n); err != nil {
				return err
			}
			qty -= n
		}
		return nil
	})
}

// ReleaseOpen is Release for a part that was cancelled already: it never refuses, and gives back what is still held of it, which
// is nothing of what has been let go meanwhile. What nobody holds is not asked for any more.
func (uc PartOf) ReleaseOpen(book *Book, actor, document string, parts, notHeld []Part) error {
	book.As(actor)
	for _, p := range parts {
		r := book.Reservation(p.ReservationID)
		if r == nil || r.terms.Document != document || p.Quantity < 1 {
			continue
		}
		book.askLess(document, linePart{r.terms.LineID, r.terms.Key.SKU}, p.Quantity)
		left := p.Quantity
		for _, holder := range book.inPlaceOf(r) {
			n := min(left, holder.open)
			if n == 0 {
				continue
			}
			if err := book.ReleasePart(holder, n); err != nil {
				return err
			}
			left -= n
		}
		if err := uc.releaseMoved(book, r, left); err != nil {
			return err
		}
	}
	for _, p := range notHeld {
		if r := book.Reservation(p.ReservationID); r != nil && r.terms.Document == document && p.Quantity > 0 {
			book.askLess(document, linePart{r.terms.LineID, r.terms.Key.SKU}, p.Quantity)
			if err := uc.releaseMoved(book, r, p.Quantity); err != nil {
				return err
			}
		}
	}
	d := book.Document(document)
	if d == nil {
		return nil
	}
	book.announce(document) // who follows what is held may have waited for it
	if d.state != Settled && d.asked != nil && len(d.lacks(book)) == 0 {
		return book.enter(d, Settled) // nothing is looked for any more
	}
	return nil
}

// releaseMoved gives back pieces of a line that are held elsewhere, and that nobody asks for any more: its owner had cancelled
// them before it heard that they had moved, or had been found. The newest go first.
func (PartOf) releaseMoved(book *Book, r *Reservation, qty int64) error {
	d := book.Document(r.terms.Document)
	if d == nil || d.asked == nil {
		return nil // nothing of it moves
	}
	qty = min(qty, d.asked.beyond(book.Of(d.id), linePart{r.terms.LineID, r.terms.Key.SKU}))
	all := book.Of(d.id)
	for i := len(all) - 1; i >= 0 && qty > 0; i-- {
		if t := all[i].terms; t.LineID != r.terms.LineID || t.Key.SKU != r.terms.Key.SKU {
			continue
		}
		n := min(qty, all[i].open)
		if n == 0 {
			continue
		}
		if err := book.ReleasePart(all[i], n); err != nil {
			return err
		}
		qty -= n
	}
	return nil
}

// Ship turns parts into movements. Unlike a shipment that the coordinator tells of, it refuses what is not held.
func (uc PartOf) Ship(book *Book, actor, document, fulfilment string, parts []Part) ([]*Reservation, error) {
	book.As(actor)
	in := ShipInput{Document: document, Fulfilment: fulfilment, Reason: ReasonShip}
	return uc.each(book, document, parts, func(r *Reservation, _ []*Reservation, qty int64) error {
		if book.Booked(in.entry(r, "")) || book.Booked(in.entry(r, restMark)) {
			return ShippedBefore{fulfilment, r.terms.ID}
		}
		return book.Ship(r, qty, Movement{Reason: in.Reason, Document: fulfilment})
	})
}

func (PartOf) each(book *Book, document string, parts []Part, do func(r *Reservation, holders []*Reservation, qty int64) error) ([]*Reservation, error) {
	var out []*Reservation
	seen := map[string]bool{}
	for _, p := range parts {
		if err := pieces(p.Quantity); err != nil {
			return nil, err
		}
		r := book.Reservation(p.ReservationID)
		if r == nil || r.terms.Document != document {
			return nil, UnknownReservation{Document: document}
		}
		if seen[p.ReservationID] {
			return nil, Invalid{"parts.reservation_id", "occurs twice: " + p.ReservationID}
		}
		seen[p.ReservationID] = true
		holders, open := book.inPlaceOf(r), int64(0)
		for _, h := range holders {
			open += h.open
		}
		if p.Quantity > open {
			return nil, NotEnoughHeld{r.terms.ID, p.Quantity, open, r.state}
		}
		if err := do(r, holders, p.Quantity); err != nil {
			return nil, err
		}
		for _, h := range holders {
			if !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	return out, nil
}

// ConfirmReservations takes deadlines away: the document, or a part of it, is paid.
type ConfirmReservations struct{}

// Need locks the document and its rows.
func (ConfirmReservations) Need(document string) Need { return ConfirmHold{}.Need(document) }

// Decide confirms what is held of the document, or of the reservations that are named with all that stands in their place.
// Unlike ConfirmHold it refuses what is not held any more: the caller can still hold it anew.
func (ConfirmReservations) Decide(book *Book, actor, document string, named []string) ([]*Reservation, error) {
	book.As(actor)
	all := book.Of(document)
	if len(named) > 0 {
		all = nil
		for _, id := range named {
			r := book.Reservation(id)
			if r == nil || r.terms.Document != document {
				return nil, UnknownReservation{Document: document}
			}
			all = append(all, book.inPlaceOf(r)...)
		}
	}
	var out []*Reservation
	for _, r := range all {
		if r.open == 0 || slices.Contains(out, r) {
			continue
		}
		if r.Due(book.nowUS) {
			return nil, NotHeld{document, r.terms.LineID, Expired}
		}
		if err := book.Confirm(r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	switch {
	case len(out) > 0:
		return out, nil
	case len(all) == 0:
		return nil, UnknownReservation{Document: document}
	}
	return nil, NotHeld{document, all[0].terms.LineID, all[0].state}
}

// NotEnoughHeld refuses a part that is more than a reservation still holds.
type NotEnoughHeld struct {
	ReservationID string
	Wanted, Open  int64
	State         ReservationState
}

// Error says what is open.
func (n NotEnoughHeld) Error() string {
	return n.ReservationID + ": " + strconv.FormatInt(n.Wanted, 10) + " wanted, " + strconv.FormatInt(n.Open, 10) + " open"
}

// Fault is the public face.
func (n NotEnoughHeld) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "the reservation does not hold that many any more", map[string]string{
		"state": n.State.String(), "reservation_id": n.ReservationID, "wanted": strconv.FormatInt(n.Wanted, 10), "open": strconv.FormatInt(n.Open, 10)}
}

// ShippedBefore refuses to ship a reservation twice under one fulfilment.
type ShippedBefore struct{ Fulfilment, ReservationID string }

// Error names both.
func (s ShippedBefore) Error() string {
	return s.Fulfilment + " has shipped " + s.ReservationID + " before"
}

// Fault is the public face.
func (s ShippedBefore) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "this fulfilment has shipped of the reservation before: name another one for the rest", map[string]string{
		"state": "SHIPPED", "reservation_id": s.ReservationID}
}
