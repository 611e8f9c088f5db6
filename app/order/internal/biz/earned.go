package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// earned freezes what earned the gifts of a priced order, by the ids of its lines.
func (r Record) earned(p Price) {
	byKey := make(map[string]string, len(p.Lines))
	for i, l := range p.Lines {
		byKey[l.Key] = r.Lines[i].ID
	}
	for i, l := range p.Lines {
		if l.Earned == nil {
			continue
		}
		frozen := *l.Earned
		frozen.By = slices.Clone(frozen.By)
		for j := range frozen.By {
			frozen.By[j].Line = byKey[frozen.By[j].Line]
		}
		r.Lines[i].Earned = &frozen
	}
}

// giftsOwed is the list price of gifts that stay with the buyer though what earned them has come back; more are units that
// come back beside those that have.
func (o *Order) giftsOwed(more map[string]int64) (sum int64) {
	for _, g := range o.r.Lines {
		if n := o.notEarned(g, more); n > 0 {
			sum += money.Proportion(g.GrossMinor, n, g.Quantity)
		}
	}
	return sum
}

// notEarned is how many pieces of a gift stay with the buyer that what is left of the order does not earn; more as above.
func (o *Order) notEarned(g Line, more map[string]int64) int64 {
	if g.Earned == nil {
		return 0
	}
	back := func(l Line) int64 { return max(0, l.Ended()+more[l.ID]-o.replaced(l.ID)) }
	kept := g.Earned.Kept(func(id string) (left, quantity int64) {
		l := o.line(id)
		return l.Quantity - back(*l), l.Quantity
	})
	return max(0, g.Quantity-back(g)-kept)
}

// chargeGifts says what of a return's money is kept for gifts: never more than there is. What was kept before goes back when
// the gifts come.
func (o *Order) chargeGifts(ret *Return, more map[string]int64) {
	ret.GiftMinor = min(o.giftsOwed(more)-o.r.GiftChargedMinor, ret.RefundMinor+ret.FreightMinor)
}
