package biz

import (
	"fmt"

	"github.com/onepool/onepool/app/internal/money"
)

// Disagreement is a counter-example: what an order says, and another center does not.
type Disagreement struct{ Subject, Detail string }

// AgreeStock compares a settled order with its reservations (I4~): what is not shipped is held, what has left is shipped,
// and a cancelled order holds nothing.
func AgreeStock(r Record, held []HeldStock) (found []Disagreement) {
	say := func(subject, format string, args ...any) {
		found = append(found, Disagreement{subject, fmt.Sprintf(format, args...)})
	}
	byID := asKnown(held)
	type wanted struct{ line, sku string }
	taken := map[wanted]int64{}
	for _, h := range held {
		taken[wanted{h.LineID, h.SKU}] += h.Open + h.Shipped
		if r.State == OrderCancelled && h.Open+h.Shipped > 0 {
			say(h.ID, "the order is cancelled, %d are held and %d shipped", h.Open, h.Shipped)
		}
	}
	for _, l := range r.Lines {
		for _, p := range r.parts(l) {
			if n := taken[wanted{l.ID, p.sku}]; n > l.Live()*p.pieces {
				say(l.ID, "%d of %s are held or shipped, %d were ordered", n, p.sku, l.Live()*p.pieces)
			}
		}
	}
	type expected struct {
		fulfilment    string
		state         State
		open, shipped int64
	}
	want := map[string]expected{} // by reservation: several fulfilments may stand for one, after a part has left
	var order []string
	for _, f := range r.Fulfilments {
		for _, l := range f.Lines {
			if n := f.packed(l.ID); n > l.Quantity || f.Left() && f.inParcels() && f.State != FulfilmentPartShipped && n != l.Quantity {
				say(l.ID, "%d of %d pieces are in parcels of fulfilment %s, which is %s", n, l.Quantity, f.ID, f.State)
			}
			if f.State == FulfilmentDeclined || l.ReservationID == "" {
				continue // others stand for its goods; a till sold it offline, where nothing was ever reserved
			}
			w, seen := want[l.ReservationID]
			if !seen {
				order = append(order, l.ReservationID)
			}
			gone := f.Gone(l)
			w.fulfilment, w.state, w.shipped = f.ID, f.State, w.shipped+gone
			if f.Open() || f.Left() {
				w.open += l.Quantity - gone
			}
			want[l.ReservationID] = w
		}
	}
	for _, id := range order {
		w := want[id]
		if h := byID[id]; h.Open != w.open || h.Shipped != w.shipped {
			say(id, "fulfilment %s is %s: %d held and %d shipped, not %d and %d", w.fulfilment, w.state, h.Open, h.Shipped, w.open, w.shipped)
		}
	}
	return found
}

// asKnown adds what stands in a reservation's place to it: one that expired before it was paid is held again, and one that
// waited for stock to arrive is served in parts, each under a reservation of its own.
func asKnown(held []HeldStock) map[string]HeldStock {
	known := roots(held)
	byID := make(map[string]HeldStock, len(held))
	for _, h := range held {
		id := known[h.ID]
		sum, seen := byID[id]
		if !seen || id == h.ID {
			h.Open, h.Shipped = h.Open+sum.Open, h.Shipped+sum.Shipped
			byID[id] = h
			continue
		}
		sum.Open, sum.Shipped = sum.Open+h.Open, sum.Shipped+h.Shipped
		byID[id] = sum
	}
	return byID
}

// roots say for each reservation which one the order knows: the first of those that took each other's place at one location.
// What another location holds instead is known by itself: the order has followed it.
func roots(held []HeldStock) map[string]string {
	byID := make(map[string]HeldStock, len(held))
	for _, h := range held {
		byID[h.ID] = h
	}
	root := make(map[string]string, len(held))
	for _, h := range held {
		id := h.ID
		for range held { // no chain is longer
			before, known := byID[byID[id].Replaces]
			if !known || before.Location != h.Location {
				break
			}
			id = before.ID
		}
		root[h.ID] = id
	}
	return root
}

// AgreePlaces compares a settled order's fulfilments with the locations that hold its stock (I18).
func AgreePlaces(r Record, held []HeldStock) (found []Disagreement) {
	byID := make(map[string]HeldStock, len(held))
	for _, h := range held {
		byID[h.ID] = h
	}
	for _, f := range r.Fulfilments {
		for _, l := range f.Lines {
			if h, known := byID[l.ReservationID]; known && (h.LocationOrg != f.Org || h.Location != f.Location || h.Owner != l.Owner) {
				found = append(found, Disagreement{f.ID, fmt.Sprintf("reservation %s is at %s of %s, owned by %s", h.ID, h.Location, h.LocationOrg, h.Owner)})
			}
		}
	}
	return found
}

// AgreeBack compares a settled order with its points and rebates (I12~): points that were spent are spent, points and
// rebates of refunded lines are taken back in proportion.
func AgreeBack(r Record, points DocumentPoints, rebates OrderRebates) (found []Disagreement) {
	say := func(subject, format string, args ...any) {
		found = append(found, Disagreement{subject, fmt.Sprintf(format, args...)})
	}
	lines := make(map[string]Line, len(r.Lines))
	var back int64
	for _, l := range r.Lines {
		lines[l.ID] = l
		back += l.PointsBack
	}
	frozen, spent := int64(0), int64(0)
	switch {
	case r.ToBePaid():
		frozen = r.Points
	case r.PaidAtUS > 0:
		spent = r.Points
	}
	if r.MemberID != "" && (points.Frozen != frozen || points.Spent != spent || points.GivenBack != back) {
		say(r.ID, "points: %d frozen, %d spent, %d given back, not %d, %d and %d", points.Frozen, points.Spent, points.GivenBack, frozen, spent, back)
	}
	for id, p := range points.Lines {
		l, known := lines[id]
		if due := taken(p.Accrued, l); !known || p.ClawedBack != due {
			say(id, "points: %d of %d taken back, not %d", p.ClawedBack, p.Accrued, due)
		}
	}
	for _, a := range rebates.Accruals {
		l, known := lines[a.LineID]
		if due := taken(a.AccruedMinor, l); !known || a.ClawedMinor != due {
			say(a.ID, "rebate: %d of %d taken back, not %d", a.ClawedMinor, a.AccruedMinor, due)
		}
	}
	return found
}

// taken is what a line's refunds take back of what it accrued.
func taken(accrued int64, l Line) int64 {
	if l.BaseMinor() <= 0 {
		return 0
	}
	return money.Proportion(accrued, min(l.RefundedMinor, l.BaseMinor()), l.BaseMinor())
}

// AgreeSupplies compares a settled order with its supply entries (I18a~): one for each shipped line of another owner, one
// for each returned one, at the frozen price, and no other.
func AgreeSupplies(r Record, supplies []Supply) (found []Disagreement) {
	type key struct{ document, line, sku, owner string }
	type entry struct{ quantity, price, entries int64 }
	want, got := map[key]entry{}, map[key]entry{}
	for _, f := range r.Fulfilments {
		for _, l := range f.Lines {
			if l.Owner == r.Org {
				continue
			}
			for document, n := range f.shipments(l) {
				k := key{document, l.LineID, l.SKU, l.Owner}
				want[k] = entry{want[k].quantity + n, l.SettlementMinor, 1}
			}
		}
	}
	for _, ret := range r.Returns {
		if ret.State != ReturnReceived && ret.State != ReturnRefunded {
			continue
		}
		for _, piece := range ret.Lines {
			for _, f := range r.Fulfilments {
				for _, l := range f.Lines {
					if l.ID == piece.FulfilmentLineID && l.Owner != r.Org && piece.Arrived() > 0 {
						k := key{ret.ID, l.LineID, l.SKU, l.Owner}
						want[k] = entry{want[k].quantity - piece.Arrived(), l.SettlementMinor, 1}
					}
				}
			}
		}
	}
	for _, s := range supplies {
		k := key{s.Document, s.LineID, s.SKU, s.Owner}
		got[k] = entry{got[k].quantity + s.Quantity, s.PriceMinor, got[k].entries + 1}
	}
	for k, w := range want {
		if g := got[k]; g != w {
			found = append(found, Disagreement{k.document, fmt.Sprintf("line %s, %s of %s: %d supplied at %d in %d entries, not %d at %d in 1",
				k.line, k.sku, k.owner, g.quantity, g.price, g.entries, w.quantity, w.price)})
		}
	}
	for k := range got {
		if _, known := want[k]; !known {
			found = append(found, Disagreement{k.document, fmt.Sprintf("line %s, %s of %s: supplied, but not shipped by another owner", k.line, k.sku, k.owner)})
		}
	}
	return found
}
