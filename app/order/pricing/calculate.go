package pricing

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// Calculate prices an order. It refuses input that no order can be with Invalid, and amounts that do not fit with
// money.ErrAmount.
func Calculate(in Input) (Result, error) {
	c := calculation{in: in, groups: map[string]string{}, giftsLeft: maps.Clone(in.GiftsLeft)}
	for _, step := range []func() error{c.units, c.promote, c.total, c.spendPoints, c.tax} {
		if err := step(); err != nil {
			return Result{}, err
		}
	}
	return c.result(), nil
}

// calculation is a price on its way.
type calculation struct {
	in     Input
	lines  []*work
	out    Result
	groups map[string]string // which promotion has taken a group
	// giftsLeft is what is left of gifts beside the pieces that are bought.
	giftsLeft map[string]int64
	// charged: the freight has been added.
	charged bool
}

// work is a line on its way: of its pieces, open ones may still be discounted, and so much is to pay for these; flashed ones
// of the open have a flash price already.
type work struct {
	PricedLine
	openPieces, openMinor, flashed int64
	couponsOnly                    bool
}

// units are the prices before promotions: list, or the tier's where that is lower.
func (c *calculation) units() error {
	seen := map[string]bool{}
	var list int64
	lists, tiers := prices{}, prices{}
	for i, l := range c.in.Lines {
		switch {
		case l.ID == "" || seen[l.ID]:
			return Invalid{fmt.Sprintf("lines[%d].id", i), "must be there, once"}
		case l.Quantity < 1:
			return Invalid{fmt.Sprintf("lines[%d].quantity", i), "must be above 0"}
		case l.ListMinor < 0 || l.TierMinor < 0 || l.TaxBP < 0 || l.WeightG < 0:
			return Invalid{fmt.Sprintf("lines[%d]", i), "must not have a price, a rate or a weight below 0"}
		}
		seen[l.ID] = true
		if _, known := c.giftsLeft[l.SKU]; known {
			c.giftsLeft[l.SKU] -= l.Quantity
		}
		unit := l.ListMinor
		if l.TierMinor > 0 && l.TierMinor < unit {
			unit = l.TierMinor
		}
		full, err := money.Mul(l.ListMinor, l.Quantity)
		if err != nil {
			return err
		}
		if list, err = money.Add(list, full); err != nil {
			return err
		}
		gross := unit * l.Quantity // at most full
		lists.add(l.List, full, l.ID)
		if unit < l.ListMinor {
			tiers.add(l.TierList, gross-full, l.ID)
		}
		c.lines = append(c.lines, &work{PricedLine: PricedLine{Line: l, UnitMinor: unit, GrossMinor: gross, PayableMinor: gross}, openPieces: l.Quantity, openMinor: gross})
	}
	if c.in.FreightMinor < 0 || c.in.Points < 0 || c.in.PointValueMinor < 0 {
		return Invalid{"freight_minor", "and points must not be below 0"}
	}
	if len(lists) == 0 {
		lists.add("", 0)
	}
	if len(lists) == 1 && lists[0].List == "" {
		lists[0].Lines = nil // all of them
	}
	for _, p := range lists {
		p.Kind = StepList
		c.step(p)
	}
	for _, p := range tiers {
		p.Kind = StepTier
		c.step(p)
	}
	return nil
}

// prices are steps of unit prices, one for each list, in the order of the lines.
type prices []Step

func (p *prices) add(list string, minor int64, lines ...string) {
	i := slices.IndexFunc(*p, func(s Step) bool { return s.List == list })
	if i < 0 {
		i = len(*p)
		*p = append(*p, Step{List: list, Applied: true})
	}
	(*p)[i].AmountMinor += minor // the sum of all fits: see list
	(*p)[i].Lines = append((*p)[i].Lines, lines...)
}

func (c *calculation) step(s Step) { c.out.Steps = append(c.out.Steps, s) }

// phase is when a promotion's turn comes.
func (p Promotion) phase() int {
	switch {
	case p.Kind == FreeFreight:
		return 4
	case p.Coupon:
		return 3
	case p.Kind == FlashSale:
		return 0
	case p.Kind == Threshold || p.Kind == Gift:
		return 2
	}
	return 1
}

// promote applies the promotions in their order.
func (c *calculation) promote() error {
	list := slices.Clone(c.in.Promotions)
	slices.SortFunc(list, func(a, b Promotion) int {
		return cmp.Or(cmp.Compare(a.phase(), b.phase()), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.ID, b.ID))
	})
	for _, p := range list {
		if p.Kind == FreeFreight {
			if err := c.charge(); err != nil {
				return err
			}
		}
		if p.Coupon && !slices.Contains(c.in.Buyer.Coupons, p.ID) {
			continue // nobody has asked for it
		}
		if err := c.apply(p); err != nil {
			return err
		}
	}
	return c.charge()
}

// taking is what a promotion would take off: of each line, or of the freight, or pieces that it gives.
type taking struct {
	lines   []*work
	amounts []int64
	freight int64
	pieces  []int64 // of each line, at the flash price
	gift    *work
}

func (t taking) total() (sum int64) {
	for _, a := range t.amounts {
		sum += a // at most what is to pay
	}
	return sum + t.freight
}

func (c *calculation) apply(p Promotion) error {
	s := Step{Kind: stepOf(p), Promotion: p.ID, Name: p.Name}
	t, reason, err := c.take(p)
	if err != nil {
		return err
	}
	total := t.total()
	if reason == "" && p.CapMinor > 0 && total > p.CapMinor {
		total = p.CapMinor
		if t.freight > 0 {
			t.freight = total
		} else if t.amounts, err = money.Allocate(total, t.amounts); err != nil {
			return err
		}
	}
	if left := c.left(p); reason == "" && left.BudgetMinor >= 0 && total > left.BudgetMinor {
		reason = BudgetUsedUp
	}
	if reason == "" && total == 0 {
		reason = NothingOff
	}
	if s.Reason = reason; reason != "" {
		c.step(s)
		return nil
	}
	if p.Group != "" {
		c.groups[p.Group] = p.ID
	}
	s.Applied, s.AmountMinor = true, -total
	if err := c.book(p, t, total, &s); err != nil {
		return err
	}
	c.step(s)
	return nil
}

func stepOf(p Promotion) string {
	switch {
	case p.Kind == FreeFreight:
		return StepFreight
	case p.Kind == Gift:
		return StepGift
	case p.Coupon:
		return StepCoupon
	case p.Kind == FlashSale:
		return StepFlash
	case p.Kind == Threshold:
		return StepOrder
	}
	return StepLine
}

func (c *calculation) left(p Promotion) Left {
	if l, known := c.in.Left[p.ID]; known {
		return l
	}
	l := Unlimited
	if p.BudgetMinor > 0 {
		l.BudgetMinor = p.BudgetMinor
	}
	if p.Quota > 0 {
		l.Quantity = p.Quota
	}
	if p.PerBuyer > 0 {
		l.ForBuyer = p.PerBuyer
	}
	return l
}

// book applies what a promotion takes.
func (c *calculation) book(p Promotion, t taking, total int64, s *Step) error {
	use := Use{Promotion: p.ID, Version: p.Version, Coupon: p.Coupon, AmountMinor: total}
	amounts := t.amounts
	if t.freight > 0 {
		amounts = []int64{t.freight}
	}
	borne, err := p.bear(total, amounts)
	if err != nil {
		return err
	}
	if t.freight > 0 {
		c.out.FreightMinor -= t.freight
		c.out.FreightDiscountMinor += t.freight
		c.out.FreightDiscounts = append(c.out.FreightDiscounts, Discount{p.ID, p.Version, p.Coupon, t.freight, borne[0]})
	}
	for i, l := range t.lines {
		if t.amounts[i] == 0 {
			continue
		}
		l.Discounts = append(l.Discounts, Discount{p.ID, p.Version, p.Coupon, t.amounts[i], borne[i]})
		l.DiscountMinor += t.amounts[i]
		l.PayableMinor -= t.amounts[i]
		s.Lines = append(s.Lines, l.ID)
		l.close(p, t, i)
		if t.pieces != nil {
			use.Quantity += t.pieces[i]
		}
	}
	if t.gift != nil {
		c.lines = append(c.lines, t.gift)
		if _, known := c.giftsLeft[t.gift.SKU]; known {
			c.giftsLeft[t.gift.SKU] -= t.gift.Quantity
		}
	}
	c.out.Uses = append(c.out.Uses, use)
	return nil
}

// close takes out of the line what later promotions must not see.
func (l *work) close(p Promotion, t taking, i int) {
	l.openMinor -= t.amounts[i]
	if t.pieces != nil && p.Stacking != Alone {
		l.flashed += t.pieces[i]
	}
	switch {
	case l.Gift != "":
		l.openPieces, l.openMinor = 0, 0
	case p.Stacking == Alone && t.pieces != nil: // the pieces at the flash price only
		l.openPieces -= t.pieces[i]
		l.openMinor -= p.PriceMinor * t.pieces[i]
	case p.Stacking == Alone:
		l.flashed = 0
		l.openPieces, l.openMinor = 0, 0
	case p.Stacking == WithCoupons:
		l.couponsOnly = true
	}
}

// bear splits a discount to those who bear it: the whole by their shares, then each one's part to the lines. Rows and
// columns sum exactly: a party's part is split by what is not borne yet, so no line bears more than it has.
func (p Promotion) bear(total int64, amounts []int64) ([][]Borne, error) {
	weights := make([]int64, len(p.Bearers))
	for i, b := range p.Bearers {
		weights[i] = b.ShareBP
	}
	parts, err := money.Allocate(total, weights)
	if err != nil {
		return nil, err
	}
	open := slices.Clone(amounts)
	out := make([][]Borne, len(amounts))
	for b, part := range parts {
		if part == 0 {
			continue
		}
		shares, err := money.Allocate(part, open)
		if err != nil {
			return nil, err
		}
		for i, share := range shares {
			if share > 0 {
				out[i] = append(out[i], Borne{p.Bearers[b].Party, share})
				open[i] -= share
			}
		}
	}
	return out, nil
}

// total sums goods and freight.
func (c *calculation) total() (err error) {
	for _, l := range c.lines {
		if c.out.GoodsMinor, err = money.Add(c.out.GoodsMinor, l.PayableMinor); err != nil {
			return err
		}
		c.out.DiscountMinor += l.DiscountMinor
	}
	c.out.TotalMinor, err = money.Add(c.out.GoodsMinor, c.out.FreightMinor)
	return err
}

// spendPoints takes whole points only, at most the goods' worth, and splits them to the lines.
func (c *calculation) spendPoints() error {
	if c.in.Points == 0 || c.in.PointValueMinor == 0 {
		return nil
	}
	points := min(c.in.Points, c.out.GoodsMinor/c.in.PointValueMinor)
	if points == 0 {
		c.step(Step{Kind: StepPoints, Reason: NothingOff})
		return nil
	}
	c.out.Points, c.out.PointsAmountMinor = points, points*c.in.PointValueMinor // at most goods: cannot overflow
	payables := make([]int64, len(c.lines))
	for i, l := range c.lines {
		payables[i] = l.PayableMinor
	}
	amounts, err := money.Allocate(c.out.PointsAmountMinor, payables)
	if err != nil {
		return err
	}
	pieces, err := money.Allocate(points, amounts)
	if err != nil {
		return err
	}
	for i, l := range c.lines {
		l.PointsAmountMinor, l.Points = amounts[i], pieces[i]
	}
	c.step(Step{Kind: StepPoints, AmountMinor: -c.out.PointsAmountMinor, Applied: true})
	return nil
}

// tax is of each line's payable: a part of it, or on top.
func (c *calculation) tax() error {
	for _, l := range c.lines {
		whole := money.BasisPoints + l.TaxBP
		if c.in.TaxOnTop {
			whole = money.BasisPoints
		}
		var err error
		if l.TaxMinor, err = money.MulDiv(l.PayableMinor, l.TaxBP, whole); err != nil {
			return err
		}
		if c.out.TaxMinor, err = money.Add(c.out.TaxMinor, l.TaxMinor); err != nil {
			return err
		}
	}
	if !c.in.TaxOnTop || c.out.TaxMinor == 0 {
		return nil
	}
	var err error
	c.out.TotalMinor, err = money.Add(c.out.TotalMinor, c.out.TaxMinor)
	c.step(Step{Kind: StepTax, AmountMinor: c.out.TaxMinor, Applied: true})
	return err
}

// result puts the lines in, and sums what each party bears.
func (c *calculation) result() Result {
	add := func(all []Borne) {
		for _, b := range all {
			i := slices.IndexFunc(c.out.Bearers, func(x Borne) bool { return x.Party == b.Party })
			if i < 0 {
				c.out.Bearers = append(c.out.Bearers, b)
				continue
			}
			c.out.Bearers[i].AmountMinor += b.AmountMinor
		}
	}
	for _, l := range c.lines {
		c.out.Lines = append(c.out.Lines, l.PricedLine)
		for _, d := range l.Discounts {
			add(d.Bearers)
		}
	}
	for _, d := range c.out.FreightDiscounts {
		add(d.Bearers)
	}
	slices.SortFunc(c.out.Bearers, func(a, b Borne) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Code, b.Code)) })
	return c.out
}
