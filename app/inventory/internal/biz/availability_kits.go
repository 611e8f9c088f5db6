package biz

import "github.com/onepool/onepool/app/inventory/internal/biz/pool"

// boxed is a part of the kit that is asked for.
type boxed struct {
	shelf  *pool.Shelf
	limit  pool.Limit
	pieces int64 // in one kit
}

// takeApart asks for a kit by its parts.
func (a *availability) takeApart(kit KitRow) {
	for _, p := range kit.Parts {
		a.kit = append(a.kit, boxed{a.pool.Stock.Shelf(p.SKU), a.pool.limit(a.share, p.SKU), p.Pieces})
	}
}

// figures are how many kits there are at a location as far as this part goes.
func (b boxed) figures(n uint32, f pool.Figures) pool.Figures {
	if b.limit != nil && f.Online > 0 {
		f.Online = b.limit(n, f.Online)
	}
	return pool.Figures{Online: f.Online / b.pieces, Till: f.Till / b.pieces}
}

// kitsAt is how many kits the parts at a location make.
func (a *availability) kitsAt(n uint32) pool.Figures {
	var kits pool.Figures
	for i, b := range a.kit {
		f := b.figures(n, b.shelf.At(n, a.pool.NowUS))
		if i == 0 {
			kits = f
		}
		kits.Online, kits.Till = min(kits.Online, f.Online), min(kits.Till, f.Till)
	}
	return kits
}

// kits sums over a set, within say of each location. It goes from part to part with the locations that still have some: no
// two shelves are locked at once, and each is walked once.
func (a *availability) kits(in pool.Set, say func(int64) int64) int64 {
	type some struct {
		n    uint32
		kits int64
	}
	var left, next []some
	for i, b := range a.scarcestFirst() {
		left, next = next, left[:0]
		var rest pool.Set
		at := 0
		b.shelf.Each(in, a.pool.NowUS, func(n uint32, f pool.Figures) {
			kits := b.figures(n, f).Online
			if i > 0 { // both go in the order of numbers, and in has only what left has
				for left[at].n != n {
					at++
				}
				kits = min(kits, left[at].kits)
			}
			if kits > 0 {
				next = append(next, some{n, kits})
				rest.Add(n)
			}
		})
		in = rest
	}
	online := int64(0)
	for _, s := range next {
		online += say(s.kits)
	}
	return online
}

// scarcestFirst puts the part that the fewest locations have at the front.
func (a *availability) scarcestFirst() []boxed {
	for i := range a.kit {
		if a.kit[i].shelf.Places() < a.kit[0].shelf.Places() {
			a.kit[0], a.kit[i] = a.kit[i], a.kit[0]
		}
	}
	return a.kit
}

// nearKits names the nearest locations whose parts make a kit, if only at the till.
func (a *availability) nearKits() []LocationAvailability {
	list := make([]LocationAvailability, 0, a.query.Locations)
	for i, n := range a.numbers {
		if a.kitsAt(n).Till > 0 {
			if list = append(list, a.placed(a.nearest[i].Ref, a.nearest[i].MM)); len(list) == a.query.Locations {
				return list
			}
		}
	}
	if a.nearestAreAll {
		return list
	}
	wants := make([]pool.Want, len(a.kit))
	for i, b := range a.kit {
		wants[i] = pool.Want{Shelf: b.shelf, Shown: true, Need: b.pieces}
	}
	return a.nearestWith(wants)
}
