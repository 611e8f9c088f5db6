package biz

import (
	"context"
	"maps"
	"slices"
)

// limits is what the sharing policies leave to a demand's channel, by hints. nil: all.
type limits struct {
	share      *Share
	categories map[string]string
	quotas     SharingReader // nil: no exclusive quota is in force
}

// limits of a demand. At the till no policy counts, and nobody is asked.
func (s Search) limits(ctx context.Context, d Demand) (*limits, error) {
	if s.Sharing == nil || d.Way == CarryOut {
		return nil, nil
	}
	set, err := s.Sharing.Sharing(ctx)
	if err != nil {
		return nil, err
	}
	if set.Empty() {
		return nil, nil
	}
	now, err := s.ClockUS(ctx)
	if err != nil {
		return nil, err
	}
	sharing := set.At(now)
	categories, err := CategoriesOf(ctx, s.Categories, sharing, d.SKUs())
	if err != nil {
		return nil, err
	}
	x := &limits{share: sharing.For(d.Channel), categories: categories}
	if sharing.Quotas() {
		x.quotas = s.Sharing
	}
	return x, nil
}

// apply sets the shares of candidates.
func (x *limits) apply(ctx context.Context, d Demand, candidates []Candidate) error {
	if x == nil || len(candidates) == 0 {
		return nil
	}
	skus := d.SKUs()
	used := QuotasUsed{}
	if x.quotas != nil {
		codes := make([]string, len(candidates))
		for i, c := range candidates {
			codes[i] = c.Location.Code
		}
		var err error
		if used, err = x.quotas.QuotasUsed(ctx, skus, codes); err != nil {
			return err
		}
	}
	for i := range candidates {
		c := &candidates[i]
		if !x.share.At(&c.Location) {
			continue
		}
		for _, sku := range skus {
			c.limit(d, sku, x.share.Promise(sku, x.categories[sku], c.online(sku), used))
		}
	}
	return nil
}

// known are the categories that were asked for.
func (x *limits) known() map[string]string {
	if x == nil {
		return nil
	}
	return x.categories
}

func (c *Candidate) online(sku string) int64 {
	online := int64(0)
	for _, s := range c.Stock {
		if s.key.SKU == sku && s.key.Location == c.Location.Code {
			online += s.Promise()
		}
	}
	return online
}

// limit shares so many pieces of a SKU out to the rows, in the order in which they are taken from.
func (c *Candidate) limit(d Demand, sku string, left int64) {
	if c.Left == nil {
		c.Left = map[StockKey]int64{}
	}
	rows := slices.SortedFunc(slices.Values(c.Stock), func(a, b *Stock) int { return c.Location.ownersFirst(d.Seller, a.key.Owner, b.key.Owner) })
	for _, s := range rows {
		if s.key.SKU == sku && s.key.Location == c.Location.Code {
			c.Left[s.key] = min(left, s.Left(d.Way))
			left -= c.Left[s.key]
		}
	}
}

// shareLocked puts what is left under the lock in place of the hints, where the whole shelf is locked.
func shareLocked(book *Book, d Demand, candidates []Candidate) error {
	if d.Way == CarryOut {
		return nil
	}
	if book.sharing.Free() {
		for i := range candidates {
			candidates[i].Left = nil
		}
		return nil
	}
	for i := range candidates {
		c := &candidates[i]
		if _, known := book.Location(c.Location.Code); !known {
			continue
		}
		c.Left = maps.Clone(c.Left)
		for _, sku := range d.SKUs() {
			if !c.locked(book, sku) {
				continue
			}
			left, err := book.Limit(d.Channel, d.Way, Shelf{sku, c.Location.Code})
			if err != nil {
				return err
			}
			c.limit(d, sku, left)
		}
	}
	return nil
}

// locked says whether all rows of a SKU that the candidate is known to have are locked.
func (c *Candidate) locked(book *Book, sku string) bool {
	for _, s := range c.Stock {
		if s.key.SKU == sku && book.Stock(s.key) == nil {
			return false
		}
	}
	return true
}

// shelvesOf are where the keys are: policies share out what all owners have there.
func shelvesOf(keys []StockKey) []Shelf {
	var shelves []Shelf
	for _, k := range keys {
		if n := len(shelves); n == 0 || shelves[n-1] != k.Shelf() {
			shelves = append(shelves, k.Shelf())
		}
	}
	return shelves
}
