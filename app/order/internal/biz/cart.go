package biz

import "errors"

// ErrTooManyGuests refuses one more guest of an address: it may come later.
var ErrTooManyGuests = errors.New("too many guests of one address")

// CartLine is what somebody thinks of buying in a store's online shop, or in headquarters' mall, where Shop is empty.
type CartLine struct {
	Shop, SKU string
	Quantity  int64
	// SeenMinor is what one piece cost when its buyer last saw it; 0: not kept.
	SeenMinor int64
}

// InShop are the lines of one shop's cart.
func InShop(lines []CartLine, shop string) (own []CartLine) {
	for _, l := range lines {
		if l.Shop == shop {
			own = append(own, l)
		}
	}
	return own
}

// OneMinor is what one piece costs its buyer, before promotions.
func (s SKU) OneMinor() int64 {
	if s.TierMinor > 0 && s.TierMinor < s.PriceMinor {
		return s.TierMinor
	}
	return s.PriceMinor
}

// CartNotice is what a buyer has to know before ordering a line of a cart: the reason with which an order of it would be refused.
type CartNotice struct {
	Reason string
	// SeenMinor and NowMinor are the prices of one piece, of PRICE_CHANGED.
	SeenMinor, NowMinor int64
	// Available are the pieces that the channel may promise, of STOCK_INSUFFICIENT.
	Available int64
}

// Notices compare a line with what is sold today. forSale: the SKU is.
func (l CartLine) Notices(sku SKU, forSale bool, available int64) (all []CartNotice) {
	if !forSale {
		return []CartNotice{{Reason: reasonNotForSale}}
	}
	if now := sku.OneMinor(); l.SeenMinor != 0 && l.SeenMinor != now {
		all = append(all, CartNotice{Reason: reasonPriceChanged, SeenMinor: l.SeenMinor, NowMinor: now})
	}
	if l.Quantity > available {
		all = append(all, CartNotice{Reason: reasonStock, Available: available})
	}
	return all
}

// Bounds of a cart.
const (
	// BoundLines: a member or a guest has no more lines, in the carts of all shops.
	BoundLines = "LINES"
	// BoundQuantity: a line has no more pieces.
	BoundQuantity = "QUANTITY"
)

// CartExcess is what a cart had no room for.
type CartExcess struct {
	Shop, SKU string
	Quantity  int64
	Bound     string
}

// MergeCarts adds a guest's lines to a member's. It returns the member's lines that are new or changed, and what there was no
// room for. Of two prices that were seen the lower one stays: a price that has risen is told.
func MergeCarts(member, guest []CartLine, maxLines int, maxQuantity int64) (changed []CartLine, over []CartExcess) {
	type key struct{ shop, sku string }
	has := make(map[key]CartLine, len(member))
	for _, l := range member {
		has[key{l.Shop, l.SKU}] = l
	}
	for _, g := range guest {
		l, there := has[key{g.Shop, g.SKU}]
		if !there && len(has) >= maxLines {
			over = append(over, CartExcess{g.Shop, g.SKU, g.Quantity, BoundLines})
			continue
		}
		if there {
			g.SeenMinor = lowerSeen(l.SeenMinor, g.SeenMinor)
		}
		room := max(0, maxQuantity-l.Quantity)
		if g.Quantity > room {
			over = append(over, CartExcess{g.Shop, g.SKU, g.Quantity - room, BoundQuantity})
		}
		g.Quantity = l.Quantity + min(g.Quantity, room)
		has[key{g.Shop, g.SKU}] = g
		changed = append(changed, g)
	}
	return changed, over
}

// lowerSeen is the lower price of those that were kept.
func lowerSeen(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
