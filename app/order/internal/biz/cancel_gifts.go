package biz

import "slices"

// withGifts adds gifts to the units that are cancelled, here of which are in fulfilments: those that what is left does not earn,
// as far as they have not left. A gift does not travel without the goods that earned it.
func (o *Order) withGifts(units, here map[string]int64) {
	more := map[string]int64{}
	for _, g := range o.r.Lines {
		n := min(o.notEarned(g, units), o.notLeft(g)-here[g.ID])
		if o.isKit(g) && n < g.Live()-units[g.ID] { // it goes as a whole, or stays
			continue
		}
		if n > 0 && o.cancellable(g, here[g.ID]+n) == nil {
			more[g.ID] = n
		}
	}
	for id, n := range more {
		units[id] += n
		here[id] += n
	}
}

// notLeft is how many units of a line are at locations that have not shipped them; of a line of kits all, or none.
func (o *Order) notLeft(l Line) (n int64) {
	kit := o.isKit(l)
	for _, f := range o.r.Fulfilments {
		for _, fl := range f.Lines {
			switch {
			case fl.LineID != l.ID || !f.Ends():
			case kit && f.Gone(fl) > 0:
				return 0
			case kit:
				n = l.Live()
			default:
				n += fl.Quantity - f.Gone(fl)
			}
		}
	}
	return n
}

// nothingLeft says whether nothing of the order is left without these units.
func (o *Order) nothingLeft(units map[string]int64) bool {
	return !slices.ContainsFunc(o.r.Lines, func(l Line) bool { return l.Live() > units[l.ID] })
}

// keepForGifts is what of a cancel's money is kept for gifts that had left before the goods that earned them were cancelled.
// Below zero: what was kept before, and is due no more.
func (o *Order) keepForGifts(backMinor int64) int64 {
	kept := min(o.giftsOwed(nil)-o.r.GiftChargedMinor, backMinor)
	o.r.GiftChargedMinor += kept
	return kept
}
