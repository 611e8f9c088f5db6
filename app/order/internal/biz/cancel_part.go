package biz

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// CancelledPart is what goes back with pieces that will not leave.
type CancelledPart struct {
	// Key names this cancel to the centers that take back what its lines had accrued.
	Key string
	// Stock that is held for the pieces, by the reservation that the order knows.
	Stock []MissingStock
	// NotHeld are pieces that nobody holds, by the reservation that once did: they are not looked for any more.
	NotHeld []MissingStock
	// LineIDs are the lines, PointsBack the spent points that they give back.
	LineIDs    []string
	PointsBack map[string]int64
	// Promotions are what the order holds less of budgets and quotas.
	Promotions []PromotionBack
}

// MissingStock is pieces of a reservation.
type MissingStock struct {
	ReservationID string
	Quantity      int64
}

// CancelLines cancels units of a paid order that have not left: a kit's line only as a whole. Money and points go back in
// the frozen shares of the lines, as with a return: in whatever pieces, in the end what was paid for them. What is
// left of nothing is cancelled in whole, with the freight and the coupons.
func (o *Order) CancelLines(wishes []ReturnWish, reason string) error {
	switch {
	case o.r.State != OrderPaid:
		return stateConflict(o.r.State, "only a paid order is cancelled in part: cancel it in whole")
	case o.r.GiftWaits():
		return stateConflict(o.r.State, "nobody has said yet where the gift goes: cancel it in whole")
	case o.r.Unallocated:
		return stateConflict(o.r.State, "a part of the order waits for stock: cancel it in whole")
	}
	units := map[string]int64{}
	for _, wish := range wishes {
		l := o.line(wish.LineID)
		switch {
		case l == nil:
			return NotFound("line")
		case wish.Quantity < 1:
			return Invalid("lines.quantity", "must be above 0")
		case units[l.ID] > 0:
			return Invalid("lines.line_id", "must not occur twice")
		}
		if err := o.cancellable(*l, wish.Quantity); err != nil {
			return err
		}
		units[l.ID] = wish.Quantity
	}
	if len(units) == 0 {
		return Invalid("lines", "must name something")
	}
	here := maps.Clone(units)
	o.withGifts(units, here)
	if o.nothingLeft(units) {
		return o.Cancel(reason)
	}
	return o.cancelUnits(units, here, reason)
}

// cancellable refuses units of a line that have left, or that are none.
func (o *Order) cancellable(l Line, quantity int64) error {
	var here, gone int64
	kit := false
	for _, f := range o.r.Fulfilments {
		for _, fl := range f.Lines {
			if fl.LineID != l.ID || !f.Ends() {
				continue
			}
			kit = kit || fl.SKU != l.SKU
			gone += f.Gone(fl)
			here += fl.Quantity - f.Gone(fl)
		}
	}
	switch {
	case kit && gone > 0:
		return refundExceeds(l.ID, 0)
	case kit && quantity != l.Live():
		return Invalid("lines.quantity", "must be all of a line of kits")
	case !kit && quantity > here:
		return refundExceeds(l.ID, here)
	}
	return nil
}

// cancelUnits cancels units of lines, of which here are in fulfilments; the others are held by nobody.
func (o *Order) cancelUnits(units, here map[string]int64, reason string) error {
	part := CancelledPart{PointsBack: map[string]int64{}, Promotions: o.r.usedLess(units)}
	var said []string
	var back int64
	for i := range o.r.Lines {
		l := &o.r.Lines[i]
		n := units[l.ID]
		if n == 0 {
			continue
		}
		share := l.Back(l.Ended(), n)
		l.CancelledQuantity += n
		l.RefundedMinor += share.MoneyMinor
		l.PointsBack += share.Points
		back += share.MoneyMinor
		part.LineIDs, part.PointsBack[l.ID] = append(part.LineIDs, l.ID), share.Points
		said = append(said, strconv.FormatInt(n, 10)+" of "+l.SKU)
	}
	if err := o.moveOrder(EventCancelPart, cut(strings.Join(said, ", ")+": "+reason, maxNote)); err != nil {
		return err
	}
	part.Key = ids.Derived("cxl", o.r.ID, strconv.FormatInt(o.r.Version, 10))
	if err := o.refundFrom(back-o.keepForGifts(back), "", "cancel"); err != nil {
		return err
	}
	o.stopAsking(units, here, &part)
	if err := o.takeOut(here, &part, reason); err != nil {
		return err
	}
	o.effects = append(o.effects, PartCancelled{Part: part})
	var earned []string
	for _, id := range part.LineIDs { // what is left of it may have been waited for no longer
		if o.line(id).Live() > 0 && o.lineClosed(id) {
			earned = append(earned, id)
		}
	}
	if len(earned) > 0 {
		o.effects = append(o.effects, WindowEnded{LineIDs: earned})
	}
	o.answered()
	return o.completeIfOver()
}

// maxNote bounds what the history says, in characters.
const maxNote = 1000

func cut(s string, most int) string {
	r := []rune(s)
	return string(r[:min(len(r), most)])
}

// takeOut takes pieces out of the fulfilments, those first on which least was done. One of which nothing is left ends.
func (o *Order) takeOut(units map[string]int64, part *CancelledPart, reason string) error {
	left := map[string]int64{}
	for id, n := range units {
		left[id] = n
	}
	for _, state := range []State{FulfilmentUncollected, FulfilmentPlanned, FulfilmentAssigned, FulfilmentAccepted, FulfilmentPicked, FulfilmentPacked, FulfilmentPartShipped} {
		for i := range o.r.Fulfilments {
			f := &o.r.Fulfilments[i]
			if f.State != state {
				continue
			}
			less := make([]int64, len(f.Lines))
			var taken, rest int64
			for j, l := range f.Lines {
				open := l.Quantity - f.Gone(l)
				less[j] = min(open, left[l.LineID])
				if l.SKU != o.r.SKUOf(l.LineID) && units[l.LineID] > 0 { // all of a kit
					less[j] = open
				} else {
					left[l.LineID] -= less[j]
				}
				taken, rest = taken+less[j], rest+open-less[j]
			}
			if taken == 0 {
				continue
			}
			for j, n := range less {
				part.Stock = more(part.Stock, f.Lines[j].ReservationID, n)
			}
			if err := o.lessen(f, less, rest, reason); err != nil {
				return err
			}
		}
	}
	for id, n := range left {
		if l := o.line(id); n > 0 && !o.isKit(*l) {
			return fmt.Errorf("order %s: %d of line %s are in no fulfilment", o.r.ID, n, id)
		}
	}
	return nil
}

// stopAsking names the stock that inventory need not look for any more: of units that no location holds.
func (o *Order) stopAsking(units, here map[string]int64, part *CancelledPart) {
	for _, l := range o.r.Lines {
		n := units[l.ID] - here[l.ID]
		for _, f := range o.r.Fulfilments {
			if f.State != FulfilmentDeclined && !f.shortened() {
				continue
			}
			for _, fl := range f.Lines {
				if fl.LineID == l.ID && n > 0 {
					part.NotHeld = more(part.NotHeld, fl.ReservationID, n)
					if fl.SKU == l.SKU {
						n = 0
					}
				}
			}
		}
	}
}

func (o *Order) isKit(l Line) bool {
	return slices.ContainsFunc(o.r.Fulfilments, func(f Fulfilment) bool {
		return slices.ContainsFunc(f.Lines, func(fl FulfilmentLine) bool { return fl.LineID == l.ID && fl.SKU != l.SKU })
	})
}

// lessen takes pieces out of one fulfilment, of which rest are left to ship.
func (o *Order) lessen(f *Fulfilment, less []int64, rest int64, reason string) error {
	switch {
	case rest > 0:
		if err := o.undoParcels(f); err != nil {
			return err
		}
		for j := range f.Lines {
			f.Lines[j].Quantity -= less[j]
		}
		f.Version++
		return nil
	case f.State == FulfilmentPartShipped:
		return o.shorten(f, reason)
	}
	return o.moveFulfilment(f, EventCancel, reason)
}

// wanted are the lines as they are still to be had.
func (r Record) wanted() []Line {
	lines := make([]Line, 0, len(r.Lines))
	for _, l := range r.Lines {
		if l.Live() > 0 {
			l.Quantity = l.Live()
			lines = append(lines, l)
		}
	}
	return lines
}

// more adds pieces of a reservation.
func more(list []MissingStock, reservationID string, n int64) []MissingStock {
	if n == 0 {
		return list
	}
	at := slices.IndexFunc(list, func(s MissingStock) bool { return s.ReservationID == reservationID })
	if at < 0 {
		at, list = len(list), append(list, MissingStock{ReservationID: reservationID})
	}
	list[at].Quantity += n
	return list
}

// usedLess says what cancelled units give back of promotions: their frozen discount, cumulatively; and of quotas, which know no
// lines, the part that they are of the units that the promotion makes cheaper still.
func (r Record) usedLess(units map[string]int64) (back []PromotionBack) {
	for _, l := range r.Lines {
		for _, d := range l.Discounts {
			at := slices.IndexFunc(back, func(b PromotionBack) bool { return b.Promotion == d.Promotion })
			if at < 0 {
				at, back = len(back), append(back, PromotionBack{Promotion: d.Promotion})
			}
			b, n := &back[at], units[l.ID]
			b.Units += n
			b.OfUnits += l.Live()
			b.AmountMinor += money.Proportion(d.AmountMinor, l.CancelledQuantity+n, l.Quantity) - money.Proportion(d.AmountMinor, l.CancelledQuantity, l.Quantity)
		}
	}
	back = slices.DeleteFunc(back, func(b PromotionBack) bool { return b.Units == 0 })
	slices.SortFunc(back, func(a, b PromotionBack) int { return strings.Compare(a.Promotion, b.Promotion) }) // as they are locked
	return back
}

// PromotionBack is what an order holds less of a promotion.
type PromotionBack struct {
	Promotion   string
	AmountMinor int64
	// Units of OfUnits are cancelled: that part of the quota which the order still holds.
	Units, OfUnits int64
}

// Quota is how many pieces go back of those that the order holds.
func (b PromotionBack) Quota(held int64) int64 { return money.Proportion(held, b.Units, b.OfUnits) }
