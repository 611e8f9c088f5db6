package biz

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// StockPromiser knows what may still be promised.
type StockPromiser interface {
	// Promised are the pieces that a channel may still promise, by SKU; location: there only, at a till also what is kept for
	// the shelf; empty: everywhere.
	Promised(ctx context.Context, channel, location string, skus []string) (map[string]int64, error)
}

// Unfilled refuses a hold: there is too little of a SKU, or, where it is empty, no location for all of it.
type Unfilled struct {
	SKU     string
	Refusal error
}

// Error is that of the refusal.
func (u Unfilled) Error() string { return u.Refusal.Error() }

// Unwrap gives the refusal for the client.
func (u Unfilled) Unwrap() error { return u.Refusal }

// LeftOut is a gift that an order goes without, because there is none of it.
type LeftOut struct {
	LineID, Promotion, SKU string
	Quantity               int64
}

// giftsOf are the SKUs that a price gives away while stocks last.
func giftsOf(p Price) (skus []string) {
	for _, l := range p.Lines {
		if l.WhileStocksLast && !slices.Contains(skus, l.SKU) {
			skus = append(skus, l.SKU)
		}
	}
	return skus
}

// short says whether a price gives away more than is left.
func short(p Price, left map[string]int64) bool {
	wanted := map[string]int64{}
	for _, l := range p.Lines {
		wanted[l.SKU] += l.Quantity
	}
	for sku, n := range left {
		if n < wanted[sku] {
			return true
		}
	}
	return false
}

// calculate prices, and prices again without the gifts of which there are too few.
func (s Seeker) calculate(ctx context.Context, in PriceInput, location string) (Price, error) {
	p, err := Calculate(in)
	gifts := giftsOf(p)
	if err != nil || len(gifts) == 0 {
		return p, err
	}
	left, err := s.Stock.Promised(ctx, in.Channel, location, gifts)
	if err != nil || !short(p, left) {
		return p, err
	}
	in.GiftsLeft = left
	return Calculate(in)
}

// hold holds the draft's goods. Gifts that are given while stocks last are left out when there is none of them: what was
// priced is a hint, and this is the decision. Each try has a request id of its own, so a repeat comes to the same end.
func (p *Placement) hold(ctx context.Context, hold Hold) (err error) {
	p.leftOut = nil
	for try := 0; ; try++ {
		hold.RequestID = p.GID + "-hold"
		if try > 0 {
			hold.RequestID += "-" + itoa(int64(try))
		}
		p.held, err = p.Stock.Hold(ctx, hold)
		short, ok := errors.AsType[Unfilled](err)
		if !ok {
			return err
		}
		less, dropped := p.Draft.without(hold.Lines, short.SKU)
		if len(dropped) == 0 {
			return err
		}
		hold.Lines, p.leftOut = less, append(p.leftOut, dropped...)
	}
}

// without leaves gifts of a SKU out. Where the SKU is none of the order's, as that of a part of a kit, or no SKU is to blame, all
// gifts that may be left out are.
func (d Draft) without(lines []Line, sku string) (rest []Line, dropped []LeftOut) {
	gift := func(l Line) bool { return slices.Contains(d.WhileStocksLast, l.ID) }
	if !slices.ContainsFunc(lines, func(l Line) bool { return l.SKU == sku }) {
		sku = ""
	}
	for _, l := range lines {
		if !gift(l) || sku != "" && l.SKU != sku {
			rest = append(rest, l)
			continue
		}
		dropped = append(dropped, LeftOut{LineID: l.ID, Promotion: l.GiftOf, SKU: l.SKU, Quantity: l.Quantity})
	}
	return rest, dropped
}

// Settled is the draft as its stock is held: without the gifts of which there were none.
func (p *Placement) Settled() Draft {
	d := p.Draft
	d.LeftOut, d.Wallet.TransactionNo = p.leftOut, p.walletNo
	if len(d.LeftOut) == 0 {
		return d
	}
	d.Record = d.Record.clone()
	d.Record.Lines = slices.DeleteFunc(d.Record.Lines, func(l Line) bool {
		gone := slices.ContainsFunc(d.LeftOut, func(o LeftOut) bool { return o.LineID == l.ID })
		if gone {
			d.Record.DiscountMinor -= l.DiscountMinor // its price: it costs nothing
		}
		return gone
	})
	d.Uses = slices.DeleteFunc(slices.Clone(d.Uses), func(u PromotionUse) bool {
		return slices.ContainsFunc(d.LeftOut, func(o LeftOut) bool { return o.Promotion == u.Promotion })
	})
	return d
}

// sayLeftOut writes into the history what the order goes without.
func (o *Order) sayLeftOut(gifts []LeftOut) error {
	for _, g := range gifts {
		state := None
		if err := o.move(SubjectGift, g.LineID, &state, EventLeaveOut, fmt.Sprintf("%s: %d of %s", g.Promotion, g.Quantity, g.SKU)); err != nil {
			return err
		}
	}
	return nil
}
