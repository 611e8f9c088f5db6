package pricing

import (
	"cmp"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// take says what a promotion would take off, or why nothing.
func (c *calculation) take(p Promotion) (t taking, reason string, err error) {
	if reason = p.allows(c.in); reason != "" {
		return t, reason, nil
	}
	if p.Group != "" && c.groups[p.Group] != "" {
		return t, BetterInGroup, nil
	}
	covered := false
	for _, l := range c.lines {
		if l.Gift != "" || !p.Scope.covers(l.Line) {
			continue
		}
		covered = true
		if l.takes(p) {
			t.lines = append(t.lines, l)
		}
	}
	if len(t.lines) == 0 {
		if covered {
			return t, NotTogether, nil
		}
		return t, NoLine, nil
	}
	t.amounts = make([]int64, len(t.lines))
	switch p.Kind {
	case MoneyOff:
		for i, l := range t.lines {
			if t.amounts[i], err = money.Mul(min(p.OffMinor, l.openMinor), l.openPieces); err != nil {
				return t, "", err
			}
			t.amounts[i] = min(t.amounts[i], l.openMinor)
		}
	case PercentOff:
		return c.spread(t, p.OffBP)
	case Threshold:
		return c.threshold(p, t)
	case NthItem:
		c.nth(p, t)
	case Bundle:
		return c.bundle(p, t)
	case Gift:
		return c.gift(p, t)
	case FreeFreight:
		return c.freight(p, t)
	case FlashSale:
		return c.flash(p, t)
	default:
		return t, "", Invalid{"promotions.kind", "is not known: " + string(p.Kind)}
	}
	return t, "", nil
}

// takes says whether a line is open to a promotion beside those that it has.
func (l *work) takes(p Promotion) bool {
	if l.openPieces == 0 || l.couponsOnly && !p.Coupon {
		return false
	}
	switch p.Stacking {
	case Alone:
		return len(l.Discounts) == 0
	case WithCoupons:
		return !slices.ContainsFunc(l.Discounts, func(d Discount) bool { return !d.Coupon })
	}
	return true
}

func (t taking) open() (minor int64, weights []int64) {
	for _, l := range t.lines {
		minor, weights = minor+l.openMinor, append(weights, l.openMinor)
	}
	return minor, weights
}

// spread takes a rate off all lines together.
func (c *calculation) spread(t taking, bp int64) (taking, string, error) {
	open, weights := t.open()
	total, err := money.Rate(open, bp)
	if err == nil && total > 0 {
		t.amounts, err = money.Allocate(total, weights)
	}
	return t, "", err
}

// reached is the highest level that the goods reach, and how often.
func (p Promotion) reached(t taking) (level Level, times int64) {
	open, _ := t.open()
	pieces := int64(0)
	for _, l := range t.lines {
		pieces += l.openPieces
	}
	return reach(p.Levels, p.Every, open, pieces)
}

func (c *calculation) threshold(p Promotion, t taking) (taking, string, error) {
	level, times := p.reached(t)
	if times == 0 {
		return t, BelowThreshold, nil
	}
	if level.OffBP > 0 {
		return c.spread(t, level.OffBP)
	}
	open, weights := t.open()
	off, err := money.Mul(level.OffMinor, times)
	if err == nil && open > 0 {
		t.amounts, err = money.Allocate(min(off, open), weights)
	}
	return t, "", err
}

// nth takes off the cheapest pieces: one for each N there are.
func (c *calculation) nth(p Promotion, t taking) {
	order := make([]int, len(t.lines))
	pieces := int64(0)
	for i, l := range t.lines {
		order[i] = i
		pieces += l.openPieces
	}
	each := func(i int) int64 { return t.lines[i].openMinor / t.lines[i].openPieces }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(each(a), each(b)) })
	rest := pieces / p.Nth
	for _, i := range order {
		l := t.lines[i]
		n := min(rest, l.openPieces)
		rest -= n
		t.amounts[i], _ = money.Rate(money.Proportion(l.openMinor, n, l.openPieces), p.OffBP) // at most what is to pay
	}
}

// bundle takes off what its pieces cost more than the bundle.
func (c *calculation) bundle(p Promotion, t taking) (taking, string, error) {
	times := int64(-1)
	for _, part := range p.Parts {
		have := int64(0)
		for _, l := range t.lines {
			if l.SKU == part.SKU {
				have += l.openPieces
			}
		}
		if n := have / part.Quantity; times < 0 || n < times {
			times = n
		}
	}
	if times <= 0 {
		return t, BelowThreshold, nil
	}
	worth := make([]int64, len(t.lines))
	sum := int64(0)
	for _, part := range p.Parts {
		rest := part.Quantity * times
		for i, l := range t.lines {
			if l.SKU == part.SKU {
				n := min(rest, l.openPieces)
				rest -= n
				worth[i] = money.Proportion(l.openMinor, n, l.openPieces)
				sum += worth[i]
			}
		}
	}
	price, err := money.Mul(p.PriceMinor, times)
	if err != nil || price >= sum {
		return t, "", err
	}
	t.amounts, err = money.Allocate(sum-price, worth)
	return t, "", err
}

// gift adds a line that costs nothing.
func (c *calculation) gift(p Promotion, t taking) (taking, string, error) {
	_, times := p.reached(t)
	if times == 0 {
		return t, BelowThreshold, nil
	}
	g, known := c.in.Gifts[p.GiftSKU]
	if !known {
		return t, GiftUnknown, nil
	}
	pieces, err := money.Mul(p.GiftPieces, times)
	if err != nil {
		return t, "", err
	}
	g.ID, g.SKU, g.Quantity = "gift-"+p.ID, p.GiftSKU, pieces
	if left, known := c.giftsLeft[p.GiftSKU]; known && left < g.Quantity && !p.GiftRequired {
		return t, GiftOutOfStock, nil
	}
	gross, err := money.Mul(g.ListMinor, g.Quantity)
	if err != nil {
		return t, "", err
	}
	t.gift = &work{PricedLine: PricedLine{Line: g, Gift: p.ID, Earned: p.earned(t), UnitMinor: g.ListMinor, GrossMinor: gross, PayableMinor: gross}}
	t.lines, t.amounts = []*work{t.gift}, []int64{gross}
	return t, "", nil
}

func (c *calculation) freight(p Promotion, t taking) (taking, string, error) {
	if len(p.Levels) > 0 {
		if _, times := p.reached(t); times == 0 {
			return t, BelowThreshold, nil
		}
	}
	t.lines, t.amounts = nil, nil
	if t.freight = c.out.FreightMinor; p.OffMinor > 0 {
		t.freight = min(t.freight, p.OffMinor)
	}
	return t, "", nil
}

// flash sells as many pieces at its price as are left for this buyer.
func (c *calculation) flash(p Promotion, t taking) (taking, string, error) {
	left := c.left(p)
	most := left.Quantity
	if left.ForBuyer >= 0 && (most < 0 || left.ForBuyer < most) {
		most = left.ForBuyer
	}
	switch {
	case left.Quantity == 0:
		return t, QuotaUsedUp, nil
	case left.ForBuyer == 0:
		return t, LimitOfBuyer, nil
	}
	t.pieces = make([]int64, len(t.lines))
	for i, l := range t.lines {
		if p.PriceMinor >= l.UnitMinor {
			continue
		}
		n := l.openPieces - l.flashed
		if most >= 0 {
			n = min(n, most)
			most -= n
		}
		t.pieces[i], t.amounts[i] = n, (l.UnitMinor-p.PriceMinor)*n
	}
	return t, "", nil
}
