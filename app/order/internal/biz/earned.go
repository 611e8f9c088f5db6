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
	back := func(l Line) int64 { return max(0, l.Ended()+more[l.ID]-o.replaced(l.ID)) }
	for _, g := range o.r.Lines {
		if g.Earned == nil {
			continue
		}
		kept := g.Earned.Kept(func(id string) (left, quantity int64) {
			l := o.line(id)
			return l.Quantity - back(*l), l.Quantity
		})
		if missing := g.Quantity - back(g) - kept; missing > 0 {
			sum += money.Proportion(g.GrossMinor, missing, g.Quantity)
		}
	}
	return sum
}

// chargeGifts says what of a return's money is kept for gifts: never more than there is. What was kept before goes back when
// the gifts come.
func (o *Order) chargeGifts(ret *Return, more map[string]int64) {
	ret.GiftMinor = min(o.giftsOwed(more)-o.r.GiftChargedMinor, ret.RefundMinor+ret.FreightMinor)
}
