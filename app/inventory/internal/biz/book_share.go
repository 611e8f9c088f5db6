package biz

import (
	"fmt"
	"math"
)

// QuotaRow is the count of an exclusive quota as it is stored: what is held, or was shipped, from it.
type QuotaRow struct {
	ID int64
	QuotaKey
	Used, Version int64
}

// AddSharing takes in the policies that are in force at the book's time. Without any a channel may hold all that is online.
func (b *Book) AddSharing(s *Sharing) { b.sharing, b.shares = s, map[string]*Share{} }

// AddCategories takes in the categories of SKUs, which policies may name.
func (b *Book) AddCategories(categories map[string]string) {
	for sku, category := range categories {
		b.categories[sku] = category
	}
}

// AddQuotas takes locked counts in. One that nobody has drawn from has no row, and no id.
func (b *Book) AddQuotas(rows ...QuotaRow) {
	for _, q := range rows {
		if known := b.quotas[q.QuotaKey]; known == nil || known.ID == 0 {
			b.quotas[q.QuotaKey] = &q
		}
	}
}

// Used is what is drawn from a quota. What was not locked is taken for not drawn: others keep off it.
func (b *Book) Used(k QuotaKey) int64 {
	if q := b.quotas[k]; q != nil {
		return q.Used
	}
	return 0
}

// Counts lists the quotas that what a channel may hold on a shelf depends on; own is the one that it draws from itself.
func (b *Book) Counts(channel string, at Shelf) (counts []QuotaKey, own QuotaKey) {
	l, known := b.locations[at.Location]
	if !known || !b.sharing.Quotas() {
		return nil, own
	}
	share := b.share(channel)
	share.At(&l)
	category := b.categories[at.SKU]
	own, _ = share.Quota(at.SKU, category)
	share.Counts(at.SKU, category, func(k QuotaKey) { counts = append(counts, k) })
	return counts, own
}

// Limit is how many pieces a channel may hold on a shelf this way, by the policies: of all owners together, of those that
// are locked. At the till no policy counts.
func (b *Book) Limit(channel string, way Way, at Shelf) (int64, error) {
	if way == CarryOut || b.sharing.Free() {
		return math.MaxInt64, nil
	}
	l, known := b.locations[at.Location]
	if !known {
		return 0, broken("the location of %s at %s is not read", at.SKU, at.Location)
	}
	share := b.share(channel)
	if !share.At(&l) {
		return math.MaxInt64, nil
	}
	online := int64(0)
	for _, s := range b.shelves[at] {
		online += s.Promise()
	}
	return share.Promise(at.SKU, b.categories[at.SKU], online, b), nil
}

func (b *Book) share(channel string) *Share {
	if b.shares[channel] == nil {
		b.shares[channel] = b.sharing.For(channel)
	}
	return b.shares[channel]
}

// drawing checks a new reservation against the policies and says which quota it draws from.
func (b *Book) drawing(t *Terms) error {
	t.Quota = ""
	if t.Way == CarryOut || b.sharing.Free() {
		return nil
	}
	limit, err := b.Limit(t.Channel, t.Way, t.Key.Shelf())
	if err != nil {
		return err
	}
	if t.Quantity > limit {
		return Short{SKU: t.Key.SKU, Wanted: t.Quantity, Left: limit}
	}
	if _, own := b.Counts(t.Channel, t.Key.Shelf()); own.Policy != "" {
		if q := b.quotas[own]; q == nil || q.ID == 0 {
			return Elsewhere{t.Document}
		}
		t.Quota = own.Policy
	}
	return nil
}

// redrawing is drawing for what was paid for after its deadline: it draws from its quota again as far as that is in force
// and has as much left, and from what all share otherwise. It never refuses.
func (b *Book) redrawing(t *Terms) {
	if p := b.sharing.quota(t.Quota); p == nil || p.left(t.Key.SKU, t.Key.Location, b) < t.Quantity {
		t.Quota = ""
	}
}

// draw counts pieces of a reservation on its quota; qty below zero gives them back.
func (b *Book) draw(t Terms, qty int64) error {
	if t.Quota == "" {
		return nil
	}
	k := QuotaKey{t.Quota, t.Key.SKU, t.Key.Location}
	q := b.quotas[k]
	if q == nil || q.ID == 0 {
		return broken("quota %s is not locked", k)
	}
	if q.Used+qty < 0 {
		return broken("quota %s: %d of %d given back", k, -qty, q.Used)
	}
	was, changed := q.Used, b.drawn[k]
	b.undoable(func() {
		if q.Used = was; !changed {
			delete(b.drawn, k)
		}
	})
	q.Used += qty
	b.drawn[k] = true
	return nil
}

// String is for messages.
func (k QuotaKey) String() string { return fmt.Sprintf("%s of %s at %s", k.Policy, k.SKU, k.Location) }
