package biz

import (
	"fmt"
	"slices"
)

// A kit is one sold SKU that consists of several stock SKUs. Inventory holds its parts together at one location, so a
// fulfilment's lines name the parts and their pieces, while the order's line counts kits. Everything that compares the two
// goes through the part list below:
//   - pieces of a part = kits of the line x pieces of the part in one kit, over the fulfilments that are not cancelled;
//   - whole kits come back, never a part alone: their money and points are shared by kits, on the first part's piece.

// part is how many pieces of a stock SKU make one sold unit of a line.
type part struct {
	sku    string
	pieces int64
}

// parts of one sold unit: the SKU itself, or what the line's fulfilments have of each part, over the line's quantity. They
// are read from the order, not from the kit of today: a kit that is changed later changes no order.
func (r Record) parts(l Line) []part {
	var list []part
	for _, f := range r.Fulfilments {
		if !f.Ends() {
			continue
		}
		for _, fl := range f.Lines {
			if fl.LineID != l.ID {
				continue
			}
			if fl.SKU == l.SKU {
				return []part{{l.SKU, 1}}
			}
			i := slices.IndexFunc(list, func(p part) bool { return p.sku == fl.SKU })
			if i < 0 {
				i, list = len(list), append(list, part{sku: fl.SKU})
			}
			list[i].pieces += fl.Quantity
		}
	}
	if len(list) == 0 {
		return []part{{l.SKU, 1}}
	}
	for i := range list {
		list[i].pieces /= max(1, l.Live())
	}
	return list
}

// whole refuses reservations that are no whole number of kits: their parts could never come back in proportion.
// While something is declined, the parts of a kit may come one after the other.
func (r Record) whole() error {
	if slices.ContainsFunc(r.Fulfilments, func(f Fulfilment) bool { return f.State == FulfilmentDeclined || f.shortened() }) {
		return nil
	}
	for _, l := range r.Lines {
		pieces := map[string]int64{}
		for _, f := range r.Fulfilments {
			if !f.Ends() {
				continue
			}
			for _, fl := range f.Lines {
				if fl.LineID == l.ID && fl.SKU != l.SKU {
					pieces[fl.SKU] += fl.Quantity
				}
			}
		}
		for sku, n := range pieces {
			if n%max(1, l.Live()) != 0 {
				return fmt.Errorf("order %s: %d pieces of %s are held for %d kits of line %s", r.ID, n, sku, l.Live(), l.ID)
			}
		}
	}
	return nil
}

// Worth says for each piece of a return how many sold units it stands for. Of a kit's pieces the first stands for all, so
// that the kit's money and points are shared once.
func (r Record) Worth(pieces []ReturnLine) []int64 {
	worth := make([]int64, len(pieces))
	first := map[string]int{} // of each kit's line
	for i, p := range pieces {
		l := r.line(p.LineID)
		if l == nil || p.SKU == l.SKU {
			worth[i] = p.Back()
			continue
		}
		if _, seen := first[p.LineID]; !seen {
			first[p.LineID] = i
		}
	}
	for lineID, i := range first {
		leading := r.parts(*r.line(lineID))[0]
		var n int64
		for _, p := range pieces {
			if p.LineID == lineID && p.SKU == leading.sku {
				n += p.Back()
			}
		}
		worth[i] = n / max(1, leading.pieces)
	}
	return worth
}

func (r Record) line(id string) *Line {
	i := slices.IndexFunc(r.Lines, func(l Line) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Lines[i]
}

// SKUOf is what a line sold.
func (r Record) SKUOf(lineID string) string {
	if l := r.line(lineID); l != nil {
		return l.SKU
	}
	return ""
}
